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

// Reading takes no lock: values never move, and change only while nobody reads.
template <class T>
class Shelf {
 public:
  static constexpr size_t kChunk = 1024, kChunks = 1 << 16;

  Shelf() : chunks_(kChunks) {}
  ~Shelf() {
    for (uint32_t number = 0; number < size_; ++number) std::destroy_at(&change(number));
    for (auto& chunk : chunks_) {
      if (T* values = chunk.load()) std::allocator<T>().deallocate(values, kChunk);
    }
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
    if (number % kChunk == 0) {
      chunk.store(std::allocator<T>().allocate(kChunk), std::memory_order_release);
    }
    std::construct_at(chunk.load(std::memory_order_relaxed) + number % kChunk, make(number));
    size_.store(number + 1, std::memory_order_release);
    return number;
  }
  const T& operator[](uint32_t number) const {
    return chunks_[number / kChunk].load(std::memory_order_acquire)[number % kChunk];
  }
  T& change(uint32_t number) { return chunks_[number / kChunk].load()[number % kChunk]; }
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

// Finding takes no lock and writes nothing, so that workers do not wait for each other's caches.
class Index {
 public:
  struct Key {
    uint64_t high = 0, low = 0;
    bool operator==(const Key&) const = default;
  };

  std::optional<uint32_t> find(Key key) const {
    const Slots* slots = shard_of(key).slots.load(std::memory_order_acquire);
    if (slots == nullptr) return std::nullopt;
    const Place place = slots->place(key);
    if (place.number == kNone) return std::nullopt;
    return place.number;
  }
  // The number that the key has now: another worker may have been first.
  uint32_t insert(Key key, uint32_t number) {
    Shard& shard = shard_of(key);
    const std::lock_guard lock(shard.lock);
    if (shard.used * 4 >= shard.size() * 3) grow(shard);
    const Place place = shard.all.back()->place(key);
    if (place.number != kNone) return place.number;
    shard.all.back()->fill(place, key, number);
    ++shard.used;
    return number;
  }
  // Lets go what growing left behind; while nobody is reading.
  void trim() {
    for (Shard& shard : shards_) {
      if (shard.all.size() > 1) shard.all.erase(shard.all.begin(), shard.all.end() - 1);
    }
  }

 private:
  static constexpr uint32_t kNone = 0xffff'ffff;
  static constexpr size_t kShards = 64;
  struct Slot {
    Key key;  // to be read once there is a number
    std::atomic<uint32_t> number = kNone;
  };
  struct Place {
    size_t slot = 0;
    uint32_t number = kNone;  // that was in it
  };
  struct Slots {
    explicit Slots(size_t size) : slots(size) {}
    // Where the key is, or where it belongs.
    Place place(Key key) const {
      for (size_t at = hash(key) & (slots.size() - 1);; at = (at + 1) & (slots.size() - 1)) {
        const uint32_t number = slots[at].number.load(std::memory_order_acquire);
        if (number == kNone || slots[at].key == key) return {at, number};
      }
    }
    void fill(Place place, Key key, uint32_t number) {
      slots[place.slot].key = key;
      slots[place.slot].number.store(number, std::memory_order_release);
    }
    std::vector<Slot> slots;  // a power of two
  };
  struct alignas(64) Shard {
    std::atomic<const Slots*> slots = nullptr;  // the last of all
    SpinLock lock;
    size_t used = 0;
    // Smaller ones from before are kept until the next trim(): somebody may be reading them.
    std::vector<std::unique_ptr<Slots>> all;
    size_t size() const { return all.empty() ? 0 : all.back()->slots.size(); }
  };

  static uint64_t hash(Key key) { return mixed(key.high + 0x9e3779b97f4a7c15 * mixed(key.low)); }
  Shard& shard_of(Key key) { return shards_[hash(key) >> 58]; }
  const Shard& shard_of(Key key) const { return shards_[hash(key) >> 58]; }
  static void grow(Shard& shard) {
    auto grown = std::make_unique<Slots>(shard.all.empty() ? 64 : 2 * shard.size());
    if (!shard.all.empty()) {
      for (const Slot& slot : shard.all.back()->slots) {
        const uint32_t number = slot.number.load(std::memory_order_relaxed);
        if (number == kNone) continue;
        grown->fill(grown->place(slot.key), slot.key, number);
      }
    }
    shard.slots.store(grown.get(), std::memory_order_release);
    shard.all.push_back(std::move(grown));
  }

  std::array<Shard, kShards> shards_;
};

}  // namespace harness::explore
