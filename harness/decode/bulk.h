// What bulk transfers carry: pages of a directory, which have fields, or the content of a file.
#pragma once

#include "harness/decode/entry_builder.h"
#include "protocol/operation_info.h"

namespace harness {

// The rest of the frame, which a request of that operation asked for; null if none is known.
void explain_bulk(EntryBuilder& out, const protocol::OperationInfo* operation);

// Directory pages: blocks of a disk's directory in 1.8, pages of hashed entries in 2.0 (facts:
// differences 8).
void describe_pages_1_8(protocol::Description& out, protocol::ByteView bytes, uint32_t base = 0);
void describe_pages_2_0(protocol::Description& out, protocol::ByteView bytes, uint32_t base = 0);

}  // namespace harness
