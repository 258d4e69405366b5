// Opening and closing. An open is kept for replay until its close is committed, with what its reply
// brought written into it (facts: semantics 2.4, differences 14).
#include <algorithm>
#include <cerrno>
#include <utility>

#include "protocol/check.h"
#include "protocol/mds.h"
#include "reference/client.h"
#include "reference/file_mode.h"
#include "reference/open_flags.h"

namespace reference {

namespace ldlm = protocol::ldlm;
namespace open_flag = protocol::mds::open_flag;
namespace attr = protocol::mds::attr;

namespace {

// Flags of the MDT that have Linux's values.
constexpr uint32_t kSameFlags = open_flags::kCreate | open_flags::kExclusive |
                                open_flags::kTruncate | open_flags::kAppend |
                                open_flags::kDirectory;
static_assert(open_flags::kCreate == open_flag::kCreat);
static_assert(open_flags::kExclusive == open_flag::kExcl);
static_assert(open_flags::kTruncate == open_flag::kTrunc);
static_assert(open_flags::kAppend == open_flag::kAppend);
static_assert(open_flags::kDirectory == open_flag::kDirectory);

uint32_t wire_flags(uint32_t flags) {
  const uint32_t access = flags & open_flags::kAccess;
  uint32_t wire = flags & kSameFlags;
  if (access != open_flags::kWrite) wire |= open_flag::kFmodeRead;
  if (access != open_flags::kRead) wire |= open_flag::kFmodeWrite;
  if ((flags & open_flags::kExecute) != 0) wire |= open_flag::kFmodeExec;
  return wire;
}

}  // namespace

OpenedFile* Client::find_file(uint64_t fd) {
  const auto found = std::ranges::find(files_, fd, &OpenedFile::fd);
  return found == files_.end() || found->closed ? nullptr : &*found;
}

Client::Progress Client::advance_open(Frame& frame, Call& call) {
  Progress progress = Progress::none;
  if (call.stage == Stage::begin) {
    if (files_.size() >= kOpenFilesMax) call.status = -EMFILE;
    if (call.status != 0 || !start_walk(call, call.args.path)) {
      finish(frame, call, call.status);
      return Progress::some;
    }
    call.stage = Stage::walk;
  }
  if (call.stage == Stage::walk) {
    if (call.names.empty() && call.asked == WalkAsked::nothing) {  // "/"
      call.directory = call.fid;
      call.name.clear();
    } else if (!walk(frame, call, true, true, progress)) {
      return progress;
    }
    call.stage = Stage::fid;
  }
  if (call.stage == Stage::fid) {
    if (call.status == 0 && (call.args.flags & open_flags::kCreate) != 0) {
      const auto fid = new_fid(frame, call);
      if (!fid && call.status == 0) return progress;
      call.fid = fid.value_or(Fid{});
    } else if (!call.name.empty()) {
      call.fid = known_child(call.directory, call.name).value_or(Fid{});
    }
    if (call.status != 0) {
      finish(frame, call, call.status);
      return Progress::some;
    }
    call.stage = Stage::rpc_lock;
  }
  if (call.stage == Stage::rpc_lock) {
    if (!take_turn(md_busy_, call)) return progress;
    send_open(frame, call);
    call.stage = Stage::request;
    return Progress::some;
  }
  if (call.stage == Stage::request) {
    md_busy_ = 0;
    on_opened(frame, call);
    return Progress::some;
  }
  return advance_open_truncate(frame, call);
}

void Client::send_open(Frame& frame, Call& call) {
  MdRequest request = md_request(frame, call);
  request.parent = call.directory;
  request.name = call.name;
  request.fid = call.fid;
  request.flags = wire_flags(call.args.flags);
  const bool creates = (request.flags & open_flag::kCreat) != 0;
  if (creates) request.mode = (call.args.mode & kModePermissions) | kModeRegular;
  Bytes wish;
  if (call.args.stripe_count != 0 || call.args.stripe_size != 0) {
    wish = encode_wish({call.args.stripe_count, call.args.stripe_size, kStripeAnywhere, {}});
    request.data = wish.view();
    request.flags |= open_flag::kHasEa;
  }
  call.lock = make_intent_lock(call.directory, spoken().open_bits,
                               creates ? ldlm::lock_mode::kCw : ldlm::lock_mode::kCr, request);
  send_md(frame, call, MdOp::open, request);
}

void Client::on_opened(Frame& frame, Call& call) {
  const MdReply& reply = call.reply;
  on_intent_lock(frame, call.lock, reply);
  const uint64_t done = reply.lock.lock_policy_res1;
  const bool negative = (done & ldlm::disposition::kLookupNeg) != 0;
  const bool created = negative && (done & ldlm::disposition::kOpenCreate) != 0;
  if (reply.status < 0) {
    call.status = reply.status;
  } else if (reply.lock.lock_policy_res2 < 0) {
    call.status = static_cast<int32_t>(std::max<int64_t>(reply.lock.lock_policy_res2, -4095));
  } else if (negative && !created) {
    call.status = -ENOENT;
  }
  if (call.status != 0) return finish(frame, call, call.status);
  take_body(call, reply);
  if ((call.attributes.mode & kModeTypeMask) == kModeSymlink && reply.body.handle.cookie == 0) {
    if ((call.args.flags & open_flags::kNoFollow) != 0) return finish(frame, call, -ELOOP);
    call.names.clear();
    call.stage = Stage::walk;
    ask_itself(frame, call, WalkAsked::link);
    return;
  }
  if (reply.body.handle.cookie == 0 || is_zero(call.fid)) {
    note(frame, "open:no handle");
    return finish(frame, call, -EPROTO);
  }
  remember(call);
  if (!call.name.empty()) remember_name(call.directory, call.name, call.fid);
  if (const Bytes* kept = mds().message(call.request)) {
    mds().amend(call.request, spoken().kept_open(*kept, reply));
  }
  OpenedFile file;
  file.fd = next_fd_++;
  file.fid = call.fid;
  file.flags = call.args.flags;
  file.handle = reply.body.handle.cookie;
  file.ioepoch = reply.body.ioepoch;
  file.ea = call.ea;
  file.open_request = call.request;
  call.result.value = file.fd;
  call.result.attributes = call.attributes;
  files_.push_back(std::move(file));
  const bool truncate = (call.args.flags & open_flags::kTruncate) != 0 && !created &&
                        (call.attributes.mode & kModeTypeMask) == kModeRegular;
  if (!truncate) return finish(frame, call, 0);
  call.stage = Stage::open_truncate;
}

// O_TRUNC of a file that was there: the MDT first, then the objects, as a truncate.
Client::Progress Client::advance_open_truncate(Frame& frame, Call& call) {
  Progress progress = Progress::none;
  if (call.stage == Stage::open_truncate) {
    if (!take_turn(md_busy_, call)) return progress;
    MdRequest request = md_request(frame, call);
    request.fid = call.fid;
    request.valid = attr::kSize | attr::kMtime | attr::kCtime | attr::kFromOpen;
    request.mtime = wall_clock(frame);
    send_md(frame, call, MdOp::setattr, request);
    call.stage = Stage::open_truncated;
    return Progress::some;
  }
  if (call.stage == Stage::open_truncated) {
    md_busy_ = 0;
    call.status = std::min(call.reply.status, 0);
    call.stage = Stage::punch;
  }
  if (call.status == 0 && !punch(frame, call, 0, progress)) return progress;
  if (call.status == 0) {
    call.result.attributes.size = 0;
  } else if (OpenedFile* file = find_file(call.result.value)) {
    // The application gets no descriptor: what was opened is closed again.
    abandon(frame, *file);
  }
  finish(frame, call, call.status);
  return Progress::some;
}

void Client::abandon(Frame& frame, OpenedFile& file) {
  MdRequest request;
  request.time = wall_clock(frame);
  request.fid = file.fid;
  request.handle = file.handle;
  file.closed = true;
  mds().release(file.open_request);
  file.close_request = mds().submit(context(frame), spoken().metadata(MdOp::close, request));
  wait_for(1, file.close_request, {.kind = Waiter::Kind::closed, .id = file.fd});
}

// --- close ---

Client::Progress Client::advance_close(Frame& frame, Call& call) {
  Progress progress = Progress::none;
  if (call.stage == Stage::begin) {
    const OpenedFile* file = find_file(call.args.fd);
    if (file == nullptr) {
      finish(frame, call, -EBADF);
      return Progress::some;
    }
    call.fid = file->fid;
    flush_file(call.fid);
    call.stage = Stage::rpc_lock;
  }
  if (call.stage == Stage::rpc_lock) {
    // The open may be under replay: given up now, it would leave the server a file that nobody has.
    if (mds().recovering() || !take_turn(close_busy_, call)) return progress;
    OpenedFile* file = find_file(call.args.fd);
    if (file == nullptr) {  // closed by another call in the meantime
      finish(frame, call, -EBADF);
      return Progress::some;
    }
    MdRequest request = md_request(frame, call);
    request.fid = file->fid;
    request.handle = file->handle;
    request.ioepoch = file->ioepoch;
    request.epoch_flags = close_flags(*file);
    file->closed = true;
    // A file whose epoch does not end with its close is opened again by a replay.
    file->epoch_goes_on = epochs() &&
                          (request.epoch_flags & protocol::mds_2_0::epoch_flag::kEpochClose) == 0 &&
                          file->ioepoch != 0;
    if (!file->epoch_goes_on) mds().release(file->open_request);
    send_md(frame, call, MdOp::close, request);
    file->close_request = call.request;
    call.stage = Stage::request;
    return Progress::some;
  }
  if (call.stage == Stage::request) {
    close_busy_ = 0;
    closed_epoch(frame, call);
  }
  on_closed(frame, call.reply);
  // The MDT may have forgotten the handle, before or just now: closed is closed.
  const bool forgotten = call.reply.status == -ESTALE || call.reply.status == -EINTR;
  call.status = forgotten ? 0 : std::min(call.reply.status, 0);
  if (call.status == 0) call.status = take_error(call.fid);
  finish(frame, call, call.status);
  return Progress::some;
}

void Client::on_closed(Frame& frame, const MdReply& reply) {
  if (reply.status == 0) destroy_objects(frame, reply);
}

// Closed files are known as long as their open or their close may have to be replayed.
void Client::prune_closed() {
  if (imports_.size() < 2) return;
  std::erase_if(files_, [&](const OpenedFile& file) {
    return file.closed && mds().message(file.open_request) == nullptr &&
           mds().message(file.close_request) == nullptr &&
           std::ranges::find(epoch_ends_, file.fd, &EpochEnd::fd) == epoch_ends_.end();
  });
}

}  // namespace reference
