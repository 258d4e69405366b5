#include "reference/lock_callbacks.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "protocol/check.h"
#include "protocol/operations_1_8.h"
#include "protocol/operations_2_0.h"
#include "reference/adaptive_timeout.h"
#include "reference/defects.h"
#include "reference/derive.h"

namespace reference {

namespace flag = protocol::ldlm::lock_flag;
namespace operations = protocol::operations_2_0;
using protocol::ldlm::LdlmRequest;
using protocol::ldlm::OstLvb;

namespace {

// How a blocking callback says that dirty data need not be written back, by dialect.
constexpr std::array<uint32_t, 2> kDiscard = {flag::kAstDiscardData, flag::kDiscardData};

// Room that a callback's answer needs in all.
uint32_t reply_size(uint32_t buffers, uint32_t bytes) {
  return static_cast<uint32_t>(protocol::message_header_size(buffers + 1)) +
         protocol::ptlrpc::PtlrpcBody::kSize + bytes;
}

}  // namespace

std::vector<LockHandle> cancel_handles(
    const LdlmRequest& request, const protocol::ArrayView<protocol::ptlrpc::LustreHandle>& more,
    uint32_t first) {
  std::vector<LockHandle> handles;
  const size_t there =
      std::min<size_t>(request.lock_count, request.lock_handle.size() + more.size());
  for (size_t i = first; i < there; ++i) {
    handles.push_back(i < request.lock_handle.size() ? request.lock_handle.at(i).cookie
                                                     : more[i - request.lock_handle.size()].cookie);
  }
  return handles;
}

std::optional<std::vector<LockHandle>> cancel_handles(const Request& request) {
  const auto decoded = operations::LdlmCancel::Request::decode(request.message);
  if (!decoded) return std::nullopt;
  return cancel_handles(decoded->lock, decoded->lock_more_handles);
}

LockCallbacks::LockCallbacks(const Config& config) : config_(config) {}

// --- what follows from a change ---

void LockCallbacks::apply(const LockContext& context, const LockEffects& effects, LockNews& news) {
  for (const LockEffects::Logged& change : effects.log) note(context, change);
  for (const LockEffects::Change& gone : effects.gone) forget_lock(gone.handle);
  for (const LockEffects::Blocking& blocking : effects.blocking) {
    if (context.service.recovering() && !blocking.cancelled) {
      deferred_.push_back({Kind::blocking, blocking, {}});
    } else {
      send_blocking(context, blocking);
    }
  }
  for (const LockEffects::Change& granted : effects.granted) {
    if (!granted.waited) continue;
    if (granted.owner == 0) {
      news.granted.push_back(granted.handle);
    } else if (context.service.recovering()) {
      deferred_.push_back({Kind::completion, {}, granted});
    } else {
      send_completion(context, granted);
    }
  }
  arm(context);
}

void LockCallbacks::send_blocking(const LockContext& context,
                                  const LockEffects::Blocking& blocking) {
  if (config_.defects.has(Defect::blocking_callback_lost)) return;
  operations::LdlmBlCallback::Request request;
  request.lock.lock_desc = blocking.blocked;
  request.lock.lock_handle[0].cookie = blocking.client_handle;
  if (blocking.discard) {
    request.lock.lock_flags = kDiscard.at(static_cast<size_t>(config_.dialect));
  }
  const uint64_t xid =
      send<operations::LdlmBlCallback>(context, blocking.owner, reply_size(0, 0), request);
  note(context, {.kind = Fact::Kind::blocked,
                 .handle = blocking.holder,
                 .resource = blocking.blocked.resource.name,
                 .owner = blocking.owner});
  if (blocking.cancelled) return;
  Pending pending;
  pending.kind = Kind::blocking;
  pending.lock = blocking.holder;
  pending.owner = blocking.owner;
  pending.xid = xid;
  pending.cancel_awaited = true;
  await(context, std::move(pending));
}

template <class Callback>
uint64_t LockCallbacks::complete(const LockContext& context, ExportId owner,
                                 const LdlmRequest& buffer, const OstLvb* lvb) {
  typename Callback::Request request;
  request.lock = buffer;
  if (lvb != nullptr) request.lvb = *lvb;
  return send<Callback>(context, owner, reply_size(0, 0), request);
}

// By dialect: 1.8 leaves the LVB out where the resource has none, 2.0 sends it zero.
const std::array<LockCallbacks::Complete, 2> LockCallbacks::kComplete = {
    &LockCallbacks::complete<protocol::operations_1_8::LdlmCpCallback>,
    &LockCallbacks::complete<operations::LdlmCpCallback>,
};

void LockCallbacks::send_completion(const LockContext& context,
                                    const LockEffects::Change& granted) {
  const Lock* lock = context.locks.find(granted.handle);
  const bool blocking = lock != nullptr && lock->blocking_sent;
  LdlmRequest buffer;
  buffer.lock_desc = granted.description;
  buffer.lock_handle[0].cookie = granted.client_handle;
  if (blocking) buffer.lock_flags = flag::kAstSent;
  const Bytes& lvb = context.locks.lvb(granted.resource);
  const auto known = protocol::decode<OstLvb>(lvb.view());
  // Planted defect: the client learns of its lock from nobody.
  const bool lost = config_.defects.has(Defect::completion_lost);
  Pending pending;
  pending.kind = Kind::completion;
  pending.lock = granted.handle;
  pending.owner = granted.owner;
  pending.cancel_awaited = blocking;
  if (lost) return;
  pending.xid = (this->*kComplete.at(static_cast<size_t>(config_.dialect)))(
      context, granted.owner, buffer, known ? &*known : nullptr);
  await(context, std::move(pending));
}

void LockCallbacks::refuse_waiting(const LockContext& context, LockHandle handle, LockNews& news) {
  const Lock* lock = context.locks.find(handle);
  CHECK(lock != nullptr && !lock->holds() && lock->owner != 0);
  LdlmRequest buffer;
  buffer.lock_flags = flag::kFailed;
  buffer.lock_desc = context.locks.describe(*lock);
  buffer.lock_handle[0].cookie = lock->client_handle;
  Pending pending;
  pending.kind = Kind::completion;
  pending.lock = handle;
  pending.owner = lock->owner;
  LockEffects effects;
  context.locks.cancel(handle, effects);
  apply(context, effects, news);
  pending.xid = (this->*kComplete.at(static_cast<size_t>(config_.dialect)))(context, pending.owner,
                                                                            buffer, nullptr);
  await(context, std::move(pending));
  arm(context);
}

bool LockCallbacks::say(const LockContext& context, ExportId to, const Word& word) {
  operations::LdlmSetInfo::Request request;
  request.key = word.key;
  request.value = word.value;
  Pending pending;
  pending.kind = Kind::word;
  pending.owner = to;
  pending.cookie = word.cookie;
  pending.xid = send<operations::LdlmSetInfo>(context, to, reply_size(0, 0), request);
  if (pending.xid == 0) return false;
  await(context, std::move(pending));
  if (!word.in_time) pending_.back().deadline = kNever;
  arm(context);
  return true;
}

bool LockCallbacks::glimpse(const LockContext& context, LockHandle holder, uint64_t cookie) {
  const Lock* lock = context.locks.find(holder);
  if (lock == nullptr || lock->owner == 0) return false;
  operations::LdlmGlCallback::Request request;
  request.lock.lock_desc = context.locks.describe(*lock);
  request.lock.lock_handle[0].cookie = lock->client_handle;
  Pending pending;
  pending.kind = Kind::glimpse;
  pending.lock = holder;
  pending.owner = lock->owner;
  pending.cookie = cookie;
  pending.xid = send<operations::LdlmGlCallback>(
      context, lock->owner, reply_size(1, protocol::padded(OstLvb::kSize)), request);
  if (pending.xid == 0) return false;
  await(context, std::move(pending));
  arm(context);
  return true;
}

template <class Callback>
uint64_t LockCallbacks::send(const LockContext& context, ExportId owner, uint32_t reply_room,
                             const typename Callback::Request& buffers) {
  const auto path = context.service.reverse(owner);
  if (!path) return 0;
  protocol::ptlrpc::PtlrpcBody body;
  body.handle.cookie = path->client_handle;
  body.type = protocol::ptlrpc::msg_type::kRequest;
  body.version = Callback::kVersion;
  body.opc = Callback::kOpcode;
  body.conn_cnt = path->conn_cnt;
  body.timeout = wire_seconds(config_.timing.lock_callback_timeout);
  const uint64_t xid = new_xid(path->peer);
  protocol::MessageBuilder builder(body, path->lm_flags, 0, reply_room);
  buffers.encode(builder);
  context.turn.endpoint.send_request(path->peer, Callback::kRequestPortal, xid, builder.finish(),
                                     context.turn.out);
  return xid;
}

// A client that cannot be reached has its time all the same: it may come back and cancel.
void LockCallbacks::await(const LockContext& context, Pending pending) {
  if (const auto path = context.service.reverse(pending.owner)) {
    pending.peer = path->peer;
    pending.lm_flags = path->lm_flags;
  }
  pending.deadline = context.turn.now + config_.timing.lock_callback_timeout;
  pending_.push_back(std::move(pending));
}

// --- requests of clients ---

void LockCallbacks::cancel(const LockContext& context, const std::vector<LockHandle>& handles,
                           LockNews& news) {
  LockEffects effects;
  context.locks.cancel(handles, effects);
  apply(context, effects, news);
}

void LockCallbacks::on_cancel(const LockContext& context, const Request& request, LockNews& news) {
  const auto handles = cancel_handles(request);
  if (!handles) return context.service.refuse(context.turn, request, -EPROTO);
  LockEffects effects;
  const size_t known = context.locks.cancel(*handles, effects);
  Reply reply = context.service.reply(request);
  if (known == 0) reply.status = ESTALE;
  context.service.finish(context.turn, request, reply);
  apply(context, effects, news);
}

void LockCallbacks::on_convert(const LockContext& context, const Request& request, LockNews& news) {
  const auto decoded = operations::LdlmConvert::Request::decode(request.message);
  if (!decoded) return context.service.refuse(context.turn, request, -EPROTO);
  const LockHandle handle = decoded->lock.lock_handle[0].cookie;
  const auto mode = lock_mode(decoded->lock.lock_desc.req_mode);
  LockEffects effects;
  Reply reply = context.service.reply(request);
  reply.status = mode ? context.locks.convert(handle, *mode, effects) : EINVAL;
  operations::LdlmConvert::Reply buffers;
  if (const Lock* lock = context.locks.find(handle)) {
    buffers.lock = lock_reply(context.locks.result_of(*lock));
  }
  buffers.encode(reply.message);
  context.service.finish(context.turn, request, reply);
  apply(context, effects, news);
}

// --- events ---

bool LockCallbacks::receive(const LockContext& context, const ReplyIn& in, LockNews& news) {
  if (in.portal != protocol::ptlrpc::portal::kLdlmCbReply) return false;
  const auto found = std::ranges::find_if(pending_, [&](const Pending& pending) {
    return pending.xid != 0 && pending.xid == in.xid && pending.peer == in.from;
  });
  if (found == pending_.end()) return false;
  const bool may_be_early = (found->lm_flags & protocol::ptlrpc::msghdr_flag::kAtSupport) != 0;
  if (may_be_early && in.offset == 0) {
    found->deadline = context.turn.now + config_.timing.lock_callback_timeout;
    arm(context);
    return true;
  }
  const auto answer = protocol::Message::parse(in.message);
  if (!answer) return true;
  Pending pending = *found;
  if (pending.cancel_awaited) {
    found->xid = 0;
  } else {
    pending_.erase(found);
  }
  on_answer(context, std::move(pending), *answer, news);
  arm(context);
  return true;
}

void LockCallbacks::on_answer(const LockContext& context, Pending pending,
                              const protocol::Message& answer, LockNews& news) {
  const int32_t status = answer.body().status;
  if (pending.kind == Kind::word) {
    news.worded.push_back({pending.cookie, status == 0});
    if (status == -ENOTCONN) {
      context.service.evict(context.turn, pending.owner, "word answered ENOTCONN");
    }
    return;
  }
  if (pending.kind == Kind::glimpse) {
    LockNews::Glimpsed glimpsed{pending.cookie, std::nullopt};
    const auto reply = operations::LdlmGlCallback::Reply::decode(answer);
    if (status == 0 && reply) glimpsed.lvb = reply->lvb;
    news.glimpsed.push_back(glimpsed);
  }
  const bool no_data = pending.kind == Kind::glimpse &&
                       status == -static_cast<int32_t>(protocol::ldlm::status::kNoLockData);
  const bool kept =
      pending.kind != Kind::blocking || !config_.defects.has(Defect::granted_before_cancel);
  if ((status == 0 && kept) || no_data) {
    const Lock* lock = context.locks.find(pending.lock);
    if (lock != nullptr && lock->granted == LockMode::group) forget_lock(pending.lock);
    return;
  }
  if (status == -ENOTCONN) {
    context.service.evict(context.turn, pending.owner, "lock callback answered ENOTCONN");
    return;
  }
  LockEffects effects;
  context.locks.cancel(pending.lock, effects);
  apply(context, effects, news);
}

bool LockCallbacks::fired(const LockContext& context, TimerId timer) {
  if (timer.kind != kTimer) return false;
  timer_at_ = kNever;
  std::vector<ExportId> late;
  for (const Pending& pending : pending_) {
    if (pending.deadline > context.turn.now) continue;
    if (std::ranges::find(late, pending.owner) == late.end()) late.push_back(pending.owner);
  }
  for (const ExportId owner : late) {
    context.service.evict(context.turn, owner, "lock callback not answered in time");
  }
  // Their time is over either way; ClientGone takes the rest away.
  for (Pending& pending : pending_) {
    if (pending.deadline <= context.turn.now) pending.deadline = kNever;
  }
  arm(context);
  return true;
}

void LockCallbacks::client_gone(const LockContext& context, ExportId client, LockNews& news) {
  for (const Pending& pending : pending_) {
    if (pending.owner == client && pending.kind == Kind::glimpse) {
      news.glimpsed.push_back({pending.cookie, std::nullopt});
    }
    if (pending.owner == client && pending.kind == Kind::word) {
      news.worded.push_back({pending.cookie, false});
    }
  }
  std::erase_if(pending_, [&](const Pending& pending) { return pending.owner == client; });
  std::erase_if(deferred_, [&](const Deferred& deferred) {
    return deferred.kind == Kind::blocking ? deferred.blocking.owner == client
                                           : deferred.granted.owner == client;
  });
  LockEffects effects;
  if (config_.defects.has(Defect::evicted_locks_kept)) return;
  context.locks.cancel_owner(client, effects);
  if (config_.defects.has(Defect::waiters_forgotten_at_eviction)) effects.granted.clear();
  apply(context, effects, news);
}

void LockCallbacks::recovery_ended(const LockContext& context, LockNews& news) {
  const std::vector<Deferred> deferred = std::exchange(deferred_, {});
  for (const Deferred& held : deferred) {
    if (held.kind == Kind::blocking) {
      if (context.locks.find(held.blocking.holder) != nullptr) {
        send_blocking(context, held.blocking);
      }
    } else {
      send_completion(context, held.granted);
    }
  }
  LockEffects effects;
  context.locks.reprocess_all(effects);
  apply(context, effects, news);
}

void LockCallbacks::prolong(const LockContext& context, LockHandle lock) {
  for (Pending& pending : pending_) {
    if (pending.lock == lock && pending.cancel_awaited) {
      pending.deadline = context.turn.now + config_.timing.lock_callback_timeout;
    }
  }
  arm(context);
}

// A glimpse of a lock that goes is answered still; the machine waits for it.
void LockCallbacks::forget_lock(LockHandle lock) {
  std::erase_if(pending_, [&](const Pending& pending) {
    return pending.lock == lock && pending.kind != Kind::glimpse;
  });
}

void LockCallbacks::arm(const LockContext& context) {
  Time first = kNever;
  for (const Pending& pending : pending_) first = std::min(first, pending.deadline);
  if (first == timer_at_) return;
  timer_at_ = first;
  context.turn.out.push_back(SetTimer{{kTimer, 0}, first});
}

uint64_t LockCallbacks::new_xid(PeerId peer) {
  auto place = std::ranges::lower_bound(xids_, peer, {}, &Xids::peer);
  if (place == xids_.end() || place->peer != peer) {
    const uint64_t seconds =
        static_cast<uint64_t>(config_.wall_clock_base_s) + config_.incarnation * 4096;
    place = xids_.insert(place, {peer, seconds << 20});
  }
  return ++place->next;
}

void LockCallbacks::note(const LockContext& context, const LockEffects::Logged& change) {
  const bool bits = change.type == LockType::ibits;
  Fact fact;
  fact.kind = change.kind;
  fact.type = static_cast<uint8_t>(change.type);
  fact.flags = change.flags;
  if (const Export* client = context.service.find(change.owner)) fact.client = client->name();
  fact.object = object_name(change.resource);
  fact.handle = change.handle;
  fact.value = static_cast<int64_t>(change.mode);
  fact.start = bits ? change.policy.bits : change.policy.start;
  fact.end = change.policy.end;
  fact.digest = change.mode == LockMode::group ? change.policy.gid : change.policy.pid;
  context.turn.out.push_back(Note{std::move(fact)});
}

void LockCallbacks::invariants() const {
  for (const Pending& pending : pending_) {
    CHECK(pending.owner != 0, "callbacks go to clients");
    CHECK(pending.deadline >= timer_at_, "a deadline has its timer");
  }
}

}  // namespace reference
