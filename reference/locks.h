// A server's lock namespace as a value: resources, the locks on them, and the rules by which locks
// are granted, wait and go. Used by Ost, Mds and Mgs. Facts: semantics 3.1 to 3.10.
//
// It sends nothing and knows no time. Every call that changes something appends to LockEffects what
// follows from it: blocking callbacks to be sent, locks granted after waiting, locks gone.
// Callbacks, their timers and evictions are lock_callbacks.h's; a machine hands the effects there,
// and looks itself at those of its own locks (owner 0): a granted one lets a parked operation go
// on.
//
// It does not model: the converting queue (a replayed converting lock waits), commit on sharing
// beyond the mode COS, subtrees of a namespace.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "protocol/ldlm.h"
#include "reference/config.h"
#include "reference/exports.h"
#include "reference/lock_modes.h"
#include "reference/machine.h"

namespace reference {

using ResourceId = protocol::ldlm::LdlmResId;
inline ObjectName object_name(const ResourceId& id) { return {id.name[0], id.name[1]}; }
using LockHandle = uint64_t;  // a lock's cookie at this server; 0 is none

inline constexpr uint64_t kEof = ~uint64_t{0};

// What a lock covers, by its type: extent and flock start to end, both included; a group lock its
// gid; a flock its owner's pid; ibits its bits.
struct LockPolicy {
  uint64_t start = 0;
  uint64_t end = 0;
  uint64_t gid = 0;  // counts with mode GROUP alone
  uint64_t bits = 0;
  uint32_t pid = 0;
  bool operator==(const LockPolicy&) const = default;
  void state(auto&& visit) const { visit(start, end, gid, bits, pid); }
};
LockPolicy decode_policy(LockType type, LockMode mode, const protocol::ldlm::LdlmFlock& wire);

struct Lock {
  LockHandle handle = 0;
  ResourceId resource;
  LockType type = LockType::plain;
  LockMode requested = LockMode::none;
  LockMode granted = LockMode::none;  // none while it waits
  LockPolicy policy;
  LockPolicy asked;            // before it grew
  ExportId owner = 0;          // 0: the server's own
  PeerId peer;                 // of the owner
  uint64_t client_handle = 0;  // the owner's cookie; 0 for the half of a flock that was split off
  uint32_t flags = 0;          // those of the request that stay: CANCEL_ON_BLOCK, discard data
  uint64_t epoch = 0;          // Size-on-MDS: of who asked
  // A blocking callback was sent, or, for a lock that waits, comes along with its completion.
  bool blocking_sent = false;
  bool holds() const { return granted != LockMode::none; }
  void state(auto&& visit) const {
    visit(handle, resource, type, requested, granted, policy, asked, owner, peer, client_handle,
          flags, epoch, blocking_sent);
  }
};

struct Resource {
  ResourceId id;
  std::vector<Lock> granted;  // in order of granting
  std::vector<Lock> waiting;  // first come, first served
  Bytes lvb;                  // the owner's, opaque here; goes with the last lock
  void state(auto&& visit) const { visit(id, granted, waiting, lvb); }
};

struct LockRequest {
  ResourceId resource;
  LockType type = LockType::plain;
  LockMode mode = LockMode::none;  // NL unlocks a flock
  LockPolicy policy;
  uint32_t flags = 0;  // lock_flags: BLOCK_NOWAIT, TEST_LOCK, REPLAY + BLOCK_*, …
  ExportId owner = 0;  // 0: the server itself
  PeerId peer;
  uint64_t client_handle = 0;
  bool resent = false;  // MSG_RESENT: an earlier copy may have made the lock
  uint64_t epoch = 0;   // Size-on-MDS, with the fence: of the open file
};
// From an ENQUEUE's buffer. None if type or mode do not exist or a range is backwards (-EFAULT).
std::optional<LockRequest> lock_request(const protocol::ldlm::LdlmRequest& wire, ExportId owner,
                                        PeerId peer, bool resent);

// What follows from a change, in order.
struct LockEffects {
  struct Blocking {  // to be sent to the owner of `holder`
    LockHandle holder = 0;
    ExportId owner = 0;
    uint64_t client_handle = 0;
    PeerId peer;
    bool cancelled = false;  // CANCEL_ON_BLOCK: the lock is gone already, no answer is awaited
    bool discard = false;    // the blocked one will destroy the data: no need to write it back
    protocol::ldlm::LdlmLockDesc blocked;
  };
  struct Change {
    LockHandle handle = 0;
    ResourceId resource;
    ExportId owner = 0;
    LockMode mode = LockMode::none;
    // Granted: its owner awaits a completion, which says this.
    bool waited = false;
    uint64_t client_handle = 0;
    PeerId peer;
    protocol::ldlm::LdlmLockDesc description;
  };
  // For the notes: all that happened to locks, in order.
  struct Logged {
    Fact::Kind kind = Fact::Kind::granted;  // granted, waiting or cancelled
    LockHandle handle = 0;
    ResourceId resource;
    LockType type = LockType::plain;
    LockMode mode = LockMode::none;
    LockPolicy policy;
    uint32_t flags = 0;
    ExportId owner = 0;
  };
  void note(Fact::Kind kind, const Lock& lock);

