// Calls that ask the MDT and change nothing, beside stat: directories, symlinks, extended
// attributes; and flocks, which are locks of the MDT.
#include <algorithm>
#include <cerrno>
#include <utility>

#include "protocol/mds.h"
#include "reference/client.h"
#include "reference/file_mode.h"

namespace reference {

namespace ldlm = protocol::ldlm;
namespace valid = protocol::mds::valid;
using Kind = Syscall::Kind;

namespace {

constexpr uint32_t kLinkRoom = 4097;
constexpr uint32_t kXattrRoom = 65536;
constexpr size_t kEntriesMax = 1u << 20;
constexpr uint64_t kFlockMark = 12;  // LDLM_FLOCK, in the resource's name
constexpr uint32_t kFlockOwner = 1;  // all calls of a client are one process
constexpr std::array<uint32_t, 3> kFlockModes = {ldlm::lock_mode::kPr, ldlm::lock_mode::kPw,
                                                 ldlm::lock_mode::kNl};

}  // namespace

Client::Progress Client::advance_readdir(Frame& frame, Call& call) {
  Progress progress = Progress::none;
  if (call.stage == Stage::begin || call.stage == Stage::walk) {
    if (!walk_for_change(frame, call, false, false, progress)) return progress;
    const bool directory = (call.attributes.mode & kModeTypeMask) == kModeDirectory;
    if (call.status == 0 && !directory) call.status = -ENOTDIR;
    if (call.status != 0) {
      finish(frame, call, call.status);
      return Progress::some;
    }
    if (!inodebits_held(call.fid, ldlm::inodebit::kUpdate)) {
      ldlm::LdlmFlock policy;
      protocol::set_overlay(policy, ldlm::LdlmInodebits{.bits = ldlm::inodebit::kUpdate});
      ClientLock& lock = make_lock(1, {.name = {call.fid.seq, call.fid.oid, call.fid.ver, 0}},
                                   ldlm::lock_type::kIbits, ldlm::lock_mode::kCr, policy);
      call.lock = lock.handle;
      enqueue(frame, lock, ldlm::lock_flag::kHasIntent);
    }
    call.stage = Stage::rpc_lock;
    return Progress::some;
  }
  if (call.stage == Stage::rpc_lock) {
    const ClientLock* lock = call.lock == 0 ? nullptr : find_lock(call.lock);
    if (lock != nullptr && !lock->granted && !lock->ended) return progress;
    if (lock != nullptr && lock->ended && lock->status != 0) {
      call.status = lock->status;
      release_lock(call.lock);
      finish(frame, call, call.status);
      return Progress::some;
    }
    call.stage = Stage::pages;
  } else {
    take_page(frame, call);
  }
  if (call.stage == Stage::done) return Progress::some;
  MdRequest request = md_request(frame, call);
  request.fid = call.fid;
  request.size = call.position;
  send_md(frame, call, MdOp::readpage, request);
  return Progress::some;
}

void Client::take_page(Frame& frame, Call& call) {
  const Bytes page = std::exchange(call.result.data, {});
  DirectoryPage read;
  if (call.reply.status < 0) {
    call.status = call.reply.status;
  } else if (!spoken().page(page.view(), call.position, call.reply, read) ||
             (!read.last && read.next == call.position) ||
             call.result.entries.size() > kEntriesMax) {
    note(frame, "readdir:bad page");
    call.status = -EIO;
  }
  std::ranges::move(read.entries, std::back_inserter(call.result.entries));
  call.position = read.next;
  if (call.status == 0 && !read.last) return;
  release_lock(call.lock);
  finish(frame, call, call.status);
}

Client::Progress Client::advance_readlink(Frame& frame, Call& call) {
  Progress progress = Progress::none;
  if (call.stage == Stage::begin) {
    call.stage = Stage::walk;
    if (!start_walk(call, call.args.path)) {
      finish(frame, call, call.status);
      return Progress::some;
    }
  }
  if (call.stage == Stage::walk) {
    if (!walk(frame, call, false, false, progress)) return progress;
    const bool link = (call.attributes.mode & kModeTypeMask) == kModeSymlink;
    if (call.status == 0 && !link) call.status = -EINVAL;
    if (call.status != 0) {
      finish(frame, call, call.status);
      return Progress::some;
    }
    MdRequest request = md_request(frame, call);
    request.fid = call.fid;
    request.valid = valid::kLinkname;
    request.room = kLinkRoom;
    send_md(frame, call, MdOp::getattr, request);
    call.stage = Stage::request;
    return Progress::some;
  }
  const std::string_view target = protocol::as_text(call.reply.ea.view());
  call.result.data = call.reply.ea.slice(0, std::min(target.size(), target.find('\0')));
  call.result.value = call.result.data.size();
  finish(frame, call, std::min(call.reply.status, 0));
  return Progress::some;
}

Client::Progress Client::advance_getxattr(Frame& frame, Call& call) {
  Progress progress = Progress::none;
  if (call.stage == Stage::begin || call.stage == Stage::walk) {
    if (!walk_for_change(frame, call, false, false, progress)) return progress;
    const bool list = call.args.kind == Kind::listxattr;
    if (call.args.target.size() > kNameMax) call.status = -ERANGE;
    if (call.status != 0) {
      finish(frame, call, call.status);
      return Progress::some;
    }
    MdRequest request = md_request(frame, call);
    request.fid = call.fid;
    request.valid = list ? valid::kXattrLs : valid::kXattr;
    if (!list) request.name = call.args.target;
    request.room = kXattrRoom;
    send_md(frame, call, MdOp::getxattr, request);
    call.stage = Stage::request;
    return Progress::some;
  }
  call.result.data = call.reply.ea;
  call.result.value = call.reply.ea.size();
  finish(frame, call, std::min(call.reply.status, 0));
  return Progress::some;
}

// --- flock ---

Client::Progress Client::advance_flock(Frame& frame, Call& call) {
  if (call.stage == Stage::begin) {
    const OpenedFile* file = find_file(call.args.fd);
    const uint32_t kind = call.args.flags & ~kFlockNoWait;
    if (file == nullptr || kind >= kFlockModes.size() || call.args.length < call.args.offset) {
      finish(frame, call, file == nullptr ? -EBADF : -EINVAL);
      return Progress::some;
    }
    ResourceName resource{.name = {file->fid.seq, file->fid.oid, file->fid.ver, 0}};
    resource.name[own().flock_name] = kFlockMark;
    const ldlm::LdlmFlock policy{
        .start = call.args.offset, .end = call.args.length, .pid = kFlockOwner};
    ClientLock& lock =
        make_lock(1, resource, ldlm::lock_type::kFlock, kFlockModes.at(kind), policy);
    call.lock = lock.handle;
    const bool waits = (call.args.flags & kFlockNoWait) == 0;
    enqueue(frame, lock, waits ? 0 : ldlm::lock_flag::kBlockNowait);
    call.stage = Stage::flock_wait;
    return Progress::some;
  }
  const ClientLock* lock = find_lock(call.lock);
  if (lock != nullptr && !lock->granted && !lock->ended) return Progress::none;
  const int32_t status = lock == nullptr ? -EIO : lock->status;
  if (lock != nullptr && status == 0) cut_flocks(*lock, call.args.offset, call.args.length);
  release_lock(call.lock);
  finish(frame, call, status);
  return Progress::some;
}

// What the server did to our other flocks of the file: the new one, or the unlock, took the range.
void Client::cut_flocks(const ClientLock& by, uint64_t start, uint64_t end) {
  const uint64_t handle = by.handle;
  const ResourceName resource = by.resource;
  std::vector<ClientLock> rests;
  std::erase_if(locks_, [&](const ClientLock& lock) {
    if (lock.handle == handle || lock.type != ldlm::lock_type::kFlock || !lock.granted ||
        !(lock.resource == resource) || lock.policy.end < start || lock.policy.start > end) {
      return false;
    }
    if (lock.policy.start < start) {
      rests.push_back(lock);
      rests.back().policy.end = start - 1;
    }
    if (lock.policy.end > end) {
      rests.push_back(lock);
      rests.back().policy.start = end + 1;
    }
    return true;
  });
  locks_.insert(locks_.end(), rests.begin(), rests.end());
}

}  // namespace reference
