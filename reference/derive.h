// Numbers that must look random on the wire (cookies, uuids, first xids), without a generator:
// each is a hash of the seed of the node, its incarnation, what the number is for, the peer
// concerned and that peer's own count. So two independent steps can be taken in either order and
// leave the same state.
#pragma once

#include <cstdint>
#include <string>

#include "reference/config.h"

namespace reference {

enum class Purpose : uint64_t { export_cookie = 1, import_cookie, lock_handle, open_handle, uuid,
                                first_xid, generation, wire_handle };

// 64 bits, never zero.
uint64_t derive(const Config& config, Purpose purpose, PeerId peer, uint64_t count);

// A uuid in its 36-character form.
std::string derive_uuid(const Config& config, PeerId peer, uint64_t count);

}  // namespace reference
