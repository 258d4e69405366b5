// Locks of the metadata server: ENQUEUE with intents and without, CONVERT, CANCEL, and the server's
// own locks that operations wait for.

#include <algorithm>
#include <array>
#include <cerrno>

#include "protocol/codec.h"
#include "reference/mds.h"

namespace reference {

namespace {

namespace intent_op = protocol::ldlm::intent_op;
namespace lock_flag = protocol::ldlm::lock_flag;
using protocol::ldlm::LdlmIntent;
using protocol::ldlm::LdlmRequest;

constexpr uint32_t kLockBuffer = 1, kIntentBuffer = 2;

// None for an enqueue without intent, as readdir's is although it says HAS_INTENT, and for the
// replay of a lock.
std::optional<uint64_t> intent_of(const Request& request, const LdlmRequest& lock) {
  const auto wire =
      protocol::decode<LdlmIntent>(request.message.buffer(kIntentBuffer), request.message.order());
  if (!wire || (lock.lock_flags & lock_flag::kReplay) != 0) return std::nullopt;
  return wire->opc;
}

}  // namespace

std::optional<LdlmRequest> Mds::lock_of(const Request& request) {
  const auto wire =
      protocol::decode<LdlmRequest>(request.message.buffer(kLockBuffer), request.message.order());
  return wire ? std::optional(*wire) : std::nullopt;
}

void Mds::act_on(Turn& turn, const LockEffects& effects) {
  LockNews news;  // own locks that were granted: run_parked() looks for itself
  callbacks_.apply({turn, service_, locks_}, effects, news);
}

void Mds::on_enqueue(Call& call) {
  const auto lock = lock_of(call.request);
  if (!lock) return malformed(call);
  if (const auto intent = intent_of(call.request, *lock)) return on_intent(call, *intent);

  const auto wanted =
      lock_request(*lock, call.request.export_id, call.request.from, call.request.resent);
  const bool ibits = may(call, protocol::ptlrpc::connect_flag::kIbits);
  const bool mixed = wanted && (wanted->type == (ibits ? LockType::plain : LockType::ibits));
  if (!wanted || mixed) return service_.refuse(call.turn, call.request, -EPROTO);

  LockEffects effects;
  const EnqueueResult result = locks_.enqueue(*wanted, effects);
  Reply reply = service_.reply(call.request);
  if (result.kind == EnqueueResult::Kind::refused) reply.status = result.status;
  dialect().put_enqueue(lock_reply(result), reply.message);
  service_.finish(call.turn, call.request, reply);
  act_on(call.turn, effects);
}

void Mds::on_intent(Call& call, uint64_t intent) {
  namespace bit = protocol::ldlm::inodebit;
  switch (intent) {
    case intent_op::kOpen:
    case intent_op::kOpen | intent_op::kCreat:
      return on_open_intent(call);
    case intent_op::kGetattr:
      return on_getattr_intent(call, bit::kLookup | bit::kUpdate);
    case intent_op::kLookup:
      return on_getattr_intent(call, bit::kLookup);
    case intent_op::kCreat:
      if (dialect().clients_choose_fids) return on_create_intent(call);
      [[fallthrough]];
    default:
      return service_.refuse(call.turn, call.request, dialect().unknown_intent);
  }
}

void Mds::on_convert(Call& call) {
  LockNews news;
  callbacks_.on_convert({call.turn, service_, locks_}, call.request, news);
}

void Mds::on_cancel(Call& call) {
  LockNews news;
  callbacks_.on_cancel({call.turn, service_, locks_}, call.request, news);
}

void Mds::cancel_early(Call& call, const operation::Cancels& handles) {
  if (handles.empty() || call.request.replay) return;
  LockNews news;
  callbacks_.cancel({call.turn, service_, locks_}, handles, news);
}

Mds::Wanted Mds::whole(const Inode& inode, uint64_t bits) const {
  return {dialect().resource(inode), LockMode::ex, bits};
}

bool Mds::hold(Call& call, std::vector<Wanted> wanted) {
  if (call.request.replay) return true;         // the locks of before come back only later
  for (size_t i = 1; i < wanted.size(); ++i) {  // one lock for each file, or it waits for itself
    const auto same = std::find_if(wanted.begin(), wanted.begin() + i, [&](const Wanted& each) {
      return each.resource == wanted[i].resource && each.mode == wanted[i].mode;
    });
    if (same == wanted.begin() + i) continue;
    same->bits |= wanted[i].bits;
    wanted.erase(wanted.begin() + i--);
  }
  if (call.holding.wanted != wanted) {
    release(call.turn, call.holding);
    call.holding = {std::move(wanted), {}};
    for (const Wanted& each : call.holding.wanted) {
      LockRequest request;
      request.resource = each.resource;
      request.type = LockType::ibits;
      request.mode = each.mode;
      request.policy.bits = each.bits;
      request.peer = call.request.from;  // whose count the handle is derived from
      LockEffects effects;
      call.holding.locks.push_back(locks_.enqueue(request, effects).handle);
      act_on(call.turn, effects);
    }
  }
  call.parked = std::ranges::any_of(call.holding.locks, [this](LockHandle handle) {
    const Lock* lock = locks_.find(handle);
    return lock != nullptr && !lock->holds();
  });
  return !call.parked;
}

bool Mds::reply_untaken(const Inode& inode) const {
  const ResourceId resource = dialect().resource(inode);
  return std::ranges::any_of(kept_, [&](const Kept& one) {
    return std::ranges::find(one.holding.wanted, resource, &Wanted::resource) !=
           one.holding.wanted.end();
  });
}

void Mds::release(Turn& turn, const Holding& holding) {
  LockEffects effects;
  locks_.cancel(holding.locks, effects);
  act_on(turn, effects);
}

LockHandle Mds::lock_child(Call& call, const Inode& child, uint64_t bits) {
  const auto wire = lock_of(call.request);
  const auto to =
      wire ? lock_request(*wire, call.request.export_id, call.request.from, call.request.resent)
           : std::nullopt;
  if (!to || to->type != LockType::ibits || call.request.replay) return 0;
  const ResourceId resource = dialect().resource(child);
  const Lock* known = locks_.find(to->owner, to->client_handle);
  if (known != nullptr) return known->resource == resource ? known->handle : 0;

  if (!hold(call, {{resource, to->mode, bits}})) return 0;
  return hand_over(call, resource);
}

void Mds::lock_new(Call& call, const Inode& inode, LockMode mode, uint64_t bits) {
  LockRequest request;
  request.resource = dialect().resource(inode);
  request.type = LockType::ibits;
  request.mode = mode;
  request.policy.bits = bits;
  request.peer = call.request.from;
  LockEffects effects;
  call.holding.wanted.push_back({request.resource, mode, bits});
  call.holding.locks.push_back(locks_.enqueue(request, effects).handle);
  act_on(call.turn, effects);
}

LockHandle Mds::hand_over(Call& call, const ResourceId& resource) {
  const auto wire = lock_of(call.request);
  const auto place = std::ranges::find(call.holding.wanted, resource, &Wanted::resource);
  if (!wire || place == call.holding.wanted.end()) return 0;
  const auto index = place - call.holding.wanted.begin();
  const LockHandle handle = call.holding.locks[static_cast<size_t>(index)];
  call.holding.wanted.erase(place);
  call.holding.locks.erase(call.holding.locks.begin() + index);

  const auto to = lock_request(*wire, call.request.export_id, call.request.from, false);
  return to && locks_.hand_over(handle, *to, call.after) ? handle : 0;
}

}  // namespace reference
