// Mounting and unmounting: the MGS's log, the connections, the root; and the sizes of it all.
#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>

#include "protocol/operations_2_0.h"
#include "reference/client.h"
#include "reference/derive.h"
#include "reference/file_mode.h"

namespace reference {

namespace ptlrpc = protocol::ptlrpc;

namespace {

// The first import of every client.
ImportSetup mgs_setup(const ClientDialect& dialect, const std::string& uuid, PeerId mgs) {
  ImportSetup setup;
  setup.kind = ImportSetup::Kind::mgs;
  setup.number = 0;
  setup.target_uuid = "MGS";
  setup.self_uuid = uuid;
  setup.peers = {mgs};
  setup.wish.connect_flags = dialect.mgs_flags;
  setup.wish.version = dialect.version;
  return setup;
}

}  // namespace

Client::Progress Client::advance_mount(Frame& frame, Call& call) {
  switch (call.stage) {
    case Stage::begin: {
      const bool another = std::ranges::any_of(calls_, [&](const Call& other) {
        return other.id != call.id && other.args.kind == Syscall::Kind::mount;
      });
      if (mounted_ || another) {
        finish(frame, call, -EBUSY);
        break;
      }
      uuid_ = derive_uuid(config_, config_.self, ++mounts_);
      imports_.emplace_back(config_, mgs_setup(own(), uuid_, config_.mgs));
      if (config_.mgs.nid != 0) {
        log_.emplace(config_.fsname, config_.fsname + "-client");
        imports_[0].connect(context(frame));
      }
      call.stage = Stage::config;
      break;
    }
    case Stage::config:
      if (!log_ || log_->complete()) {
        make_imports(frame);
        if (imports_.size() < 2 || imports_[1].setup().kind != ImportSetup::Kind::mds) {
          forget_mount();
          finish(frame, call, -ENODEV);
          break;
        }
        // What is submitted now waits until the connection is there.
        call.stage = Stage::connect;
      } else if (log_->status() != 0 || imports_[0].phase() == ImportState::closed) {
        const int32_t status = log_->status() != 0 ? log_->status() : -EPROTO;
        forget_mount();
        finish(frame, call, status);
      }
      break;
    case Stage::connect:
      if (mds().phase() == ImportState::closed) {
        forget_mount();
        finish(frame, call, -EPROTO);
      } else if (mds().usable()) {
        send_md(frame, call, MdOp::getstatus, md_request(frame, call));
        call.stage = Stage::root;
      }
      break;
    case Stage::root:
      on_root(frame, call);
      break;
    case Stage::walk:
      return walk_to_root(frame, call);
    default:
      break;
  }
  return Progress::none;
}

// The root's fid, then its attributes; then the mount is done, or walks to where it was asked for.
void Client::on_root(Frame& frame, Call& call) {
  const auto fail = [&](int32_t status) {
    forget_mount();
    finish(frame, call, status);
  };
  if (call.reply.status != 0) return fail(call.reply.status < 0 ? call.reply.status : -EIO);
  const auto& fid = call.reply.body.fid1;
  if (call.op == MdOp::getstatus) {
    root_ = {fid.seq, fid.oid, fid.ver};
    MdRequest request = md_request(frame, call);
    request.fid = root_;
    request.valid = 0x00000000'0001'6fff;  // type, owner, times, size, links
    send_md(frame, call, MdOp::getattr, request);
  } else if (call.args.path.empty() || call.args.path == "/") {
    mounted_ = true;
    finish(frame, call, 0);
  } else if (!start_walk(call, call.args.path)) {
    fail(call.status);
  } else {
    call.stage = Stage::walk;
  }
}

// The directory that the mount asked for becomes the root.
Client::Progress Client::walk_to_root(Frame& frame, Call& call) {
  Progress progress = Progress::none;
  if (!walk(frame, call, false, true, progress)) return progress;
  int32_t status = call.status;
  if (status == 0 && (call.attributes.mode & kModeTypeMask) != kModeDirectory) status = -ENOTDIR;
  if (status == 0) {
    root_ = call.fid;
    mounted_ = true;
  } else {
    forget_mount();
  }
  finish(frame, call, status);
  return Progress::some;
}

// An import for each target of the log that has none yet: at mount, and when OSTs were added.
void Client::make_imports(Frame& frame) {
  for (const ConfigTarget& target : log_ ? log_->targets() : targets_) {
    if (target.peers.empty()) continue;
    const bool mdt = target.kind == ConfigTarget::Kind::mdt;
    if (mdt && target.index != 0) continue;
    const uint32_t number = mdt ? 1 : target.index + 2;
    if (number >= 2048 || find_import(number) != nullptr) continue;
    add_import(frame, target);
  }
}

void Client::add_import(Frame& frame, const ConfigTarget& target) {
  const bool mdt = target.kind == ConfigTarget::Kind::mdt;
  ImportSetup setup;
  setup.kind = mdt ? ImportSetup::Kind::mds : ImportSetup::Kind::ost;
  setup.number = mdt ? 1 : target.index + 2;
  setup.target_uuid = target.uuid;
  setup.self_uuid = uuid_;
  setup.peers = target.peers;
  setup.wish.connect_flags = mdt ? own().mds_flags : own().ost_flags;
  if (mdt && config_.som.on) setup.wish.connect_flags |= protocol::ptlrpc::connect_flag::kSom;
  setup.wish.version = own().version;
  setup.wish.ibits_known = 7;
  if (!mdt) {
    setup.wish.grant = 2 * kTransferMax;
    setup.wish.brw_size = kTransferMax;
  }
  const auto place = std::ranges::upper_bound(imports_, setup.number, {}, &Import::number);
  const auto made = imports_.emplace(place, config_, std::move(setup));
  made->connect(context(frame));
}

void Client::forget_mount() {
  imports_.clear();
  log_.reset();
  mounted_ = false;
  root_ = {};
  inodes_.clear();
  names_.clear();
  files_.clear();
  locks_.clear();
  objects_.clear();
  grants_.clear();
  waiters_.clear();
  doomed_.clear();
  epoch_ends_.clear();
  sequence_ = sequence_end_ = 0;
  sequence_asked_ = false;
}

// Writes back, closes what is open, gives up the locks, then the connections.
Client::Progress Client::advance_unmount(Frame& frame, Call& call) {
  switch (call.stage) {
    case Stage::begin:
      if (calls_.size() > 1) {
        finish(frame, call, -EBUSY);
        break;
      }
      for (ClientObject& object : objects_) object.flush = true;
      call.stage = Stage::flush;
      break;
    case Stage::flush: {
      const bool dirty = std::ranges::any_of(
          objects_, [](const ClientObject& object) { return object.cache.dirty(); });
      if (dirty) break;
      for (OpenedFile& file : files_) {
        if (file.closed) continue;
        MdRequest request = md_request(frame, call);
        request.fid = file.fid;
        request.handle = file.handle;
        send_md(frame, call, MdOp::close, request);
      }
      files_.clear();
      call.stage = Stage::cancel_locks;
      break;
    }
    case Stage::cancel_locks: {
      for (ClientLock& lock : locks_) lock.callback_pending = true;
      if (!locks_.empty()) break;
      for (Import& import : imports_) import.disconnect(context(frame));
      call.stage = Stage::disconnect;
      break;
    }
    case Stage::disconnect: {
      const bool closed = std::ranges::all_of(
          imports_, [](const Import& import) { return import.phase() == ImportState::closed; });
      if (!closed) break;
      forget_mount();
      finish(frame, call, 0);
      break;
    }
    default:
      break;
  }
  return Progress::none;
}

Client::Progress Client::advance_statfs(Frame& frame, Call& call) {
  if (call.stage == Stage::begin) {
    for (Import& import : imports_) {
      if (import.setup().kind == ImportSetup::Kind::mgs) continue;
      const bool mdt = import.setup().kind == ImportSetup::Kind::mds;
      OutgoingRequest request =
          mdt ? make_request<protocol::operations_2_0::MdsStatfs>({}, 1, ptlrpc::ObdStatfs::kSize)
              : own().ost(OstOp::statfs, {});
      const RequestId id = import.submit(context(frame), std::move(request));
      wait_for(import.number(), id, {.kind = Waiter::Kind::statfs, .id = call.id});
      ++call.waiting;
    }
    call.stage = Stage::request;
    return Progress::some;
  }
  finish(frame, call, call.status);
  return Progress::none;
}

}  // namespace reference
