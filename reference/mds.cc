#include "reference/mds.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include "protocol/check.h"
#include "protocol/ldlm.h"
#include "protocol/ptlrpc.h"
#include "reference/record.h"

namespace reference {

namespace {

namespace opcode = protocol::ptlrpc::opcode;

constexpr uint32_t kCallbackPortal = 15;  // where the MGS calls back
constexpr uint32_t kKnownBits = 7;        // LOOKUP, UPDATE, OPEN

constexpr uint8_t kIn18 = kOperationsOf18, kIn20 = kOperationsOf20, kInBoth = kIn18 | kIn20;

template <class... Handlers>
struct Visitor : Handlers... {
  using Handlers::operator()...;
};

}  // namespace

struct Mds::Operation {
  uint32_t opcode;
  uint8_t dialects;
  void (Mds::*handler)(Call&);
};

// In order of opcode. What is not here is an opcode of no MDS (ENOTSUPP); connecting and pings are
// the service's.
const Mds::Operation* Mds::find_operation(uint32_t wanted) const {
  static constexpr auto kOperations = std::to_array<Operation>({
      {opcode::kMdsGetattr, kInBoth, &Mds::on_getattr},
      {opcode::kMdsGetattrName, kInBoth, &Mds::on_getattr_name},
      {opcode::kMdsClose, kInBoth, &Mds::on_close},
      {opcode::kMdsReint, kInBoth, &Mds::on_reint},
      {opcode::kMdsReadpage, kInBoth, &Mds::on_readpage},
      {opcode::kMdsGetstatus, kInBoth, &Mds::on_getstatus},
      {opcode::kMdsStatfs, kInBoth, &Mds::on_statfs},
      {opcode::kMdsPin, kInBoth, &Mds::on_pin},
      {opcode::kMdsUnpin, kIn20, &Mds::on_not_supported},
      {opcode::kMdsSync, kInBoth, &Mds::on_sync},
      {opcode::kMdsDoneWriting, kInBoth, &Mds::on_done_writing},
      {opcode::kMdsSetInfo, kInBoth, &Mds::on_set_info},
      {opcode::kMdsQuotacheck, kInBoth, &Mds::on_not_supported},
      {opcode::kMdsQuotactl, kInBoth, &Mds::on_not_supported},
      {opcode::kMdsGetxattr, kInBoth, &Mds::on_getxattr},
      {opcode::kMdsSetxattr, kIn18, &Mds::on_setxattr},
      {opcode::kMdsIsSubdir, kIn20, &Mds::on_not_supported},
      {opcode::kMdsGetInfo, kIn20, &Mds::on_not_supported},
      {opcode::kLdlmEnqueue, kInBoth, &Mds::on_enqueue},
      {opcode::kLdlmConvert, kInBoth, &Mds::on_convert},
      {opcode::kLdlmCancel, kInBoth, &Mds::on_cancel},
      {opcode::kSeqQuery, kIn20, &Mds::on_seq_query},
      {opcode::kFldQuery, kIn20, &Mds::on_fld_query},
  });
  static_assert(std::ranges::is_sorted(kOperations, {}, &Operation::opcode));
  const auto* place = std::ranges::lower_bound(kOperations, wanted, {}, &Operation::opcode);
  if (place == kOperations.end() || place->opcode != wanted) return nullptr;
  return (place->dialects & dialect().operations) != 0 ? place : nullptr;
}

Mds::Mds(const Config& config, const Store& store)
    : config_(config),
      endpoint_(config),
      service_(config, TargetKind::mdt, store),
      files_(config, store),
      locks_(config),
      callbacks_(config),
      pool_(store),
      unlink_log_(store),
      targets_(config),
      som_(config, store),
      next_sequence_(stored_sequence(store)) {}

void Mds::start(Time now, Actions& out) {
  Turn turn{now, endpoint_, out};
  service_.start(turn);
  // With the root of an empty disk.
  dialect().clients_choose_fids ? reserve_sequences(turn) : persist(turn);
  note_sizes_found(turn);
  // Without recovery nobody is left to open orphans again.
  if (!service_.recovering()) clean_orphans(turn);
  targets_.start(targets_context(turn));
  settle(turn);
}

void Mds::step(Time now, const Event& event, Actions& out) {
  Turn turn{now, endpoint_, out};
  std::visit(Visitor{
                 [&](const Received& received) { receive(turn, received); },
                 [&](const PeerLost& gone) { on_peer_lost(turn, gone.peer); },
                 [&](const TimerFired& fired) { on_timer(turn, fired.timer); },
                 [&](const Durable& durable) { service_.durable(turn, durable.up_to); },
                 [&](const Asked& asked) { on_asked(turn, asked); },
             },
             event);
  settle(turn);
}

void Mds::receive(Turn& turn, const Received& received) {
  Incoming incoming = endpoint_.receive(received.from, received.message, turn.out);
  LockNews news;
  if (auto* request = std::get_if<RequestIn>(&incoming)) {
    // What other servers ask is for an import, not for this target.
    const bool callback = request->portal == kCallbackPortal;
    const bool taken = callback ? on_ost_word(turn, *request) ||
                                      targets_.on_callback(targets_context(turn), *request)
                                : targets_.on_log_cancel(targets_context(turn), *request);
    if (!taken && !callback) service_.accept(turn, std::move(*request));
  } else if (const auto* reply = std::get_if<ReplyIn>(&incoming)) {
    const bool answered = callbacks_.receive({turn, service_, locks_}, *reply, news);
    if (!answered) targets_.receive(targets_context(turn), *reply);
  } else if (const auto* done = std::get_if<BulkDone>(&incoming)) {
    if (!service_.acknowledged(*done)) on_bulk_done(turn, *done);
  }
}

void Mds::on_peer_lost(Turn& turn, PeerId peer) {
  for (const BulkDone& done : endpoint_.lost(peer)) {
    if (!service_.acknowledged(done)) on_bulk_done(turn, done);
  }
  drop_ost_epochs(turn, peer);
  targets_.lost(targets_context(turn), peer);
}

void Mds::on_timer(Turn& turn, TimerId timer) {
  if (timer.kind == kWaitTimer) return on_wait_timer(turn);
  if (service_.fired(turn, timer)) return;
  if (callbacks_.fired({turn, service_, locks_}, timer)) return;
  targets_.fired(targets_context(turn), timer);
}

void Mds::on_asked(Turn& turn, const Asked& asked) {
  Result result;
  if (const auto* evict = std::get_if<Evict>(&asked.order)) {
    service_.evict_uuid(turn, evict->uuid, "operator");
  } else if (const auto* by_nid = std::get_if<EvictNid>(&asked.order)) {
    service_.evict_nid(turn, by_nid->nid, "operator, by NID");
    targets_.evict_nid(targets_context(turn), by_nid->nid);
  } else if (const auto* down = std::get_if<Unmount>(&asked.order)) {
    unmount(turn, down->force);
  } else if (const auto* hold = std::get_if<HoldConnects>(&asked.order)) {
    service_.hold_connects(hold->on);
  } else if (std::holds_alternative<AbortRecovery>(asked.order)) {
    service_.abort_recovery(turn);
  } else {
    result.status = -EOPNOTSUPP;
  }
  turn.out.push_back(Answer{asked.id, std::move(result)});
}

// Until nothing is left to do: what the service has ready, then operations whose locks have come.
void Mds::settle(Turn& turn) {
  for (;;) {
    if (std::optional<Work> work = service_.next(turn)) {
      on_work(turn, std::move(*work));
      continue;
    }
    if (run_parked(turn)) continue;
    const uint64_t free_before = pool_.free_objects();
    targets_.settle(targets_context(turn));
    settle_sizes(turn);
    destroy_objects(turn);
    persist(turn);
    if (pool_.free_objects() <= free_before || !wake_for_objects()) break;
  }
  arm_wait_timer(turn);
}

void Mds::on_work(Turn& turn, Work work) {
  std::visit(Visitor{
                 [&](const Request& request) { run(turn, request, {}, false); },
                 [&](Connecting& connecting) { on_connecting(turn, connecting); },
                 [&](const ClientGone& gone) { on_client_gone(turn, gone); },
                 [&](const AbortActive& abort) { abort_active(abort.export_id); },
                 [&](const ReplyTaken& taken) { on_reply_taken(turn, taken); },
                 [&](const RecoveryEnded&) { on_recovery_ended(turn); },
             },
             work);
}

void Mds::run(Turn& turn, const Request& request, Holding holding, bool gave_up) {
  Call call{.turn = turn, .request = request};
  call.holding = std::move(holding);
  call.gave_up = gave_up;
  if (const Operation* operation = find_operation(request.opcode)) {
    (this->*operation->handler)(call);
  } else {
    service_.refuse(turn, request, dialect().no_such_opcode);
  }
  CHECK(call.parked || !files_.has_writes(), "a change without its transaction");
  if (!call.after.empty()) act_on(turn, call.after);
  if (call.parked && parked_.size() < kParkedMax) {
    const Time limit = call.for_objects ? turn.now + config_.timing.obd_timeout : kNever;
    parked_.push_back({request, std::move(call.holding), call.for_objects, limit});
    return;
  }
  if (call.parked) service_.refuse(turn, request, -EBUSY);
  if (!call.holding.locks.empty() && service_.awaits_taking(request)) {
    const Inode* made = call.made == 0 ? nullptr : files_.inode(call.made);
    if (made != nullptr) {
      lock_new(call, *made, LockMode::ex,
               protocol::ldlm::inodebit::kLookup | protocol::ldlm::inodebit::kUpdate);
    }
    kept_.push_back({request.export_id, request.xid, std::move(call.holding)});
    return;
  }
  release(turn, call.holding);
}

void Mds::on_reply_taken(Turn& turn, const ReplyTaken& taken) {
  const auto kept = std::ranges::find_if(kept_, [&](const Kept& one) {
    return one.export_id == taken.export_id && one.xid == taken.xid;
  });
  if (kept == kept_.end()) return;
  const Holding holding = std::move(kept->holding);
  kept_.erase(kept);
  release(turn, holding);
}

void Mds::unmount(Turn& turn, bool force) {
  parked_.clear();
  readpages_.clear();
  service_.unmount(turn, force);
}

bool Mds::run_parked(Turn& turn) {
  const auto ready = std::ranges::find_if(parked_, [this](const Parked& parked) {
    return !parked.for_objects &&
           std::ranges::all_of(parked.holding.locks, [this](LockHandle handle) {
             const Lock* lock = locks_.find(handle);
             return lock == nullptr || lock->holds();
           });
  });
  if (ready == parked_.end()) return false;
  const Parked parked = std::move(*ready);
  parked_.erase(ready);
  run(turn, parked.request, parked.holding,
      parked.give_up_at != kNever && parked.give_up_at <= turn.now);
  return true;
}

// True if there were operations that waited for objects; they try again.
bool Mds::wake_for_objects() {
  bool woken = false;
  for (Parked& parked : parked_) {
    woken = woken || parked.for_objects;
    parked.for_objects = false;
  }
  return woken;
}

void Mds::arm_wait_timer(Turn& turn) {
  Time earliest = kNever;
  for (const Parked& parked : parked_) earliest = std::min(earliest, parked.give_up_at);
  for (const Readpage& page : readpages_) earliest = std::min(earliest, page.give_up_at);
  if (earliest == wait_timer_) return;
  wait_timer_ = earliest;
  turn.out.push_back(SetTimer{{kWaitTimer, 0}, earliest});
}

void Mds::on_wait_timer(Turn& turn) {
  wait_timer_ = kNever;
  for (Parked& parked : parked_) {
    if (parked.give_up_at <= turn.now) parked.for_objects = false;
  }
  for (const Readpage& page : readpages_) {
    if (page.give_up_at > turn.now) continue;
    endpoint_.forget(page.cookie);
    service_.abandon(page.request);
  }
  std::erase_if(readpages_, [&](const Readpage& page) { return page.give_up_at <= turn.now; });
}

void Mds::on_connecting(Turn& turn, Connecting& connecting) {
  connecting.granted.ibits_known &= kKnownBits;
  service_.answer(turn, connecting);
}

// Pages that the client does not fetch are given up; operations that wait for locks go on.
void Mds::abort_active(ExportId client) {
  for (const Readpage& page : readpages_) {
    if (page.request.export_id != client) continue;
    endpoint_.forget(page.cookie);
    service_.abandon(page.request);
  }
  std::erase_if(readpages_, [&](const Readpage& page) { return page.request.export_id == client; });
}

void Mds::on_client_gone(Turn& turn, const ClientGone& gone) {
  abort_active(gone.export_id);
  for (const Parked& parked : parked_) {
    if (parked.request.export_id == gone.export_id) release(turn, parked.holding);
  }
  std::erase_if(parked_,
                [&](const Parked& parked) { return parked.request.export_id == gone.export_id; });
  for (const Kept& kept : kept_) {
    if (kept.export_id == gone.export_id) release(turn, kept.holding);
  }
  std::erase_if(kept_, [&](const Kept& kept) { return kept.export_id == gone.export_id; });
  LockNews news;
  callbacks_.client_gone({turn, service_, locks_}, gone.export_id, news);
  unlink_log_.client_gone(gone.export_id);
  if (gone.evicted && planted(Defect::evicted_opens_kept)) return;
  evict_epochs(turn, gone.export_id);
  if (gone.evicted) tell_of_gone(turn, gone);
  for (const OpenFile& file : opens_.of_export(gone.export_id)) close_file(turn, nullptr, file);
  persist(turn);
}

void Mds::on_recovery_ended(Turn& turn) {
  LockNews news;
  callbacks_.recovery_ended({turn, service_, locks_}, news);
  clean_orphans(turn);
}

// What changed in the namespace, the pool of objects and the log of objects to be destroyed.
std::vector<Write> Mds::take_writes() {
  std::vector<Write> writes = files_.take_writes();
  std::vector<Write> log = unlink_log_.take_writes();
  if (planted(Defect::unlink_log_not_written)) log.clear();
  for (auto& more : {pool_.take_writes(), std::move(log), som_.take_writes()}) {
    writes.insert(writes.end(), more.begin(), more.end());
  }
  return writes;
}

void Mds::persist(Turn& turn) {
  std::vector<Write> writes = take_writes();
  if (writes.empty()) return;
  unlink_log_.written(service_.persist(turn, std::move(writes)));
}

// Objects whose client is gone, once the file's end is durable.
void Mds::destroy_objects(Turn& turn) {
  for (const UnlinkLog::Record& record : unlink_log_.take_by_server(service_)) {
    targets_.destroy(targets_context(turn), record);
  }
}

void Mds::note(Turn& turn, Fact::Kind kind, const OpenFile& file) const {
  Fact fact;
  fact.kind = kind;
  if (const Export* owner = service_.find(file.export_id)) fact.client = owner->name();
  fact.xid = file.xid;
  fact.handle = file.handle;
  fact.value = file.mode;
  fact.start = opens_.open_count(file.inode);
  fact.end = opens_.writer_count(file.inode);
  if (const Inode* inode = files_.inode(file.inode)) {
    fact.object = object_name(dialect().resource(*inode));
  }
  turn.out.push_back(Note{std::move(fact)});
}

Fact& Mds::note(Turn& turn, Fact::Kind kind, const Inode& inode) const {
  turn.out.push_back(Note{{.kind = kind, .object = object_name(dialect().resource(inode))}});
  return std::get<Note>(turn.out.back()).fact;
}

void Mds::invariants() const {
  service_.invariants();
  files_.invariants();
  opens_.invariants();
  locks_.invariants();
  callbacks_.invariants();
  pool_.invariants();
  targets_.invariants();
  som_.invariants();
  endpoint_.invariants();
  CHECK(!files_.has_writes() && !pool_.has_writes() && !unlink_log_.has_writes());
}

static_assert(Machine<Mds>);

}  // namespace reference
