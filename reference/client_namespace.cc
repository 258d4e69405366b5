// Calls that change names and attributes. Each is one request, in its turn: a client has one such
// request under way, so that a lost answer can be rebuilt from its slot (facts: semantics 1.6).
#include <algorithm>
#include <limits>
#include <utility>

#include "protocol/check.h"
#include "protocol/llog.h"
#include "protocol/mds.h"
#include "protocol/operations_2_0.h"
#include "reference/client.h"
#include "reference/file_mode.h"

namespace reference {

namespace ldlm = protocol::ldlm;
namespace attr = protocol::mds::attr;
namespace valid = protocol::mds::valid;
using Kind = Syscall::Kind;

namespace {

constexpr uint32_t kUnchanged = 0xffffffff;  // chown's uid or gid

// How a call finds what it works on, and whether it makes a file.
struct ChangeRow {
  Kind kind;
  MdOp op;
  bool by_name;      // the path's last name is to be made or removed
  bool second_name;  // Syscall::target is a path too
  bool makes_file;
};
constexpr auto kChanges = std::to_array<ChangeRow>({
    {Kind::mkdir, MdOp::create, true, false, true},
    {Kind::rmdir, MdOp::unlink, true, false, false},
    {Kind::unlink, MdOp::unlink, true, false, false},
    {Kind::link, MdOp::link, false, true, false},
    {Kind::symlink, MdOp::symlink, true, false, true},
    {Kind::rename, MdOp::rename, true, true, false},
    {Kind::mknod, MdOp::create, true, false, true},
    {Kind::setxattr, MdOp::setxattr, false, false, false},
    {Kind::removexattr, MdOp::setxattr, false, false, false},
});

const ChangeRow& row_of(Kind kind) {
  const auto row = std::ranges::find(kChanges, kind, &ChangeRow::kind);
  CHECK(row != kChanges.end());
  return *row;
}

}  // namespace

bool Client::take_turn(uint64_t& turn, const Call& call) {
  if (config_.defects.has(Defect::modifications_not_serialised)) return true;
  if (turn == 0) turn = call.id + 1;
  return turn == call.id + 1;
}

// FIDs come out of a sequence that the MDT gave us; none while one is being asked for.
std::optional<Fid> Client::new_fid(Frame& frame, Call& call) {
  if (!spoken().chooses_fids) return Fid{};
  if (sequence_ < sequence_end_) {
    const Fid fid{sequence_, next_oid_++, 0};
    if (next_oid_ > kFidOidMax) {
      ++sequence_;
      next_oid_ = 1;
    }
    return fid;
  }
  if (sequence_status_ != 0) {
    call.status = std::exchange(sequence_status_, 0);
    return std::nullopt;
  }
  if (sequence_asked_) return std::nullopt;
  sequence_asked_ = true;
  protocol::operations_2_0::SeqQuery::Request request;
  request.op = protocol::fid::seq_op::kAllocMeta;
  const RequestId id = mds().submit(
      context(frame), make_request<protocol::operations_2_0::SeqQuery>(request, 1, 24));
  wait_for(1, id, {.kind = Waiter::Kind::sequence});
  return std::nullopt;
}

Client::Progress Client::advance_change(Frame& frame, Call& call) {
  Progress progress = Progress::none;
  const ChangeRow& row = row_of(call.args.kind);
  if (call.stage == Stage::begin || call.stage == Stage::walk || call.stage == Stage::walk_second) {
    if (!walk_for_change(frame, call, row.by_name, row.second_name, progress)) return progress;
    call.stage = Stage::fid;
  }
  if (call.stage == Stage::fid) {
    if (row.makes_file && call.status == 0) {
      const auto fid = new_fid(frame, call);
      if (!fid && call.status == 0) return progress;
      call.fid = fid.value_or(Fid{});
    }
    if (call.status != 0) {
      finish(frame, call, call.status);
      return Progress::some;
    }
    call.stage = Stage::rpc_lock;
  }
  if (call.stage == Stage::rpc_lock) {
    if (!take_turn(md_busy_, call)) return progress;
    send_change(frame, call, row.op);
    call.stage = Stage::request;
    return Progress::some;
  }
  md_busy_ = 0;
  on_changed(frame, call);
  finish(frame, call, call.status);
  return Progress::some;
}

// True when the names are found, or call.status says why not.
bool Client::walk_for_change(Frame& frame, Call& call, bool by_name, bool second,
                             Progress& progress) {
  if (call.stage == Stage::begin) {
    progress = Progress::some;
    if (!start_walk(call, call.args.path)) return true;
    call.stage = Stage::walk;
  }
  if (call.stage == Stage::walk) {
    const bool follow = call.args.kind != Kind::link;
    if (!walk(frame, call, by_name, follow, progress)) return false;
    if (call.status != 0 || !second) return true;
    call.source_directory = call.directory;
    call.source_name = call.name;
    call.source_fid = call.fid;
    if (!start_walk(call, call.args.target)) return true;
    call.stage = Stage::walk_second;
  }
  return walk(frame, call, true, false, progress);
}

void Client::send_change(Frame& frame, Call& call, MdOp op) {
  MdRequest request = md_request(frame, call);
  request.parent = call.directory;
  request.name = call.name;
  request.fid = call.fid;
  switch (call.args.kind) {
    case Kind::mkdir:
      request.mode = (call.args.mode & kModePermissions) | kModeDirectory;
      break;
    case Kind::mknod:
      request.mode = call.args.mode;
      if ((request.mode & kModeTypeMask) == 0) request.mode |= kModeRegular;
      request.rdev = call.args.length;
      break;
    case Kind::symlink:
      request.mode = 0777 | kModeSymlink;
      request.source_name = call.args.target;
      break;
    case Kind::rmdir:
    case Kind::unlink:
      request.flags = call.args.kind == Kind::rmdir ? kModeDirectory : 0;
      request.fid = known_child(call.directory, call.name).value_or(Fid{});
      break;
    case Kind::link:
      request.fid = call.source_fid;
      break;
    case Kind::rename:
      request.fid = {};
      request.source_parent = call.source_directory;
      request.source_name = call.source_name;
      break;
    default:  // setxattr, removexattr
      request.name = call.args.target;
      request.flags = call.args.flags;
      request.data = call.args.data.view();
      request.remove = call.args.kind == Kind::removexattr;
      break;
  }
  send_md(frame, call, op, request);
}

void Client::on_changed(Frame& frame, Call& call) {
  call.status = std::min(call.reply.status, 0);
  if (call.args.kind == Kind::rename) forget_name(call.source_directory, call.source_name);
  forget_name(call.directory, call.name);
  if (call.status != 0) return;
  if (row_of(call.args.kind).makes_file && call.reply.transno != 0) {
    if (const Bytes* kept = mds().message(call.request)) {
      mds().amend(call.request, spoken().kept_create(*kept, call.reply));
    }
  }
  destroy_objects(frame, call.reply);
}

// The last name of a file is gone: whoever removed it destroys the objects, when that is durable.
// Nobody waits for it (facts: semantics 2.5).
void Client::destroy_objects(Frame& frame, const MdReply& reply) {
  const auto layout = layout_of(reply.ea);
  if (!layout || (reply.body.valid & valid::kEaSize) == 0) return;
  for (size_t i = 0; i < layout->stripes.size(); ++i) {
    const Stripe& stripe = layout->stripes[i];
    if (find_import(stripe.ost_index + 2) == nullptr) continue;
    ClientObject& object = object_of(stripe, {reply.body.fid1.seq, reply.body.fid1.oid, 0});
    grant_of(stripe.ost_index).lost += object.cache.discard(0, ~uint64_t{0});
    note_data(frame, Fact::Kind::discarded, object, 0, ~uint64_t{0});
    object.error = 0;
    object.written = false;
    const ResourceName resource{.name = {stripe.object_id, stripe.object_seq, 0, 0}};
    for (ClientLock& lock : locks_) {
      if (lock.import != stripe.ost_index + 2 || !(lock.resource == resource)) continue;
      lock.callback_pending = lock.discard = true;
    }
    DoomedObject doomed;
    doomed.ost = stripe.ost_index;
    doomed.transno = reply.transno;
    doomed.obdo = obdo_of(object);
    const auto cookie = protocol::decode<protocol::llog::LlogCookie>(
        reply.cookies.slice(i * protocol::llog::LlogCookie::kSize).view());
    if (cookie && (reply.body.valid & valid::kCookie) != 0) {
      doomed.obdo.valid |= valid::kCookie;
      doomed.obdo.lcookie = *cookie;
    }
    doomed_.push_back(doomed);
  }
  // Who has nothing else to say asks once; later the pings tell.
  if (!doomed_.empty()) {
    const Time soon = frame.now + config_.timing.reconnect_delay;
    frame.out.push_back(SetTimer{{kDestroyTimer, 0}, soon});
  }
}

void Client::destroy_committed(Frame& frame) {
  if (doomed_.empty()) return;
  const uint64_t committed = config_.defects.has(Defect::objects_destroyed_before_commit)
                                 ? std::numeric_limits<uint64_t>::max()
                                 : mds().last_committed();
  for (const DoomedObject& object : doomed_) {
    if (object.transno <= committed) send_destroy(frame, object);
  }
  std::erase_if(doomed_, [&](const DoomedObject& one) { return one.transno <= committed; });
}

void Client::send_destroy(Frame& frame, const DoomedObject& object) {
  if (find_import(object.ost + 2) == nullptr) return;
  OstRequest request;
  request.obdo = object.obdo;
  const RequestId id = submit_ost(frame, object.ost, OstOp::destroy, request);
  wait_for(object.ost + 2, id, {.kind = Waiter::Kind::nobody});
}

// --- chmod, chown, utime ---

Client::Progress Client::advance_setattr(Frame& frame, Call& call) {
  Progress progress = Progress::none;
  if (call.stage == Stage::begin || call.stage == Stage::walk) {
    if (!walk_for_change(frame, call, false, false, progress)) return progress;
    if (call.status != 0) {
      finish(frame, call, call.status);
      return Progress::some;
    }
    call.stage = Stage::rpc_lock;
  }
  if (call.stage == Stage::rpc_lock) {
    if (!take_turn(md_busy_, call)) return progress;
    MdRequest request = md_request(frame, call);
    request.fid = call.fid;
    request.valid = attr::kCtime;
    if (call.args.kind == Kind::chmod) {
      request.valid |= attr::kMode;
      request.mode = (call.attributes.mode & kModeTypeMask) | (call.args.mode & kModePermissions);
    } else if (call.args.kind == Kind::chown) {
      request.uid = call.args.uid;
      request.gid = call.args.gid;
      if (request.uid != kUnchanged) request.valid |= attr::kUid;
      if (request.gid != kUnchanged) request.valid |= attr::kGid;
    } else {
      request.valid |= attr::kAtime | attr::kMtime | attr::kAtimeSet | attr::kMtimeSet;
      request.atime = call.args.atime;
      request.mtime = call.args.mtime;
    }
    send_md(frame, call, MdOp::setattr, request);
    call.stage = Stage::request;
    return Progress::some;
  }
  if (call.stage == Stage::request) {
    md_busy_ = 0;
    call.status = std::min(call.reply.status, 0);
    call.stage = Stage::sync;
    if (call.status == 0 && call.args.kind == Kind::utime) send_object_times(frame, call);
    if (call.waiting != 0) return Progress::some;
  }
  finish(frame, call, call.status);
  return Progress::some;
}

// Objects have times of their own, and the latest counts: they must be told, too.
void Client::send_object_times(Frame& frame, Call& call) {
  const auto layout = layout_of(call.ea);
  if (!layout) return;
  for (const Stripe& stripe : layout->stripes) {
    if (find_import(stripe.ost_index + 2) == nullptr) continue;
    ClientObject& object = object_of(stripe, call.fid);
    object.mtime = call.args.mtime;
    object.atime = call.args.atime;
    OstRequest request;
    request.obdo = obdo_of(object);
    request.obdo.valid |= valid::kMtime | valid::kAtime | valid::kCtime;
    request.obdo.mtime = static_cast<uint64_t>(call.args.mtime);
    request.obdo.atime = static_cast<uint64_t>(call.args.atime);
    request.obdo.ctime = static_cast<uint64_t>(wall_clock(frame));
    const RequestId id = submit_ost(frame, stripe.ost_index, OstOp::setattr, request);
    wait_for(stripe.ost_index + 2, id, {.kind = Waiter::Kind::part, .id = call.id});
    ++call.waiting;
  }
}

}  // namespace reference
