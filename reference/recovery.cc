#include "reference/recovery.h"

#include <algorithm>
#include <array>
#include <utility>

#include "protocol/check.h"
#include "protocol/codec.h"
#include "protocol/ldlm.h"
#include "protocol/ptlrpc.h"
#include "reference/defects.h"

namespace reference {

namespace opcode = protocol::ptlrpc::opcode;
namespace msg_flag = protocol::ptlrpc::msg_flag;

// What differs between the dialects (facts: semantics 1.9).
struct RecoveryPolicy {
  Dialect dialect;
  bool stages;       // 2.0: wait for all clients first, replay locks after all requests
  bool own_timeout;  // a replay leaves its own time-out; 1.8: the service's estimate
};

namespace {

constexpr auto kPolicies = std::to_array<RecoveryPolicy>({
    {Dialect::v1_8, false, false},
    {Dialect::v2_0, true, true},
});

// What may come while a target recovers; anything else is answered with -EAGAIN. `fresh` requests
// are those that run although they are no replay: they change nothing that a replay could (facts:
// semantics 1.3; of OSTs 3.10, the list that obdfilter's service has in both versions). 1.8 has
// SETXATTR as an opcode of its own where 2.0 has it in REINT.
struct PermittedRow {
  TargetKind kind;
  uint32_t opcode;
  bool fresh;
};
constexpr auto kPermitted = std::to_array<PermittedRow>({
    {TargetKind::mdt, opcode::kMdsClose, false},
    {TargetKind::mdt, opcode::kMdsReint, false},
    {TargetKind::mdt, opcode::kMdsSync, true},
    {TargetKind::mdt, opcode::kMdsDoneWriting, false},
    {TargetKind::mdt, opcode::kMdsSetxattr, false},
    {TargetKind::mdt, opcode::kLdlmEnqueue, true},
    {TargetKind::mdt, opcode::kSeqQuery, true},
    {TargetKind::mdt, opcode::kFldQuery, true},
    {TargetKind::ost, opcode::kOstSetattr, false},
    {TargetKind::ost, opcode::kOstWrite, false},
    {TargetKind::ost, opcode::kOstCreate, true},  // what files have got, and replays will write
    {TargetKind::ost, opcode::kOstDestroy, false},
    {TargetKind::ost, opcode::kOstPunch, false},
    {TargetKind::ost, opcode::kOstSync, true},
    {TargetKind::ost, opcode::kLdlmEnqueue, true},
    {TargetKind::ost, opcode::kObdLogCancel, true},
});

// An enqueue that is no lock replay asks for something new.
bool new_intent(const Request& request) {
  namespace ldlm = protocol::ldlm;
  if (request.opcode != opcode::kLdlmEnqueue) return false;
  const auto lock =
      protocol::decode<ldlm::LdlmRequest>(request.message.buffer(1), request.message.order());
  return !lock || (lock->lock_flags & ldlm::lock_flag::kReplay) == 0;
}

}  // namespace

Recovery::Recovery(const Config& config, TargetKind kind)
    : policy_(std::ranges::find(kPolicies, config.dialect, &RecoveryPolicy::dialect) -
              kPolicies.begin()),
      kind_(kind),
      timing_(config.timing),
      defects_(config.defects) {}

const RecoveryPolicy& Recovery::policy() const { return kPolicies[static_cast<size_t>(policy_)]; }

void Recovery::begin(uint64_t next_transno) {
  stage_ = policy().stages ? Stage::clients : Stage::requests;
  next_transno_ = next_transno;
}

void Recovery::extend(Time until) {
  if (deadline_ == kNever) return;
  // Until somebody was given up, RECONNECT_DELAY_MAX before the hard limit is left for the others.
  const Time spare = version_recovery_ ? 0 : timing_.obd_timeout / 2;
  deadline_ = std::min(std::max(deadline_, until), hard_deadline_ - spare);
}

void Recovery::approached(Time now) {
  if (!active() || deadline_ != kNever) return;
  began_ = now;
  deadline_ = now + timing_.recovery_soft;
  hard_deadline_ = now + timing_.recovery_hard;
}

void Recovery::connected(Export& client, Time now, uint32_t service_time_s,
                         uint64_t first_transno) {
  approached(now);
  const bool first_time = !client.in_recovery;
  client.in_recovery = true;
  // est2timeout, and twice the time that a client may need to switch to another server: 50, 5 and
  // 5 seconds at Lustre's obd_timeout of 100 (CONNECTION_SWITCH_MAX, _INC, INITIAL_CONNECT).
  const Time estimate = service_time_s * kSecond;
  const Time switching =
      timing_.obd_timeout / 2 + timing_.obd_timeout / 20 + timing_.connect_timeout;
  // It is the window as a whole that must be so long: a client that connects again adds nothing.
  extend(began_ + estimate + estimate / 4 + timing_.at_early_margin + 2 * switching);
  if (first_time && policy().stages && first_transno != 0) {
    next_transno_ = std::min(next_transno_, first_transno);
  }
}

bool Recovery::waits(ExportId id) const {
  return std::ranges::find(replays_, id, &Request::export_id) != replays_.end();
}

// The same replay again, or another client's with the same transno ("claimed").
bool Recovery::duplicate(const Request& request) const {
  if (running_ && running_->client == request.export_id && running_->xid == request.xid)
    return true;
  return std::ranges::find(replays_, request.replay_transno, &Request::replay_transno) !=
         replays_.end();
}

Recovery::Admission Recovery::admit_ping(Export& client, Request& request) {
  if ((request.flags & (msg_flag::kLastReplay | msg_flag::kLockReplayDone)) == 0) {
    return Admission::run;
  }
  client.request_replay_needed = false;
  client.lock_replay_needed = false;
  std::erase_if(final_, [&](const Request& one) { return one.export_id == request.export_id; });
  final_.push_back(std::move(request));
  return Admission::queued;
}

bool Recovery::permitted(const Request& request) const {
  if (request.opcode == opcode::kOstPunch && defects_.has(Defect::punch_replay_refused)) {
    return false;
  }
  return std::ranges::any_of(kPermitted, [&](const PermittedRow& one) {
    return one.kind == kind_ && one.opcode == request.opcode;
  });
}

Recovery::Admission Recovery::admit_replay(Request& request, Time now, Time usual) {
  const bool unordered = defects_.has(Defect::replay_executed_unordered);
  if (unordered || request.replay_transno < next_transno_) return Admission::run;
  if (duplicate(request)) return Admission::dropped;
  const Time own = request.message.body().timeout * kSecond;
  extend(now + (policy().own_timeout ? own : usual));
  replays_.insert(
      std::ranges::upper_bound(replays_, request.replay_transno, {}, &Request::replay_transno),
      std::move(request));
  return Admission::queued;
}

Recovery::Admission Recovery::admit(Export& client, Request& request, Time now, Time usual) {
  if (request.opcode == opcode::kObdPing) return admit_ping(client, request);
  if (!permitted(request)) return Admission::refused;
  const bool all_replayed = (request.flags & msg_flag::kReqReplayDone) != 0 && policy().stages;
  if (all_replayed) client.request_replay_needed = false;
  if (request.replay && request.replay_transno != 0) return admit_replay(request, now, usual);
  if (all_replayed && request.opcode == opcode::kLdlmEnqueue &&
      !defects_.has(Defect::lock_replay_before_requests)) {
    const bool again = std::ranges::any_of(locks_, [&](const Request& one) {
      return one.export_id == request.export_id && one.xid == request.xid;
    });
    if (again) return Admission::dropped;
    locks_.push_back(std::move(request));
    return Admission::queued;
  }
  const bool fresh = std::ranges::any_of(kPermitted, [&](const PermittedRow& one) {
    return one.kind == kind_ && one.opcode == request.opcode && one.fresh;
  });
  if (fresh && !new_intent(request)) return Admission::run;
  const bool runs = defects_.has(Defect::new_request_in_recovery);
  return runs ? Admission::run : Admission::refused;
}

// Everybody who still replays has something queued: the numbers that are missing are lost.
bool Recovery::gap_may_be_skipped(const Exports& exports) const {
  if (defects_.has(Defect::gap_skipped_early)) return true;
  return std::ranges::all_of(exports.all(), [this](const Export& client) {
    return !client.request_replay_needed || waits(client.id);
  });
}

std::optional<Request> Recovery::take(const Exports& exports) {
  std::optional<Request> request;
  if (stage_ == Stage::requests && !running_ && !replays_.empty()) {
    if (replays_.front().replay_transno > next_transno_ && !gap_may_be_skipped(exports)) return {};
    request = std::move(replays_.front());
    replays_.erase(replays_.begin());
    next_transno_ = std::max(next_transno_, request->replay_transno);
    running_ = Running{request->export_id, request->xid};
  } else if (stage_ == Stage::locks && !locks_.empty()) {
    request = std::move(locks_.front());
    locks_.erase(locks_.begin());
  }
  return request;
}

void Recovery::finished(const Request& request) {
  if (!running_ || running_->client != request.export_id || running_->xid != request.xid) return;
  running_.reset();
  next_transno_ = std::max(next_transno_, request.replay_transno + 1);
}

bool Recovery::enter(Stage stage) {
  stage_ = stage;
  if (stage == Stage::over) {
    deadline_ = kNever;
    hard_deadline_ = kNever;
    version_recovery_ = false;
  }
  return true;
}

bool Recovery::advance(const Exports& exports) {
  const auto none = [&](bool Export::* needed) {
    return std::ranges::none_of(exports.all(), [needed](const Export& one) { return one.*needed; });
  };
  switch (stage_) {
    case Stage::over:
      return false;
    case Stage::clients:
      if (!std::ranges::all_of(
              exports.all(), [](const Export& one) { return !one.from_disk || one.in_recovery; })) {
        return false;
      }
      return enter(Stage::requests);
    case Stage::requests:
      if (!none(&Export::request_replay_needed) || !replays_.empty() || running_) return false;
      return enter(policy().stages ? Stage::locks : Stage::over);
    case Stage::locks:
      if (!none(&Export::lock_replay_needed) || !locks_.empty()) return false;
      return enter(Stage::over);
  }
  return false;
}

std::vector<ExportId> Recovery::expired(const Exports& exports, Time now) {
  if (!active() || now < deadline_) return {};
  if (defects_.has(Defect::window_never_ends)) {
    deadline_ = hard_deadline_ = now + timing_.recovery_soft;
    return {};
  }
  if (now >= hard_deadline_) return abort(exports);
  std::vector<ExportId> late;
  for (const Export& client : exports.all()) {
    const bool runs = running_ && running_->client == client.id;
    const bool replays = client.request_replay_needed && !waits(client.id) && !runs;
    const bool locks = stage_ == Stage::locks && client.lock_replay_needed &&
                       std::ranges::find(locks_, client.id, &Request::export_id) == locks_.end();
    const bool missing = client.from_disk && !client.in_recovery;
    if (missing || (stage_ != Stage::clients && (replays || locks))) late.push_back(client.id);
  }
  version_recovery_ = true;
  // RECONNECT_DELAY_MAX: half of obd_timeout.
  deadline_ = std::min(now + timing_.obd_timeout / 2, hard_deadline_);
  return late;
}

std::vector<ExportId> Recovery::abort(const Exports& exports) const {
  std::vector<ExportId> unfinished;
  for (const Export& client : exports.all()) {
    if (client.request_replay_needed || client.lock_replay_needed) unfinished.push_back(client.id);
  }
  return unfinished;
}

std::vector<Request> Recovery::remove(ExportId id) {
  std::vector<Request> removed;
  for (std::vector<Request>* queue : {&replays_, &locks_, &final_}) {
    for (Request& request : *queue) {
      if (request.export_id == id) removed.push_back(request);
    }
    std::erase_if(*queue, [id](const Request& request) { return request.export_id == id; });
  }
  if (running_ && running_->client == id) running_.reset();
  return removed;
}

std::vector<Request> Recovery::take_final() { return std::exchange(final_, {}); }

void Recovery::invariants() const {
  CHECK(std::ranges::is_sorted(replays_, std::ranges::less_equal{}, &Request::replay_transno));
  CHECK(active() || (replays_.empty() && locks_.empty() && final_.empty() && !running_));
  CHECK(deadline_ <= hard_deadline_);
}

}  // namespace reference
