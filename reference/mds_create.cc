// What a new file needs: a name that may be, an inode, stripes. MDS_REINT/CREATE and the intent
// create.

#include <algorithm>
#include <array>
#include <cerrno>

#include "protocol/mds.h"
#include "reference/mds.h"
#include "reference/mds_opening.h"

namespace reference {

namespace {

namespace bit = protocol::ldlm::inodebit;
namespace disposition = protocol::ldlm::disposition;
namespace open_flag = protocol::mds::open_flag;

constexpr uint32_t kSetGid = 02000;
constexpr size_t kSymlinkMax = 4095;

bool is_type_to_make(uint32_t mode) {
  constexpr std::array<uint32_t, 7> kTypes = {kModeRegular, kModeDirectory, kModeSymlink, 0020000,
                                              0060000,      0010000,        0140000};
  return std::ranges::find(kTypes, mode & kModeTypeMask) != kTypes.end();
}

}  // namespace

int32_t Mds::refuse_new_name(const Inode& directory, std::string_view name,
                             const Credentials& who) const {
  if (name.empty() || name.find('/') != name.npos) return -EINVAL;
  if (name == "." || name == "..") return -EEXIST;
  if (name.size() > kNameLengthMax) return -ENAMETOOLONG;
  if (directory.nlink == 0) return -ENOENT;  // removed, though still open
  return may_add_name(directory, who);
}

Fid Mds::new_fid(const Call& call, Fid asked) const {
  return dialect().clients_choose_fids || call.request.replay ? asked : Fid{};
}

const Inode* Mds::make_file(const operation::Create& asked, uint64_t directory, uint64_t transno) {
  Inode* inode = files_.create(asked.mode, asked.child);
  if (inode == nullptr) return nullptr;
  const uint64_t number = inode->number;
  const Inode parent = *files_.inode(directory);
  const bool inherits = (parent.mode & kSetGid) != 0;
  inode->uid = asked.who.fsuid;
  inode->gid = inherits ? parent.gid : asked.who.fsgid;
  inode->nlink = 1;
  inode->rdev = asked.rdev;
  inode->atime = inode->mtime = inode->ctime = asked.time;
  inode->version = transno;
  if (inode->is_symlink()) {
    inode->symlink = Bytes(protocol::as_bytes(asked.target));
    inode->size = asked.target.size();
  }
  if (inode->is_directory()) {
    inode->nlink = 2;
    inode->parent = directory;
    inode->size = kDirectoryBlockSize;
    inode->blocks = kDirectoryBlockSize / 512;
    inode->layout = parent.layout;  // the wish for new files goes on to new directories
    if (inherits) inode->mode |= kSetGid;
  }
  const bool is_directory = inode->is_directory();

  files_.add_name(directory, asked.name, number);
  Inode& holder = files_.change(directory);
  holder.mtime = holder.ctime = asked.time;
  const bool versioned = dialect().names_version_directory;
  if (versioned && !planted(Defect::directory_version_kept)) holder.version = transno;
  if (is_directory) ++holder.nlink;
  return files_.inode(number);
}

// The layout that a replay, or a client that made objects itself, brings along.
std::optional<Layout> Mds::stripes_given(const operation::Open& asked) const {
  auto layout = decode_layout(asked.layout);
  if (!layout || layout->stripes.empty()) return std::nullopt;
  return std::move(*layout);
}

std::optional<Layout> Mds::stripes_for(Call& call, const operation::Open& asked,
                                       const Inode* parent, int32_t& status) {
  if (call.request.replay && planted(Defect::replayed_create_without_objects)) return std::nullopt;
  if (call.request.replay || (asked.flags & open_flag::kHasObjs) != 0) {
    auto given = stripes_given(asked);
    if (given) std::ranges::for_each(given->stripes, [this](auto& each) { pool_.use(each); });
    return given;
  }
  std::expected<StripingWish, int32_t> wish;
  if ((asked.flags & open_flag::kHasEa) != 0) {
    wish = decode_wish(asked.layout);
  } else if (parent != nullptr && !parent->layout.empty()) {
    wish = decode_wish(parent->layout.view());
  }
  if (!wish) {
    status = wish.error();
    return std::nullopt;
  }
  if (!wants_objects(asked.flags)) return std::nullopt;

  auto allocation =
      pool_.allocate(wish->stripe_count, wish->stripe_offset, config_.default_stripe_count);
  if (allocation.outcome == ObjectPool::Outcome::wait && !call.gave_up) {
    call.parked = call.for_objects = true;
    return std::nullopt;
  }
  if (allocation.outcome != ObjectPool::Outcome::given) {
    status = -EIO;
    return std::nullopt;
  }
  Layout layout;
  layout.stripe_size = wish->stripe_size == 0 ? config_.default_stripe_size : wish->stripe_size;
  layout.pool = wish->pool;
  layout.stripes = std::move(allocation.stripes);
  return layout;
}

void Mds::set_layout(Call& call, uint64_t number, Layout layout) {
  Inode& inode = files_.change(number);
  for (const Stripe& stripe : layout.stripes) {
    Fact& fact = note(call.turn, Fact::Kind::layout_set, inode);
    fact.transno = service_.begin(call.request).transno();
    fact.value = stripe.ost_index;
    fact.start = stripe.object_id;
    fact.end = stripe.object_seq;
    if (!config_.som.on) continue;
    Fact stripe_fact = fact;
    stripe_fact.kind = Fact::Kind::som_stripe;
    stripe_fact.digest = layout.stripe_size;
    call.turn.out.push_back(Note{std::move(stripe_fact)});
  }
  layout.object_id = dialect().layout_object_id(inode);
  layout.object_seq = dialect().layout_object_seq(inode);
  inode.layout = encode_layout(layout);
}

// An orphan that has the inode number which a replay needs: its clients are gone (1.8).
void Mds::drop_stale_orphan(Call& call, Fid fid) {
  if (!is_igif(fid)) return;
  const Inode* there = files_.inode(fid.seq);
  const bool stale = there != nullptr && there->generation != fid.oid &&
                     files_.is_orphan(there->number) && opens_.open_count(there->number) == 0;
  if (stale) destroy(call.turn, &call, there->number);
}

int32_t Mds::refuse_create(const Call& call, const operation::Create& asked,
                           const Inode*& directory) const {
  int32_t status = 0;
  directory = find_directory(asked.parent, status);
  if (directory == nullptr) return status;
  if (!is_type_to_make(asked.mode)) return -EINVAL;
  const bool symlink = (asked.mode & kModeTypeMask) == kModeSymlink;
  if (symlink && asked.target.empty()) return -EINVAL;
  if (asked.target.size() > kSymlinkMax) return -ENAMETOOLONG;
  if (dialect().child_fid_only_in_replay && !is_zero(asked.child) && !call.request.replay) {
    return -EFAULT;
  }
  const bool foreign = dialect().clients_choose_fids && is_zero(asked.child);
  if (foreign) return -EINVAL;
  if (files_.lookup(*directory, asked.name) != nullptr) return -EEXIST;
  const bool taken = dialect().clients_choose_fids && files_.find(asked.child) != nullptr;
  if (taken) return -EEXIST;
  return refuse_new_name(*directory, asked.name, asked.who);
}

// What a create has made whose reply was lost: the file by the FID that the client chose, whatever
// its name is by now; 1.8 has only the name.
const Inode* Mds::made_before(const operation::Create& asked) const {
  if (dialect().clients_choose_fids) return files_.find(asked.child);
  int32_t ignored = 0;
  const Inode* directory = find_directory(asked.parent, ignored);
  return directory == nullptr ? nullptr : files_.lookup(*directory, asked.name);
}

void Mds::on_create(Call& call) {
  const auto asked = dialect().create(call.message());
  if (!asked) return malformed(call);
  cancel_early(call, asked->cancels);
  const ReplyForm form = dialect().put_create;
  if (call.request.reconstruct) {
    return answer_again(call, form, {.inode = made_before(*asked)});
  }

  int32_t status = 0;
  const Inode* directory = find_directory(asked->parent, status);
  const Inode* there = directory == nullptr ? nullptr : files_.lookup(*directory, asked->name);
  const std::array versions = {version_of(directory), version_of(there)};
  status = check_versions(call, versions);
  if (status == 0) status = refuse_create(call, *asked, directory);
  if (status != 0) return refuse_change(call, status, form);
  if (!hold(call, {whole(*directory, bit::kUpdate)})) return;

  operation::Create made = *asked;
  made.child = new_fid(call, asked->child);
  drop_stale_orphan(call, made.child);
  Transaction transaction = service_.begin(call.request);
  const Inode* inode = make_file(made, directory->number, transaction.transno());
  if (inode == nullptr) return refuse_change(call, -EFAULT, form);
  call.made = inode->number;

  answer_change(call, std::move(transaction), form, attributes(call, *inode, 0, 0), versions);
}

void Mds::on_create_intent(Call& call) {
  const auto asked = dialect().create_intent(call.message());
  if (!asked) return malformed(call);
  IntentAnswer answer{.disposition = disposition::kItExecd | disposition::kLookupExecd};
  int32_t status = 0;
  const Inode* directory = find_directory(asked->parent, status);
  const Inode* there = directory == nullptr ? nullptr : files_.lookup(*directory, asked->name);
  const std::array versions = {version_of(directory), version_of(there)};
  if (call.request.reconstruct) {
    answer.status = call.request.reconstruct->result;
  } else {
    answer.status = check_versions(call, versions);
    if (answer.status == 0) answer.status = refuse_create(call, *asked, directory);
  }
  if (answer.status == 0 && call.request.reconstruct) {
    answer.disposition = call.request.reconstruct->data;
    if (const Inode* made = files_.find(asked->child)) answer.reply = attributes(call, *made, 0, 0);
    return answer_intent(call, answer, false, std::nullopt, {});
  }
  if (answer.status != 0) {
    return answer_intent(call, answer, false, service_.begin(call.request), {});
  }
  if (!hold(call, {whole(*directory, bit::kUpdate)})) return;

  Transaction transaction = service_.begin(call.request);
  const Inode* inode = make_file(*asked, directory->number, transaction.transno());
  call.made = inode->number;
  answer.disposition |= disposition::kLookupNeg | disposition::kOpenCreate;
  answer.reply = attributes(call, *inode, 0, 0);
  answer_intent(call, answer, false, std::move(transaction), versions);
}

}  // namespace reference
