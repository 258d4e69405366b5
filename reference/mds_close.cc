// CLOSE, DONE_WRITING, and the end of files that have neither a name nor an open file (facts:
// semantics 2.5, 2.7).

#include <cerrno>

#include "protocol/mds.h"
#include "reference/mds.h"

namespace reference {

namespace {
namespace valid = protocol::mds::valid;
}  // namespace

const OpenFile* Mds::find_open(const Call& call, uint64_t handle) const {
  const OpenFile* file = opens_.find(handle);
  if (file != nullptr) {
    const bool own = file->export_id == call.request.export_id;
    return own || planted(Defect::foreign_close_accepted) ? file : nullptr;
  }
  if (!call.request.replay || !dialect().old_handles) return nullptr;
  return opens_.find_by_old_handle(call.request.export_id, handle);
}

void Mds::on_close(Call& call) {
  const auto asked = dialect().close(call.message());
  if (!asked) return malformed(call);
  if (update_asked_before(call)) {
    return ask_update_again(call, dialect().put_unlink, asked->handle);
  }
  if (call.request.reconstruct) return answer_removal_again(call);

  const OpenFile* open = find_open(call, asked->handle);
  if (open == nullptr) return refuse_change(call, -ESTALE, dialect().put_unlink);

  const uint64_t number = open->inode;
  const Inode* inode = files_.inode(number);
  if (inode != nullptr && asked->atime_set && asked->atime > inode->atime) {
    files_.change(number).atime = asked->atime;
  }
  Transaction transaction = service_.begin(call.request);
  SomVerdict verdict = SomVerdict::done;
  if (const auto* holder = som_.find(call.request.export_id, open->handle, call.request.replay)) {
    verdict = end_epoch(call, *asked, *holder);
  }
  const auto removed = close_file(call.turn, &call, OpenFile(*open));

  const FileReply reply = removed_reply(call, removed, files_.inode(number));
  answer_epoch_end(call, std::move(transaction), dialect().put_unlink, reply, verdict, number);
}

std::optional<Mds::Removed> Mds::close_file(Turn& turn, const Call* call, const OpenFile& file) {
  if (opens_.find(file.handle) != nullptr) remove_open(turn, file);
  const bool last = files_.is_orphan(file.inode) && opens_.open_count(file.inode) == 0;
  // Another client may still replay its open; what is left is destroyed when recovery is over.
  const bool kept = service_.recovering() && !planted(Defect::orphan_destroyed_in_recovery);
  if (!last || kept) return std::nullopt;
  return destroy(turn, call, file.inode);
}

void Mds::remove_open(Turn& turn, const OpenFile& file) {
  opens_.close(file.handle);
  note(turn, Fact::Kind::closed, file);
}

Mds::Removed Mds::destroy(Turn& turn, const Call* call, uint64_t number) {
  note(turn, Fact::Kind::inode_destroyed, *files_.inode(number));
  Removed removed;
  removed.inode = *files_.inode(number);
  removed.inode.nlink = 0;
  const auto layout = removed.inode.is_regular() ? decode_layout(removed.inode.layout.view())
                                                 : std::unexpected(-EINVAL);
  if (layout) {
    removed.cookies = unlink_log_.add(*layout, destroyer(call));
    removed.md = call == nullptr ? Bytes() : layout_for(*call, removed.inode);
  }
  som_.forget(number);
  if (files_.is_orphan(number)) files_.remove_orphan(number);
  files_.destroy(number);
  return removed;
}

// Who destroys the objects: the client that is told of them. It has done so before a replay, or may
// have, and the server makes sure.
UnlinkLog::Destroyer Mds::destroyer(const Call* call) {
  if (call == nullptr || call->request.replay) return {};
  return {call->request.export_id, call->request.xid};
}

// The slot does not know which objects the operation left to be destroyed, so that is up to us.
void Mds::answer_removal_again(Call& call) {
  unlink_log_.reply_lost(call.request.export_id, call.request.xid);
  answer_again(call, dialect().put_unlink, {});
}

FileReply Mds::removed_reply(const Call& call, const std::optional<Removed>& removed,
                             const Inode* inode) const {
  FileReply reply;
  reply.inode = removed ? &removed->inode : inode;
  const bool bare = call.request.replay && dialect().replay_without_md;
  if (!removed || removed->md.empty() || bare) return reply;
  reply.md = removed->md;
  reply.cookies = removed->cookies;
  reply.valid = valid::kEaSize | valid::kCookie;
  return reply;
}

void Mds::clean_orphans(Turn& turn) {
  if (planted(Defect::orphans_kept_after_recovery) || service_.has_delayed()) return;
  const std::vector<uint64_t> orphans = files_.orphans();
  for (const uint64_t number : orphans) {
    if (opens_.open_count(number) == 0) destroy(turn, nullptr, number);
  }
  persist(turn);
}

}  // namespace reference
