// What is particular to extent locks: growth, and refusals instead of waiting.
#include <algorithm>
#include <cerrno>

#include "reference/locks.h"

namespace reference {

namespace flag = protocol::ldlm::lock_flag;

namespace {

// A lock with more conflicting neighbours than this does not grow downwards.
constexpr size_t kCrowd = 4;
// And with more than this a writer's grows by so many bytes at most.
constexpr size_t kThrong = 32;
constexpr uint64_t kThrongGrowth = 32u << 20;

struct Range {
  uint64_t start;
  uint64_t end;
};

// The neighbour ends the range on its side of what was asked for.
void cut(Range& range, const LockPolicy& asked, const LockPolicy& neighbour) {
  if (neighbour.end < asked.start) {
    range.start = std::max(range.start, neighbour.end + 1);
  } else if (neighbour.start > asked.end) {
    range.end = std::min(range.end, neighbour.start - 1);
  } else {
    range = {asked.start, asked.end};
  }
}

// Bounds stay as well aligned as the request was, from 4 KiB on.
void align(Range& range, const LockPolicy& asked) {
  const uint64_t asked_bounds = asked.start | (asked.end + 1);
  const uint64_t lowest = asked_bounds & -asked_bounds;
  if (lowest < 0x1000) return;
  const uint64_t mask = lowest - 1;
  const uint64_t start = ((range.start - 1) | mask) + 1;
  const uint64_t end = ((range.end + 1) & ~mask) - 1;
  range.start = std::min(start, asked.start);
  range.end = std::max(end, asked.end);
}

}  // namespace

// A server's own locks live for one operation, and growing them would only call more holders back.
void Locks::grow(const Resource& resource, Lock& lock) const {
  if (lock.owner == 0 || lock.requested == LockMode::group) return;
  if (lock.policy.start == 0 && lock.policy.end == kEof) return;
  Range range{0, kEof};
  size_t conflicting = 0;
  for (const Lock& held : resource.granted) {
    if (compatible_modes(held.granted, lock.requested)) continue;
    ++conflicting;
    cut(range, lock.asked, held.policy);
  }
  for (const Lock& waiter : resource.waiting) {
    if (waiter.handle == lock.handle) continue;
    // Overlapping locks of one client are a nuisance to it, though compatible.
    if (compatible_modes(waiter.requested, lock.requested) && waiter.owner != lock.owner) continue;
    ++conflicting;
    cut(range, lock.asked, waiter.policy);
  }
  if (conflicting > kCrowd) range.start = lock.asked.start;
  const bool writes = lock.requested == LockMode::pw || lock.requested == LockMode::cw;
  if (conflicting > kThrong && writes && lock.asked.start < kEof - kThrongGrowth) {
    range.end = std::max(lock.asked.end, std::min(range.end, lock.asked.start + kThrongGrowth));
  }
  align(range, lock.asked);
  lock.policy.start = range.start;
  lock.policy.end = range.end;
}

std::optional<int32_t> Locks::refuse_extent(const Resource& resource, const Lock& lock,
                                            uint32_t flags) const {
  size_t holders = 0;
  bool group = lock.requested == LockMode::group;
  for (const Lock& held : resource.granted) {
    if (!conflict(held, lock)) continue;
    ++holders;
    group = group || held.granted == LockMode::group;
  }
  if (group) {
    return (flags & flag::kBlockNowait) != 0 ? std::optional<int32_t>(-EWOULDBLOCK) : std::nullopt;
  }
  const bool small = lock.asked.end - lock.asked.start < kDeniedLengthMax;
  if ((flags & flag::kDenyOnContention) != 0 && holders > kContendedHolders && small) {
    return -EUSERS;
  }
  return std::nullopt;
}

}  // namespace reference
