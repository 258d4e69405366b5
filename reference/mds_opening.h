// An open on its way through mds_open.cc.
#pragma once

#include <array>
#include <optional>

#include "protocol/mds.h"
#include "reference/mds.h"

namespace reference {

// Objects are made for who writes and does not put it off.
constexpr bool wants_objects(uint32_t open_flags) {
  return (open_flags & protocol::mds::open_flag::kFmodeWrite) != 0 &&
         (open_flags & protocol::mds::open_flag::kDelayCreate) == 0;
}

struct Mds::Opening {
  operation::Open asked;
  IntentAnswer answer;
  uint64_t child = 0;   // inode number
  uint64_t handle = 0;  // of a file that is open already
  bool created = false;
  bool again = false;  // answered from the slot
  std::optional<Transaction> transaction;
  std::array<uint64_t, 2> versions = {};  // of parent and child, before
};

}  // namespace reference
