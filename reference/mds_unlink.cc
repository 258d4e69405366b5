// MDS_REINT: LINK, UNLINK, RENAME.

#include <array>
#include <cerrno>

#include "reference/mds.h"

namespace reference {

namespace {
namespace bit = protocol::ldlm::inodebit;
constexpr uint64_t kEveryBit = bit::kLookup | bit::kUpdate | bit::kOpen;
}  // namespace

// A rename with what its names stand for.
struct Mds::Renaming {
  const Inode* from = nullptr;
  const Inode* to = nullptr;
  const Inode* child = nullptr;
  const Inode* target = nullptr;  // what the new name stands for now, or null
};

void Mds::on_link(Call& call) {
  const auto asked = dialect().link(call.message());
  if (!asked) return malformed(call);
  cancel_early(call, asked->cancels);
  const ReplyForm form = dialect().put_body;
  int32_t status = 0;
  const Inode* file = find_file(asked->file, status);
  if (call.request.reconstruct) return answer_again(call, form, {.inode = file});

  const Inode* directory = file == nullptr ? nullptr : find_directory(asked->directory, status);
  const Inode* there = directory == nullptr ? nullptr : files_.lookup(*directory, asked->name);
  const std::array versions = {version_of(directory), version_of(file), version_of(there)};
  if (const int32_t other = check_versions(call, versions)) status = other;
  if (status == 0) status = refuse_new_name(*directory, asked->name, asked->who);
  if (status == 0 && file->is_directory()) status = -EPERM;
  if (status == 0 && file->nlink >= kLinksMax) status = -EMLINK;
  if (status == 0 && file->nlink == 0) status = -ENOENT;  // an orphan stays one
  if (status == 0 && there != nullptr) status = -EEXIST;
  if (status != 0) return refuse_change(call, status, form);
  if (!hold(call, {whole(*directory, bit::kUpdate), whole(*file, bit::kUpdate)})) return;

  Transaction transaction = service_.begin(call.request);
  const uint64_t number = file->number, holder = directory->number;
  files_.add_name(holder, asked->name, number);
  for (const uint64_t changed : {number, holder}) files_.change(changed).ctime = asked->time;
  files_.change(number).version = transaction.transno();
  if (dialect().names_version_directory) files_.change(holder).version = transaction.transno();
  files_.change(holder).mtime = asked->time;
  ++files_.change(number).nlink;

  answer_change(call, std::move(transaction), form, attributes(call, *files_.inode(number), 0, 0),
                versions);
}

int32_t Mds::refuse_unlink(const operation::Unlink& asked, const Inode& directory,
                           const Inode& child) const {
  if (asked.name == ".") return -EINVAL;
  if (asked.name == "..") return -ENOTEMPTY;
  if (asked.of_directory && !child.is_directory()) return -ENOTDIR;
  if (!asked.of_directory && child.is_directory()) return -EISDIR;
  if (child.is_directory() && !files_.directory(child.number).empty()) return -ENOTEMPTY;
  return may_remove_name(directory, child, asked.who);
}

void Mds::on_unlink(Call& call) {
  const auto asked = dialect().unlink(call.message());
  if (!asked) return malformed(call);
  cancel_early(call, asked->cancels);
  const ReplyForm form = dialect().put_unlink;
  if (call.request.reconstruct) return answer_removal_again(call);

  int32_t status = 0;
  const Inode* directory = find_directory(asked->directory, status);
  const Inode* child = directory == nullptr ? nullptr : files_.lookup(*directory, asked->name);
  const std::array versions = {version_of(directory), version_of(child)};
  if (const int32_t other = check_versions(call, versions)) status = other;
  if (status == 0) status = child == nullptr ? -ENOENT : refuse_unlink(*asked, *directory, *child);
  if (status != 0) return refuse_change(call, status, form);
  if (!hold(call, {whole(*directory, bit::kUpdate), whole(*child, kEveryBit)})) return;

  Transaction transaction = service_.begin(call.request);
  const uint64_t number = child->number, holder = directory->number;
  const bool is_directory = child->is_directory();
  files_.remove_name(holder, asked->name);
  Inode& changed = files_.change(holder);
  changed.mtime = changed.ctime = asked->time;
  if (dialect().names_version_directory) changed.version = transaction.transno();
  if (is_directory) --changed.nlink;
  const auto removed = drop_link(call, number, asked->time, transaction.transno());

  answer_change(call, std::move(transaction), form,
                removed_reply(call, removed, files_.inode(number)), versions);
}

// One name fewer. A file without names lives on as an orphan while somebody has it open; during
// recovery, while somebody may still open it again.
std::optional<Mds::Removed> Mds::drop_link(const Call& call, uint64_t number, int64_t time,
                                           uint64_t transno) {
  Inode& inode = files_.change(number);
  inode.nlink = inode.is_directory() ? 0 : inode.nlink - 1;
  inode.ctime = time;
  inode.version = transno;
  if (inode.nlink != 0) return std::nullopt;
  const bool replayed = service_.recovering() && !planted(Defect::replayed_unlink_destroys);
  const bool open = opens_.open_count(number) != 0 && !planted(Defect::unlink_destroys_open_file);
  if (open || replayed) {
    files_.add_orphan(number, !planted(Defect::orphan_not_recorded));
    note(call.turn, Fact::Kind::inode_orphaned, inode).transno = transno;
    return std::nullopt;
  }
  return destroy(call.turn, &call, number);
}

bool Mds::is_inside(uint64_t directory, uint64_t ancestor) const {
  for (uint64_t at = directory; at != ancestor;) {
    const uint64_t above = files_.inode(at)->parent;
    if (above == at || files_.inode(above) == nullptr) return false;
    at = above;
  }
  return true;
}

int32_t Mds::refuse_rename(const operation::Rename& asked, const Renaming& renaming) const {
  const Inode& child = *renaming.child;
  for (const std::string_view name : {asked.source_name, asked.target_name}) {
    if (name.empty() || name == "." || name == "..") return -EINVAL;
  }
  if (asked.target_name.size() > kNameLengthMax) return -ENAMETOOLONG;
  if (child.is_directory() && is_inside(renaming.to->number, child.number)) return -EINVAL;
  if (const int32_t status = may_remove_name(*renaming.from, child, asked.who)) return status;
  const Inode* target = renaming.target;
  if (target == nullptr) return refuse_new_name(*renaming.to, asked.target_name, asked.who);
  if (target->is_directory() && is_inside(renaming.from->number, target->number)) {
    return -ENOTEMPTY;
  }
  if (child.is_directory() && !target->is_directory()) return -ENOTDIR;
  if (!child.is_directory() && target->is_directory()) return -EISDIR;
  if (target->is_directory() && !files_.directory(target->number).empty()) return -ENOTEMPTY;
  return may_remove_name(*renaming.to, *target, asked.who);
}

void Mds::on_rename(Call& call) {
  const auto asked = dialect().rename(call.message());
  if (!asked) return malformed(call);
  cancel_early(call, asked->cancels);
  const ReplyForm form = dialect().put_unlink;
  if (call.request.reconstruct) return answer_removal_again(call);

  int32_t status = 0;
  Renaming renaming;
  renaming.from = find_directory(asked->source_directory, status);
  if (status == 0) renaming.to = find_directory(asked->target_directory, status);
  if (status == 0) {
    renaming.child = files_.lookup(*renaming.from, asked->source_name);
    renaming.target = files_.lookup(*renaming.to, asked->target_name);
  }
  const std::array versions = {version_of(renaming.from), version_of(renaming.to),
                               version_of(renaming.child), version_of(renaming.target)};
  if (const int32_t other = check_versions(call, versions)) status = other;
  if (status == 0) {
    status = renaming.child == nullptr ? -ENOENT : refuse_rename(*asked, renaming);
  }
  if (status != 0) return refuse_change(call, status, form);
  const uint64_t child_bits =
      planted(Defect::lookup_lock_kept_over_rename) ? bit::kUpdate : bit::kLookup | bit::kUpdate;
  std::vector<Wanted> wanted = {whole(*renaming.from, bit::kUpdate),
                                whole(*renaming.to, bit::kUpdate),
                                whole(*renaming.child, child_bits)};
  if (renaming.target != nullptr) wanted.push_back(whole(*renaming.target, kEveryBit));
  if (!hold(call, std::move(wanted))) return;

  Transaction transaction = service_.begin(call.request);
  std::optional<Removed> removed;
  const bool same = renaming.target == renaming.child;  // two names of one file: nothing is done
  const uint64_t child = renaming.child->number;
  const uint64_t target = renaming.target == nullptr || same ? 0 : renaming.target->number;
  if (!same) move_name(*asked, renaming, transaction.transno());
  if (target != 0) removed = drop_link(call, target, asked->time, transaction.transno());

  const Inode* told = files_.inode(target != 0 ? target : child);
  answer_change(call, std::move(transaction), form, removed_reply(call, removed, told), versions);
}

void Mds::move_name(const operation::Rename& asked, const Renaming& renaming, uint64_t transno) {
  const uint64_t from = renaming.from->number, to = renaming.to->number;
  const uint64_t child = renaming.child->number;
  const bool is_directory = renaming.child->is_directory();
  const bool over_directory = renaming.target != nullptr && renaming.target->is_directory();
  if (renaming.target != nullptr) files_.remove_name(to, asked.target_name);
  files_.remove_name(from, asked.source_name);
  files_.add_name(to, asked.target_name, child);

  for (const uint64_t directory : {from, to}) {
    Inode& inode = files_.change(directory);
    inode.mtime = inode.ctime = asked.time;
    if (dialect().names_version_directory) inode.version = transno;
  }
  Inode& moved = files_.change(child);
  moved.ctime = asked.time;
  moved.version = transno;
  if (!is_directory) return;
  moved.parent = to;
  --files_.change(from).nlink;
  if (!over_directory) ++files_.change(to).nlink;
}

}  // namespace reference
