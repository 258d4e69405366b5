// From paths to files: names are looked up one after the other with intents, and count as long as a
// lock with the LOOKUP bit on the file is held; attributes as long as one with UPDATE is.
#include <algorithm>
#include <cerrno>
#include <utility>

#include "protocol/check.h"
#include "protocol/mds.h"
#include "reference/client.h"
#include "reference/derive.h"
#include "reference/file_mode.h"

namespace reference {

namespace ldlm = protocol::ldlm;
namespace valid = protocol::mds::valid;

namespace {

constexpr uint32_t kLinkRoom = 4097;  // of a symlink's target, with its NUL

// What every getattr asks for.
constexpr uint64_t kWanted = valid::kId | valid::kAtime | valid::kMtime | valid::kCtime |
                             valid::kSize | valid::kBlocks | valid::kBlksz | valid::kMode |
                             valid::kType | valid::kUid | valid::kGid | valid::kFlags |
                             valid::kNlink | valid::kGener | valid::kRdev | valid::kEaSize |
                             valid::kAcl | valid::kMoDeaSize | valid::kDirEa;

bool bad_name(std::string_view name) { return name.size() > Client::kNameMax; }

// The components, the first one last. False if one is too long.
bool push_components(std::string_view path, std::vector<std::string>& names) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    const size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    path = slash == std::string_view::npos ? std::string_view{} : path.substr(slash + 1);
    if (part.empty() || part == ".") continue;
    if (bad_name(part)) return false;
    parts.emplace_back(part);
  }
  names.insert(names.end(), parts.rbegin(), parts.rend());
  return true;
}

}  // namespace

bool Client::start_walk(Call& call, std::string_view path) {
  call.names.clear();
  call.trail = {root_};
  call.fid = root_;
  call.attributes_known = false;
  call.symlinks = 0;
  if (path.empty() || path.front() != '/') {
    call.status = path.empty() ? -ENOENT : -EINVAL;
    return false;
  }
  if (path.size() > kPathMax || path.find('\0') != std::string_view::npos ||
      !push_components(path, call.names)) {
    call.status = -ENAMETOOLONG;
    return false;
  }
  return true;
}

bool Client::walk(Frame& frame, Call& call, bool to_parent, bool follow, Progress& progress) {
  if (call.waiting != 0) return false;
  switch (std::exchange(call.asked, WalkAsked::nothing)) {
    case WalkAsked::nothing:
      break;
    case WalkAsked::name:
      on_looked_up(frame, call);
      break;
    case WalkAsked::itself:
      call.status = std::min(call.reply.status, 0);
      if (call.status == 0) take_body(call, call.reply);
      break;
    case WalkAsked::link:
      on_link_read(call);
      break;
  }
  while (call.status == 0) {
    progress = Progress::some;
    const uint32_t type = call.attributes_known ? call.attributes.mode & kModeTypeMask : 0;
    if (type == kModeSymlink && (!call.names.empty() || follow)) {
      ask_itself(frame, call, WalkAsked::link);
      return false;
    }
    if (call.names.empty()) {
      if (to_parent) call.status = -EINVAL;  // "/", or a path that ends in ".."
      if (to_parent || know_itself(call)) break;
      ask_itself(frame, call, WalkAsked::itself);
      return false;
    }
    if (type != 0 && type != kModeDirectory) {
      call.status = -ENOTDIR;
      break;
    }
    if (call.trail.back() != call.fid) call.trail.push_back(call.fid);
    if (call.names.back() == "..") {
      call.names.pop_back();
      if (call.trail.size() > 1) call.trail.pop_back();
      call.fid = call.trail.back();
      call.attributes_known = false;
      continue;
    }
    if (to_parent && call.names.size() == 1) {
      call.directory = call.trail.back();
      call.name = call.names.back();
      break;
    }
    if (step_by_cache(call)) continue;
    ask_name(frame, call);
    return false;
  }
  return true;
}

// The file the walk stands on, as far as it is known under a lock.
bool Client::know_itself(Call& call) const {
  if (call.attributes_known) return true;
  const CachedInode* inode = find_inode(call.fid);
  if (inode == nullptr || !inodebits_held(call.fid, ldlm::inodebit::kUpdate)) return false;
  call.attributes = inode->attributes;
  call.ea = inode->ea;
  call.sized = inode->told;
  call.attributes_known = true;
  return true;
}

