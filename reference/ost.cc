#include "reference/ost.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>
#include <variant>

#include "protocol/check.h"
#include "reference/registration.h"
#include "reference/som_words.h"

namespace reference {

namespace opcode = protocol::ptlrpc::opcode;
namespace connect_flag = protocol::ptlrpc::connect_flag;

struct Ost::Operation {
  uint32_t opcode;
  void (Ost::*handler)(Call&);

  static const Operation* find(uint32_t opcode);
};

namespace {}

// CONNECT, DISCONNECT and PING are the service's; what is not here is answered with ENOTSUPP.
const Ost::Operation* Ost::Operation::find(uint32_t wanted) {
  static constexpr auto kTable = std::to_array<Operation>({
      {opcode::kOstGetattr, &Ost::on_getattr},
      {opcode::kOstSetattr, &Ost::on_setattr},
      {opcode::kOstRead, &Ost::on_read},
      {opcode::kOstWrite, &Ost::on_write},
      {opcode::kOstCreate, &Ost::on_create},
      {opcode::kOstDestroy, &Ost::on_destroy},
      {opcode::kOstGetInfo, &Ost::on_get_info},
      {opcode::kOstPunch, &Ost::on_punch},
      {opcode::kOstStatfs, &Ost::on_statfs},
      {opcode::kOstSync, &Ost::on_sync},
      {opcode::kOstSetInfo, &Ost::on_set_info},
      {opcode::kOstQuotacheck, &Ost::on_quota},
      {opcode::kOstQuotactl, &Ost::on_quota},
      {opcode::kOstQuotaAdjustQunit, &Ost::on_quota},
      {opcode::kLdlmEnqueue, &Ost::on_enqueue},
      {opcode::kLdlmConvert, &Ost::on_convert},
      {opcode::kLdlmCancel, &Ost::on_cancel},
      {opcode::kLlogOriginConnect, &Ost::on_log_connect},
  });
  const auto found = std::ranges::find(kTable, wanted, &Operation::opcode);
  return found == kTable.end() ? nullptr : &*found;
}

Ost::Ost(const Config& config, const Store& store)
    : config_(config),
      endpoint_(config),
      service_(config, TargetKind::ost, store),
      objects_(store),
      grants_(config),
      locks_(config),
      callbacks_(config) {
  if (config.mgs.nid != 0) mgs_.emplace(config, mgs_import_setup(config));
}

void Ost::start(Time now, Actions& out) {
  Step step{{now, endpoint_, out}, {}};
  service_.start(step.turn);
  note_objects_found(step.turn);
  if (mgs_) {
    ImportEvents events;
    mgs_->connect(import_context(step, events));
    on_import_events(step, events);
  }
  settle(step);
}

void Ost::step(Time now, const Event& event, Actions& out) {
  Step step{{now, endpoint_, out}, {}};
  if (const auto* received = std::get_if<Received>(&event)) {
    on_received(step, *received);
  } else if (const auto* lost = std::get_if<PeerLost>(&event)) {
    for (const BulkDone& done : endpoint_.lost(lost->peer)) on_bulk_done(step, done);
    if (mgs_) {
      ImportEvents events;
      mgs_->lost(import_context(step, events), lost->peer);
      on_import_events(step, events);
    }
  } else if (const auto* fired = std::get_if<TimerFired>(&event)) {
    if (fired->timer.kind == kBulkTimer) {
      on_bulk_late(step);
    } else if (!service_.fired(step.turn, fired->timer) &&
               !callbacks_.fired(locking(step), fired->timer) && mgs_) {
      ImportEvents events;
      mgs_->fired(import_context(step, events), fired->timer);
      on_import_events(step, events);
    }
  } else if (const auto* durable = std::get_if<Durable>(&event)) {
    service_.durable(step.turn, durable->up_to);
  } else if (const auto* asked = std::get_if<Asked>(&event)) {
    Result result;
    if (const auto* evict = std::get_if<Evict>(&asked->order)) {
      service_.evict_uuid(step.turn, evict->uuid, "an operator asked for it");
    } else if (const auto* by_nid = std::get_if<EvictNid>(&asked->order)) {
      service_.evict_nid(step.turn, by_nid->nid, "an operator asked for it, by NID");
    } else if (const auto* down = std::get_if<Unmount>(&asked->order)) {
      unmount(step, down->force);
    } else if (const auto* hold = std::get_if<HoldConnects>(&asked->order)) {
      service_.hold_connects(hold->on);
    } else if (std::holds_alternative<AbortRecovery>(asked->order)) {
      service_.abort_recovery(step.turn);
    } else {
      result.status = -EOPNOTSUPP;
    }
    out.push_back(Answer{asked->id, std::move(result)});
  }
  settle(step);
}

// --- events ---

void Ost::on_received(Step& step, const Received& received) {
  Incoming incoming = endpoint_.receive(received.from, received.message, step.turn.out);
  if (auto* request = std::get_if<RequestIn>(&incoming)) {
    service_.accept(step.turn, std::move(*request));
  } else if (const auto* reply = std::get_if<ReplyIn>(&incoming)) {
    if (callbacks_.receive(locking(step), *reply, step.news) || !mgs_) return;
    ImportEvents events;
    mgs_->receive(import_context(step, events), *reply);
    on_import_events(step, events);
  } else if (const auto* done = std::get_if<BulkDone>(&incoming)) {
    on_bulk_done(step, *done);
  }
}

// Until nothing is left to do: what was accepted, and what waited for locks and clients.
void Ost::settle(Step& step) {
  for (;;) {
    if (auto work = service_.next(step.turn)) {
      on_work(step, std::move(*work));
    } else if (!step.news.granted.empty()) {
      const LockHandle lock = step.news.granted.front();
      step.news.granted.erase(step.news.granted.begin());
      on_lock_granted(step, lock);
    } else if (!step.news.glimpsed.empty()) {
      const LockNews::Glimpsed glimpsed = step.news.glimpsed.front();
      step.news.glimpsed.erase(step.news.glimpsed.begin());
      finish_glimpse(step, glimpsed);
    } else if (!step.news.worded.empty()) {
      const LockNews::Worded worded = step.news.worded.front();
      step.news.worded.erase(step.news.worded.begin());
      on_worded(step, worded);
    } else {
      break;
    }
  }
  arm_bulk_timer(step);
}

void Ost::on_work(Step& step, Work work) {
  if (const auto* request = std::get_if<Request>(&work)) {
    run(step, *request, 0);
  } else if (auto* connecting = std::get_if<Connecting>(&work)) {
    on_connecting(step, *connecting);
  } else if (const auto* gone = std::get_if<ClientGone>(&work)) {
    on_client_gone(step, *gone);
  } else if (const auto* abort = std::get_if<AbortActive>(&work)) {
    abort_bulk(step, abort->export_id);
  } else if (std::holds_alternative<RecoveryEnded>(work)) {
    callbacks_.recovery_ended(locking(step), step.news);
  }
}

void Ost::unmount(Step& step, bool force) {
  service_.unmount(step.turn, force);
  while (!jobs_.empty()) drop_job(step, jobs_.size() - 1);
}

// The answer names all that the client may count on, dirty pages included.
void Ost::on_connecting(Step& step, Connecting& connecting) {
  namespace connect_op = protocol::ptlrpc::msg_connect_flag;
  const auto place = std::ranges::lower_bound(libraries_, connecting.export_id);
  const bool library = (connecting.request.message.body().op_flags & connect_op::kLibclient) != 0;
  if (library && (place == libraries_.end() || *place != connecting.export_id)) {
    libraries_.insert(place, connecting.export_id);
  }
  if ((connecting.granted.connect_flags & connect_flag::kGrant) != 0) {
    const ExportId client = connecting.export_id;
    grants_.give(client, grants_.of(client), connecting.asked.grant, space_left(),
                 service_.recovering());
    note_grant(step.turn, client);
    connecting.granted.grant = static_cast<uint32_t>(
        std::min<uint64_t>(grants_.of(client), UINT32_MAX / Grants::kPage * Grants::kPage));
  }
  const bool from_mds = (connecting.asked.connect_flags & connect_flag::kMds) != 0;
  service_.answer(step.turn, connecting);
  if (from_mds) announce_waiting(step);
}

void Ost::on_client_gone(Step& step, const ClientGone& gone) {
  for (size_t i = jobs_.size(); i-- > 0;) {
    if (jobs_[i].request.export_id == gone.export_id) drop_job(step, i);
  }
  grants_.gone(gone.export_id);
  times_.gone(gone.export_id);
  std::erase(libraries_, gone.export_id);
  // What the client had in its cache is lost, so the disk is right again.
  refresh_lvbs(locks_.of_owner(gone.export_id));
  callbacks_.client_gone(locking(step), gone.export_id, step.news);
}

void Ost::on_bulk_done(Step& step, const BulkDone& done) {
  const auto found = std::ranges::find_if(jobs_, [&](const Job& job) {
    return job.waits == Job::Waits::bulk && job.cookie == done.cookie;
  });
  if (found == jobs_.end()) return;
  const Job job = std::move(*found);
  jobs_.erase(found);
  // The client sends it again, with another xid.
  if (done.lost) {
    service_.abandon(job.request);
  } else if (job.request.opcode == opcode::kOstRead) {
    finish_read(step, job);
  } else if (!finish_write(step, job, done.data)) {
    return;
  }
  release(step, job.lock);
}

// No reply: the client tries again when its own time is over.
void Ost::on_bulk_late(Step& step) {
  bulk_timer_at_ = kNever;
  for (size_t i = jobs_.size(); i-- > 0;) {
    if (jobs_[i].deadline <= step.turn.now) drop_job(step, i);
  }
}

void Ost::abort_bulk(Step& step, ExportId client) {
  for (size_t i = jobs_.size(); i-- > 0;) {
    const Job& job = jobs_[i];
    if (job.waits == Job::Waits::bulk && job.request.export_id == client) drop_job(step, i);
  }
}

void Ost::drop_job(Step& step, size_t index) {
  const Job job = std::move(jobs_[index]);
  jobs_.erase(jobs_.begin() + static_cast<std::ptrdiff_t>(index));
  if (job.waits == Job::Waits::bulk) endpoint_.forget(job.cookie);
  if (job.waits == Job::Waits::word && job.length == 0) say_of(step, job.request, kEpochEnds, 0);
  service_.abandon(job.request);
  release(step, job.lock);
}

void Ost::arm_bulk_timer(Step& step) {
  Time first = kNever;
  for (const Job& job : jobs_) first = std::min(first, job.deadline);
  if (first == bulk_timer_at_) return;
  bulk_timer_at_ = first;
  step.turn.out.push_back(SetTimer{{kBulkTimer, 0}, first});
}

// --- the MGS ---

ImportContext Ost::import_context(Step& step, ImportEvents& events) {
  return {config_, step.turn.now, endpoint_, step.turn.out, events};
}

void Ost::on_import_events(Step& step, ImportEvents& events) {
  const ImportContext context = import_context(step, events);
  do {
    while (!events.empty()) {
      const ImportEvent event = std::move(events.front());
      events.erase(events.begin());
      if (event.kind == ImportEvent::Kind::connected && !registered_) {
        mgs_->submit(context, registration_request(config_, RegisteredKind::ost));
      } else if (event.kind == ImportEvent::Kind::completed && event.status == 0) {
        registered_ = true;
      } else if (event.kind == ImportEvent::Kind::want_locks) {
        mgs_->replay_locks(context, {});
      }
    }
    mgs_->proceed(context);
  } while (!events.empty());
}

// --- running handlers ---

void Ost::run(Step& step, const Request& request, LockHandle lock, bool announced) {
  Call call{step, request, lock, announced};
  const Operation* operation = Operation::find(request.opcode);
  if (operation == nullptr) {
    service_.refuse(step.turn, request, kNotSupported);
  } else {
    (this->*operation->handler)(call);
  }
  if (!call.parked) release(step, call.lock);
}

void Ost::on_lock_granted(Step& step, LockHandle lock) {
  const auto found = std::ranges::find_if(
      jobs_, [&](const Job& job) { return job.waits == Job::Waits::lock && job.lock == lock; });
  if (found == jobs_.end()) return;
  const Request request = std::move(found->request);
  jobs_.erase(found);
  run(step, request, lock);
}

bool Ost::park(Call& call, Job job) {
  if (jobs_.size() >= kJobsMax) {
    if (job.waits == Job::Waits::bulk) endpoint_.forget(job.cookie);
    refuse(call, -EBUSY);
    return false;
  }
  job.request = call.request;
  job.lock = call.lock;
  call.parked = true;
  jobs_.push_back(std::move(job));
  return true;
}

bool Ost::hold(Call& call, ObjectId object, LockMode mode, uint64_t start, uint64_t end,
               bool discard) {
  // Replays come in the order in which the locks of then have put them.
  if (call.lock != 0 || call.request.replay) return true;
  LockRequest wanted;
  wanted.resource.name = {object.id, object.seq, 0, 0};
  wanted.type = LockType::extent;
  wanted.mode = mode;
  wanted.policy = {.start = start, .end = end};
  if (discard) wanted.flags = protocol::ldlm::lock_flag::kAstDiscardData;
  LockEffects effects;
  const EnqueueResult result = locks_.enqueue(wanted, effects);
  if (result.kind == EnqueueResult::Kind::refused) {
    refuse(call, result.status);
    return false;
  }
  call.lock = result.handle;
  refresh_lvb(wanted.resource, true);
  callbacks_.apply(locking(call.step), effects, call.step.news);
  if (result.kind == EnqueueResult::Kind::granted) return true;
  park(call, {});
  return false;
}

void Ost::release(Step& step, LockHandle lock) {
  if (lock == 0) return;
  LockEffects effects;
  locks_.cancel(lock, effects);
  callbacks_.apply(locking(step), effects, step.news);
}

// --- invariants ---

void Ost::invariants() const {
  service_.invariants();
  endpoint_.invariants();
  objects_.invariants();
  grants_.invariants();
  locks_.invariants();
  callbacks_.invariants();
  CHECK(objects_.used_bytes() + grants_.total() <= config_.capacity_bytes,
        "GRANT-1: more is granted than there is");
  for (const Job& job : jobs_) {
    CHECK(job.waits != Job::Waits::lock || locks_.find(job.lock) != nullptr,
          "a job waits for a lock that exists");
  }
  for (const Resource& resource : locks_.resources()) {
    for (const Lock& lock : resource.granted) {
      CHECK(lock.owner != 0 || std::ranges::find(jobs_, lock.handle, &Job::lock) != jobs_.end(),
            "a lock of the server's own belongs to a request");
    }
  }
}

}  // namespace reference
