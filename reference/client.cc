#include "reference/client.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "protocol/check.h"
#include "protocol/fid.h"
#include "protocol/operations_2_0.h"
#include "reference/derive.h"

namespace reference {

namespace operations = protocol::operations_2_0;

namespace {

constexpr uint32_t kRoundsMax = 100'000;  // of one step: more is a mistake of ours

}  // namespace

Client::Client(const Config& config, const Store&, std::vector<ConfigTarget> targets)
    : config_(config), endpoint_(config), targets_(std::move(targets)) {}

void Client::start(Time, Actions&) {}

// --- events ---

void Client::step(Time now, const Event& event, Actions& out) {
  Frame frame{now, out, {}};
  if (const auto* received = std::get_if<Received>(&event)) {
    on_incoming(frame, endpoint_.receive(received->from, received->message, out));
  } else if (const auto* lost = std::get_if<PeerLost>(&event)) {
    endpoint_.lost(lost->peer);
    const bool of_ost = std::ranges::any_of(imports_, [&](const Import& import) {
      return import.number() >= 2 && import.peer() == lost->peer;
    });
    if (of_ost) want_validation(frame);
    for (Import& import : imports_) import.lost(context(frame), lost->peer);
  } else if (const auto* fired = std::get_if<TimerFired>(&event)) {
    if (fired->timer.kind == kWriteBackTimer) {
      write_back_at_ = kNever;
      for (ClientObject& object : objects_) object.flush = object.flush || object.cache.dirty();
    }
    if (fired->timer.kind == kDestroyTimer && imports_.size() > 1) mds().probe(context(frame));
    for (Import& import : imports_) import.fired(context(frame), fired->timer);
  } else if (const auto* asked = std::get_if<Asked>(&event)) {
    on_asked(frame, *asked);
  }
  settle(frame);
}

void Client::on_asked(Frame& frame, const Asked& asked) {
  const auto* syscall = std::get_if<Syscall>(&asked.order);
  Result refused;
  if (syscall == nullptr) {
    refused.status = -22;  // EINVAL: an order for servers
  } else if (calls_.size() >= kCallsMax) {
    refused.status = -EBUSY;
  } else if (!mounted_ && syscall->kind != Syscall::Kind::mount) {
    refused.status = -ENODEV;
  } else {
    Call call;
    call.id = asked.id;
    call.args = *syscall;
    calls_.push_back(std::move(call));
    return;
  }
  frame.out.push_back(Answer{asked.id, std::move(refused)});
}

void Client::on_incoming(Frame& frame, Incoming incoming) {
  if (const auto* reply = std::get_if<ReplyIn>(&incoming)) {
    for (Import& import : imports_) {
      if (import.receive(context(frame), *reply)) break;
    }
  } else if (const auto* request = std::get_if<RequestIn>(&incoming)) {
    on_callback(frame, *request);
  }
}

// Everything that can go on does, until nothing can.
void Client::settle(Frame& frame) {
  for (uint32_t round = 0;; ++round) {
    CHECK(round < kRoundsMax, "calls that go on and on");
    Progress progress = Progress::none;
    while (!frame.events.empty()) {
      progress = Progress::some;
      for (const ImportEvent& event : std::exchange(frame.events, {})) {
        on_import_event(frame, event);
      }
    }
    // Also what is to be sent again waits while we are cut off from the MDT.
    for (Import& import : imports_) {
      if (import.number() < 2 || !cut_off()) import.proceed(context(frame));
    }
    if (reopens_) reopen_files(frame);
    if (validation_ == Validation::wanted) revalidate(frame);
    if (!frame.events.empty()) continue;
    if (mounted_) make_imports(frame);
    for (size_t i = 0; i < calls_.size(); ++i) {
      if (advance(frame, calls_[i]) == Progress::some) progress = Progress::some;
    }
    std::erase_if(calls_, [](const Call& call) { return call.stage == Stage::done; });
    if (settle_locks(frame) == Progress::some) progress = Progress::some;
    if (settle_epochs(frame) == Progress::some) progress = Progress::some;
    for (ClientObject& object : objects_) write_back(frame, object);
    if (progress == Progress::none && frame.events.empty()) break;
  }
  destroy_committed(frame);
  trim_locks();
  prune_closed();
  prune_objects();
  arm_write_back(frame);
}

void Client::on_import_event(Frame& frame, const ImportEvent& event) {
  if (event.import == 0 && log_ && !imports_.empty() &&
      log_->handle(context(frame), imports_[0], event)) {
    return;
  }
  switch (event.kind) {
    case ImportEvent::Kind::completed:
      on_completed(frame, event);
      return;
    case ImportEvent::Kind::replayed:
      on_replayed(frame, event);
      return;
    case ImportEvent::Kind::want_locks:
      replay_locks(frame, event.import);
      return;
    case ImportEvent::Kind::locks_lost:
      on_locks_lost(event.import);
      return;
    case ImportEvent::Kind::evicted:
      on_evicted(frame, event.import);
      return;
    case ImportEvent::Kind::refused:
      note(frame, "connect:refused", event.status);
      return;
    case ImportEvent::Kind::connected:
      if (const Import* import = find_import(event.import);
          import != nullptr && import->setup().kind == ImportSetup::Kind::ost) {
        // Each connection, also one again, tells what we have in all: what is dirty has its part,
        // and what was to be given back is still ours.
        const uint32_t ost = event.import - 2;
        const uint64_t taken = granted_dirty_on(ost);
        grant_of(ost).lost = 0;
        grant_of(ost).available =
            import->granted().grant - std::min<uint64_t>(import->granted().grant, taken);
        note_grant(frame, grant_of(event.import - 2));
      }
      return;
    case ImportEvent::Kind::closed:
      return;
  }
}

void Client::on_completed(Frame& frame, const ImportEvent& event) {
  const auto key = std::tie(event.import, event.request);
  const auto found = std::ranges::lower_bound(waiters_, key, {}, &Waiter::key);
  if (found == waiters_.end() || found->key() != key) return;
  const Waiter waiter = *found;
  waiters_.erase(found);
  switch (waiter.kind) {
    case Waiter::Kind::nobody:
      // A CANCEL that got lost is sent again: the server would wait until it evicts us for it.
      if (waiter.id != 0 && event.status == -ETIMEDOUT &&
          !config_.defects.has(Defect::cancel_not_sent_again)) {
        send_cancel(frame, {.import = waiter.import, .remote = waiter.id});
      }
      return;
    case Waiter::Kind::call:
      if (Call* call = find_call(waiter.id)) {
        --call->waiting;
        if (event.reply) {
          call->reply = spoken().parse(call->op, *event.reply);
        } else {
          call->reply = {};
          call->reply.status = event.status;
        }
        call->result.data = call->op == MdOp::readpage ? event.bulk : call->result.data;
      }
      return;
    case Waiter::Kind::part:
    case Waiter::Kind::statfs:
      on_part_done(frame, waiter, event);
      return;
    case Waiter::Kind::lock:
      on_enqueued(frame, waiter.id, event);
      return;
    case Waiter::Kind::write:
      on_written(frame, waiter, event);
      return;
    case Waiter::Kind::replayed_lock:
      on_lock_replayed(waiter.id, event);
      return;
    case Waiter::Kind::sequence:
      sequence_asked_ = false;
      on_sequence(event);
      return;
    case Waiter::Kind::closed:
      if (event.reply) on_closed(frame, spoken().parse(MdOp::close, *event.reply));
      return;
    case Waiter::Kind::reopened:
      on_reopened(waiter, event);
      return;
    case Waiter::Kind::revalidated:
      on_revalidated(frame, event);
      return;
    case Waiter::Kind::epoch_end:
    case Waiter::Kind::epoch_part:
      on_epoch_end_reply(waiter, event);
      return;
  }
}

void Client::on_sequence(const ImportEvent& event) {
  const auto reply = event.reply ? operations::SeqQuery::Reply::decode(*event.reply)
                                 : std::unexpected(protocol::WireError{});
  const bool good = event.status == 0 && reply && reply->range.start < reply->range.end &&
                    reply->range.start >= kFidSeqNormal;
  if (!good) {
    sequence_status_ = event.status < 0 ? event.status : -EPROTO;
    return;
  }
  sequence_ = reply->range.start;
  sequence_end_ = reply->range.end;
  next_oid_ = 1;
}

// Whatever was this server's is lost (facts: semantics 1.11): locks and what they covered, dirty
// data of an OST. Files stay open; the MDT knows their handles no more.
void Client::on_evicted(Frame& frame, uint32_t import) {
  note(frame, "client:evicted", import);
  drop_locks(frame, import);
  if (import == 1) {
    names_.clear();
    forget_epochs();
    std::erase_if(files_, [](const OpenedFile& file) { return file.closed; });
    for (OpenedFile& file : files_) {
      file.open_request = file.close_request = 0;
      file.lost = true;
    }
    doomed_.clear();  // whoever forgot us destroys them
    reopens_ = has(SomPolicy::reopen) || has(SomPolicy::ask_clients);
    if (has(SomPolicy::client_leaves_osts)) leave_osts(frame);
    return;
  }
  if (config_.defects.has(Defect::evicted_client_keeps_dirty)) return;
  for (ClientObject& object : objects_) {
    if (object.ost + 2 != import) continue;
    if (object.cache.dirty()) object.error = -EIO;
    object.cache.discard(0, ~uint64_t{0});
    note_data(frame, Fact::Kind::discarded, object, 0, ~uint64_t{0});
    object.size = 0;
  }
}

// A replayed open has a new handle: the file has it from now on, and a close that is kept, too.
void Client::on_replayed(Frame& frame, const ImportEvent& event) {
  if (event.import != 1 || !event.reply || epoch_replayed(event)) return;
  const auto file = std::ranges::find(files_, event.request, &OpenedFile::open_request);
  if (file == files_.end() || file->open_request == 0) return;
  const MdReply reply = spoken().parse(MdOp::open, *event.reply);
  if (reply.status < 0 || reply.body.handle.cookie == 0) {
    note(frame, "open replay:failed", reply.status);
    return;
  }
  file->handle = reply.body.handle.cookie;
  if (file->ioepoch == 0 && epochs()) file->ioepoch = reply.body.ioepoch;
  if (file->close_request == 0) return;
  if (const Bytes* close = mds().message(file->close_request)) {
    mds().amend(file->close_request, spoken().kept_close(*close, file->handle));
  }
  for (const EpochEnd& end : epoch_ends_) {
    if (end.fd != file->fd || end.request == 0) continue;
    if (const Bytes* done = mds().message(end.request)) {
      mds().amend(end.request, spoken().kept_epoch_end(*done, true, file->handle, false));
    }
  }
}

// --- calls ---

Client::Progress Client::advance(Frame& frame, Call& call) {
  if (call.waiting != 0 || call.stage == Stage::done) return Progress::none;
  const Stage before = call.stage;
  const Progress progress = advance_call(frame, call);
  return call.stage != before ? Progress::some : progress;
}

Client::Progress Client::advance_call(Frame& frame, Call& call) {
  using Kind = Syscall::Kind;
  switch (call.args.kind) {
    case Kind::mount:
      return advance_mount(frame, call);
    case Kind::unmount:
      return advance_unmount(frame, call);
    case Kind::statfs:
      return advance_statfs(frame, call);
    case Kind::stat:
    case Kind::lstat: {
      Progress progress = Progress::none;
      if (call.stage == Stage::begin) {
        call.stage = start_walk(call, call.args.path) ? Stage::walk : Stage::begin;
        if (call.stage == Stage::begin) finish(frame, call, call.status);
        return Progress::some;
      }
      if (call.stage == Stage::walk) {
        if (!walk(frame, call, false, call.args.kind == Kind::stat, progress)) return progress;
        call.stage = Stage::glimpse;
      }
      const bool asks = (call.args.flags & kStatDontSync) == 0;
      if (call.status == 0 && asks && !glimpse(frame, call, progress)) return progress;
      call.result.attributes = call.attributes;
      finish(frame, call, call.status);
      return Progress::some;
    }
    case Kind::open:
      return advance_open(frame, call);
    case Kind::close:
      return advance_close(frame, call);
    case Kind::read:
      return advance_read(frame, call);
    case Kind::write:
      return advance_write(frame, call);
    case Kind::fsync:
      return advance_fsync(frame, call);
    case Kind::sync:
      return advance_sync(frame, call);
    case Kind::truncate:
      return advance_truncate(frame, call);
    case Kind::chmod:
    case Kind::chown:
    case Kind::utime:
      return advance_setattr(frame, call);
    case Kind::mkdir:
    case Kind::rmdir:
    case Kind::unlink:
    case Kind::link:
    case Kind::symlink:
    case Kind::rename:
    case Kind::mknod:
    case Kind::setxattr:
    case Kind::removexattr:
      return advance_change(frame, call);
    case Kind::readlink:
      return advance_readlink(frame, call);
    case Kind::readdir:
      return advance_readdir(frame, call);
    case Kind::getxattr:
    case Kind::listxattr:
      return advance_getxattr(frame, call);
    case Kind::flock:
      return advance_flock(frame, call);
  }
  finish(frame, call, -22);  // a kind that is none
  return Progress::some;
}

void Client::finish(Frame& frame, Call& call, int32_t status) {
  CHECK(call.stage != Stage::done);
  unlock_objects(call);
  release_lock(std::exchange(call.layout_lock, 0));
  if (md_busy_ == call.id + 1) md_busy_ = 0;
  if (close_busy_ == call.id + 1) close_busy_ = 0;
  call.stage = Stage::done;
  if (status == -EINTR) status = -EIO;  // what was under way when a server forgot us
  call.result.status = status;
  if (status != 0) {
    const Result failed{.status = status};
    call.result = failed;
  }
  frame.out.push_back(Answer{call.id, std::move(call.result)});
}

Call* Client::find_call(OrderId id) {
  const auto found = std::ranges::find(calls_, id, &Call::id);
  return found == calls_.end() ? nullptr : &*found;
}

Import* Client::find_import(uint32_t number) {
  const auto found = std::ranges::find(imports_, number, &Import::number);
  return found == imports_.end() ? nullptr : &*found;
}

const ClientDialect& Client::spoken() const {
  const bool fids =
      imports_.size() > 1 && imports_[1].granted(protocol::ptlrpc::connect_flag::kFid);
  return fids ? kClient20 : kClient18;
}

int64_t Client::wall_clock(const Frame& frame) const {
  return config_.wall_clock_base_s + frame.now / kSecond;
}

void Client::wait_for(uint32_t import, RequestId request, Waiter waiter) {
  waiter.import = import;
  waiter.request = request;
  const auto place = std::ranges::upper_bound(waiters_, waiter.key(), {}, &Waiter::key);
  waiters_.insert(place, waiter);
}

void Client::send_md(Frame& frame, Call& call, MdOp op, const MdRequest& request) {
  call.op = op;
  ++call.waiting;
  OutgoingRequest outgoing = spoken().metadata(op, request);
  call.request = mds().submit(context(frame), std::move(outgoing));
  wait_for(1, call.request, {.kind = Waiter::Kind::call, .id = call.id});
}

// Who asks, and when. The arguments of chown are the new owner: it is root that asks.
MdRequest Client::md_request(const Frame& frame, const Call& call) const {
  MdRequest request;
  if (call.args.kind != Syscall::Kind::chown) {
    request.fsuid = call.args.uid;
    request.fsgid = call.args.gid;
  }
  request.time = wall_clock(frame);
  return request;
}

void Client::note(Frame& frame, std::string_view text, int64_t value) const {
  Fact fact;
  fact.kind = Fact::Kind::reached;
  fact.client = uuid_;
  fact.value = value;
  fact.text = text;
  frame.out.push_back(Note{std::move(fact)});
}

void Client::note_lock(Frame& frame, Fact::Kind kind, uint64_t handle) const {
  frame.out.push_back(Note{{.kind = kind, .client = uuid_, .handle = handle}});
}

void Client::note_data(Frame& frame, Fact::Kind kind, const ClientObject& object, uint64_t start,
                       uint64_t end) const {
  frame.out.push_back(Note{{.kind = kind,
                            .client = uuid_,
                            .xid = object.ost,
                            .object = {object.id, object.seq},
                            .start = start,
                            .end = end}});
}

void Client::note_grant(Frame& frame, const ClientGrant& grant) const {
  frame.out.push_back(Note{{.kind = Fact::Kind::grant_known,
                            .client = uuid_,
                            .xid = grant.ost,
                            .value = static_cast<int64_t>(grant.available)}});
}

void Client::invariants() const {
  endpoint_.invariants();
  for (const Import& import : imports_) import.invariants();
  CHECK(calls_.size() <= kCallsMax);
  CHECK(std::ranges::is_sorted(inodes_, {}, &CachedInode::fid));
  CHECK(std::ranges::is_sorted(names_, {}, &CachedName::key));
  CHECK(std::ranges::is_sorted(objects_, {}, &ClientObject::key));
  CHECK(std::ranges::is_sorted(waiters_, {}, &Waiter::key));
  for (const ClientObject& object : objects_) object.cache.invariants();
  for (const CachedName& name : names_) {
    CHECK(inodebits_held(name.child, protocol::ldlm::inodebit::kLookup),
          "a name counts only under a lock");
  }
}

}  // namespace reference