bool Client::step_by_cache(Call& call) const {
  const auto child = known_child(call.trail.back(), call.names.back());
  const uint64_t needed =
      call.names.size() == 1 ? ldlm::inodebit::kUpdate : ldlm::inodebit::kLookup;
  const CachedInode* inode = child ? find_inode(*child) : nullptr;
  if (inode == nullptr || !inodebits_held(*child, needed)) return false;
  call.fid = *child;
  call.attributes = inode->attributes;
  call.ea = inode->ea;
  call.sized = inode->told;
  call.attributes_known = true;
  call.names.pop_back();
  return true;
}

void Client::ask_itself(Frame& frame, Call& call, WalkAsked what) {
  MdRequest request = md_request(frame, call);
  request.fid = call.fid;
  request.valid = what == WalkAsked::link ? valid::kLinkname : kWanted;
  request.room = what == WalkAsked::link ? kLinkRoom : kEaRoom;
  call.asked = what;
  send_md(frame, call, MdOp::getattr, request);
}

void Client::ask_name(Frame& frame, Call& call) {
  const bool last = call.names.size() == 1;
  MdRequest request = md_request(frame, call);
  request.parent = call.trail.back();
  request.name = call.names.back();
  request.valid = kWanted;
  call.lock =
      make_intent_lock(request.parent, last ? ldlm::inodebit::kUpdate : ldlm::inodebit::kLookup,
                       ldlm::lock_mode::kCr, request);
  call.asked = WalkAsked::name;
  send_md(frame, call, last ? MdOp::intent_getattr : MdOp::intent_lookup, request);
}

// An intent has been answered: the child's body and, perhaps, a lock on the child.
void Client::on_looked_up(Frame& frame, Call& call) {
  const MdReply& reply = call.reply;
  on_intent_lock(frame, call.lock, reply);
  const std::string name = call.names.back();
  const Fid directory = call.trail.back();
  if (reply.status < 0) {
    call.status = reply.status;
  } else if (reply.lock.lock_policy_res2 < 0) {
    call.status = static_cast<int32_t>(std::max<int64_t>(reply.lock.lock_policy_res2, -4095));
  } else if ((reply.lock.lock_policy_res1 & ldlm::disposition::kLookupNeg) != 0) {
    call.status = -ENOENT;
  } else if ((reply.lock.lock_policy_res1 & ldlm::disposition::kItExecd) == 0) {
    note(frame, "intent:not executed");
    call.status = -EPROTO;
  }
  if (call.status != 0) {
    forget_name(directory, name);
    return;
  }
  call.names.pop_back();
  take_body(call, reply);
  if (is_zero(call.fid)) {
    call.status = -EPROTO;
    return;
  }
  remember(call);
  remember_name(directory, name, call.fid);
}

void Client::take_body(Call& call, const MdReply& reply) {
  const auto& body = reply.body;
  call.fid = {body.fid1.seq, body.fid1.oid, body.fid1.ver};
  call.attributes = {.fid_seq = call.fid.seq,
                     .fid_oid = call.fid.oid,
                     .fid_ver = call.fid.ver,
                     .ino = inode_number(call.fid),
                     .mode = body.mode,
                     .nlink = body.nlink,
                     .uid = body.uid,
                     .gid = body.gid,
                     .rdev = body.rdev,
                     .size = body.size,
                     .blocks = body.blocks,
                     .atime = static_cast<int64_t>(body.atime),
                     .mtime = static_cast<int64_t>(body.mtime),
                     .ctime = static_cast<int64_t>(body.ctime)};
  call.ea = (body.mode & kModeTypeMask) == kModeRegular ? reply.ea : Bytes{};
  call.sized = epochs() && !call.ea.empty() && (body.valid & valid::kSize) != 0;
  call.attributes_known = true;
}

