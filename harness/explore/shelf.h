// Two containers that several workers share: a Shelf keeps values for good under numbers that count
// up, an Index finds a number by a key of 128 bits.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "protocol/check.h"

namespace harness::explore {

// Reading takes no lock: values never move and never change.
template <class T>
class Shelf {
 public:
  static constexpr size_t kChunk = 1024, kChunks = 1 << 16;

  Shelf() : chunks_(kChunks) {}
  ~Shelf() {
    for (auto& chunk : chunks_) delete[] chunk.load();
  }
  Shelf(const Shelf&) = delete;
  Shelf& operator=(const Shelf&) = delete;

  uint32_t add(T value) {
    return add_with([&](uint32_t) { return std::move(value); });
  }
  // `make` is told the number that the value will have.
  uint32_t add_with(auto make) {
    const std::lock_guard lock(adding_);
    const uint32_t number = size_.load(std::memory_order_relaxed);
    CHECK(number < kChunk * kChunks, "a shelf is full");
    std::atomic<T*>& chunk = chunks_[number / kChunk];
    if (number % kChunk == 0) chunk.store(new T[kChunk], std::memory_order_release);
    chunk.load(std::memory_order_relaxed)[number % kChunk] = make(number);
    size_.store(number + 1, std::memory_order_release);
    return number;
  }
  const T& operator[](uint32_t number) const {
    return chunks_[number / kChunk].load(std::memory_order_acquire)[number % kChunk];
  }
  uint32_t size() const { return size_.load(std::memory_order_acquire); }

 private:
  std::vector<std::atomic<T*>> chunks_;
  std::atomic<uint32_t> size_ = 0;
  std::mutex adding_;
};

// A lock that is held for a few instructions.
class SpinLock {
 public:
  void lock() {
    while (busy_.test_and_set(std::memory_order_acquire)) {
      while (busy_.test(std::memory_order_relaxed)) {
      }
    }
  }
  void unlock() { busy_.clear(std::memory_order_release); }

 private:
  std::atomic_flag busy_;
};

constexpr uint64_t mixed(uint64_t value) {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

class Index {
 public:
  struct Key {
    uint64_t high = 0, low = 0;
    bool operator==(const Key&) const = default;
  };

  std::optional<uint32_t> find(Key key) {
    Shard& shard = shard_of(key);
    const std::lock_guard lock(shard.lock);
    if (shard.slots.empty()) return std::nullopt;
    const Slot& slot = shard.slots[place(shard, key)];
    if (slot.number == kNone) return std::nullopt;
    return slot.number;
  }
  // The number that the key has now: another worker may have been first.
  uint32_t insert(Key key, uint32_t number) {
    Shard& shard = shard_of(key);
    const std::lock_guard lock(shard.lock);
    if (shard.used * 4 >= shard.slots.size() * 3) grow(shard);
    Slot& slot = shard.slots[place(shard, key)];
    if (slot.number != kNone) return slot.number;
    slot = {key, number};
    ++shard.used;
    return number;
  }
  size_t bytes() const {
    size_t total = 0;
    for (const Shard& shard : shards_) total += shard.slots.size() * sizeof(Slot);
    return total;
  }

 private:
  static constexpr uint32_t kNone = 0xffff'ffff;
  static constexpr size_t kShards = 64;
  struct Slot {
    Key key;
    uint32_t number = kNone;
  };
  struct Shard {
    SpinLock lock;
    std::vector<Slot> slots;  // a power of two
    size_t used = 0;
  };

  static uint64_t hash(Key key) { return mixed(key.high + 0x9e3779b97f4a7c15 * mixed(key.low)); }
  Shard& shard_of(Key key) { return shards_[hash(key) >> 58]; }
  static size_t place(const Shard& shard, Key key) {
    size_t at = hash(key) & (shard.slots.size() - 1);
    while (shard.slots[at].number != kNone && shard.slots[at].key != key) {
      at = (at + 1) & (shard.slots.size() - 1);
    }
    return at;
  }
  static void grow(Shard& shard) {
    std::vector<Slot> old = std::move(shard.slots);
    shard.slots = std::vector<Slot>(old.empty() ? 64 : 2 * old.size());
    for (const Slot& slot : old) {
      if (slot.number != kNone) shard.slots[place(shard, slot.key)] = slot;
    }
  }

  std::array<Shard, kShards> shards_;
};

}  // namespace harness::explore
