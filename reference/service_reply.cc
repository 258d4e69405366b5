// Service: answers and their transactions, early replies, timers.
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <utility>

#include "protocol/check.h"
#include "protocol/checksum.h"
#include "protocol/codec.h"
#include "protocol/ptlrpc.h"
#include "reference/service.h"
#include "reference/service_policy.h"

namespace reference {

namespace msg_flag = protocol::ptlrpc::msg_flag;
namespace msg_type = protocol::ptlrpc::msg_type;
namespace msghdr_flag = protocol::ptlrpc::msghdr_flag;
namespace portal_of = protocol::ptlrpc::portal;
using protocol::MessageBuilder;
using protocol::ptlrpc::PtlrpcBody;

namespace {

// Where the replies to requests of a portal go (facts: rpc-formats).
struct PortalRow {
  uint32_t request;
  uint32_t reply;
};
constexpr auto kPortals = std::to_array<PortalRow>({
    {portal_of::kMdsRequest, portal_of::kMdcReply},
    {portal_of::kMdsReadpage, portal_of::kMdcReply},
    {portal_of::kMdsSetattr, portal_of::kMdcReply},
    {portal_of::kMdsMds, portal_of::kMdcReply},
    {portal_of::kFldRequest, portal_of::kMdcReply},
    {portal_of::kSeqMetadata, portal_of::kMdcReply},
    {portal_of::kSeqData, portal_of::kMdcReply},
    {portal_of::kSeqController, portal_of::kMdcReply},
    {portal_of::kOstRequest, portal_of::kOscReply},
    {portal_of::kOstIo, portal_of::kOscReply},
    {portal_of::kOstCreate, portal_of::kOscReply},
    {portal_of::kLdlmCancelRequest, portal_of::kLdlmCancelReply},
    {portal_of::kLdlmCbRequest, portal_of::kLdlmCbReply},
    {portal_of::kMgsRequest, portal_of::kMgcReply},
});

// 1.8: failures that keep type 4713.
constexpr auto kOrdinary =
    std::to_array<int32_t>({-ENOSPC, -EACCES, -EPERM, -ENOENT, -EINPROGRESS});

// An early reply of body length 152, and where the final reply goes then.
constexpr uint32_t kEarlySize =
    static_cast<uint32_t>(protocol::message_header_size(1)) + PtlrpcBody::kSize;
static_assert(kEarlySize == 192);
// What 1.8 checksums of the body.
constexpr size_t kChecksummed18 = 88;

constexpr uint32_t kPartShift = 24;

Bytes with_last_committed(const Bytes& message, uint64_t last_committed) {
  uint32_t buffers = 0;
  std::memcpy(&buffers, message.data(), sizeof buffers);
  std::vector<uint8_t> copy(message.view().begin(), message.view().end());
  const size_t place =
      protocol::message_header_size(buffers) + offsetof(PtlrpcBody, last_committed);
  std::memcpy(copy.data() + place, &last_committed, sizeof last_committed);
  return Bytes(std::move(copy));
}

uint32_t seconds_spent(Time arrived, Time now) {
  return std::max(1u, static_cast<uint32_t>((now - arrived) / kSecond));
}

// Without an export, and during recovery, an error says 0 for how long the service takes: such an
// answer is no sample of it, and a client passes over 0.
void mark_error(PtlrpcBody& body, bool says_estimate) {
  body.type = msg_type::kErr;
  if (!says_estimate) body.timeout = 0;
}

}  // namespace

Service::Envelope Service::envelope_of(const Request& request) {
  const auto& body = request.message.body();
  return {.from = request.from,
          .portal = request.portal,
          .xid = request.xid,
          .lm_flags = request.message.header().flags,
          .opcode = body.opc,
          .version = body.version,
          .body_length = request.message.body_length(),
          .arrived = request.arrived};
}

MessageBuilder Service::builder_for(const Envelope& envelope) const {
  PtlrpcBody body;
  body.version = envelope.version;
  body.opc = envelope.opcode;
  const uint32_t length = policy().own_body_length || envelope.body_length == 0
                              ? PtlrpcBody::kSize
                              : std::min(envelope.body_length, PtlrpcBody::kSize);
  const uint32_t part = policy().names_part ? target_row(kind_).part << kPartShift : 0;
  return MessageBuilder(body, 0, part, 0, length);
}

void Service::complete_body(Turn& turn, const Envelope& envelope, const Export* client,
                            int32_t status, PtlrpcBody& body) {
  body.type = msg_type::kReply;
  body.status = status;
  body.last_committed =
      planted(Defect::commit_announced_early) ? journal_.last_transno() : journal_.last_committed();
  if (client != nullptr) body.last_xid = client->slot.last_xid;
  body.service_time = seconds_spent(envelope.arrived, turn.now);
  body.timeout = estimates_.estimate_s(config_.timing, envelope.portal);
  const bool by_versions = recovery_.version_recovery() || (client != nullptr && client->delayed);
  if (policy().marks_version_replay && by_versions) {
    body.flags |= msg_flag::kVersionReplay;
  }
}

void Service::send(Turn& turn, const Envelope& envelope, MessageBuilder& message) const {
  const auto row = std::ranges::find(kPortals, envelope.portal, &PortalRow::request);
  if (row == kPortals.end()) return;
  const uint32_t offset = (envelope.lm_flags & msghdr_flag::kAtSupport) != 0 ? kEarlySize : 0;
  turn.endpoint.send_reply(envelope.from, row->reply, envelope.xid, offset, message, turn.out);
}

void Service::refuse_envelope(Turn& turn, const Envelope& envelope, int32_t status,
                              const Export* client) {
  MessageBuilder message = builder_for(envelope);
  complete_body(turn, envelope, client, status, message.body());
  mark_error(message.body(), client != nullptr && !recovering());
  send(turn, envelope, message);
}

// --- answers of handlers ---

Transaction Service::begin(const Request& request) const {
  CHECK(kind_ != TargetKind::mgs, "an MGS has no transnos");
  const uint64_t kept = planted(Defect::replay_renumbered) ? 0 : request.replay_transno;
  return Transaction(journal_.transno_for(kept));
}

Reply Service::reply(const Request& request) const {
  return Reply{.message = builder_for(envelope_of(request))};
}

CommitId Service::finish(Turn& turn, const Request& request, Reply& reply) {
  return finish_with(turn, request, reply, nullptr);
}

CommitId Service::finish(Turn& turn, const Request& request, Reply& reply,
                         Transaction&& transaction) {
  return finish_with(turn, request, reply, &transaction);
}

// Its client, unless that is gone; none either for a request that is not being executed any more.
Export* Service::retire(const Request& request) {
  const auto entry = std::ranges::find_if(executing_, [&](const Executing& one) {
    return one.export_id == request.export_id && one.xid == request.xid;
  });
  if (entry == executing_.end()) return nullptr;
  executing_.erase(entry);
  recovery_.finished(request);
  // A replay's number is its client's, even if it failed or changed nothing: the client may bring
  // it again after the next crash.
  if (!planted(Defect::failed_replay_frees_transno)) journal_.used(request.replay_transno);
  Export* client = exports_.find(request.export_id);
  --client->executing;
  return client;
}

void Service::abandon(const Request& request) { retire(request); }

void Service::refuse(Turn& turn, const Request& request, int32_t status) {
  if (planted(Defect::refusal_not_sent)) return abandon(request);
  if (retire(request) == nullptr) return;
  const Envelope envelope = envelope_of(request);
  MessageBuilder message = builder_for(envelope);
  complete_body(turn, envelope, nullptr, status, message.body());
  mark_error(message.body(), !recovering());
  send(turn, envelope, message);
}

// Writes what the operation changed and, in the same transaction, the slot of its client.
CommitId Service::record(Turn& turn, Export* client, const Request& request, const Reply& reply,
                         int32_t result, Transaction& transaction) {
  const bool wrote = !transaction.writes_.empty();
  const bool took_effect = wrote || result == 0;
  const uint64_t transno = took_effect ? transaction.transno_ : 0;
  CHECK(request.replay_transno != 0 || transaction.transno_ == journal_.last_transno() + 1,
        "a transaction is finished in the step that began it");
  if (took_effect) {
    journal_.used(transno);
    const size_t records = transaction.writes_.size();
    note_done(turn, Fact::Kind::executed, client, request, reply, transno,
              records - std::min(records, reply.cached));
  }
  const bool has_slot = client != nullptr && client->slot_index != kNoSlot;
  if (!took_effect && planted(Defect::failure_not_recorded)) return 0;
  if (!wrote && (!has_slot || !policy().always_writes_slot)) return 0;
  // An open is replayed long after it was committed: the record of what came later stays.
  const bool older =
      has_slot && request.replay && client->slot.record(group_of(request.opcode)).xid > request.xid;
  if (older && !wrote) return 0;
  if (!has_slot || older) {
    return journal_.persist(std::move(transaction.writes_), transno, turn.out);
  }
  client->slot.set(group_of(request.opcode), {.transno = transno,
                                              .xid = request.xid,
                                              .result = result,
                                              .data = reply.data,
                                              .versions = reply.versions});
  Write slot = slot_write(client->slot_index, client->slot);
  if (planted(Defect::slot_outside_transaction)) {
    const CommitId commit = journal_.persist(std::move(transaction.writes_), transno, turn.out);
    late_slots_.push_back({commit, std::move(slot)});
    return commit;
  }
  transaction.writes_.push_back(std::move(slot));
  return journal_.persist(std::move(transaction.writes_), transno, turn.out);
}

CommitId Service::finish_with(Turn& turn, const Request& request, Reply& reply,
                              Transaction* transaction) {
  const int32_t result = reply.result.value_or(std::min(reply.status, 0));
  Export* client = retire(request);
  const CommitId commit =
      transaction ? record(turn, client, request, reply, result, *transaction) : 0;
  // What was done for a client that is gone stays done, and nobody is told.
  if (client == nullptr) return commit;

  client->last_request = turn.now;
  const Envelope envelope = envelope_of(request);
  PtlrpcBody& body = reply.message.body();
  complete_body(turn, envelope, client, reply.status, body);
  const bool ordinary = std::ranges::find(kOrdinary, reply.status) != kOrdinary.end();
  if (policy().marks_failures && reply.status < 0 && !ordinary) mark_error(body, !recovering());
  if (transaction != nullptr) {
    body.transno = result == 0 ? transaction->transno_ : 0;
    body.pre_versions = reply.versions;
  } else if (request.reconstruct) {
    body.transno = request.reconstruct->transno;
    body.pre_versions = request.reconstruct->versions;
    note_done(turn, Fact::Kind::reconstructed, client, request, reply, body.transno, 0);
  }
  if (request.replay_transno != 0) body.transno = request.replay_transno;

  // Replays and resends say nothing of how long the service takes.
  constexpr uint32_t kUnusual =
      msg_flag::kResent | msg_flag::kReplay | msg_flag::kReqReplayDone | msg_flag::kLockReplayDone;
  if ((request.flags & kUnusual) == 0 && body.type == msg_type::kReply) {
    estimates_.measured(config_.timing, turn.now, request.portal, body.service_time);
  }
  send_or_hold(turn, *client, request, reply, commit);
  return commit;
}

void Service::send_or_hold(Turn& turn, const Export& client, const Request& request, Reply& reply,
                           CommitId commit) {
  const Envelope envelope = envelope_of(request);
  const uint64_t transno = reply.message.body().transno;
  CommitId until = reply.after_commit ? journal_.last_commit() : 0;
  if (transno != 0) until = std::max(until, need_sync(client, commit));
  if (reply.difficult && !journal_.is_durable(commit)) {
    untaken_.push_back({client.id, request.xid, commit, 0});
  }
  if (!journal_.is_durable(until)) return hold(until, client.id, envelope, reply.message);
  // A resent request whose first reply is still kept for: this one is in its place.
  const auto kept = std::ranges::find_if(untaken_, [&](const Untaken& one) {
    return one.export_id == client.id && one.xid == request.xid;
  });
  if (kept == untaken_.end()) return send(turn, envelope, reply.message);
  if (kept->transfer != 0) turn.endpoint.forget(kept->transfer);
  const auto row = std::ranges::find(kPortals, envelope.portal, &PortalRow::request);
  const uint32_t offset = (envelope.lm_flags & msghdr_flag::kAtSupport) != 0 ? kEarlySize : 0;
  kept->transfer = turn.endpoint.send_reply_acked(envelope.from, row->reply, envelope.xid, offset,
                                                  reply.message.finish(), turn.out);
}

bool Service::awaits_taking(const Request& request) const {
  return std::ranges::any_of(untaken_, [&](const Untaken& one) {
    return one.export_id == request.export_id && one.xid == request.xid;
  });
}

bool Service::acknowledged(const BulkDone& done) {
  const auto reply = std::ranges::find(untaken_, done.cookie, &Untaken::transfer);
  if (done.cookie == 0 || reply == untaken_.end()) return false;
  reply->transfer = 0;
  // A peer that is gone comes back for the reply, or is evicted, or the commit is first.
  if (done.lost) return true;
  taken(*reply);
  untaken_.erase(reply);
  return true;
}

void Service::taken(const Untaken& reply) {
  work_.emplace_back(ReplyTaken{reply.export_id, reply.xid});
}

// A transaction of a client whose slot is not durable yet waits for its own commit: a crash must
// not leave changes of a client that nobody remembers.
CommitId Service::need_sync(const Export& client, CommitId commit) const {
  return journal_.is_durable(client.slot_commit) ? 0 : std::max(commit, client.slot_commit);
}

void Service::note_done(Turn& turn, Fact::Kind kind, const Export* client, const Request& request,
                        const Reply& reply, uint64_t transno, size_t records) {
  turn.out.push_back(Note{{.kind = kind,
                           .opcode = request.opcode,
                           .flags = request.flags,
                           .conn_cnt = request.message.body().conn_cnt,
                           .client = client != nullptr ? client->name() : std::string_view(),
                           .xid = request.xid,
                           .transno = transno,
                           .object = reply.object,
                           .value = reply.status,
                           .start = records,
                           .versions = reply.versions}});
}

void Service::hold(CommitId until, ExportId client, const Envelope& envelope,
                   MessageBuilder& message) {
  held_.push_back({.until = until,
                   .export_id = client,
                   .peer = envelope.from,
                   .portal = envelope.portal,
                   .xid = envelope.xid,
                   .lm_flags = envelope.lm_flags,
                   .message = message.finish()});
}

void Service::durable(Turn& turn, CommitId up_to) {
  if (journal_.durable(up_to)) {
    turn.out.push_back(Note{{.kind = Fact::Kind::committed, .transno = journal_.last_committed()}});
  }
  // Only a planted defect leaves slots for later.
  for (LateSlot& late : std::exchange(late_slots_, {})) {
    if (journal_.is_durable(late.after)) {
      journal_.persist({std::move(late.slot)}, 0, turn.out);
    } else {
      late_slots_.push_back(std::move(late));
    }
  }
  for (const Held& one : held_) {
    if (!journal_.is_durable(one.until)) continue;
    const auto row = std::ranges::find(kPortals, one.portal, &PortalRow::request);
    const uint32_t offset = (one.lm_flags & msghdr_flag::kAtSupport) != 0 ? kEarlySize : 0;
    turn.endpoint.send_reply(one.peer, row->reply, one.xid, offset,
                             with_last_committed(one.message, journal_.last_committed()), turn.out);
  }
  std::erase_if(held_, [this](const Held& one) { return journal_.is_durable(one.until); });
  for (const Untaken& one : untaken_) {
    if (!journal_.is_durable(one.commit)) continue;
    if (one.transfer != 0) turn.endpoint.forget(one.transfer);
    taken(one);
  }
  std::erase_if(untaken_, [this](const Untaken& one) { return journal_.is_durable(one.commit); });
}

// --- timers and early replies ---

bool Service::fired(Turn& turn, TimerId timer) {
  switch (timer.kind) {
    case kRecoveryTimer:
      recovery_timer_ = kNever;
      for (const ExportId id : recovery_.expired(exports_, turn.now)) {
        miss_recovery(turn, id);
      }
      return true;
    case kPingTimer:
      ping_timer_ = kNever;
      evict_silent(turn);
      return true;
    case kEarlyReplyTimer:
      early_timer_ = kNever;
      send_early_replies(turn);
      return true;
    default:
      return false;
  }
}

void Service::arm(Turn& turn, uint32_t kind, Time at, Time& current) const {
  if (at == current) return;
  current = at;
  turn.out.push_back(SetTimer{{.kind = kind}, at});
}

void Service::set_timers(Turn& turn) {
  if (recovery_.active() || recovery_timer_ != kNever) {
    arm(turn, kRecoveryTimer, recovery_.deadline(), recovery_timer_);
  }
  if (exports_.size() == 0) {
    arm(turn, kPingTimer, kNever, ping_timer_);
  } else if (ping_timer_ == kNever) {
    // Set once and looked at when it fires: requests come far more often.
    Time oldest = kNever;
    for (const Export& client : exports_.all()) {
      if (client.connected) oldest = std::min(oldest, client.last_request);
    }
    if (oldest != kNever) {
      const Time due = oldest + config_.timing.ping_evict_timeout;
      arm(turn, kPingTimer, std::max(due, turn.now + config_.timing.ping_interval), ping_timer_);
    }
  }
  Time due = kNever;
  each_waiting([&](const Envelope& envelope, Time& deadline) {
    if ((envelope.lm_flags & msghdr_flag::kAtSupport) == 0 || deadline <= turn.now) return;
    due = std::min(due, std::max(deadline - config_.timing.at_early_margin, turn.now));
  });
  arm(turn, kEarlyReplyTimer, due, early_timer_);
}

void Service::evict_silent(Turn& turn) {
  if (recovery_.active()) return;
  std::vector<ExportId> silent;
  for (const Export& client : exports_.all()) {
    const Time due = client.last_request + config_.timing.ping_evict_timeout;
    // Whose requests run is not silent, however long they take.
    if (client.connected && client.executing == 0 && due <= turn.now) silent.push_back(client.id);
  }
  for (const ExportId id : silent) evict(turn, id, "it was silent for too long");
}

// Every request that is not answered: executed, or waiting for its turn in recovery.
template <class Visit>
void Service::each_waiting(Visit visit) {
  for (Executing& one : executing_) visit(one.envelope, one.deadline);
  if (!recovery_.active()) return;
  recovery_.each_waiting([&](Request& request) { visit(envelope_of(request), request.deadline); });
}

void Service::send_early_replies(Turn& turn) {
  each_waiting([&](const Envelope& envelope, Time& deadline) {
    if ((envelope.lm_flags & msghdr_flag::kAtSupport) == 0 || deadline <= turn.now) return;
    if (deadline - config_.timing.at_early_margin > turn.now) return;
    send_early_reply(turn, envelope, deadline);
  });
}

void Service::send_early_reply(Turn& turn, const Envelope& envelope, Time& deadline) {
  // During recovery at least four come in a window.
  const Time extra = recovery_.active()
                         ? std::min(config_.timing.at_extra, config_.timing.recovery_soft / 4)
                         : config_.timing.at_extra;
  deadline = turn.now + std::max(extra, 2 * config_.timing.at_early_margin);
  MessageBuilder message = builder_for(envelope);
  PtlrpcBody& body = message.body();
  complete_body(turn, envelope, nullptr, 0, body);
  body.timeout = wire_seconds(deadline - envelope.arrived);
  const bool whole =
      policy().whole_checksum && (envelope.lm_flags & msghdr_flag::kCksumIncompat18) != 0;
  const protocol::ByteView bytes = protocol::bytes_of(body);
  message.header().cksum = protocol::crc32(whole ? bytes : bytes.first(kChecksummed18));
  const auto row = std::ranges::find(kPortals, envelope.portal, &PortalRow::request);
  turn.endpoint.send_reply(envelope.from, row->reply, envelope.xid, 0, message, turn.out);
}

}  // namespace reference
