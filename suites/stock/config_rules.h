// What a stock client needs to find in the configuration log that it mounts by: it is set up by
// these records, in this order, and has no other source.
//
// Facts: stock-clients "Mount order", rpc-formats "MGS, llog, sequences". Records that a client
// skips or needs not (markers, parameters, other connections) may stand anywhere.
#pragma once

#include <string>
#include <vector>

#include "harness/world.h"
#include "protocol/bytes.h"
#include "protocol/operation_info.h"

namespace suites {

// The header of a log, as READ_HEADER's answer has it.
std::vector<std::string> unusable_header(protocol::ByteView header);

// A block of the log, as NEXT_BLOCK's answer has it, with all of the log in it.
std::vector<std::string> unusable_config(protocol::ByteView header, protocol::ByteView block,
                                         const harness::Cast& cast);

}  // namespace suites
