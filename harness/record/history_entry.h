// One record to and from its Cap'n Proto form.
#pragma once

#include <optional>

#include "harness/record/history.capnp.h"
#include "harness/record/record.h"

namespace harness::record {

// Of a received message that has a number only that is kept: its bytes are those that were sent.
void encode(const Record& record, schema::Record::Builder to);

// Throws kj::Exception where the bytes point outside themselves; none where a number has no
// meaning. A received message that has a number comes back without bytes.
std::optional<Record> decode(schema::Record::Reader from);

}  // namespace harness::record
