// A fault as it actually happened, for histories, reports and coverage.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "faults/fault.h"
#include "reference/machine.h"

namespace faults {

struct Struck {
  uint32_t line = 0;         // which line that was armed, from 0 (Injector::line)
  reference::Time at = 0;    // the world's time
  std::string what;          // "drop reply of MDS_CLOSE", "crash": in the words of plans
  std::string where;         // "mds->client1", "ost0"
  uint64_t xid = 0;          // of the message that was struck, if it was one
  std::string refused = {};  // why it could not be done after all, if so

  // The same, for who compares: the fault's verb, and of a message its exchange.
  Verb verb = Verb::drop;
  Part part = Part::request;
  uint32_t opcode = 0;
  std::string_view operation = {};  // with its variant; empty if the request was not seen
  Sort sort = Sort::any;
  Link link = {};
  NodeName node = {};  // of what was done to a node
};

}  // namespace faults
