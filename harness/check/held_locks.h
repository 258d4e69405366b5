// The locks of servers, as their notes tell: granted and waiting, by handle.
#pragma once

#include <algorithm>
#include <tuple>
#include <utility>

#include "harness/check/flat_map.h"
#include "harness/check/seen.h"
#include "reference/lock_modes.h"

namespace harness::check {

struct HeldLock {
  reference::ClientName client;  // none: the server's own, or of a client that is gone
  reference::LockType type = reference::LockType::plain;
  reference::LockMode mode = reference::LockMode::none;
  reference::ObjectName resource;
  uint64_t start = 0;  // the range, both ends included; or start is the bits
  uint64_t end = 0;
  uint64_t owner = 0;  // gid of a group lock, pid of a flock
  uint32_t flags = 0;
  bool waits = false;
  Seen at;
  void state(auto&& visit) const {
    visit(client, type, mode, resource, start, end, owner, flags, waits);
  }
};

// Facts: semantics 3.1, 3.2.
inline bool conflict(const HeldLock& a, const HeldLock& b) {
  using reference::LockMode;
  using reference::LockType;
  if (a.resource != b.resource || a.type != b.type) return false;
  const bool modes = !reference::compatible_modes(a.mode, b.mode);
  const bool overlap = a.start <= b.end && b.start <= a.end;
  switch (a.type) {
    case LockType::plain:
      return modes;
    case LockType::ibits:
      return modes && (a.start & b.start) != 0;
    case LockType::flock:
      return modes && overlap && (a.client != b.client || a.owner != b.owner);
    case LockType::extent:
      if (a.mode == LockMode::group && b.mode == LockMode::group) return a.owner != b.owner;
      return modes && (overlap || a.mode == LockMode::group || b.mode == LockMode::group);
  }
  return false;
}

class HeldLocks {
 public:
  using Place = std::pair<record::NodeIndex, uint64_t>;  // server, handle

  // granted, waiting and cancelled notes, and crashes. The result is the lock as it is now.
  const HeldLock* on(const record::Record& record) {
    using Kind = reference::Fact::Kind;
    const reference::Fact* fact = fact_of(record);
    if (fact == nullptr) {
      locks_.erase_if([&](const Place& place, const auto&) { return place.first == record.node; });
      return nullptr;
    }
    const Place place{record.node, fact->handle};
    if (fact->kind == Kind::cancelled) {
      locks_.erase(place);
      return nullptr;
    }
    if (fact->kind != Kind::granted && fact->kind != Kind::waiting) return nullptr;
    HeldLock& lock = locks_[place];
    lock = {fact->client,
            static_cast<reference::LockType>(fact->type),
            static_cast<reference::LockMode>(fact->value),
            fact->object,
            fact->start,
            fact->end,
            fact->digest,
            fact->flags,
            fact->kind == Kind::waiting,
            {record.index}};
    return &lock;
  }
  // Granted locks of the server that the one with this handle is in conflict with.
  const HeldLock* conflicting(record::NodeIndex server, uint64_t handle,
                              const HeldLock& lock) const {
    for (const auto& [place, other] : locks_) {
      if (place.first != server || place.second == handle || other.waits) continue;
      if (conflict(other, lock)) return &other;
    }
    return nullptr;
  }
  const FlatMap<Place, HeldLock>& all() const { return locks_; }
  void state(auto&& visit) const { visit(locks_); }

 private:
  FlatMap<Place, HeldLock> locks_;
};

}  // namespace harness::check