  std::vector<Logged> log;
  std::vector<Blocking> blocking;
  std::vector<Change> granted;
  std::vector<Change> gone;  // whether it held or waited
  bool empty() const { return blocking.empty() && granted.empty() && gone.empty(); }
};

struct EnqueueResult {
  enum class Kind : uint8_t {
    granted,
    waiting,   // a completion will follow
    answered,  // no lock and no error: a flock was unlocked or tested; `description` says the rest
    refused,   // no lock: status
  };
  Kind kind = Kind::refused;
  int32_t status = 0;  // -EWOULDBLOCK, -EAGAIN, -EDEADLK, -EUSERS, -EPROTO (the resource has
                       // locks of another type), -ENOLCK (kLocksMax)
  LockHandle handle = 0;
  // For the reply: BLOCK_GRANTED, LOCK_CHANGED, AST_SENT, NO_TIMEOUT, and all that were asked with
  // (a client knows only from them that it tested a flock).
  uint32_t flags = 0;
  protocol::ldlm::LdlmLockDesc description;  // of the lock now, or what a test found
};
// Flags, description and handle; an intent's results are the caller's.
protocol::ldlm::LdlmReply lock_reply(const EnqueueResult& result);

class Locks {
 public:
  static constexpr size_t kLocksMax = 1u << 20;
  // With more conflicting holders than this, a request of at most so many bytes that may be denied
  // is (-EUSERS). Lustre's defaults: it takes a tuned server to deny more than a byte.
  static constexpr size_t kContendedHolders = 32;
  static constexpr uint64_t kDeniedLengthMax = 1;

  explicit Locks(const Config& config);

  // --- changes ---

  EnqueueResult enqueue(const LockRequest& request, LockEffects& effects);
  // Status as the wire has it: 0, or positive EINVAL (no such lock), EDEADLK (not grantable now).
  int32_t convert(LockHandle handle, LockMode mode, LockEffects& effects);
  // The lock goes, granted or waiting; those behind it are looked at again. False if unknown.
  bool cancel(LockHandle handle, LockEffects& effects);
  // Several at once: all go before anybody is granted anything. The result counts those known.
  size_t cancel(std::span<const LockHandle> handles, LockEffects& effects);
  void cancel_owner(ExportId owner, LockEffects& effects);
  // After recovery: replayed locks that wait are looked at again.
  void reprocess_all(LockEffects& effects);
  // A lock of the server's own becomes the client's, as an intent's answer gives it: owner, peer,
  // cookie and flags are the request's. Callbacks for those that wait behind it follow. False if it
  // is gone again, since it had to be cancelled at once (CANCEL_ON_BLOCK).
  bool hand_over(LockHandle handle, const LockRequest& to, LockEffects& effects);
  // To the granted mode CR or another weaker one: what waits is looked at again.
  void downgrade(LockHandle handle, LockMode mode, LockEffects& effects);

