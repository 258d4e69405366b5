// A fault on one message: which message, and what becomes of it.
//
// Rules are asked in order, the first that strikes decides. They see LNet messages of ptlrpc: a
// request by its opcode, a reply by the opcode of its request.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>

#include "reference/machine.h"

namespace faults {

enum class Verdict : uint8_t { pass, drop, hold, duplicate };
enum class Part : uint8_t { request, reply };

struct Rule {
  Part part = Part::request;
  uint32_t opcode = 0;                      // protocol::ptlrpc::opcode
  std::optional<reference::PeerId> client;  // who sent the request; none: anybody
  std::optional<reference::PeerId> server;  // who is to answer it; none: anybody
  uint32_t first = 1;                       // strikes from the nth match on, counted from 1
  uint32_t times = 1;                       // so many times
  Verdict verdict = Verdict::drop;
  void state(auto&& visit) const { visit(part, opcode, client, server, first, times, verdict); }
};
inline constexpr uint32_t kAlways = std::numeric_limits<uint32_t>::max();

}  // namespace faults
