// The positions that a search has seen: 64 bits of hash each, with how it came there (the hash
// before and the decision) and the number of its sleep set (search.h), since there are few
// different ones. 24 bytes a position, of which at most two in seven are empty. Several workers
// insert at once.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

#include "harness/explore/shelf.h"
#include "protocol/check.h"

namespace harness::explore {

class Visited {
 public:
  static constexpr uint32_t kLevelsMax = 0x7fff;

  struct Arrival {
    uint64_t key = 0;
    uint64_t parent = 0;    // key of the position before
    uint16_t decision = 0;  // its place among those enabled there
    uint32_t level = 0;
    uint64_t sleep = 0;
  };
  enum class Seen : uint8_t {
    fresh,  // not yet: to be expanded at the arrival's level
    again,  // yes, but some of what slept there is awake now: to be expanded for that
    known,
  };
  struct Answer {
    Seen seen = Seen::known;
    uint64_t slept = 0;  // again: what slept at the expansion before
  };

  // What arrives twice before it is expanded is expanded once, with what sleeps in both; of its
  // ways the smallest is kept, so that the order of workers does not show.
  Answer insert(const Arrival& arrival) {
    const uint32_t sleep = number_of(arrival.sleep);
    Shard& shard = shards_[arrival.key % kShards];
    const std::lock_guard lock(shard.lock);
    if (shard.used * 16 >= shard.entries.size() * 14) grow(shard);
    Entry& entry = shard.entries[place(shard.entries, arrival.key)];
    if (entry.key == 0) {
      entry = {arrival.key, arrival.parent, sleep, arrival.decision,
               static_cast<uint16_t>(arrival.level << 1 | 1)};
      ++shard.used;
      return {Seen::fresh};
    }
    const uint64_t slept = sleeps_[entry.sleep];
    if (entry.level() == arrival.level) {
      if (entry.sleep != sleep) entry.sleep = number_of(slept & arrival.sleep);
      if (entry.fresh() &&
          std::pair(arrival.parent, arrival.decision) < std::pair(entry.parent, entry.decision)) {
        entry.parent = arrival.parent;
        entry.decision = arrival.decision;
      }
      return {Seen::known};
    }
    if ((slept & ~arrival.sleep) == 0) return {Seen::known};
    entry.sleep = number_of(slept & arrival.sleep);
    entry.queued = static_cast<uint16_t>(arrival.level << 1);
    return {Seen::again, slept};
  }

  struct Way {
    uint64_t parent = 0;
    uint16_t decision = 0;
    uint64_t sleep = 0;
  };
  // Of a position that was inserted.
  Way way(uint64_t key) {
    Shard& shard = shards_[key % kShards];
    const std::lock_guard lock(shard.lock);
    const Entry& entry = shard.entries[place(shard.entries, key)];
    CHECK(entry.key == key);
    return {entry.parent, entry.decision, sleeps_[entry.sleep]};
  }

  uint64_t size() const {
    uint64_t total = 0;
    for (const Shard& shard : shards_) total += shard.used;
    return total;
  }
  uint64_t bytes() const {
    uint64_t total = 0;
    for (const Shard& shard : shards_) total += shard.entries.size() * sizeof(Entry);
    return total;
  }

 private:
  static constexpr size_t kShards = 256;
  struct Entry {
    uint64_t key = 0;  // 0: empty
    uint64_t parent = 0;
    uint32_t sleep = 0;
    uint16_t decision = 0;
    uint16_t queued = 0;  // level << 1 | came there for the first time
    uint32_t level() const { return queued >> 1; }
    bool fresh() const { return (queued & 1) != 0; }
  };
  struct alignas(64) Shard {
    SpinLock lock;
    std::vector<Entry> entries;
    size_t used = 0;
  };

  uint32_t number_of(uint64_t sleep) {
    const Index::Key key{sleep, 0};
    if (const auto known = sleep_index_.find(key)) return *known;
    return sleep_index_.insert(key, sleeps_.add(sleep));
  }
  static size_t place(const std::vector<Entry>& entries, uint64_t key) {
    size_t at = (mixed(key) >> 32) * entries.size() >> 32;
    while (entries[at].key != 0 && entries[at].key != key) {
      if (++at == entries.size()) at = 0;
    }
    return at;
  }
  static void grow(Shard& shard) {
    const std::vector<Entry> old = std::move(shard.entries);
    CHECK(old.size() < (size_t{1} << 31));
    shard.entries = std::vector<Entry>(std::max<size_t>(16, old.size() * 5 / 4));
    for (const Entry& entry : old) {
      if (entry.key != 0) shard.entries[place(shard.entries, entry.key)] = entry;
    }
  }

  std::array<Shard, kShards> shards_;
  Shelf<uint64_t> sleeps_;
  Index sleep_index_;
};

}  // namespace harness::explore
