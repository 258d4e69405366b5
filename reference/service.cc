#include "reference/service.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "protocol/check.h"
#include "protocol/ptlrpc.h"
#include "reference/derive.h"
#include "reference/service_policy.h"

namespace reference {

namespace opcode = protocol::ptlrpc::opcode;
namespace msg_flag = protocol::ptlrpc::msg_flag;
using protocol::Message;

Service::Service(const Config& config, TargetKind kind, const Store& store)
    : config_(config),
      kind_(kind),
      policy_(std::ranges::find(kServicePolicies, config.dialect, &ServicePolicy::dialect) -
              kServicePolicies.begin()),
      uuid_(target_uuid(config, kind)),
      journal_(config, kind, store),
      recovery_(config, kind) {
  for (const Journal::StoredSlot& stored : journal_.stored_slots()) {
    Export entry;
    entry.id = derive(config, Purpose::export_cookie, {}, stored.index);
    entry.uuid = stored.slot.uuid;
    entry.slot_index = stored.index;
    entry.slot = stored.slot;
    entry.from_disk = true;
    entry.request_replay_needed = true;
    entry.lock_replay_needed = true;
    exports_.add(std::move(entry));
  }
  if (exports_.size() > 0) recovery_.begin(journal_.last_committed() + 1);
}

const ServicePolicy& Service::policy() const {
  return kServicePolicies[static_cast<size_t>(policy_)];
}

void Service::start(Turn& turn) {
  if (kind_ != TargetKind::mgs) {
    journal_.start(turn.out);
    note_found(turn);
  }
  if (!recovery_.active()) return;
  turn.out.push_back(Note{{.kind = Fact::Kind::recovery_began,
                           .transno = journal_.last_committed() + 1,
                           .value = static_cast<int64_t>(exports_.size())}});
}

void Service::note_found(Turn& turn) const {
  turn.out.push_back(Note{{.kind = Fact::Kind::started,
                           .transno = journal_.last_committed(),
                           .value = static_cast<int64_t>(journal_.mount_count())}});
  for (const Journal::StoredSlot& stored : journal_.stored_slots()) {
    turn.out.push_back(Note{{.kind = Fact::Kind::slot_found,
                             .client = protocol::name_of(stored.slot.uuid),
                             .xid = stored.slot.last_xid,
                             .transno = stored.slot.last_transno,
                             .start = stored.slot.last_close_xid,
                             .end = stored.slot.last_close_transno}});
  }
}

// --- accepting ---

void Service::accept(Turn& turn, RequestIn in) {
  auto message = Message::parse(std::move(in.message));
  Envelope envelope{.from = in.from, .portal = in.portal, .xid = in.xid, .arrived = turn.now};
  if (!message) return refuse_envelope(turn, envelope, -EPROTO);
  const auto& body = message->body();
  namespace type = protocol::ptlrpc::msg_type;
  constexpr uint32_t kVersionMask = 0xffff;
  if (body.type != type::kRequest ||
      (body.version & kVersionMask) != protocol::ptlrpc::msg_version::kV3) {
    return refuse_envelope(turn, envelope, -EPROTO);
  }
  Request request;
  request.from = in.from;
  request.portal = in.portal;
  request.xid = in.xid;
  request.export_id = body.handle.cookie;
  request.opcode = body.opc;
  request.flags = body.flags;
  request.resent = (body.flags & msg_flag::kResent) != 0;
  request.replay = (body.flags & msg_flag::kReplay) != 0;
  request.replay_transno = request.replay ? body.transno : 0;
  request.arrived = turn.now;
  request.deadline = turn.now + body.timeout * kSecond;
  request.message = std::move(*message);
  if (request.opcode == target_row(kind_).connect) return on_connect(turn, std::move(request));
  on_request(turn, std::move(request));
}

void Service::on_request(Turn& turn, Request request) {
  Export* client = exports_.find(request.export_id);
  if (unmounted_) return refuse_envelope(turn, envelope_of(request), -ENODEV, client);
  if (client == nullptr) return refuse_envelope(turn, envelope_of(request), -ENOTCONN);
  // A packet of an older connection has no effect, and no answer.
  if (request.message.body().conn_cnt < client->conn_cnt &&
      !planted(Defect::old_connection_accepted)) {
    return;
  }
  if (request.opcode != opcode::kObdPing || !planted(Defect::pings_do_not_count)) {
    client->last_request = turn.now;
  }
  client->lm_flags = request.message.header().flags;
  const bool runs = std::ranges::any_of(executing_, [&](const Executing& one) {
    return one.export_id == request.export_id && one.xid == request.xid;
  });
  if (runs) return;
  if (request.opcode == target_row(kind_).disconnect) {
    return on_disconnect(turn, request);
  }
  if (repeats_without_saying(*client, request)) {
    return refuse_envelope(turn, envelope_of(request), -ENOTCONN, client);
  }
  if (recovery_.active() && request.portal != protocol::ptlrpc::portal::kLdlmCancelRequest) {
    const Time usual = estimates_.timeout(config_.timing, request.portal);
    switch (recovery_.admit(*client, request, turn.now, usual)) {
      case Recovery::Admission::run:
        break;
      case Recovery::Admission::refused:
        return refuse_envelope(turn, envelope_of(request), -EAGAIN);
      case Recovery::Admission::queued:
      case Recovery::Admission::dropped:
        return;
    }
  }
  if (request.opcode == opcode::kObdPing) return on_ping(turn, request);
  queue(std::move(request));
}

ClientSlot::Group Service::group_of(uint32_t op) const {
  const bool close =
      op == opcode::kMdsClose || (op == opcode::kMdsDoneWriting && policy().done_writing_closes);
  if (planted(Defect::closes_share_the_slot)) return ClientSlot::Group::normal;
  return close ? ClientSlot::Group::close : ClientSlot::Group::normal;
}

// A second run of the others does no harm: it changes nothing, or writes the same again.
bool Service::must_run_once(const Request& request) const {
  if (request.xid == 0) return false;
  if (kind_ == TargetKind::ost) return request.opcode == opcode::kOstCreate;
  return kind_ == TargetKind::mdt &&
         (request.opcode == opcode::kMdsReint || request.opcode == opcode::kMdsClose ||
          request.opcode == opcode::kLdlmEnqueue);
}

// The network has doubled it: it was executed, or failed. What is replayed was executed before the
// crash, and must not be once more after it.
bool Service::repeats_without_saying(const Export& client, const Request& request) const {
  if (request.resent || request.xid == 0) return false;
  const bool recorded = client.slot.record(group_of(request.opcode)).xid == request.xid;
  if (recorded && !request.replay) return true;
  return must_run_once(request) && client.came.contains(request.xid);
}

// The slot's answer to this very request, if it was executed before.
std::optional<SlotRecord> Service::saved_answer(const Request& request) const {
  if (!request.resent || request.xid == 0) return std::nullopt;
  const Export* client = exports_.find(request.export_id);
  const SlotRecord saved = client->slot.record(group_of(request.opcode));
  if (client->slot_index == kNoSlot || saved.xid != request.xid) return std::nullopt;
  const bool creates =
      request.opcode == opcode::kMdsReint || request.opcode == opcode::kLdlmEnqueue;
  if (creates && planted(Defect::resent_create_executed_twice)) return std::nullopt;
  return saved;
}

void Service::queue(Request request) {
  request.reconstruct = saved_answer(request);
  executing_.push_back({.export_id = request.export_id,
                        .xid = request.xid,
                        .envelope = envelope_of(request),
                        .deadline = request.deadline});
  Export& client = *exports_.find(request.export_id);
  ++client.executing;
  if (must_run_once(request)) client.came.add(request.xid);
  work_.emplace_back(std::move(request));
}

std::optional<Work> Service::take_work() {
  if (work_.empty()) return std::nullopt;
  std::optional<Work> work(std::move(work_.front()));
  work_.erase(work_.begin());
  return work;
}

std::optional<Work> Service::next(Turn& turn) {
  while (work_.empty() && recovery_.active()) {
    const uint64_t expected = recovery_.next_transno();
    if (std::optional<Request> replay = recovery_.take(exports_)) {
      if (replay->replay_transno > expected) {
        turn.out.push_back(Note{{.kind = Fact::Kind::gap_skipped,
                                 .transno = replay->replay_transno,
                                 .value = static_cast<int64_t>(expected)}});
      }
      queue(std::move(*replay));
      break;
    }
    const bool replaying = recovery_.stage() == Recovery::Stage::requests;
    if (!recovery_.advance(exports_)) break;
    if (replaying) turn.out.push_back(Note{{.kind = Fact::Kind::replays_ended}});
    const bool any = std::ranges::any_of(exports_.all(), &Export::vbr_failed);
    const bool all = any && planted(Defect::version_failure_evicts_all);
    std::vector<ExportId> mismatched;
    for (const Export& client : exports_.all()) {
      if (client.vbr_failed || all) mismatched.push_back(client.id);
    }
    for (const ExportId id : mismatched) evict(turn, id, "a replay met another version");
    if (!recovery_.active()) end_recovery(turn);
  }
  std::optional<Work> work = take_work();
  if (!work) set_timers(turn);
  return work;
}

void Service::end_recovery(Turn& turn) {
  int64_t recovered = 0;
  for (Export& client : exports_.all()) {
    recovered += client.in_recovery ? 1 : 0;
    client.from_disk = client.in_recovery = false;
    client.request_replay_needed = client.lock_replay_needed = false;
    client.last_request = turn.now;
  }
  turn.out.push_back(Note{{.kind = Fact::Kind::recovery_ended, .value = recovered}});
  for (const Request& ping : recovery_.take_final()) on_ping(turn, ping);
  work_.emplace_back(RecoveryEnded{});
}

// Who was not there in time is evicted, or delayed where that is compiled in.
void Service::miss_recovery(Turn& turn, ExportId id) {
  Export* client = exports_.find(id);
  if (!config_.delayed_recovery || !policy().delays_clients || client->in_recovery) {
    return evict(turn, id, "it missed the recovery window");
  }
  client->delayed = true;
  client->from_disk = client->request_replay_needed = client->lock_replay_needed = false;
}

bool Service::has_delayed() const { return std::ranges::any_of(exports_.all(), &Export::delayed); }

void Service::abort_recovery(Turn& turn) {
  for (const ExportId id : recovery_.abort(exports_)) evict(turn, id, "recovery was aborted");
}

int32_t Service::check_versions(const Request& request, std::span<const uint64_t> now) {
  if (request.replay_transno == 0 || planted(Defect::versions_not_checked)) return 0;
  Export* client = exports_.find(request.export_id);
  if (client == nullptr || !client->may(protocol::ptlrpc::connect_flag::kVbr)) return 0;
  CHECK(now.size() <= request.pre_versions().size());
  if (std::ranges::equal(now, std::span(request.pre_versions()).first(now.size()))) return 0;
  client->vbr_failed = true;
  return -EOVERFLOW;
}

std::optional<ReversePath> Service::reverse(ExportId id) const {
  const Export* client = exports_.find(id);
  if (client == nullptr || !client->connected) return std::nullopt;
  return ReversePath{client->peer, client->client_handle, client->conn_cnt, client->lm_flags};
}

CommitId Service::persist(Turn& turn, std::vector<Write> writes) {
  return journal_.persist(std::move(writes), 0, turn.out);
}

void Service::invariants() const {
  exports_.invariants();
  journal_.invariants();
  recovery_.invariants();
  CHECK(work_.empty(), "a step left work undone");
  for (const Executing& one : executing_) CHECK(exports_.find(one.export_id) != nullptr);
  for (const Held& one : held_) CHECK(!journal_.is_durable(one.until));
  for (const Untaken& one : untaken_) CHECK(!journal_.is_durable(one.commit));
}

}  // namespace reference
