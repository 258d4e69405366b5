// Answers of the metadata server: attributes into replies, changes into transactions.

#include <algorithm>
#include <cerrno>

#include "protocol/mds.h"
#include "reference/mds.h"

namespace reference {

namespace {

namespace valid = protocol::mds::valid;
constexpr std::string_view kAclName = "system.posix_acl_access";
constexpr uint32_t kCookieSize = 32;  // llog_cookie

// A symlink's target and its NUL, as much as there is room for; no room is no limit.
Bytes target_text(const Inode& inode, uint32_t room) {
  std::vector<uint8_t> text(inode.symlink.view().begin(), inode.symlink.view().end());
  if (room != 0 && text.size() >= room) text.resize(room - 1);
  text.push_back(0);
  return Bytes(std::move(text));
}

}  // namespace

bool Mds::may(const Call& call, uint64_t connect_flag) const {
  const Export* client = service_.find(call.request.export_id);
  return client != nullptr && client->may(connect_flag);
}

Bytes Mds::layout_for(const Call& call, const Inode& inode) const {
  const bool pools = may(call, protocol::ptlrpc::connect_flag::kLovV3);
  return pools ? inode.layout : as_version_1(inode.layout);
}

FileReply Mds::attributes(const Call& call, const Inode& inode, uint64_t asked,
                          uint32_t room) const {
  FileReply reply;
  reply.inode = &inode;
  if (inode.is_regular() && inode.layout.empty()) reply.size_known = true;
  const uint64_t layout_bit = inode.is_directory() ? valid::kDirEa : valid::kEaSize;
  if ((asked & layout_bit) != 0 && !inode.layout.empty()) {
    reply.md = layout_for(call, inode);
    reply.valid |= layout_bit;
  } else if ((asked & valid::kLinkname) != 0 && inode.is_symlink()) {
    reply.md = target_text(inode, room);
    reply.valid |= valid::kLinkname;
  }
  if ((asked & valid::kMoDeaSize) != 0) {
    const uint32_t osts = std::max(1u, pool_.known());
    reply.md_size_max = layout_size(osts, may(call, protocol::ptlrpc::connect_flag::kLovV3));
    reply.cookie_size_max = kCookieSize * osts;
    reply.valid |= valid::kMoDeaSize;
  }
  const auto acl = std::ranges::find(inode.xattrs, kAclName, &Xattr::name);
  if ((asked & valid::kAcl) != 0 && may(call, protocol::ptlrpc::connect_flag::kAcl) &&
      acl != inode.xattrs.end()) {
    reply.acl = acl->value;
    reply.valid |= valid::kAcl;
  }
  return reply;
}

const Inode* Mds::find_file(Fid fid, int32_t& status) const {
  const Inode* inode = is_zero(fid) ? nullptr : files_.find(fid);
  if (inode == nullptr) status = is_zero(fid) ? dialect().no_fid : -ENOENT;
  return inode;
}

const Inode* Mds::find_directory(Fid fid, int32_t& status) const {
  const Inode* inode = find_file(fid, status);
  if (inode == nullptr || inode->is_directory()) return inode;
  status = -ENOTDIR;
  return nullptr;
}

// Of an object that does not exist, too.
uint64_t Mds::version_of(const Inode* inode) {
  constexpr uint64_t kNoVersion = 1;
  return inode == nullptr ? kNoVersion : inode->version;
}

int32_t Mds::check_versions(Call& call, std::span<const uint64_t> now) {
  const int32_t status = service_.check_versions(call.request, now);
  if (status == 0) return 0;
  // An open's answer says it within its intent, where who looks at statuses does not see it.
  const Export* client = service_.find(call.request.export_id);
  call.turn.out.push_back(Note{{.kind = Fact::Kind::reached,
                                .client = client->name(),
                                .xid = call.request.xid,
                                .transno = call.request.replay_transno,
                                .text = std::string(kReplayVersion)}});
  return status;
}

void Mds::answer(Call& call, int32_t status, ReplyForm form, const FileReply& file) {
  Reply reply = service_.reply(call.request);
  reply.status = status;
  form(status < 0 ? FileReply{} : file, reply.message);
  service_.finish(call.turn, call.request, reply);
}

void Mds::refuse_change(Call& call, int32_t status, ReplyForm form) {
  Reply reply = service_.reply(call.request);
  reply.status = status;
  form({}, reply.message);
  service_.finish(call.turn, call.request, reply, service_.begin(call.request));
}

void Mds::commit(Call& call, Transaction&& transaction, Reply& reply) {
  std::vector<Write> removed;
  reply.cached = std::max(reply.cached, som_.writes());
  for (Write& write : take_writes()) {
    if (write.value) {
      transaction.put(std::move(write.key), std::move(*write.value));
    } else if (planted(Defect::operation_torn)) {
      removed.push_back(std::move(write));
    } else {
      transaction.erase(std::move(write.key));
    }
  }
  if (!removed.empty()) service_.persist(call.turn, std::move(removed));
  reply.difficult = !call.holding.locks.empty() && !planted(Defect::reply_locks_not_kept);
  unlink_log_.written(service_.finish(call.turn, call.request, reply, std::move(transaction)));
}

void Mds::answer_change(Call& call, Transaction&& transaction, ReplyForm form,
                        const FileReply& file, std::span<const uint64_t> versions) {
  Reply reply = service_.reply(call.request);
  std::ranges::copy(versions.first(std::min(versions.size(), reply.versions.size())),
                    reply.versions.begin());
  if (file.inode != nullptr) reply.object = object_name(dialect().resource(*file.inode));
  form(file, reply.message);
  commit(call, std::move(transaction), reply);
}

void Mds::answer_again(Call& call, ReplyForm form, const FileReply& file) {
  const SlotRecord& slot = *call.request.reconstruct;
  Reply reply = service_.reply(call.request);
  reply.status = slot.result;
  form(slot.result < 0 ? FileReply{} : file, reply.message);
  service_.finish(call.turn, call.request, reply);
}

void Mds::answer_intent(Call& call, const IntentAnswer& intent, bool open,
                        std::optional<Transaction> transaction,
                        std::span<const uint64_t> versions) {
  protocol::ldlm::LdlmReply lock;
  if (const Lock* given = intent.lock == 0 ? nullptr : locks_.find(intent.lock)) {
    lock = lock_reply(locks_.result_of(*given));
    lock.lock_flags |= protocol::ldlm::lock_flag::kLockChanged;  // it is on the child
    lock.lock_flags |= lock_of(call.request)->lock_flags;
  }
  lock.lock_policy_res1 = intent.disposition;
  lock.lock_policy_res2 = intent.status;

  Reply reply = service_.reply(call.request);
  reply.status =
      lock.lock_handle.cookie != 0 ? 0 : static_cast<int32_t>(protocol::ldlm::status::kLockAborted);
  reply.result = intent.status;
  reply.data = static_cast<uint32_t>(intent.disposition);
  std::ranges::copy(versions.first(std::min(versions.size(), reply.versions.size())),
                    reply.versions.begin());
  if (intent.reply.inode != nullptr) {
    reply.object = object_name(dialect().resource(*intent.reply.inode));
  }
  (open ? dialect().put_open : dialect().put_intent)(lock, intent.reply, reply.message);
  if (transaction) {
    commit(call, std::move(*transaction), reply);
  } else {
    service_.finish(call.turn, call.request, reply);
  }
}

}  // namespace reference
