#include "reference/locks.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "protocol/check.h"
#include "protocol/codec.h"
#include "reference/defects.h"
#include "reference/derive.h"

namespace reference {

namespace flag = protocol::ldlm::lock_flag;
namespace ldlm = protocol::ldlm;

namespace {

// What of a request's flags stays with the lock.
constexpr uint32_t kKeptFlags =
    flag::kCancelOnBlock | flag::kReplay | flag::kAstDiscardData | flag::kNoLru;
constexpr uint32_t kReplayed = flag::kBlockGranted | flag::kBlockConv | flag::kBlockWait;

Lock lock_of(const LockRequest& request) {
  Lock lock;
  lock.resource = request.resource;
  lock.type = request.type;
  lock.requested = request.mode;
  lock.policy = lock.asked = request.policy;
  lock.owner = request.owner;
  lock.peer = request.peer;
  lock.client_handle = request.client_handle;
  lock.flags = request.flags & kKeptFlags;
  lock.epoch = request.epoch;
  return lock;
}

LockMode mode_of(const Lock& lock) { return lock.holds() ? lock.granted : lock.requested; }

}  // namespace

LockPolicy decode_policy(LockType type, LockMode mode, const ldlm::LdlmFlock& wire) {
  LockPolicy policy;
  switch (type) {
    case LockType::plain:
      break;
    case LockType::extent: {
      const auto extent = protocol::overlay<ldlm::LdlmExtent>(wire);
      policy.start = extent.start;
      policy.end = extent.end;
      if (mode == LockMode::group) policy.gid = extent.gid;
      break;
    }
    case LockType::flock:
      policy.start = wire.start;
      policy.end = wire.end;
      policy.pid = wire.pid;
      break;
    case LockType::ibits:
      policy.bits = protocol::overlay<ldlm::LdlmInodebits>(wire).bits;
      break;
  }
  return policy;
}

std::optional<LockRequest> lock_request(const ldlm::LdlmRequest& wire, ExportId owner, PeerId peer,
                                        bool resent) {
  const auto type = lock_type(wire.lock_desc.resource.type);
  const auto mode = lock_mode(wire.lock_desc.req_mode);
  if (!type || !mode) return std::nullopt;
  LockRequest request;
  request.resource = wire.lock_desc.resource.name;
  request.type = *type;
  request.mode = *mode;
  request.policy = decode_policy(*type, *mode, wire.lock_desc.policy_data);
  request.flags = wire.lock_flags;
  request.owner = owner;
  request.peer = peer;
  request.client_handle = wire.lock_handle[0].cookie;
  request.resent = resent;
  if (request.policy.start > request.policy.end) return std::nullopt;
  return request;
}

ldlm::LdlmReply lock_reply(const EnqueueResult& result) {
  ldlm::LdlmReply reply;
  reply.lock_flags = result.flags;
  reply.lock_desc = result.description;
  reply.lock_handle.cookie = result.handle;
  return reply;
}

void LockEffects::note(Fact::Kind kind, const Lock& lock) {
  log.push_back({kind, lock.handle, lock.resource, lock.type, mode_of(lock), lock.policy,
                 lock.flags, lock.owner});
}

Locks::Locks(const Config& config) : defects_(config.defects) {
  identity_.seed = config.seed;
  identity_.self = config.self;
  identity_.incarnation = config.incarnation;
}

LockEffects::Change Locks::change_of(const Lock& lock, bool waited) const {
  LockEffects::Change change;
  change.handle = lock.handle;
  change.resource = lock.resource;
  change.owner = lock.owner;
  change.mode = mode_of(lock);
  change.waited = waited;
  change.client_handle = lock.client_handle;
  change.peer = lock.peer;
  if (waited) change.description = describe(lock);
  return change;
}

// --- changes ---

EnqueueResult Locks::enqueue(const LockRequest& request, LockEffects& effects) {
  EnqueueResult result = decide(request, effects);
  if (result.kind != EnqueueResult::Kind::refused) result.flags |= request.flags;
  return result;
}

EnqueueResult Locks::decide(const LockRequest& request, LockEffects& effects) {
  if (request.owner != 0 && (request.resent || (request.flags & flag::kReplay) != 0)) {
    if (const Lock* known = find(request.owner, request.client_handle)) return result_of(*known);
  }
  EnqueueResult refused;
  if (handles_.size() >= kLocksMax) {
    refused.status = -ENOLCK;
    return refused;
  }
  if (const Resource* there = resource(request.resource)) {
    const Lock& any = there->granted.empty() ? there->waiting.front() : there->granted.front();
    if (any.type != request.type) {
      refused.status = -EPROTO;
      return refused;
    }
  }
  Lock lock = lock_of(request);
  if (request.owner == 0 && request.peer == PeerId{}) lock.peer = identity_.self;
  lock.handle = new_handle(lock.peer);
  if ((request.flags & flag::kReplay) != 0 && (request.flags & kReplayed) != 0) {
    return enqueue_replay(std::move(lock), request.flags, effects);
  }
  return request.type == LockType::flock
             ? enqueue_flock(std::move(lock), request.flags, effects)
             : enqueue_ordinary(std::move(lock), request.flags, effects);
}

// The client's word is taken: nothing is compared.
EnqueueResult Locks::enqueue_replay(Lock lock, uint32_t flags, LockEffects& effects) {
  if (defects_.has(Defect::replayed_locks_forgotten)) {
    lock.granted = lock.requested;
    EnqueueResult said;
    said.kind = EnqueueResult::Kind::granted;
    said.handle = lock.handle;
    said.description = describe(lock);
    return said;
  }
  const LockHandle handle = lock.handle;
  Resource& resource = resource_for(lock.resource);
  if ((flags & flag::kBlockGranted) != 0) {
    lock.granted = lock.requested;
    for (const Lock& held : resource.granted) trusting_ = trusting_ || conflict(held, lock);
    effects.granted.push_back(change_of(lock, false));
    effects.note(Fact::Kind::granted, lock);
    index(lock);
    resource.granted.push_back(std::move(lock));
  } else {
    effects.note(Fact::Kind::waiting, lock);
    index(lock);
    resource.waiting.push_back(std::move(lock));
  }
  return result_of(*find(handle));
}

EnqueueResult Locks::enqueue_ordinary(Lock lock, uint32_t flags, LockEffects& effects) {
  cancel_idle(lock, effects);
  Resource& resource = resource_for(lock.resource);
  const LockHandle handle = lock.handle;
  const size_t place = place_of(resource, lock);
  if (!blocked(resource, lock, place)) {
    if (lock.type == LockType::extent) grow(resource, lock);
    grant(resource, std::move(lock), false, effects);
    return result_of(*find(handle));
  }
  if (lock.type == LockType::extent) {
    if (const auto status = refuse_extent(resource, lock, flags)) {
      EnqueueResult refused;
      refused.status = *status;
      return refused;
    }
  }
  call_back(resource, lock, place, effects);
  effects.note(Fact::Kind::waiting, lock);
  queue(resource, std::move(lock));
  return result_of(*find(handle));
}

int32_t Locks::convert(LockHandle handle, LockMode mode, LockEffects& effects) {
  Lock* lock = find_lock(handle);
  if (lock == nullptr) return EINVAL;
  if (!lock->holds()) return EDEADLK;
  if (lock->granted == mode) return 0;
  Lock wanted = *lock;
  wanted.requested = mode;
  wanted.granted = LockMode::none;
  const Resource& there = *resource(lock->resource);
  if (blocked(there, wanted, there.waiting.size())) return EDEADLK;
  lock->requested = lock->granted = mode;
  effects.granted.push_back(change_of(*lock, false));
  effects.note(Fact::Kind::granted, *lock);
  reprocess(wanted.resource, effects);
  return 0;
}

bool Locks::hand_over(LockHandle handle, const LockRequest& to, LockEffects& effects) {
  Lock* lock = find_lock(handle);
  CHECK(lock != nullptr && lock->owner == 0 && lock->holds() && to.owner != 0);
  unindex(*lock);
  lock->owner = to.owner;
  lock->peer = to.peer;
  lock->client_handle = to.client_handle;
  lock->flags = to.flags & flag::kCancelOnBlock;
  index(*lock);
  lock->blocking_sent = false;  // the server's own are never called back
  effects.note(Fact::Kind::granted, *lock);
  for (const Lock& waiting : find_resource(lock->resource)->waiting) {
    if (!conflict(*lock, waiting)) continue;
    const bool cancelled = (lock->flags & flag::kCancelOnBlock) != 0;
    const bool discard = (waiting.flags & flag::kAstDiscardData) != 0;
    lock->blocking_sent = true;
    effects.blocking.push_back({handle, lock->owner, lock->client_handle, lock->peer, cancelled,
                                discard, describe(waiting)});
    if (cancelled) cancel(handle, effects);
    return !cancelled;
  }
  return true;
}

void Locks::downgrade(LockHandle handle, LockMode mode, LockEffects& effects) {
  Lock* lock = find_lock(handle);
  CHECK(lock != nullptr && lock->holds());
  lock->requested = lock->granted = mode;
  effects.note(Fact::Kind::granted, *lock);
  reprocess(ResourceId(lock->resource), effects);
}

bool Locks::cancel(LockHandle handle, LockEffects& effects) {
  return cancel(std::span(&handle, 1), effects) == 1;
}

size_t Locks::cancel(std::span<const LockHandle> handles, LockEffects& effects) {
  std::vector<ResourceId> touched;
  size_t known = 0;
  for (const LockHandle handle : handles) {
    const auto id = remove(handle, effects);
    if (!id) continue;
    ++known;
    if (std::ranges::find(touched, *id) == touched.end()) touched.push_back(*id);
  }
  for (const ResourceId& id : touched) reprocess(id, effects);
  return known;
}

void Locks::cancel_owner(ExportId owner, LockEffects& effects) { cancel(of_owner(owner), effects); }

void Locks::reprocess_all(LockEffects& effects) {
  std::vector<ResourceId> ids;
  for (const Resource& resource : resources_) {
    if (!resource.waiting.empty()) ids.push_back(resource.id);
  }
  for (const ResourceId& id : ids) reprocess(id, effects);
}

const Bytes& Locks::lvb(const ResourceId& id) const {
  static const Bytes kNone;
  const Resource* there = resource(id);
  return there == nullptr ? kNone : there->lvb;
}

void Locks::set_lvb(const ResourceId& id, Bytes lvb) {
  if (Resource* there = find_resource(id)) there->lvb = std::move(lvb);
}

// --- the rules ---

bool Locks::conflict(const Lock& held, const Lock& wanted) const {
  if (held.handle == wanted.handle) return false;
  const LockMode a = mode_of(held);
  const LockMode b = mode_of(wanted);
  const bool modes = !compatible_modes(a, b);
  const bool overlap =
      held.policy.start <= wanted.policy.end && wanted.policy.start <= held.policy.end;
  switch (wanted.type) {
    case LockType::plain:
      return modes;
    case LockType::ibits:
      if (defects_.has(Defect::conflicting_bits_granted)) return false;
      return modes && (held.policy.bits & wanted.policy.bits) != 0;
    case LockType::flock:
      return modes && overlap &&
             (held.owner != wanted.owner || held.policy.pid != wanted.policy.pid);
    case LockType::extent:
      if (defects_.has(Defect::conflicting_extents_granted)) return false;
      if (a == LockMode::group && b == LockMode::group) {
        return held.policy.gid != wanted.policy.gid && !defects_.has(Defect::group_locks_share);
      }
      return modes && (overlap || a == LockMode::group || b == LockMode::group);
  }
  return false;
}

// Where in the queue it waits. Group locks go before all others, next to those of their group.
size_t Locks::place_of(const Resource& resource, const Lock& lock) const {
  const auto& waiting = resource.waiting;
  if (lock.requested != LockMode::group) return waiting.size();
  size_t place = 0;
  while (place < waiting.size() && waiting[place].requested == LockMode::group) ++place;
  for (size_t i = place; i-- > 0;) {
    if (waiting[i].policy.gid == lock.policy.gid) return i + 1;
  }
  return place;
}

// By a lock that is granted, or by one that waits before `place`. Flocks know no queue, and who is
// of a group that holds the resource passes those who wait.
bool Locks::blocked(const Resource& resource, const Lock& lock, size_t place) const {
  bool of_holding_group = false;
  for (const Lock& held : resource.granted) {
    if (conflict(held, lock)) return true;
    of_holding_group =
        of_holding_group || (held.granted == LockMode::group && lock.requested == LockMode::group);
  }
  if (lock.type == LockType::flock || of_holding_group) return false;
  return std::any_of(resource.waiting.begin(),
                     resource.waiting.begin() + static_cast<std::ptrdiff_t>(place),
                     [&](const Lock& before) { return conflict(before, lock); });
}

// Locks whose holders await no callback are taken from them.
void Locks::cancel_idle(const Lock& wanted, LockEffects& effects) {
  const Resource* there = resource(wanted.resource);
  if (there == nullptr) return;
  std::vector<LockHandle> idle;
  for (const Lock& held : there->granted) {
    if ((held.flags & flag::kCancelOnBlock) == 0 || !conflict(held, wanted)) continue;
    idle.push_back(held.handle);
    effects.blocking.push_back(
        {held.handle, held.owner, held.client_handle, held.peer, true, false, describe(wanted)});
  }
  cancel(idle, effects);
}

void Locks::call_back(Resource& resource, const Lock& blocked, size_t place, LockEffects& effects) {
  if (blocked.type == LockType::flock) return;
  const bool discard = (blocked.flags & flag::kAstDiscardData) != 0;
  for (Lock& held : resource.granted) {
    if (held.blocking_sent || !conflict(held, blocked)) continue;
    held.blocking_sent = true;
    if (held.owner == 0) continue;
    effects.blocking.push_back({held.handle, held.owner, held.client_handle, held.peer, false,
                                discard, describe(blocked)});
  }
  for (size_t i = 0; i < place; ++i) {
    Lock& before = resource.waiting[i];
    if (conflict(before, blocked)) before.blocking_sent = true;
  }
}

void Locks::grant(Resource& resource, Lock lock, bool waited, LockEffects& effects) {
  if (lock.type == LockType::flock) merge_flock(resource, lock, effects);
  lock.granted = lock.requested;
  effects.note(Fact::Kind::granted, lock);
  if (!waited) index(lock);
  effects.granted.push_back(change_of(lock, waited));
  resource.granted.push_back(std::move(lock));
}

void Locks::queue(Resource& resource, Lock lock) {
  index(lock);
  const size_t place = place_of(resource, lock);
  resource.waiting.insert(resource.waiting.begin() + static_cast<std::ptrdiff_t>(place),
                          std::move(lock));
}

void Locks::reprocess(const ResourceId& id, LockEffects& effects) {
  Resource* there = find_resource(id);
  if (there == nullptr) return;
  for (size_t i = 0; i < there->waiting.size();) {
    if (blocked(*there, there->waiting[i], i)) {
      ++i;
      continue;
    }
    Lock lock = std::move(there->waiting[i]);
    there->waiting.erase(there->waiting.begin() + static_cast<std::ptrdiff_t>(i));
    if (lock.type == LockType::extent) grow(*there, lock);
    // A flock that merges with its owner's others may have freed what an earlier one waits for.
    if (lock.type == LockType::flock) i = 0;
    grant(*there, std::move(lock), true, effects);
  }
  for (size_t i = 0; i < there->waiting.size(); ++i) {
    const Lock waiter = there->waiting[i];
    call_back(*there, waiter, i, effects);
  }
  drop_if_unused(id);
}

std::optional<ResourceId> Locks::remove(LockHandle handle, LockEffects& effects) {
  const Lock* lock = find(handle);
  if (lock == nullptr) return std::nullopt;
  const ResourceId id = lock->resource;
  effects.gone.push_back(change_of(*lock, !lock->holds()));
  effects.note(Fact::Kind::cancelled, *lock);
  unindex(*lock);
  Resource& there = *find_resource(id);
  auto& list = lock->holds() ? there.granted : there.waiting;
  list.erase(list.begin() + (lock - list.data()));
  return id;
}

void Locks::drop_if_unused(const ResourceId& id) {
  const auto found = std::ranges::lower_bound(
      resources_, id.name, {}, [](const Resource& resource) { return resource.id.name; });
  if (found == resources_.end() || found->id != id) return;
  if (found->granted.empty() && found->waiting.empty()) resources_.erase(found);
}

// --- questions ---

const Lock* Locks::find(LockHandle handle) const {
  const auto entry = std::ranges::lower_bound(handles_, handle, {}, &HandleEntry::handle);
  if (entry == handles_.end() || entry->handle != handle) return nullptr;
  const Resource& there = *resource(entry->resource);
  for (const auto* list : {&there.granted, &there.waiting}) {
    const auto lock = std::ranges::find(*list, handle, &Lock::handle);
    if (lock != list->end()) return &*lock;
  }
  return nullptr;
}

Lock* Locks::find_lock(LockHandle handle) { return const_cast<Lock*>(find(handle)); }

const Lock* Locks::find(ExportId owner, uint64_t client_handle) const {
  const auto entry = std::ranges::lower_bound(owners_, OwnerEntry{owner, client_handle, 0});
  if (client_handle == 0 || entry == owners_.end() || entry->owner != owner ||
      entry->client_handle != client_handle) {
    return nullptr;
  }
  return find(entry->handle);
}

const Resource* Locks::resource(const ResourceId& id) const {
  const auto found = std::ranges::lower_bound(
      resources_, id.name, {}, [](const Resource& resource) { return resource.id.name; });
  return found == resources_.end() || found->id != id ? nullptr : &*found;
}

Resource* Locks::find_resource(const ResourceId& id) { return const_cast<Resource*>(resource(id)); }

std::vector<LockHandle> Locks::conflicts(const LockRequest& request) const {
  std::vector<LockHandle> handles;
  const Resource* there = resource(request.resource);
  if (there == nullptr) return handles;
  const Lock wanted = lock_of(request);
  for (const Lock& held : there->granted) {
    if (conflict(held, wanted)) handles.push_back(held.handle);
  }
  return handles;
}

bool Locks::grantable(const LockRequest& request) const {
  const Resource* there = resource(request.resource);
  if (there == nullptr) return true;
  const Lock wanted = lock_of(request);
  return !blocked(*there, wanted, there->waiting.size());
}

std::vector<LockHandle> Locks::of_owner(ExportId owner) const {
  std::vector<LockHandle> handles;
  auto entry = std::ranges::lower_bound(owners_, OwnerEntry{owner, 0, 0});
  for (; entry != owners_.end() && entry->owner == owner; ++entry) {
    handles.push_back(entry->handle);
  }
  return handles;
}

ldlm::LdlmLockDesc Locks::describe(const Lock& lock) const {
  ldlm::LdlmLockDesc description;
  description.resource.type = std::to_underlying(lock.type);
  description.resource.name = lock.resource;
  description.req_mode = std::to_underlying(lock.requested);
  description.granted_mode = std::to_underlying(lock.granted);
  switch (lock.type) {
    case LockType::plain:
      break;
    case LockType::extent:
      protocol::set_overlay(description.policy_data, ldlm::LdlmExtent{.start = lock.policy.start,
                                                                      .end = lock.policy.end,
                                                                      .gid = lock.policy.gid});
      break;
    case LockType::flock:
      description.policy_data.start = lock.policy.start;
      description.policy_data.end = lock.policy.end;
      description.policy_data.pid = lock.policy.pid;
      break;
    case LockType::ibits:
      protocol::set_overlay(description.policy_data, ldlm::LdlmInodebits{.bits = lock.policy.bits});
      break;
  }
  return description;
}

EnqueueResult Locks::result_of(const Lock& lock) const {
  EnqueueResult result;
  result.kind = lock.holds() ? EnqueueResult::Kind::granted : EnqueueResult::Kind::waiting;
  result.handle = lock.handle;
  result.description = describe(lock);
  if (lock.holds()) {
    if (lock.policy != lock.asked) result.flags |= flag::kLockChanged;
    if (lock.blocking_sent) result.flags |= flag::kAstSent;
    return result;
  }
  result.flags |= flag::kBlockGranted;
  for (const Lock& held : resource(lock.resource)->granted) {
    if (held.granted == LockMode::group && conflict(held, lock)) result.flags |= flag::kNoTimeout;
  }
  return result;
}

// --- indices ---

Resource& Locks::resource_for(const ResourceId& id) {
  auto place = std::ranges::lower_bound(resources_, id.name, {},
                                        [](const Resource& resource) { return resource.id.name; });
  if (place == resources_.end() || place->id != id) {
    place = resources_.insert(place, Resource{id, {}, {}, {}});
  }
  return *place;
}

LockHandle Locks::new_handle(PeerId peer) {
  auto count = std::ranges::lower_bound(counts_, peer, {}, &Count::peer);
  if (count == counts_.end() || count->peer != peer) count = counts_.insert(count, {peer, 0});
  LockHandle handle = 0;
  do {
    handle = derive(identity_, Purpose::lock_handle, peer, ++count->count);
  } while (std::ranges::binary_search(handles_, handle, {}, &HandleEntry::handle));
  return handle;
}

void Locks::index(const Lock& lock) {
  handles_.insert(std::ranges::lower_bound(handles_, lock.handle, {}, &HandleEntry::handle),
                  {lock.handle, lock.resource});
  const OwnerEntry entry{lock.owner, lock.client_handle, lock.handle};
  owners_.insert(std::ranges::lower_bound(owners_, entry), entry);
}

void Locks::unindex(const Lock& lock) {
  handles_.erase(std::ranges::lower_bound(handles_, lock.handle, {}, &HandleEntry::handle));
  owners_.erase(
      std::ranges::lower_bound(owners_, OwnerEntry{lock.owner, lock.client_handle, lock.handle}));
}

// --- invariants ---

void Locks::invariants() const {
  size_t count = 0;
  for (size_t i = 0; i < resources_.size(); ++i) {
    CHECK(i == 0 || resources_[i - 1].id.name < resources_[i].id.name, "resources are sorted");
    check_resource(resources_[i]);
    count += resources_[i].granted.size() + resources_[i].waiting.size();
  }
  CHECK(count == handles_.size() && count == owners_.size(), "every lock is in the indices");
}

void Locks::check_resource(const Resource& resource) const {
  CHECK(!resource.granted.empty() || !resource.waiting.empty(), "a resource has locks");
  for (size_t i = 0; i < resource.granted.size(); ++i) {
    const Lock& lock = resource.granted[i];
    CHECK(lock.holds() && find(lock.handle) == &lock);
    for (size_t j = 0; j < i && !trusting_; ++j) {
      CHECK(!conflict(resource.granted[j], lock), "LOCK-1: two incompatible locks are granted");
    }
  }
  for (size_t i = 0; i < resource.waiting.size(); ++i) {
    const Lock& lock = resource.waiting[i];
    CHECK(!lock.holds() && find(lock.handle) == &lock);
    CHECK(blocked(resource, lock, i) || (lock.flags & flag::kReplay) != 0,
          "what waits waits for something");
  }
}

}  // namespace reference