  // Empty unless set since the resource had its first lock.
  const Bytes& lvb(const ResourceId& id) const;
  // Ignored without a lock on the resource.
  void set_lvb(const ResourceId& id, Bytes lvb);

  // --- questions ---

  const Lock* find(LockHandle handle) const;
  // By the cookie its owner gave it.
  const Lock* find(ExportId owner, uint64_t client_handle) const;
  const Resource* resource(const ResourceId& id) const;
  std::span<const Resource> resources() const { return resources_; }
  size_t size() const { return handles_.size(); }
  // Granted locks that the request would have to wait for, were it enqueued now.
  std::vector<LockHandle> conflicts(const LockRequest& request) const;
  // Whether it would be granted at once.
  bool grantable(const LockRequest& request) const;
  std::vector<LockHandle> of_owner(ExportId owner) const;
  protocol::ldlm::LdlmLockDesc describe(const Lock& lock) const;
  // As the reply of an enqueue that found or made this lock.
  EnqueueResult result_of(const Lock& lock) const;

  // No two incompatible locks granted (but replayed ones: the server trusts), waiting locks wait
  // for something, indices agree.
  void invariants() const;
  void state(auto&& visit) const { visit(resources_, counts_, trusting_); }

 private:
  struct HandleEntry {
    LockHandle handle = 0;
    ResourceId resource;
  };
  struct OwnerEntry {
    ExportId owner = 0;
    uint64_t client_handle = 0;
    LockHandle handle = 0;
    auto operator<=>(const OwnerEntry&) const = default;
  };
  struct Count {  // of the handles given to a peer
    PeerId peer;
    uint64_t count = 0;
    void state(auto&& visit) const { visit(peer, count); }
  };

  // locks.cc
  LockEffects::Change change_of(const Lock& lock, bool waited) const;
  EnqueueResult decide(const LockRequest& request, LockEffects& effects);
  EnqueueResult enqueue_replay(Lock lock, uint32_t flags, LockEffects& effects);
  EnqueueResult enqueue_ordinary(Lock lock, uint32_t flags, LockEffects& effects);
  void cancel_idle(const Lock& wanted, LockEffects& effects);
  void call_back(Resource& resource, const Lock& blocked, size_t place, LockEffects& effects);
  bool conflict(const Lock& held, const Lock& wanted) const;
  bool blocked(const Resource& resource, const Lock& lock, size_t place) const;
  size_t place_of(const Resource& resource, const Lock& lock) const;
  void grant(Resource& resource, Lock lock, bool waited, LockEffects& effects);
  void queue(Resource& resource, Lock lock);
  void reprocess(const ResourceId& id, LockEffects& effects);
  std::optional<ResourceId> remove(LockHandle handle, LockEffects& effects);
  void drop_if_unused(const ResourceId& id);
  Resource& resource_for(const ResourceId& id);
  Resource* find_resource(const ResourceId& id);
  Lock* find_lock(LockHandle handle);
  LockHandle new_handle(PeerId peer);
  void index(const Lock& lock);
  void unindex(const Lock& lock);
  void check_resource(const Resource& resource) const;

  // locks_extent.cc
  std::optional<int32_t> refuse_extent(const Resource& resource, const Lock& lock,
                                       uint32_t flags) const;
  void grow(const Resource& resource, Lock& lock) const;

  // locks_flock.cc
  EnqueueResult enqueue_flock(Lock lock, uint32_t flags, LockEffects& effects);
  void merge_flock(Resource& resource, Lock& lock, LockEffects& effects);
  const Lock* flock_blocker(const Resource& resource, const Lock& lock) const;
  bool flock_deadlock(const Lock& lock) const;

  Config identity_;  // only what derive() looks at
  DefectSet defects_;
  bool trusting_ = false;  // a replayed lock was granted: LOCK-1 rests on the clients from then on
  std::vector<Resource> resources_;   // sorted by id
  std::vector<HandleEntry> handles_;  // sorted; made from resources_
  std::vector<OwnerEntry> owners_;    // sorted; made from resources_
  std::vector<Count> counts_;         // sorted by peer
};

}  // namespace reference
