// What a disk holds: keys and values, changed by one transaction per operation. A machine reads
// its Store once, when it is built, and from then on only says what to write (Persist).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "protocol/bytes.h"

namespace reference {

using CommitId = uint64_t;

// Keys are short byte strings that sort: a prefix that names the table, then big-endian numbers.
// Each server's keys are documented in reference/store.md, per dialect.
using Key = std::string;

struct Write {
  Key key;
  std::optional<protocol::Bytes> value;  // none erases the key
};

// Sorted, so that a table is a range: store.lower_bound("inode/").
using Store = std::map<Key, protocol::Bytes>;

}  // namespace reference
