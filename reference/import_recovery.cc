// Connecting, replay, recovery and eviction: what moves an Import from state to state.
#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>

#include "protocol/check.h"
#include "protocol/codec.h"
#include "reference/import.h"
#include "reference/import_connect.h"

namespace reference {

namespace ptlrpc = protocol::ptlrpc;
namespace connect_flag = protocol::ptlrpc::msg_connect_flag;
using protocol::Message;
using protocol::ptlrpc::ObdConnectData;

namespace {

HandleIs compare(uint64_t ours, uint64_t theirs) {
  if (theirs == 0) return HandleIs::zero;
  return ours == theirs ? HandleIs::same : HandleIs::changed;
}

}  // namespace

// --- connecting ---

void Import::connect(const ImportContext& context) {
  CHECK(phase_ == ImportState::fresh);
  try_connect(context);
  arm(context);
}

void Import::disconnect(const ImportContext& context) {
  if (phase_ == ImportState::closed || closing_) return;
  closing_ = true;
  end_all(context, -EINTR, -ESHUTDOWN);
  retained_.clear();
  set_reconnect(context, kNever);
  context.out.push_back(SetTimer{{kPingTimer, setup_.number}, kNever});
  if (usable()) {
    send_internal(context, plain_request(context, Plain::disconnect), Purpose::disconnect);
  } else {
    phase_ = ImportState::closed;
    context.events.push_back({ImportEvent::Kind::closed, setup_.number, 0, 0, {}, {}});
  }
  arm(context);
}

void Import::send_internal(const ImportContext& context, OutgoingRequest request, Purpose purpose) {
  CHECK(internal_request_ == 0);
  request.no_resend = true;
  Pending& pending = add(context, std::move(request), purpose);
  internal_request_ = pending.id;
  send(context, pending);
}

OutgoingRequest Import::plain_request(const ImportContext&, Plain which) const {
  return which == Plain::ping ? ping_message() : disconnect_message(setup_.kind);
}

void Import::set_reconnect(const ImportContext& context, Time at) {
  if (at == reconnect_at_) return;
  reconnect_at_ = at;
  context.out.push_back(SetTimer{{kReconnectTimer, setup_.number}, at});
}

void Import::try_connect(const ImportContext& context) {
  if (phase_ == ImportState::closed || closing_) return;
  set_reconnect(context, kNever);
  phase_ = ImportState::connecting;
  ++connection_count_;
  choose_peer();
  send_internal(context, connect_request(context), Purpose::connect);
}

// The first peer not tried since the last success, else the one tried longest ago.
void Import::choose_peer() {
  if (!retry_same_peer_) {
    const auto next = std::ranges::min_element(peers_, {}, &Peer::last_attempt);
    current_peer_ = static_cast<uint32_t>(next - peers_.begin());
  }
  retry_same_peer_ = false;
  peers_[current_peer_].last_attempt = connection_count_;
}

OutgoingRequest Import::connect_request(const ImportContext& context) const {
  uint32_t flags = kRecoveryWords.at(static_cast<size_t>(context.config.dialect)).connect_flags;
  ObdConnectData data = setup_.wish;
  if (remote_handle_ == 0) flags |= connect_flag::kInitial;
  if (!retained_.empty()) {
    flags |= connect_flag::kTransno;
    data.connect_flags |= ptlrpc::connect_flag::kTransno;
    data.transno = retained_.front().transno;
  }
  return connect_message(context.config.dialect, setup_, client_cookie_, data, flags);
}

void Import::on_connect_reply(const ImportContext& context, const Message& reply) {
  if (phase_ != ImportState::connecting) return;
  const auto data = protocol::decode<ObdConnectData>(reply.buffer(1), reply.order());
  const uint64_t asked = setup_.wish.connect_flags | ptlrpc::connect_flag::kTransno;
  if (!data || (data->connect_flags & ~asked) != 0) {
    note(context, Fact::Kind::reached, 0,
         data ? "connect:more granted than asked" : "connect:reply without data");
    on_connect_failed(context, -EPROTO, true);
    return;
  }
  const uint32_t flags = reply.body().op_flags;
  const uint64_t handle = reply.body().handle.cookie;
  // DELAYED (1.8): we come after the window; a recovery of our own, in which locks are not trusted.
  const bool delayed = (flags & connect_flag::kDelayed) != 0;
  const ConnectRow& row = connect_row(remote_handle_ == 0, (flags & connect_flag::kReconnect) != 0,
                                      delayed || (flags & connect_flag::kRecovering) != 0,
                                      compare(remote_handle_, handle), invalid_);
  if (row.action == ConnectAction::fail_not_connected) {
    on_connect_failed(context, -ENOTCONN, true);
    return;
  }
  if (row.initial) replayable_ = (flags & connect_flag::kReplayable) != 0;
  if (row.store_handle) remote_handle_ = handle;
  granted_ = *data;
  for (Peer& peer : peers_) peer.last_attempt = 0;
  if (reply.body().last_committed < last_committed_) {
    note(context, Fact::Kind::reached, 0, "connect:last_committed went back");
  }
  last_committed_ = reply.body().last_committed;
  free_committed();
  note(context, Fact::Kind::connected, flags, row.id);
  Fact& fact = std::get<Note>(context.out.back()).fact;
  fact.conn_cnt = connection_count_;
  fact.handle = handle;
  fact.start = granted_.connect_flags;
  if (delayed) no_lock_replay_ = true;
  apply(context, row, reply);
}

void Import::apply(const ImportContext& context, const ConnectRow& row, const Message&) {
  switch (row.action) {
    case ConnectAction::become_full:
    case ConnectAction::resend:
      phase_ = ImportState::recover;
      break;
    case ConnectAction::join_recovery:
      phase_ = ImportState::replay_locks;
      break;
    case ConnectAction::become_evicted:
      become_evicted(context);
      break;
    case ConnectAction::replay_again:
      resend_replay_ = true;
      phase_ = ImportState::replay;
      break;
    case ConnectAction::replay_all:
      if (row.id == "R10" && context.config.defects.has(Defect::replays_not_begun_again)) {
        resend_replay_ = true;
        phase_ = ImportState::replay;
        break;
      }
      last_replayed_ = 0;
      resend_replay_ = replay_unanswered_ = false;
      vbr_failed_ = false;
      phase_ = ImportState::replay;
      break;
    case ConnectAction::fail_not_connected:
      CHECK(false, "handled before");
  }
}

void Import::on_connect_failed(const ImportContext& context, int32_t status, bool answered) {
  if (phase_ != ImportState::connecting) return;
  if (answered) {
    context.events.push_back({ImportEvent::Kind::refused, setup_.number, 0, status, {}, {}});
  }
  if (status == -EPROTO) {
    phase_ = ImportState::closed;
    end_all(context, -EIO, -EIO);
    return;
  }
  retry_same_peer_ = status == -EBUSY || status == -EAGAIN;
  phase_ = ImportState::disconnected;
  set_reconnect(context, context.now + context.config.timing.reconnect_delay);
}

// --- losing and regaining the connection ---

bool Import::lost(const ImportContext& context, PeerId peer) {
  if (peer != this->peer()) return false;
  const bool waiting = std::ranges::any_of(
      pending_, [&](const Pending& pending) { return pending.sent && pending.peer == peer; });
  // A connection that carries nothing closes unnoticed; the next request, or ping, opens another.
  if (!waiting || phase_ == ImportState::closed) return true;
  if (closing_) {
    end_all(context, -EINTR, -ESHUTDOWN);
    phase_ = ImportState::closed;
    context.events.push_back({ImportEvent::Kind::closed, setup_.number, 0, -ENOTCONN, {}, {}});
  } else if (phase_ == ImportState::connecting) {
    end_recovery_requests(context);
    on_connect_failed(context, -ENOTCONN, false);
  } else if (phase_ != ImportState::disconnected) {
    become_disconnected(context, true);
  }
  arm(context);
  return true;
}

// Ends what belongs to the connection and not to a caller: connect, pings, replays under way.
void Import::end_recovery_requests(const ImportContext& context) {
  const std::vector<Pending> all = pending_;
  for (const Pending& pending : all) {
    if (pending.purpose == Purpose::ordinary) continue;
    if (pending.purpose == Purpose::replay) resend_replay_ = true;
    end(context, pending, -EINTR, {}, {});
  }
  internal_request_ = 0;
  replaying_ = 0;
}

void Import::become_disconnected(const ImportContext& context, bool at_once) {
  phase_ = ImportState::disconnected;
  end_recovery_requests(context);
  for (Pending& pending : pending_) {
    if (!pending.sent || pending.request.no_resend) continue;
    pending.sent = false;
    pending.resend = true;
    pending.deadline = kNever;
  }
  if (!replayable_) {
    invalid_ = true;
    ++generation_;
    end_all(context, -EINTR, -EIO);
  }
  if (at_once) {
    try_connect(context);
  } else {
    set_reconnect(context, context.now + context.config.timing.reconnect_delay);
  }
}

void Import::become_evicted(const ImportContext& context) {
  phase_ = ImportState::evicted;
  ++generation_;
  if (context.config.defects.has(Defect::evicted_client_resends)) {
    for (Pending& pending : pending_) pending.generation = generation_;
    end_recovery_requests(context);
  } else {
    end_all(context, -EINTR, -EIO);
  }
  retained_.clear();
  last_replayed_ = 0;
  resend_replay_ = replay_unanswered_ = false;
  vbr_failed_ = false;
  no_lock_replay_ = false;
  note(context, Fact::Kind::reached, 0, "import:evicted");
  context.events.push_back({ImportEvent::Kind::evicted, setup_.number, 0, 0, {}, {}});
}

void Import::become_full(const ImportContext& context) {
  phase_ = ImportState::full;
  invalid_ = false;
  last_replayed_ = 0;
  resend_replay_ = replay_unanswered_ = false;
  vbr_failed_ = false;
  no_lock_replay_ = false;
  if (!held_) send_unsent(context);
  context.events.push_back({ImportEvent::Kind::connected, setup_.number, 0, 0, {}, {}});
  arm_ping(context);
}

// --- recovery ---

void Import::proceed(const ImportContext& context) {
  switch (phase_) {
    case ImportState::evicted:
    case ImportState::recover:
      become_full(context);
      break;
    case ImportState::replay:
      // The answer to a replay may have told of commits; its event needed the request until now.
      free_committed();
      if (replaying_ == 0) replay_next(context);
      break;
    case ImportState::replay_locks: {
      const bool waiting = std::ranges::any_of(
          pending_, [](const Pending& pending) { return pending.purpose == Purpose::lock_replay; });
      if (waiting) break;
      phase_ = ImportState::replay_wait;
      send_internal(context, plain_request(context, Plain::ping), Purpose::final_ping);
      break;
    }
    case ImportState::closed:
    case ImportState::fresh:
    case ImportState::disconnected:
    case ImportState::connecting:
    case ImportState::replay_wait:
    case ImportState::full:
      break;
  }
  arm(context);
}

void Import::replay_next(const ImportContext& context) {
  const auto next = std::ranges::upper_bound(retained_, last_replayed_, {}, &Retained::transno);
  if (next == retained_.end()) {
    phase_ = ImportState::replay_locks;
    if (vbr_failed_ || no_lock_replay_) {
      context.events.push_back({ImportEvent::Kind::locks_lost, setup_.number, 0, 0, {}, {}});
      proceed(context);
    } else {
      context.events.push_back({ImportEvent::Kind::want_locks, setup_.number, 0, 0, {}, {}});
    }
    return;
  }
  Pending pending;
  pending.id = next->id;
  pending.xid = next->xid;
  pending.purpose = Purpose::replay;
  pending.request = next->request;
  pending.generation = generation_;
  pending.resend = std::exchange(resend_replay_, false);
  pending.transno = next->transno;
  replaying_ = pending.id;
  replay_unanswered_ = true;
  const auto place = std::ranges::lower_bound(pending_, pending.id, {}, &Pending::id);
  send(context, *pending_.insert(place, std::move(pending)));
}

void Import::on_replay_reply(const ImportContext& context, const Pending& pending,
                             const Message& reply) {
  const ptlrpc::PtlrpcBody& body = reply.body();
  end(context, pending, body.status, {}, {});
  replaying_ = 0;
  if (phase_ != ImportState::replay) return;
  if (body.status == -ENOTCONN || body.status == -ENODEV) {
    become_disconnected(context, body.status == -ENOTCONN);
    return;
  }
  replay_unanswered_ = false;
  if (body.status == -EOVERFLOW) vbr_failed_ = true;
  if ((body.flags & ptlrpc::msg_flag::kVersionReplay) != 0) no_lock_replay_ = true;
  if (body.status < 0) note(context, Fact::Kind::reached, body.status, "replay:other status");
  last_replayed_ = pending.transno;
  last_committed_ = std::max(last_committed_, body.last_committed);
  context.events.push_back(
      {ImportEvent::Kind::replayed, setup_.number, pending.id, body.status, reply, {}});
}

std::vector<RequestId> Import::replay_locks(const ImportContext& context,
                                            std::vector<OutgoingRequest> requests) {
  std::vector<RequestId> ids;
  if (phase_ != ImportState::replay_locks) return ids;
  for (OutgoingRequest& request : requests) {
    if (!room()) break;
    request.no_resend = true;
    Pending& pending = add(context, std::move(request), Purpose::lock_replay);
    ids.push_back(pending.id);
    send(context, pending);
  }
  arm(context);
  return ids;
}

void Import::note(const ImportContext& context, Fact::Kind kind, int64_t value,
                  std::string_view text) const {
  Fact fact;
  fact.kind = kind;
  fact.client = setup_.self_uuid;
  fact.value = value;
  fact.object = {peer().nid, peer().pid};
  fact.text = setup_.target_uuid + " " + std::string(text);
  context.out.push_back(Note{std::move(fact)});
}

}  // namespace reference
