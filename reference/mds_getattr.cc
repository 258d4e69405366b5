// GETSTATUS, STATFS, GETATTR, GETATTR_NAME and the intents getattr and lookup.

#include <cerrno>

#include "protocol/codec.h"
#include "reference/mds.h"

namespace reference {

namespace {
constexpr uint64_t kStatfsMagic = 0xef53;  // ldiskfs
constexpr uint64_t kStatfsBlocks = 1u << 20;
constexpr uint64_t kStatfsFiles = 1u << 20;
}  // namespace

void Mds::on_getstatus(Call& call) {
  FileReply reply;
  reply.inode = files_.inode(kRootInode);
  answer(call, 0, dialect().put_getstatus, reply);
}

void Mds::on_statfs(Call& call) {
  protocol::ptlrpc::ObdStatfs statfs;
  statfs.type = kStatfsMagic;
  statfs.blocks = kStatfsBlocks;
  statfs.bfree = statfs.bavail = kStatfsBlocks - files_.inode_count();
  statfs.files = kStatfsFiles;
  statfs.ffree = kStatfsFiles - files_.inode_count();
  statfs.bsize = kDirectoryBlockSize;
  statfs.namelen = kNameLengthMax;

  Reply reply = service_.reply(call.request);
  reply.message.add(statfs);
  service_.finish(call.turn, call.request, reply);
}

void Mds::on_getattr(Call& call) {
  const auto asked = dialect().getattr(call.message());
  if (!asked) return malformed(call);

  int32_t status = 0;
  const Inode* file = find_file(asked->fid, status);
  if (file == nullptr) return answer(call, status, dialect().put_getattr, {});

  FileReply reply = attributes(call, *file, asked->valid, asked->room);
  tell_size(call, *file, reply);
  answer(call, 0, dialect().put_getattr, reply);
}

void Mds::on_getattr_name(Call& call) {
  const auto asked = dialect().getattr_name(call.message());
  if (!asked) return malformed(call);

  int32_t status = 0;
  const Inode* directory = find_directory(asked->fid, status);
  if (directory != nullptr) status = may_access(*directory, asked->who, kMayExecute);
  const Inode* file = status == 0 ? files_.lookup(*directory, asked->name) : nullptr;
  if (status == 0 && file == nullptr) status = -ENOENT;
  if (status != 0) return answer(call, status, dialect().put_getattr, {});

  FileReply reply = attributes(call, *file, asked->valid, asked->room);
  tell_size(call, *file, reply);
  answer(call, 0, dialect().put_getattr, reply);
}

// The lock is on the child, for the bits that the intent wants; the reply's disposition says
// whether the name was found (facts: rpc-formats "LDLM").
void Mds::on_getattr_intent(Call& call, uint64_t bits) {
  using namespace protocol::ldlm::disposition;
  const auto asked = dialect().getattr_intent(call.message());
  if (!asked) return malformed(call);

  IntentAnswer intent{.disposition = kItExecd};
  const Inode* child = nullptr;
  if (asked->name.empty()) {
    child = find_file(is_zero(asked->child) ? asked->fid : asked->child, intent.status);
  } else if (const Inode* directory = find_directory(asked->fid, intent.status)) {
    intent.disposition |= kLookupExecd;
    intent.status = may_access(*directory, asked->who, kMayExecute);
    if (intent.status == 0) child = files_.lookup(*directory, asked->name);
    if (intent.status == 0 && child == nullptr) intent.status = -ENOENT;
    if (intent.status == -ENOENT) intent.disposition |= kLookupNeg;
  }
  if (child == nullptr) return answer_intent(call, intent, false, std::nullopt, {});

  if (!asked->name.empty()) intent.disposition |= kLookupPos;
  intent.lock = lock_child(call, *child, bits);
  if (call.parked) return;
  intent.reply = attributes(call, *child, asked->valid, asked->room);
  if ((bits & protocol::ldlm::inodebit::kUpdate) != 0) tell_size(call, *child, intent.reply);
  answer_intent(call, intent, false, std::nullopt, {});
}

}  // namespace reference