// The target of the symlink that the walk stands on: it goes on from there.
void Client::on_link_read(Call& call) {
  if (call.reply.status != 0) {
    call.status = call.reply.status < 0 ? call.reply.status : -EIO;
    return;
  }
  std::string_view target = protocol::as_text(call.reply.ea.view());
  target = target.substr(0, target.find('\0'));
  if (target.empty() || ++call.symlinks > kSymlinksMax) {
    call.status = target.empty() ? -ENOENT : -ELOOP;
    return;
  }
  if (target.front() == '/') call.trail = {root_};
  call.fid = call.trail.back();
  call.attributes_known = false;
  if (!push_components(target, call.names)) call.status = -ENAMETOOLONG;
}

// --- locks of intents ---

uint64_t Client::make_intent_lock(Fid resource, uint64_t bits, uint32_t mode, MdRequest& request) {
  ldlm::LdlmFlock policy;
  protocol::set_overlay(policy, ldlm::LdlmInodebits{.bits = bits});
  ClientLock& lock = make_lock(1, {.name = {resource.seq, resource.oid, resource.ver, 0}},
                               ldlm::lock_type::kIbits, mode, policy);
  request.lock = enqueue_request(lock, ldlm::lock_flag::kHasIntent);
  return lock.handle;
}

// What the server gave is on the child, not on the directory asked for; or nothing.
void Client::on_intent_lock(Frame&, uint64_t handle, const MdReply& reply) {
  ClientLock* lock = find_lock(handle);
  if (lock == nullptr) return;
  const bool given =
      (reply.status == 0 || reply.status == static_cast<int32_t>(ldlm::status::kLockChanged)) &&
      reply.lock.lock_handle.cookie != 0 && reply.lock.lock_desc.granted_mode != 0 &&
      reply.lock.lock_desc.resource.type == ldlm::lock_type::kIbits;
  if (!given) {
    erase_lock(handle);
    return;
  }
  lock->remote = reply.lock.lock_handle.cookie;
  install(*lock, reply.lock.lock_desc);
  if ((reply.lock.lock_flags & ldlm::lock_flag::kAstSent) != 0) lock->callback_pending = true;
  release_lock(handle);
}

// --- what is remembered ---

const CachedInode* Client::find_inode(Fid fid) const {
  const auto found = std::ranges::lower_bound(inodes_, fid, {}, &CachedInode::fid);
  return found != inodes_.end() && found->fid == fid ? &*found : nullptr;
}

void Client::remember(const Call& call) {
  if (!inodebits_held(call.fid, ldlm::inodebit::kLookup) &&
      !inodebits_held(call.fid, ldlm::inodebit::kUpdate)) {
    return;
  }
  auto place = std::ranges::lower_bound(inodes_, call.fid, {}, &CachedInode::fid);
  if (place == inodes_.end() || place->fid != call.fid) {
    place = inodes_.insert(place, CachedInode{.fid = call.fid});
  }
  place->attributes = call.attributes;
  place->ea = call.ea;
  place->told = call.sized;
}

void Client::remember_name(Fid directory, std::string_view name, Fid child) {
  if (!inodebits_held(child, ldlm::inodebit::kLookup)) return forget_name(directory, name);
  CachedName known{directory, std::string(name), child};
  const auto place = std::ranges::lower_bound(names_, known.key(), {}, &CachedName::key);
  if (place != names_.end() && place->key() == known.key()) {
    place->child = child;
  } else {
    names_.insert(place, std::move(known));
  }
}

void Client::forget_name(Fid directory, std::string_view name) {
  std::erase_if(names_, [&](const CachedName& known) {
    return known.directory == directory && known.name == name;
  });
}

std::optional<Fid> Client::known_child(Fid directory, std::string_view name) const {
  const CachedName wanted{directory, std::string(name), {}};
  const auto found = std::ranges::lower_bound(names_, wanted.key(), {}, &CachedName::key);
  if (found == names_.end() || found->key() != wanted.key()) return std::nullopt;
  return found->child;
}

bool Client::inodebits_held(Fid fid, uint64_t bits) const {
  const ResourceName resource{.name = {fid.seq, fid.oid, fid.ver, 0}};
  return std::ranges::any_of(locks_, [&](const ClientLock& lock) {
    return lock.import == 1 && lock.type == ldlm::lock_type::kIbits && lock.granted &&
           !lock.callback_pending && !lock.cancelling && lock.resource == resource &&
           (protocol::overlay<ldlm::LdlmInodebits>(lock.policy).bits & bits) == bits;
  });
}

}  // namespace reference
