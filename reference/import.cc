#include "reference/import.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "protocol/check.h"
#include "protocol/checksum.h"
#include "protocol/codec.h"
#include "reference/derive.h"

namespace reference {

namespace ptlrpc = protocol::ptlrpc;
using protocol::Message;
using protocol::ptlrpc::LustreMsgV2;
using protocol::ptlrpc::PtlrpcBody;

namespace {

constexpr uint32_t kEarlyBody = 88;  // bytes of the body under an early reply's checksum

// Portals by ImportSetup::Kind.
constexpr std::array<uint32_t, 3> kRequestPortals = {
    ptlrpc::portal::kMgsRequest, ptlrpc::portal::kMdsRequest, ptlrpc::portal::kOstRequest};
constexpr std::array<uint32_t, 3> kReplyPortals = {
    ptlrpc::portal::kMgcReply, ptlrpc::portal::kMdcReply, ptlrpc::portal::kOscReply};

}  // namespace

Import::Import(const Config& config, ImportSetup setup) : setup_(std::move(setup)) {
  CHECK(setup_.number < 2048 && !setup_.peers.empty());
  for (const PeerId& peer : setup_.peers) peers_.push_back({peer, 0});
  const PeerId first = setup_.peers.front();
  client_cookie_ = derive(config, reference::Purpose::import_cookie, first, setup_.number);
  // Like Lustre's: seconds since 1970 << 20. A node that restarts begins behind what it used
  // before, and each import has a range of its own, since replies are told apart by xid.
  const uint64_t seconds =
      static_cast<uint64_t>(config.wall_clock_base_s) + config.incarnation * 4096;
  next_xid_ = (uint64_t{setup_.number} << 52) + (seconds << 20) +
              derive(config, reference::Purpose::first_xid, first, setup_.number) % 0x10000 + 1;
}

uint32_t Import::request_portal() const {
  return kRequestPortals.at(static_cast<size_t>(setup_.kind));
}
uint32_t Import::reply_portal() const { return kReplyPortals.at(static_cast<size_t>(setup_.kind)); }

// --- requests ---

RequestId Import::submit(const ImportContext& context, OutgoingRequest request) {
  if (!room()) {
    const RequestId refused = next_request_++;
    context.events.push_back(
        {ImportEvent::Kind::completed, setup_.number, refused, -EBUSY, {}, {}});
    return refused;
  }
  Pending& pending = add(context, std::move(request), Purpose::ordinary);
  const RequestId id = pending.id;
  if (phase_ == ImportState::closed || closing_) {
    const Pending ended = pending;
    end(context, ended, -ESHUTDOWN, {}, {});
  } else if (phase_ == ImportState::full && !held_) {
    send(context, pending);
  } else if (pending.request.no_delay) {
    const Pending ended = pending;
    end(context, ended, -EAGAIN, {}, {});
  }
  arm(context);
  return id;
}

Import::Pending* Import::find(RequestId id) {
  const auto found = std::ranges::lower_bound(pending_, id, {}, &Pending::id);
  return found != pending_.end() && found->id == id ? &*found : nullptr;
}

Import::Pending& Import::add(const ImportContext&, OutgoingRequest request, Purpose purpose) {
  CHECK(pending_.size() < kRequestsMax);
  Pending pending;
  pending.id = next_request_++;
  pending.xid = next_xid_++;
  pending.purpose = purpose;
  pending.request = std::move(request);
  pending.generation = generation_;
  if (pending.request.request_portal == 0) pending.request.request_portal = request_portal();
  if (pending.request.reply_portal == 0) pending.request.reply_portal = reply_portal();
  pending_.push_back(std::move(pending));
  return pending_.back();
}

void Import::send(const ImportContext& context, Pending& pending) {
  const OutgoingRequest& request = pending.request;
  unpost(context, pending);
  // Late bulk of the attempt before must not match (a replay keeps its xid all the same).
  if (pending.resend && request.bulk != OutgoingRequest::Bulk::none &&
      pending.purpose != Purpose::replay) {
    pending.xid = next_xid_++;
  }
  pending.peer = peer();
  pending.connection_count = connection_count_;
  pending.sent = true;
  pending.sent_at = context.now;
  const Timing& timing = context.config.timing;
  const uint32_t portal = request.request_portal;
  // Whole seconds are what the server is told. It sends its early reply shortly before they are
  // over, so a client that waited less would give up first.
  const auto whole = [](Time time) { return wire_seconds(time) * kSecond; };
  switch (pending.purpose) {
    case Purpose::connect:
    case Purpose::disconnect:
      pending.deadline = context.now + timing.connect_timeout;
      break;
    case Purpose::final_ping:
    case Purpose::lock_replay:
    case Purpose::replay:
      // These may be answered only when all clients have come back.
      pending.deadline = context.now + whole(3 * estimates_.timeout(timing, portal));
      break;
    case Purpose::ordinary:
    case Purpose::ping:
      pending.deadline = context.now + whole(estimates_.timeout(timing, portal));
      break;
  }
  switch (request.bulk) {
    case OutgoingRequest::Bulk::none:
      break;
    case OutgoingRequest::Bulk::source:
      context.endpoint.post_source(pending.peer, request.bulk_portal, pending.xid, request.source);
      break;
    case OutgoingRequest::Bulk::sink:
      context.endpoint.post_sink(pending.peer, request.bulk_portal, pending.xid,
                                 request.sink_length);
      break;
  }
  last_sent_ = context.now;
  const Bytes message = stamped(context, pending);
  pending.early =
      (protocol::decode<LustreMsgV2>(message.view())->flags & ptlrpc::msghdr_flag::kAtSupport) != 0;
  context.endpoint.send_request(pending.peer, request.request_portal, pending.xid, message,
                                context.out);
}

uint32_t Import::flags_of(const ImportContext& context, const Pending& pending) const {
  namespace flag = ptlrpc::msg_flag;
  const RecoveryWords& words = kRecoveryWords.at(static_cast<size_t>(context.config.dialect));
  uint32_t flags = pending.resend ? flag::kResent : 0;
  switch (pending.purpose) {
    case Purpose::replay:
      flags |= flag::kReplay;
      break;
    case Purpose::lock_replay:
      flags |= words.lock_replay_flags;
      break;
    case Purpose::final_ping:
      flags |= words.final_ping_flags;
      break;
    case Purpose::ordinary:
    case Purpose::connect:
    case Purpose::disconnect:
    case Purpose::ping:
      break;
  }
  return flags;
}

// The request's message with what this sending adds to header and body.
Bytes Import::stamped(const ImportContext& context, const Pending& pending) const {
  const protocol::ByteView plain = pending.request.message.view();
  std::vector<uint8_t> bytes(plain.begin(), plain.end());
  auto header = protocol::decode<LustreMsgV2>(plain);
  CHECK(header.has_value());
  const size_t body_at = protocol::message_header_size(header->bufcount);
  auto body = protocol::decode<PtlrpcBody>(plain.subspan(body_at));
  CHECK(body.has_value());

  header->secflvr = uint32_t{setup_.sec_part} << 24;
  header->repsize = pending.request.reply_room;
  if (granted(ptlrpc::connect_flag::kAt)) {
    header->flags = ptlrpc::msghdr_flag::kAtSupport;
    if (granted(ptlrpc::connect_flag::kFull20)) {
      header->flags |=
          kRecoveryWords.at(static_cast<size_t>(context.config.dialect)).full_checksum_flag;
    }
  }
  body->handle.cookie = remote_handle_;
  body->conn_cnt = connection_count_;
  body->flags = flags_of(context, pending);
  body->timeout = std::max<uint32_t>(1, wire_seconds(pending.deadline - pending.sent_at));
  if (pending.purpose == Purpose::connect) {
    body->timeout = std::max(body->timeout, wire_seconds(context.config.timing.connect_timeout));
    body->service_time =
        std::max<uint32_t>(1, estimates_.estimate_s(context.config.timing, request_portal()));
  }
  if (pending.purpose == Purpose::replay) {
    const auto kept = std::ranges::find(retained_, pending.id, &Retained::id);
    body->transno = pending.transno;
    if (kept != retained_.end()) body->pre_versions = kept->versions;
  }
  protocol::encode(*header, protocol::ByteSpan(bytes));
  protocol::encode(*body, protocol::ByteSpan(bytes).subspan(body_at));
  return Bytes(std::move(bytes));
}

void Import::end(const ImportContext& context, const Pending& pending, int32_t status,
                 std::optional<Message> reply, Bytes bulk) {
  const Purpose purpose = pending.purpose;
  const RequestId id = pending.id;
  unpost(context, pending);
  std::erase_if(pending_, [&](const Pending& other) { return other.id == id; });
  if (purpose == Purpose::ordinary || purpose == Purpose::lock_replay) {
    context.events.push_back({ImportEvent::Kind::completed, setup_.number, id, status,
                              std::move(reply), std::move(bulk)});
  }
}

void Import::end_all(const ImportContext& context, int32_t sent_status, int32_t delayed_status) {
  const std::vector<Pending> all = pending_;
  for (const Pending& pending : all) {
    const bool was_sent = pending.sent || pending.resend;
    end(context, pending, was_sent ? sent_status : delayed_status, {}, {});
  }
  internal_request_ = 0;
  replaying_ = 0;
}

Bytes Import::unpost(const ImportContext& context, const Pending& pending) {
  if (pending.request.bulk == OutgoingRequest::Bulk::none) return {};
  return context.endpoint.unpost(pending.peer, pending.request.bulk_portal, pending.xid).data;
}

// --- replies ---

bool Import::receive(const ImportContext& context, const ReplyIn& in) {
  const auto found = std::ranges::find(pending_, in.xid, &Pending::xid);
  if (found == pending_.end() || found->request.reply_portal != in.portal ||
      found->peer != in.from || found->connection_count == 0) {
    return false;
  }
  // What waits to be sent again is answered by whoever gets it then: an answer from before may be
  // of a server that has lost what it tells of.
  if (!found->sent) {
    note(context, Fact::Kind::reached, 0, kReplyTooLate);
    std::get<Note>(context.out.back()).fact.xid = in.xid;
    return true;
  }
  if (found->early && in.offset == 0) {
    on_early(context, *found, in);
    arm(context);
    return true;
  }
  Bytes bulk = unpost(context, *found);
  const Pending pending = *found;
  auto reply = Message::parse(in.message);
  const bool is_reply = reply && (reply->body().type == ptlrpc::msg_type::kReply ||
                                  reply->body().type == ptlrpc::msg_type::kErr);
  if (!is_reply) {
    note(context, Fact::Kind::reached, 0, reply ? "reply:bad type" : "reply:malformed");
    if (pending.purpose == Purpose::ordinary || pending.purpose == Purpose::lock_replay) {
      end(context, pending, -EPROTO, {}, {});
    }
    arm(context);
    return true;
  }
  on_reply(context, pending, std::move(*reply), std::move(bulk));
  arm(context);
  return true;
}

void Import::on_early(const ImportContext& context, Pending& pending, const ReplyIn& in) {
  const auto reply = Message::parse(in.message);
  if (!reply || reply->buffer_count() < 1) return;
  const bool whole =
      (protocol::decode<LustreMsgV2>(pending.request.message.view())->flags &
       ptlrpc::msghdr_flag::kCksumIncompat18) != 0 ||
      (granted(ptlrpc::connect_flag::kFull20) &&
       kRecoveryWords.at(static_cast<size_t>(context.config.dialect)).full_checksum_flag != 0);
  protocol::ByteView body = reply->buffer(0);
  if (!whole && body.size() > kEarlyBody) body = body.first(kEarlyBody);
  if (protocol::crc32(body) != reply->header().cksum) {
    note(context, Fact::Kind::reached, 0, "early reply:bad checksum");
    return;
  }
  const uint32_t portal = pending.request.request_portal;
  estimates_.measured(context.config.timing, context.now, portal, reply->body().timeout);
  pending.deadline =
      std::max(pending.deadline, context.now + estimates_.timeout(context.config.timing, portal));
}

void Import::on_reply(const ImportContext& context, const Pending& pending, Message reply,
                      Bytes bulk) {
  const PtlrpcBody& body = reply.body();
  const int32_t status = body.status;
  estimates_.measured(context.config.timing, context.now, pending.request.request_portal,
                      body.timeout);
  switch (pending.purpose) {
    case Purpose::ordinary:
      on_ordinary_reply(context, pending, std::move(reply), std::move(bulk));
      return;
    case Purpose::ping: {
      internal_request_ = 0;
      const bool current = pending.connection_count == connection_count_;
      end(context, pending, status, {}, {});
      if (current && usable() && (status == -ENOTCONN || status == -ENODEV)) {
        become_disconnected(context, status == -ENOTCONN);
      } else if (status == 0) {
        last_committed_ = std::max(last_committed_, body.last_committed);
        free_committed();
      }
      return;
    }
    case Purpose::connect:
      internal_request_ = 0;
      end(context, pending, status, {}, {});
      if (status == 0) {
        on_connect_reply(context, reply);
      } else {
        on_connect_failed(context, status, true);
      }
      return;
    case Purpose::disconnect:
      internal_request_ = 0;
      end(context, pending, status, {}, {});
      phase_ = ImportState::closed;
      context.events.push_back({ImportEvent::Kind::closed, setup_.number, 0, status, {}, {}});
      return;
    case Purpose::replay:
      on_replay_reply(context, pending, reply);
      return;
    case Purpose::lock_replay:
      end(context, pending, status, std::move(reply), {});
      if (status != 0 && phase_ == ImportState::replay_locks) become_disconnected(context, false);
      return;
    case Purpose::final_ping:
      internal_request_ = 0;
      end(context, pending, status, {}, {});
      if (phase_ != ImportState::replay_wait) return;
      if (status == 0 && !vbr_failed_) {
        phase_ = ImportState::recover;
      } else {
        become_disconnected(context, vbr_failed_);
      }
      return;
  }
}

void Import::on_ordinary_reply(const ImportContext& context, const Pending& pending, Message reply,
                               Bytes bulk) {
  const int32_t status = reply.body().status;
  if (status == -ENOTCONN || status == -ENODEV) {
    // The server does not know us (any more). Whether that is news depends on when it was asked.
    const bool current = pending.connection_count == connection_count_;
    if (pending.request.no_resend) {
      end(context, pending, status, std::move(reply), {});
    } else if (Pending* again = find(pending.id); again != nullptr) {
      again->sent = false;
      again->resend = true;
      again->deadline = kNever;
      if (!current && usable() && !held_) send(context, *again);
    }
    if (current && usable()) become_disconnected(context, status == -ENOTCONN);
    return;
  }
  last_committed_ = std::max(last_committed_, reply.body().last_committed);
  retain(pending, reply);
  free_committed();
  end(context, pending, status, std::move(reply), std::move(bulk));
}

// --- what is kept for replay ---

void Import::retain(const Pending& pending, const Message& reply) {
  const uint64_t transno = reply.body().transno;
  if (!replayable_ || transno == 0 || pending.generation != generation_) return;
  if (transno <= last_committed_ && !pending.request.replay_always) return;
  if (retained_.size() >= kRetainedMax) {
    const auto committed = std::ranges::find_if(
        retained_, [&](const Retained& kept) { return kept.transno <= last_committed_; });
    retained_.erase(committed != retained_.end() ? committed : retained_.begin());
  }
  Retained kept;
  kept.transno = transno;
  kept.xid = pending.xid;
  kept.id = pending.id;
  kept.request = pending.request;
  kept.versions = reply.body().pre_versions;
  kept.always = pending.request.replay_always;
  const auto place = std::ranges::upper_bound(retained_, kept.key(), {}, &Retained::key);
  retained_.insert(place, std::move(kept));
}

// An open whose replay was sent and has no answer: the file's new handle comes with it, and who
// closes the file needs that.
const Import::Retained* Import::open_without_answer() const {
  if (!replay_unanswered_) return nullptr;
  const auto sent = std::ranges::upper_bound(retained_, last_replayed_, {}, &Retained::transno);
  return sent != retained_.end() && sent->request.replay_always ? &*sent : nullptr;
}

void Import::free_committed() {
  const Retained* open = open_without_answer();
  const RequestId spared = open == nullptr ? 0 : open->id;
  std::erase_if(retained_, [&](const Retained& kept) {
    return kept.transno <= last_committed_ && !kept.always && kept.id != spared;
  });
}

const Bytes* Import::message(RequestId request) const {
  const auto pending = std::ranges::lower_bound(pending_, request, {}, &Pending::id);
  if (pending != pending_.end() && pending->id == request) return &pending->request.message;
  const auto kept = std::ranges::find(retained_, request, &Retained::id);
  return kept == retained_.end() ? nullptr : &kept->request.message;
}

void Import::amend(RequestId request, Bytes message) {
  if (const auto kept = std::ranges::find(retained_, request, &Retained::id);
      kept != retained_.end()) {
    kept->request.message = message;
  }
  if (Pending* pending = find(request)) pending->request.message = std::move(message);
}

void Import::release(RequestId open) {
  const auto kept = std::ranges::find(retained_, open, &Retained::id);
  if (kept == retained_.end()) return;
  kept->always = false;
  free_committed();
}

void Import::hold(const ImportContext& context, bool on) {
  held_ = on;
  if (!on && phase_ == ImportState::full) send_unsent(context);
  arm(context);
}

void Import::send_unsent(const ImportContext& context) {
  for (Pending& pending : pending_) {
    if (!pending.sent && pending.purpose == Purpose::ordinary) send(context, pending);
  }
}

void Import::probe(const ImportContext& context) {
  if (!usable() || internal_request_ != 0) return;
  send_internal(context, plain_request(context, Plain::ping), Purpose::ping);
  arm(context);
}

// --- time ---

bool Import::fired(const ImportContext& context, TimerId timer) {
  if (timer.which != setup_.number) return false;
  switch (timer.kind) {
    case kDeadlineTimer:
      deadline_at_ = kNever;
      expire(context);
      break;
    case kReconnectTimer:
      reconnect_at_ = kNever;
      if (phase_ == ImportState::disconnected) try_connect(context);
      break;
    case kPingTimer:
      if (phase_ == ImportState::closed) return true;
      if (usable() && internal_request_ == 0 &&
          context.now - last_sent_ >= context.config.timing.ping_interval) {
        send_internal(context, plain_request(context, Plain::ping), Purpose::ping);
      }
      arm_ping(context);
      break;
    default:
      return false;
  }
  arm(context);
  return true;
}

void Import::expire(const ImportContext& context) {
  std::vector<RequestId> due;
  for (const Pending& pending : pending_) {
    if (pending.sent && pending.deadline <= context.now) due.push_back(pending.id);
  }
  for (const RequestId id : due) {
    Pending* found = find(id);
    if (found == nullptr || found->deadline > context.now) continue;
    const Pending pending = *found;
    const bool current = pending.connection_count == connection_count_;
    switch (pending.purpose) {
      case Purpose::connect:
        internal_request_ = 0;
        end(context, pending, -ETIMEDOUT, {}, {});
        on_connect_failed(context, -ETIMEDOUT, false);
        break;
      case Purpose::disconnect:
        internal_request_ = 0;
        end(context, pending, -ETIMEDOUT, {}, {});
        phase_ = ImportState::closed;
        context.events.push_back({ImportEvent::Kind::closed, setup_.number, 0, -ETIMEDOUT, {}, {}});
        break;
      case Purpose::ping:
        internal_request_ = 0;
        end(context, pending, -ETIMEDOUT, {}, {});
        if (current && usable()) become_disconnected(context, true);
        break;
      case Purpose::replay:
      case Purpose::lock_replay:
      case Purpose::final_ping:
        if (current) become_disconnected(context, true);
        break;
      case Purpose::ordinary:
        if (pending.request.no_resend) {
          end(context, pending, -ETIMEDOUT, {}, {});
        } else {
          found->sent = false;
          found->resend = true;
          found->deadline = kNever;
        }
        if (current && usable()) become_disconnected(context, true);
        break;
    }
  }
}

void Import::arm(const ImportContext& context) {
  Time earliest = kNever;
  for (const Pending& pending : pending_) {
    if (pending.sent) earliest = std::min(earliest, pending.deadline);
  }
  if (earliest == deadline_at_) return;
  deadline_at_ = earliest;
  context.out.push_back(SetTimer{{kDeadlineTimer, setup_.number}, earliest});
}

void Import::arm_ping(const ImportContext& context) {
  if (!setup_.pings) return;
  const Time interval = context.config.timing.ping_interval;
  const Time quiet = last_sent_ + interval;
  const Time next = quiet > context.now ? quiet : context.now + interval;
  context.out.push_back(SetTimer{{kPingTimer, setup_.number}, next});
}

void Import::invariants() const {
  CHECK(pending_.size() <= kRequestsMax && retained_.size() <= kRetainedMax);
  CHECK(std::ranges::is_sorted(pending_, {}, &Pending::id));
  CHECK(std::ranges::is_sorted(retained_, {}, &Retained::key));
  for (const Retained& kept : retained_) {
    CHECK(kept.always || kept.transno > last_committed_ || &kept == open_without_answer());
  }
  for (const Pending& pending : pending_) {
    CHECK(pending.purpose != Purpose::ordinary || pending.generation == generation_ || closing_,
          "no request of an older generation lives on");
  }
}

}  // namespace reference
