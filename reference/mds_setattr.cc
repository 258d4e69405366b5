// MDS_REINT/SETATTR, and MDS_REINT as a whole: the first word of the record says what it is.

#include <array>
#include <cerrno>

#include "protocol/codec.h"
#include "protocol/mds.h"
#include "protocol/mds_2_0.h"
#include "reference/mds.h"

namespace reference {

namespace {

namespace attr = protocol::mds::attr;
namespace bit = protocol::ldlm::inodebit;
namespace reint_op = protocol::mds::reint_op;

constexpr uint64_t kIdentity = attr::kMode | attr::kUid | attr::kGid | attr::kAttrFlag;
constexpr uint32_t kSetUidBit = 04000, kSetGidBit = 02000;

}  // namespace

void Mds::on_reint(Call& call) {
  const auto opcode = protocol::decode<uint32_t>(call.message().buffer(1), call.message().order());
  switch (opcode.value_or(0)) {
    case reint_op::kSetattr:
      return on_setattr(call);
    case reint_op::kCreate:
      return on_create(call);
    case reint_op::kLink:
      return on_link(call);
    case reint_op::kUnlink:
      return on_unlink(call);
    case reint_op::kRename:
      return on_rename(call);
    case reint_op::kSetxattr:
      if (dialect().xattrs_by_reint) return on_setxattr(call);
      [[fallthrough]];
    default:
      return service_.refuse(call.turn, call.request, dialect().unknown_reint);
  }
}

int32_t Mds::refuse_setattr(const operation::Setattr& asked, const Inode& inode) const {
  if ((asked.valid & attr::kForce) != 0 || asked.who.fsuid == 0) return 0;
  const bool owner = asked.who.fsuid == inode.uid;
  if ((asked.valid & (attr::kMode | attr::kAttrFlag)) != 0 && !owner) return -EPERM;
  if ((asked.valid & attr::kUid) != 0 && (!owner || asked.uid != inode.uid)) return -EPERM;
  const bool joins = owner && asked.who.in_group(asked.gid);
  if ((asked.valid & attr::kGid) != 0 && asked.gid != inode.gid && !joins) return -EPERM;
  constexpr uint64_t kSets = attr::kAtimeSet | attr::kMtimeSet | attr::kCtimeSet;
  if ((asked.valid & kSets) != 0 && !owner) return -EPERM;
  if (!asked.layout.empty() && !owner) return -EPERM;
  constexpr uint64_t kTouches = attr::kSize | attr::kAtime | attr::kMtime;
  return (asked.valid & kTouches) != 0 && !owner ? may_access(inode, asked.who, kMayWrite) : 0;
}

void Mds::apply_attributes(const operation::Setattr& asked, Inode& inode, int64_t now) const {
  const auto time = [&](uint64_t set, int64_t given) { return (asked.valid & set) ? given : now; };
  if ((asked.valid & attr::kMode) != 0) {
    inode.mode = inode.type() | (asked.mode & 07777);
  }
  if ((asked.valid & attr::kUid) != 0) inode.uid = asked.uid;
  if ((asked.valid & attr::kGid) != 0) inode.gid = asked.gid;
  if ((asked.valid & attr::kKillSuid) != 0) inode.mode &= ~kSetUidBit;
  if ((asked.valid & attr::kKillSgid) != 0) inode.mode &= ~kSetGidBit;
  if ((asked.valid & attr::kAttrFlag) != 0) inode.flags = asked.flags;
  if ((asked.valid & attr::kSize) != 0 && inode.is_regular()) inode.size = asked.size;
  if ((asked.valid & attr::kBlocks) != 0 && inode.is_regular()) inode.blocks = asked.blocks;
  if ((asked.valid & (attr::kAtime | attr::kAtimeSet)) != 0) {
    inode.atime = time(attr::kAtimeSet, asked.atime);
  }
  if ((asked.valid & (attr::kMtime | attr::kMtimeSet)) != 0) {
    inode.mtime = time(attr::kMtimeSet, asked.mtime);
  }
  const bool ctime_given = (asked.valid & (attr::kCtime | attr::kCtimeSet)) != 0;
  inode.ctime = ctime_given ? asked.ctime : now;
}

void Mds::on_setattr(Call& call) {
  const auto asked = dialect().setattr(call.message());
  if (!asked) return malformed(call);
  cancel_early(call, asked->cancels);
  // The replay of a truncate has a handle, too: that of the epoch that it opens again.
  const bool opens = (asked->epoch_flags & protocol::mds_2_0::epoch_flag::kEpochOpen) != 0;
  if (epochs(call) && asked->handle != 0 && !opens) return on_som_update(call, *asked);
  const ReplyForm form = dialect().put_setattr;
  int32_t status = 0;
  const Inode* inode = find_file(asked->fid, status);
  if (call.request.reconstruct) {
    FileReply again{.inode = inode};
    const bool begins = inode != nullptr && begins_again(call, *asked);
    if (begins && !hold(call, {whole(*inode, bit::kUpdate)})) return;
    if (inode != nullptr) open_truncate_epoch(call, *inode, *asked, again);
    return answer_again(call, form, again);
  }

  const bool identity = (asked->valid & kIdentity) != 0;
  const std::array versions = {version_of(inode)};
  if (const int32_t other = identity ? check_versions(call, versions) : 0) status = other;
  if (status == 0) status = refuse_setattr(*asked, *inode);
  const bool wish = status == 0 && !asked->layout.empty() && inode->is_directory();
  if (wish && !decode_wish(asked->layout)) status = -EINVAL;
  if (status != 0) return refuse_change(call, status, form);
  const uint64_t bits = identity ? bit::kUpdate | bit::kLookup : bit::kUpdate;
  if (!hold(call, {whole(*inode, bits)})) return;

  Transaction transaction = service_.begin(call.request);
  Inode& changed = files_.change(inode->number);
  const int64_t now = call.request.replay ? asked->ctime : wall_clock(call.now());
  apply_attributes(*asked, changed, now);
  if ((asked->valid & (attr::kMtimeSet | attr::kAtimeSet)) != 0) som_.times_set(changed.number);
  if (wish) changed.layout = Bytes(asked->layout);
  if (identity) changed.version = transaction.transno();

  const auto looked_at = std::span(versions).first(identity ? 1 : 0);
  FileReply reply = attributes(call, changed, 0, 0);
  open_truncate_epoch(call, changed, *asked, reply);
  answer_change(call, std::move(transaction), form, reply, looked_at);
}

}  // namespace reference
