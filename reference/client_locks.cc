// The client's locks: asking for them, what servers call back for, giving them up, replaying them
// (facts: semantics 3.4, 3.5, 3.6, 3.10).
#include <algorithm>
#include <cerrno>
#include <utility>

#include "protocol/check.h"
#include "protocol/codec.h"
#include "protocol/operations_1_8.h"
#include "protocol/operations_2_0.h"
#include "reference/client.h"
#include "reference/derive.h"

namespace reference {

// Lock requests and callbacks are the same in both dialects (facts: rpc-formats LDLM).
namespace operations = protocol::operations_2_0;
// The buffers of all callbacks, of either dialect: only a completion may bring a lock's value.
using CallbackBuffers = protocol::operations_1_8::LdlmCpCallback::Request;
namespace ldlm = protocol::ldlm;
namespace ptlrpc = protocol::ptlrpc;
using protocol::Message;

namespace {

constexpr int32_t kNoLockData = -static_cast<int32_t>(ldlm::status::kNoLockData);
constexpr uint32_t kEarlySize = 192;  // the place of early replies, before the final one

// Extent locks of this mode do for that one.
bool covers_mode(uint32_t held, uint32_t wanted) {
  return held == wanted || (held == ldlm::lock_mode::kPw && wanted == ldlm::lock_mode::kPr);
}

}  // namespace

// --- the table ---

ClientLock* Client::find_lock(uint64_t handle) {
  const auto found = std::ranges::find(locks_, handle, &ClientLock::handle);
  return found == locks_.end() ? nullptr : &*found;
}

ClientLock& Client::make_lock(uint32_t import, const ResourceName& resource, uint32_t type,
                              uint32_t mode, const ldlm::LdlmFlock& policy) {
  ClientLock lock;
  lock.handle = derive(config_, Purpose::lock_handle, config_.self, next_lock_++);
  lock.import = import;
  lock.resource = resource;
  lock.type = type;
  lock.mode = mode;
  lock.policy = policy;
  lock.users = 1;
  lock.last_use = ++uses_;
  locks_.push_back(lock);
  return locks_.back();
}

void Client::erase_lock(uint64_t handle) {
  std::erase_if(locks_, [&](const ClientLock& lock) { return lock.handle == handle; });
}

void Client::release_lock(uint64_t handle) {
  ClientLock* lock = find_lock(handle);
  if (lock == nullptr || lock->users == 0) return;
  --lock->users;
  lock->last_use = ++uses_;
  if (lock->ended && lock->users == 0) erase_lock(handle);
}

ClientLock* Client::match_extent(uint32_t import, const ResourceName& resource, uint32_t mode,
                                 uint64_t start, uint64_t end, uint64_t ioepoch) {
  for (ClientLock& lock : locks_) {
    if (lock.import == import && lock.type == ldlm::lock_type::kExtent && lock.granted &&
        !lock.callback_pending && !lock.cancelling && lock.resource == resource &&
        covers_mode(lock.mode, mode) && lock.policy.start <= start && lock.policy.end >= end &&
        (mode != ldlm::lock_mode::kPw || lock.ioepoch == ioepoch)) {
      return &lock;
    }
  }
  return nullptr;
}

// --- enqueue ---

ldlm::LdlmRequest Client::enqueue_request(const ClientLock& lock, uint32_t flags) const {
  ldlm::LdlmRequest request;
  request.lock_flags = flags;
  request.lock_count = 1;
  request.lock_desc.resource.type = lock.type;
  request.lock_desc.resource.name = lock.resource;
  request.lock_desc.req_mode = lock.mode;
  request.lock_desc.policy_data = lock.policy;
  if (lock.ioepoch != 0) {
    auto extent = protocol::overlay<ldlm::LdlmExtent>(lock.policy);
    extent.gid = lock.ioepoch;
    protocol::set_overlay(request.lock_desc.policy_data, extent);
  }
  request.lock_handle[0].cookie = lock.handle;
  return request;
}

OutgoingRequest Client::enqueue_message(const ldlm::LdlmRequest& asked) {
  return make_request<operations::LdlmEnqueue>({asked}, 2, 152);
}

void Client::enqueue(Frame& frame, ClientLock& lock, uint32_t flags) {
  Import* import = find_import(lock.import);
  CHECK(import != nullptr);
  const RequestId id =
      import->submit(context(frame), enqueue_message(enqueue_request(lock, flags)));
  wait_for(lock.import, id, {.kind = Waiter::Kind::lock, .id = lock.handle});
}

void Client::on_enqueued(Frame& frame, uint64_t handle, const ImportEvent& event) {
  ClientLock* lock = find_lock(handle);
  if (lock == nullptr) return;
  const auto reply = event.reply ? operations::LdlmEnqueue::Reply::decode(*event.reply)
                                 : std::unexpected(protocol::WireError{});
  const bool aborted = event.status == static_cast<int32_t>(ldlm::status::kLockAborted);
  if (event.status < 0 || !reply || (event.status != 0 && !aborted)) {
    if (event.status >= 0) note(frame, "enqueue:bad reply", event.status);
    lock->ended = !lock->granted;
    lock->status = event.status < 0 ? event.status : -EPROTO;
    if (lock->ended && lock->users == 0) erase_lock(handle);
    return;
  }
  if (reply->lvb) lock->lvb = *reply->lvb;
  if (aborted) {
    lock->ended = true;
    lock->status = 0;
    if (lock->users == 0) erase_lock(handle);
    return;
  }
  lock->remote = reply->lock.lock_handle.cookie;
  if ((reply->lock.lock_flags & ldlm::lock_flag::kAstSent) != 0) lock->callback_pending = true;
  if (lock->granted) return;  // the completion callback overtook the reply
  if (reply->lock.lock_desc.granted_mode == 0) {
    // A flock that was unlocked or tested comes back without a lock.
    const bool waits =
        (reply->lock.lock_flags & (ldlm::lock_flag::kBlockWait | ldlm::lock_flag::kBlockGranted |
                                   ldlm::lock_flag::kBlockConv)) != 0;
    lock->waiting = waits;
    lock->ended = !waits;
    return;
  }
  install(*lock, reply->lock.lock_desc);
  take_lock_value(*lock, lock->lvb);
}

// The lock as the server gave it: mode, range, even another resource.
void Client::install(ClientLock& lock, const ldlm::LdlmLockDesc& desc) {
  lock.granted = true;
  lock.waiting = false;
  lock.mode = desc.granted_mode;
  lock.resource = desc.resource.name;
  lock.policy = desc.policy_data;
}

// Under an extent lock nobody else changes the object there: what the OST says of it is true, but
// for our own data that it has not seen yet.
void Client::take_lock_value(const ClientLock& lock, const ldlm::OstLvb& lvb) {
  if (lock.type != ldlm::lock_type::kExtent) return;
  ClientObject* object = find_object(lock.import - 2, lock.resource.name[1], lock.resource.name[0]);
  if (object == nullptr) return;
  object->size = std::max(lvb.size, object->cache.dirty_end());
  object->blocks = lvb.blocks;
  object->mtime = std::max(object->mtime, static_cast<int64_t>(lvb.mtime));
  object->atime = std::max(object->atime, static_cast<int64_t>(lvb.atime));
  object->ctime = std::max(object->ctime, static_cast<int64_t>(lvb.ctime));
}

// --- callbacks ---

bool Client::on_callback(Frame& frame, const RequestIn& in) {
  if (in.portal != ptlrpc::portal::kLdlmCbRequest) return false;
  if (log_ && !imports_.empty() && log_->on_callback(context(frame), imports_[0], in)) return true;
  const auto message = Message::parse(in.message);
  if (!message) {
    note(frame, "callback:malformed");
    return false;
  }
  const bool ours = std::ranges::any_of(imports_, [&](const Import& import) {
    return import.client_cookie() == message->body().handle.cookie;
  });
  const auto request = CallbackBuffers::decode(*message);
  int32_t status = -EINVAL;
  ldlm::OstLvb lvb;
  bool with_lvb = false;
  if (!ours) {
    status = -107;  // ENOTCONN: a server that knows an import we have no more
  } else if (message->body().opc == operations::LdlmSetInfo::kOpcode) {
    status = on_word(frame, in, *message);
    if (status == -EINPROGRESS) return true;
  } else if (request) {
    ClientLock* lock = find_lock(request->lock.lock_handle[0].cookie);
    switch (message->body().opc) {
      case operations::LdlmBlCallback::kOpcode:
        status = on_blocking(lock, request->lock);
        break;
      case operations::LdlmCpCallback::kOpcode:
        status = on_completion(lock, *message);
        break;
      case operations::LdlmGlCallback::kOpcode:
        status = on_glimpse(lock, lvb);
        with_lvb = status == 0;
        break;
      default:
        status = -524;  // ENOTSUPP
        break;
    }
  }
  answer_callback(frame, in, *message, status, with_lvb ? &lvb : nullptr);
  return true;
}

void Client::answer_callback(Frame& frame, const RequestIn& in, const Message& request,
                             int32_t status, const ldlm::OstLvb* lvb) {
  ptlrpc::PtlrpcBody body;
  body.type = ptlrpc::msg_type::kReply;
  body.version = request.body().version;
  body.opc = request.body().opc;
  body.status = status;
  protocol::MessageBuilder builder(body);
  if (lvb != nullptr) builder.add(*lvb);
  const bool adaptive = (request.header().flags & ptlrpc::msghdr_flag::kAtSupport) != 0;
  endpoint_.send_reply(in.from, ptlrpc::portal::kLdlmCbReply, in.xid, adaptive ? kEarlySize : 0,
                       builder.finish(), frame.out);
}

int32_t Client::on_blocking(ClientLock* lock, const ldlm::LdlmRequest& request) {
  if (lock == nullptr || lock->ended) return -EINVAL;
  lock->callback_pending = true;
  if ((request.lock_flags & ldlm::lock_flag::kDiscardData) != 0) lock->discard = true;
  return 0;
}

int32_t Client::on_completion(ClientLock* lock, const Message& message) {
  const auto request = CallbackBuffers::decode(message);
  if (lock == nullptr || lock->ended || !request) return -EINVAL;
  if ((request->lock.lock_flags & ldlm::lock_flag::kFailed) != 0) return refuse_lock(*lock), 0;
  const ldlm::LdlmLockDesc& desc = request->lock.lock_desc;
  if (desc.granted_mode == 0 && desc.req_mode == 0) return -EINVAL;
  ldlm::LdlmLockDesc given = desc;
  if (given.granted_mode == 0) given.granted_mode = given.req_mode;
  if (given.resource.type == 0) given.resource.name = lock->resource;
  install(*lock, given);
  if (request->lvb) {
    lock->lvb = *request->lvb;
    take_lock_value(*lock, *request->lvb);
  }
  if ((request->lock.lock_flags & ldlm::lock_flag::kAstSent) != 0) lock->callback_pending = true;
  return 0;
}

// Its epoch is over.
void Client::refuse_lock(ClientLock& lock) {
  lock.granted = lock.waiting = false;
  lock.ended = true;
  lock.status = -ESTALE;
  if (lock.users == 0) erase_lock(uint64_t{lock.handle});
}

int32_t Client::on_glimpse(const ClientLock* lock, ldlm::OstLvb& lvb) {
  if (lock == nullptr || lock->type != ldlm::lock_type::kExtent) return -EINVAL;
  const ClientObject* object =
      find_object(lock->import - 2, lock->resource.name[1], lock->resource.name[0]);
  if (object == nullptr || !lock->granted) return kNoLockData;
  lvb.size = object->size;
  lvb.blocks = object->blocks;
  lvb.mtime = static_cast<uint64_t>(object->mtime);
  lvb.atime = static_cast<uint64_t>(object->atime);
  lvb.ctime = static_cast<uint64_t>(object->ctime);
  return 0;
}

// --- giving locks up ---

Client::Progress Client::settle_locks(Frame& frame) {
  Progress progress = Progress::none;
  std::vector<uint64_t> gone;
  for (ClientLock& lock : locks_) {
    if (!lock.callback_pending || !lock.granted || lock.users != 0) continue;
    if (!ready_to_cancel(frame, lock)) continue;
    drop_covered(lock);
    note_lock(frame, Fact::Kind::lock_lost, lock.handle);
    send_cancel(frame, lock);
    gone.push_back(lock.handle);
  }
  for (const uint64_t handle : gone) {
    erase_lock(handle);
    progress = Progress::some;
  }
  return progress;
}

// Dirty data under the lock is written first, or discarded if whoever wants the lock will destroy
// it.
bool Client::ready_to_cancel(Frame& frame, ClientLock& lock) {
  lock.cancelling = true;
  if (lock.type != ldlm::lock_type::kExtent) return true;
  if (config_.defects.has(Defect::cancelled_before_flush)) return true;
  ClientObject* object = find_object(lock.import - 2, lock.resource.name[1], lock.resource.name[0]);
  if (object == nullptr) return true;
  if (std::exchange(lock.discard, false)) {  // nothing new comes under a lock that is given up
    grant_of(object->ost).lost += object->cache.discard(lock.policy.start, lock.policy.end);
    const uint64_t end = lock.policy.end;
    note_data(frame, Fact::Kind::discarded, *object, lock.policy.start,
              end == ~uint64_t{0} ? end : end + 1);
  }
  if (!object->cache.dirty(lock.policy.start, lock.policy.end)) return true;
  object->flush = true;
  return false;
}

bool Client::dirty_under(const ClientLock& lock) {
  if (lock.type != ldlm::lock_type::kExtent) return false;
  const ClientObject* object =
      find_object(lock.import - 2, lock.resource.name[1], lock.resource.name[0]);
  return object != nullptr && object->cache.dirty(lock.policy.start, lock.policy.end);
}

// What was known under this lock and is under no other is known no more.
void Client::drop_covered(const ClientLock& lock) {
  if (lock.type == ldlm::lock_type::kIbits) {
    const auto& name = lock.resource.name;
    const Fid fid{name[0], static_cast<uint32_t>(name[1]), static_cast<uint32_t>(name[2])};
    if (!inodebits_held(fid, ldlm::inodebit::kLookup)) {
      std::erase_if(names_, [&](const CachedName& known) { return known.child == fid; });
      if (!inodebits_held(fid, ldlm::inodebit::kUpdate)) {
        std::erase_if(inodes_, [&](const CachedInode& inode) { return inode.fid == fid; });
      }
    }
    return;
  }
  if (lock.type != ldlm::lock_type::kExtent) return;
  ClientObject* object = find_object(lock.import - 2, lock.resource.name[1], lock.resource.name[0]);
  if (object == nullptr) return;
  // Ranges of other locks on the object stay.
  uint64_t at = lock.policy.start;
  std::vector<std::pair<uint64_t, uint64_t>> kept;
  for (const ClientLock& other : locks_) {
    if (other.handle != lock.handle && other.import == lock.import && other.granted &&
        !other.cancelling && other.type == lock.type && other.resource == lock.resource) {
      kept.emplace_back(other.policy.start, other.policy.end);
    }
  }
  std::ranges::sort(kept);
  for (const auto& [start, end] : kept) {
    if (end < at) continue;
    if (start > lock.policy.end) break;
    if (start > at) object->cache.discard(at, start - 1);
    if (end >= lock.policy.end) return;
    at = end + 1;
  }
  object->cache.discard(at, lock.policy.end);
}

void Client::send_cancel(Frame& frame, const ClientLock& lock) {
  Import* import = find_import(lock.import);
  if (import == nullptr || lock.remote == 0) return;
  operations::LdlmCancel::Request request;
  request.lock.lock_count = 1;
  request.lock.lock_handle[0].cookie = lock.remote;
  OutgoingRequest cancel = make_request<operations::LdlmCancel>(request, 0, 0);
  cancel.no_resend = true;
  const RequestId id = import->submit(context(frame), std::move(cancel));
  wait_for(lock.import, id, {.kind = Waiter::Kind::nobody, .id = lock.remote});
}

// Unused locks beyond the limit are given up, those unused longest first.
void Client::trim_locks() {
  size_t unused = 0;
  for (const ClientLock& lock : locks_) {
    const bool idle = lock.granted && lock.users == 0 && !lock.callback_pending &&
                      lock.type != ldlm::lock_type::kFlock;
    unused += idle ? 1 : 0;
  }
  while (unused > kLocksMax) {
    ClientLock* oldest = nullptr;
    for (ClientLock& lock : locks_) {
      const bool idle = lock.granted && lock.users == 0 && !lock.callback_pending &&
                        lock.type != ldlm::lock_type::kFlock;
      if (idle && (oldest == nullptr || lock.last_use < oldest->last_use)) oldest = &lock;
    }
    oldest->callback_pending = true;
    --unused;
  }
}

// --- recovery ---

void Client::replay_locks(Frame& frame, uint32_t import) {
  Import* server = find_import(import);
  if (server == nullptr) return;
  std::vector<OutgoingRequest> requests;
  std::vector<uint64_t> handles;
  for (const ClientLock& lock : locks_) {
    if (lock.import != import || lock.ended) continue;
    // Nobody else may have it before what is dirty under it is written.
    if (lock.cancelling &&
        (!dirty_under(lock) || config_.defects.has(Defect::cancelling_lock_not_replayed)))
      continue;
    if (!lock.granted && !lock.waiting) continue;  // its enqueue will be sent again
    const uint32_t list =
        lock.granted ? ldlm::lock_flag::kBlockGranted : ldlm::lock_flag::kBlockWait;
    ldlm::LdlmRequest asked = enqueue_request(lock, ldlm::lock_flag::kReplay | list);
    if (lock.granted) asked.lock_desc.granted_mode = lock.mode;
    requests.push_back(enqueue_message(asked));
    handles.push_back(lock.handle);
  }
  const std::vector<RequestId> ids = server->replay_locks(context(frame), std::move(requests));
  for (size_t i = 0; i < ids.size(); ++i) {
    wait_for(import, ids[i], {.kind = Waiter::Kind::replayed_lock, .id = handles[i]});
  }
}

void Client::on_lock_replayed(uint64_t handle, const ImportEvent& event) {
  ClientLock* lock = find_lock(handle);
  if (lock == nullptr || !event.reply) return;
  if (event.status == -ESTALE) return refuse_lock(*lock);
  if (event.status != 0) return;
  const auto reply = operations::LdlmEnqueue::Reply::decode(*event.reply);
  if (reply) lock->remote = reply->lock.lock_handle.cookie;
}

// The server knows our locks no more, but us: what they covered is written, and known no longer.
void Client::on_locks_lost(uint32_t import) {
  for (ClientLock& lock : locks_) {
    if (lock.import != import) continue;
    lock.remote = 0;
    lock.callback_pending = true;
    if (!lock.waiting) continue;
    lock.ended = true;
    lock.status = -EIO;
  }
  std::erase_if(locks_, [&](const ClientLock& lock) {
    return lock.import == import && lock.ended && lock.users == 0;
  });
}

// The server has forgotten us, and them: nothing is cancelled.
void Client::drop_locks(Frame& frame, uint32_t import) {
  for (ClientLock& lock : locks_) {
    if (lock.import != import) continue;
    note_lock(frame, Fact::Kind::lock_lost, lock.handle);
    lock.granted = false;
    lock.ended = true;
    lock.status = -EIO;
  }
  std::erase_if(locks_,
                [&](const ClientLock& lock) { return lock.import == import && lock.users == 0; });
  if (import == 1) inodes_.clear();
}

}  // namespace reference
