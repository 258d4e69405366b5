// A fault on the messages of one operation, for tests that need no plan: which message, and what
// becomes of it. One line of a plan is made of it (line_of).
#pragma once

#include <cstdint>
#include <optional>

#include "faults/plan.h"
#include "reference/machine.h"

namespace faults {

enum class Verdict : uint8_t { drop, hold, duplicate };

struct Rule {
  Part part = Part::request;
  uint32_t opcode = 0;                      // protocol::ptlrpc::opcode
  std::optional<reference::PeerId> client;  // who sent the request; none: anybody
  std::optional<reference::PeerId> server;  // who is to answer it; none: anybody
  uint32_t first = 1;                       // strikes from the nth match on, counted from 1
  uint32_t times = 1;                       // so many times
  Verdict verdict = Verdict::drop;
};

}  // namespace faults
