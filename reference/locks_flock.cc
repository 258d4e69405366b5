// Advisory file locks: a new range replaces what its owner had there, the server tests, unlocks and
// finds deadlocks. An owner is an export and a pid. Holders are not called back.
#include <algorithm>
#include <cerrno>
#include <utility>

#include "reference/locks.h"

namespace reference {

namespace flag = protocol::ldlm::lock_flag;

namespace {

struct FlockOwner {
  ExportId export_id = 0;
  uint32_t pid = 0;
  bool operator==(const FlockOwner&) const = default;
};

FlockOwner owner_of(const Lock& lock) { return {lock.owner, lock.policy.pid}; }

// Whether the two ranges, of the same mode, make one.
bool touch(const LockPolicy& a, const LockPolicy& b) {
  const bool before = a.end != kEof && a.end + 1 < b.start;
  const bool behind = b.end != kEof && b.end + 1 < a.start;
  return !before && !behind;
}

bool overlap(const LockPolicy& a, const LockPolicy& b) {
  return a.start <= b.end && b.start <= a.end;
}

}  // namespace

EnqueueResult Locks::enqueue_flock(Lock lock, uint32_t flags, LockEffects& effects) {
  Resource& there = resource_for(lock.resource);
  const Lock* blocker = flock_blocker(there, lock);
  EnqueueResult result;
  if ((flags & flag::kTestLock) != 0 && (blocker == nullptr || !(flags & flag::kBlockNowait))) {
    if (blocker == nullptr) lock.requested = LockMode::nl;
    result.kind = EnqueueResult::Kind::answered;
    result.description = describe(blocker == nullptr ? lock : *blocker);
    if (blocker != nullptr) result.description.req_mode = result.description.granted_mode;
    result.flags = flag::kLockChanged;
  } else if (lock.requested == LockMode::nl) {
    merge_flock(there, lock, effects);
    result.kind = EnqueueResult::Kind::answered;
    result.description = describe(lock);
    reprocess(lock.resource, effects);
  } else if (blocker == nullptr) {
    const LockHandle handle = lock.handle;
    const ResourceId id = lock.resource;
    grant(there, std::move(lock), false, effects);
    reprocess(id, effects);
    return result_of(*find(handle));
  } else if ((flags & flag::kBlockNowait) != 0) {
    result.status = -EAGAIN;
  } else if (flock_deadlock(lock)) {
    result.status = -EDEADLK;
  } else {
    const LockHandle handle = lock.handle;
    effects.note(Fact::Kind::waiting, lock);
    queue(there, std::move(lock));
    return result_of(*find(handle));
  }
  drop_if_unused(lock.resource);
  return result;
}

const Lock* Locks::flock_blocker(const Resource& resource, const Lock& lock) const {
  const auto found = std::ranges::find_if(resource.granted,
                                          [&](const Lock& held) { return conflict(held, lock); });
  return found == resource.granted.end() ? nullptr : &*found;
}

// What the owner held in the range goes: same mode, it becomes part of the new lock; another mode,
// it is cut, or split in two of which the upper half is a new lock that only the server numbers.
void Locks::merge_flock(Resource& resource, Lock& lock, LockEffects& effects) {
  std::vector<Lock> kept;
  std::vector<Lock> split;
  LockPolicy merged = lock.policy;
  for (Lock& held : resource.granted) {
    const bool same_mode = held.granted == lock.requested;
    const bool touched =
        same_mode ? touch(held.policy, lock.policy) : overlap(held.policy, lock.policy);
    if (owner_of(held) != owner_of(lock) || !touched) {
      kept.push_back(std::move(held));
      continue;
    }
    const LockPolicy before = held.policy;
    if (same_mode) {
      merged.start = std::min(merged.start, before.start);
      merged.end = std::max(merged.end, before.end);
    }
    const bool lower = !same_mode && before.start < lock.policy.start;
    const bool upper = !same_mode && before.end > lock.policy.end;
    if (upper) {
      Lock part = held;
      part.policy.start = lock.policy.end + 1;
      if (lower) {
        part.handle = new_handle(part.peer);
        part.client_handle = 0;
        part.asked = part.policy;
        index(part);
        split.push_back(part);
      } else {
        part.asked = part.policy;
        effects.note(Fact::Kind::granted, part);
        kept.push_back(part);
      }
    }
    if (lower) {
      held.policy.end = lock.policy.start - 1;
      held.asked = held.policy;
      effects.note(Fact::Kind::granted, held);
      kept.push_back(std::move(held));
    }
    if (!lower && !upper) {
      effects.gone.push_back(change_of(held, false));
      effects.note(Fact::Kind::cancelled, held);
      unindex(held);
    }
  }
  for (Lock& part : split) {
    effects.granted.push_back(change_of(part, false));
    effects.note(Fact::Kind::granted, part);
    kept.push_back(std::move(part));
  }
  resource.granted = std::move(kept);
  lock.policy = lock.asked = merged;
}

// Whether the owner would, over others that wait, wait for itself. Owners are followed through the
// locks that they wait for, on whatever files.
bool Locks::flock_deadlock(const Lock& lock) const {
  std::vector<FlockOwner> seen;
  std::vector<FlockOwner> next;
  const auto follow = [&](const Lock& waiting) {
    for (const Lock& held : resource(waiting.resource)->granted) {
      const FlockOwner owner = owner_of(held);
      if (!conflict(held, waiting) || std::ranges::find(seen, owner) != seen.end()) continue;
      seen.push_back(owner);
      next.push_back(owner);
    }
  };
  follow(lock);
  while (!next.empty()) {
    const FlockOwner owner = next.back();
    next.pop_back();
    if (owner == owner_of(lock)) return true;
    auto entry = std::ranges::lower_bound(owners_, OwnerEntry{owner.export_id, 0, 0});
    for (; entry != owners_.end() && entry->owner == owner.export_id; ++entry) {
      const Lock& candidate = *find(entry->handle);
      if (candidate.type == LockType::flock && !candidate.holds() &&
          candidate.policy.pid == owner.pid) {
        follow(candidate);
      }
    }
  }
  return false;
}

}  // namespace reference
