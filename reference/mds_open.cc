// The intent open: by name, by FID, resent, replayed (facts: semantics 2.2, 2.3, 2.6).

#include <algorithm>
#include <array>
#include <cerrno>

#include "protocol/mds.h"
#include "reference/derive.h"
#include "reference/mds.h"
#include "reference/mds_opening.h"

namespace reference {

namespace {

namespace bit = protocol::ldlm::inodebit;
namespace disposition = protocol::ldlm::disposition;
namespace open_flag = protocol::mds::open_flag;
namespace valid = protocol::mds::valid;

constexpr uint32_t kOpenModes = kOpenRead | kOpenWrite | kOpenExecute;
constexpr uint64_t kDescribed = valid::kEaSize | valid::kDirEa | valid::kAcl;

}  // namespace

int32_t Mds::refuse_open(const Call& call, const operation::Open& asked) const {
  if (dialect().open_needs_flags && asked.flags == 0) return -EPROTO;
  if (dialect().joins_refused && (asked.flags & open_flag::kJoinFile) != 0) return -EOPNOTSUPP;
  const bool replay = call.request.replay;
  if (dialect().child_fid_only_in_replay && !is_zero(asked.child) && !replay) return -EFAULT;
  return 0;
}

void Mds::on_open_intent(Call& call) {
  const auto asked = dialect().open(call.message());
  if (!asked) return malformed(call);
  if (const int32_t status = refuse_open(call, *asked); status != 0) {
    return service_.refuse(call.turn, call.request, status);
  }

  Opening opening;
  opening.asked = *asked;
  opening.answer.disposition = disposition::kItExecd;
  // Also of a request that the network has doubled, and that nobody marked as resent.
  const OpenFile* known = opens_.find_by_xid(call.request.export_id, call.request.xid);
  if (known != nullptr) return open_again(call, opening, known);
  if (call.request.replay) return reopen(call, opening);
  const auto& slot = call.request.reconstruct;
  if (slot && (slot->data & disposition::kOpenCreate) != 0) {
    return open_again(call, opening, nullptr);
  }
  open_named(call, opening);
}

// A resent open that was executed: the open file of this very request, or a file that it made and
// that a restart of the server has closed.
void Mds::open_again(Call& call, Opening& opening, const OpenFile* known) {
  const auto& slot = call.request.reconstruct;
  opening.again = slot.has_value();
  opening.answer.disposition = slot ? slot->data
                                    : disposition::kItExecd | disposition::kLookupExecd |
                                          disposition::kLookupPos | disposition::kOpenOpen;
  if (slot && slot->result < 0) return fail_open(call, opening, slot->result);

  const Inode* child = known != nullptr ? files_.inode(known->inode) : nullptr;
  if (known == nullptr) {
    child = files_.find(opening.asked.child);
    const Inode* parent = files_.find(opening.asked.parent);
    // 2.0 knows the file by its FID; another that has the name by now is not it.
    const bool by_name = !dialect().clients_choose_fids && child == nullptr;
    if (by_name && parent != nullptr && parent->is_directory()) {
      child = files_.lookup(*parent, opening.asked.name);
    }
  }
  if (child == nullptr) {
    // Somebody has removed it since. Shipped servers make it once more.
    if (!planted(Defect::removed_file_made_again)) return fail_open(call, opening, -ESTALE);
    opening.answer.disposition = disposition::kItExecd;
    opening.again = false;
    return open_named(call, opening);
  }
  opening.child = child->number;
  opening.handle = known != nullptr ? known->handle : 0;
  finish_open(call, opening);
}

// Replay: the file by its FID, else it is made again with the same one.
void Mds::reopen(Call& call, Opening& opening) {
  opening.answer.disposition |= disposition::kLookupExecd;
  if (const Inode* child = files_.find(opening.asked.child)) {
    opening.answer.disposition |= disposition::kLookupPos;
    opening.child = child->number;
    // This open gave it its objects.
    if (child->is_regular() && child->layout.empty()) {
      int32_t ignored = 0;
      auto stripes = stripes_for(call, opening.asked, nullptr, ignored);
      if (stripes) set_layout(call, opening.child, std::move(*stripes));
    }
    return finish_open(call, opening);
  }
  opening.answer.disposition |= disposition::kLookupNeg;
  // A file that was durable and is not there was removed since, and closed: it does not come back.
  const bool durable = call.request.replay_transno <= service_.last_committed();
  if (durable) return fail_open(call, opening, -ENOENT);
  int32_t status = -EFAULT;
  const bool create = (opening.asked.flags & open_flag::kCreat) != 0;
  const Inode* parent = create ? find_directory(opening.asked.parent, status) : nullptr;
  const Inode* there = parent == nullptr ? nullptr : files_.lookup(*parent, opening.asked.name);
  const std::array versions = {version_of(parent), version_of(there)};
  if (const int32_t other = create ? check_versions(call, versions) : 0) {
    return fail_open(call, opening, other);
  }
  if (parent == nullptr) return fail_open(call, opening, status);
  if (there != nullptr) return fail_open(call, opening, -EEXIST);
  drop_stale_orphan(call, opening.asked.child);
  create_for_open(call, opening, *parent);
}

void Mds::open_named(Call& call, Opening& opening) {
  const operation::Open& asked = opening.asked;
  int32_t status = 0;
  if (asked.name.empty()) {
    const Inode* child = find_file(is_zero(asked.child) ? asked.parent : asked.child, status);
    if (child == nullptr) return fail_open(call, opening, status);
    return open_existing(call, opening, *child);
  }
  const Inode* parent = find_directory(asked.parent, status);
  if (parent != nullptr) status = may_access(*parent, asked.who, kMayExecute);
  if (parent == nullptr || status != 0) return fail_open(call, opening, status);

  opening.answer.disposition |= disposition::kLookupExecd;
  opening.versions[0] = parent->version;
  if (const Inode* child = files_.lookup(*parent, asked.name)) {
    opening.answer.disposition |= disposition::kLookupPos;
    opening.versions[1] = child->version;
    const bool exclusive = (asked.flags & open_flag::kExcl) != 0;
    if (exclusive && (asked.flags & open_flag::kCreat) != 0) {
      return fail_open(call, opening, -EEXIST);
    }
    return open_existing(call, opening, *child);
  }
  opening.answer.disposition |= disposition::kLookupNeg;
  if ((asked.flags & open_flag::kCreat) == 0) return fail_open(call, opening, -ENOENT);
  opening.answer.disposition |= disposition::kOpenCreate;
  if (!hold(call, {whole(*parent, bit::kUpdate)})) return;
  create_for_open(call, opening, *parent);
}

void Mds::create_for_open(Call& call, Opening& opening, const Inode& parent) {
  const operation::Open& asked = opening.asked;
  opening.answer.disposition |= disposition::kOpenCreate;
  opening.versions = {parent.version, version_of(nullptr)};
  int32_t status = refuse_new_name(parent, asked.name, asked.who);
  std::optional<Layout> stripes;
  if (status == 0) stripes = stripes_for(call, asked, &parent, status);
  if (call.parked) return;
  if (status != 0) return fail_open(call, opening, status);

  operation::Create node;
  node.who = asked.who;
  node.name = asked.name;
  node.child = new_fid(call, asked.child);
  node.mode = kModeRegular | (asked.mode & 07777);
  node.time = asked.time;
  opening.transaction = service_.begin(call.request);
  const Inode* made = make_file(node, parent.number, opening.transaction->transno());
  if (made == nullptr) return fail_open(call, opening, -EFAULT);
  opening.child = call.made = made->number;
  opening.created = true;
  if (stripes) set_layout(call, opening.child, std::move(*stripes));
  finish_open(call, opening);
}

int32_t Mds::refuse_file(const Call& call, const Opening& opening, const Inode& inode) const {
  const operation::Open& asked = opening.asked;
  const bool changes = (asked.flags & (open_flag::kCreat | open_flag::kFmodeWrite)) != 0;
  if (inode.is_directory() && changes) return -EISDIR;
  if (!inode.is_directory() && (asked.flags & open_flag::kDirectory) != 0) return -ENOTDIR;
  uint32_t how = 0;
  if ((asked.flags & open_flag::kFmodeRead) != 0) how |= kMayRead;
  if ((asked.flags & (open_flag::kFmodeWrite | open_flag::kTrunc)) != 0) how |= kMayWrite;
  if ((asked.flags & open_flag::kFmodeExec) != 0) how |= kMayExecute;
  const bool owner = (asked.flags & open_flag::kOwneroverride) != 0 && asked.who.fsuid == inode.uid;
  const int32_t status = owner ? 0 : may_access(inode, asked.who, how);
  if (status != 0 || call.request.replay || !inode.is_regular()) return status;
  if ((how & kMayWrite) != 0 && opens_.executor_count(inode.number) != 0) return -ETXTBSY;
  if ((asked.flags & open_flag::kFmodeExec) != 0 && opens_.writer_count(inode.number) != 0 &&
      !planted(Defect::executor_beside_writer)) {
    return -ETXTBSY;
  }
  return 0;
}

// OPEN locks only for who asks; the mode follows from what the open does.
std::optional<LockMode> Mds::open_lock(const Call& call, const Opening& opening) const {
  const uint32_t flags = opening.asked.flags;
  if ((flags & open_flag::kLock) == 0 || call.request.replay || opening.again) return std::nullopt;
  if ((flags & open_flag::kFmodeWrite) != 0) return LockMode::cw;
  return (flags & open_flag::kFmodeExec) != 0 ? LockMode::pr : LockMode::cr;
}

void Mds::open_existing(Call& call, Opening& opening, const Inode& child) {
  const operation::Open& asked = opening.asked;
  if (const int32_t status = refuse_file(call, opening, child); status != 0) {
    return fail_open(call, opening, status);
  }
  opening.child = child.number;
  std::vector<Wanted> wanted;
  if (const auto mode = open_lock(call, opening)) {
    wanted.push_back({dialect().resource(child), *mode, bit::kOpen});
  }
  const bool bare = child.is_regular() && child.layout.empty();
  if (bare && wants_objects(asked.flags)) wanted.push_back(whole(child, bit::kUpdate));
  if (reply_untaken(child)) {
    wanted.push_back({dialect().resource(child), LockMode::cr, bit::kLookup});
  }
  const auto revoked = bare ? std::nullopt : revoke_sizes(call, child, asked.flags);
  if (revoked) wanted.push_back(*revoked);
  if (!wanted.empty() && !hold(call, std::move(wanted))) return;
  if (revoked) drop_own(call, *revoked);
  if (bare) {
    int32_t status = 0;
    auto stripes = stripes_for(call, asked, nullptr, status);
    if (call.parked) return;
    if (status != 0) return fail_open(call, opening, status);
    if (stripes) set_layout(call, opening.child, std::move(*stripes));
  }
  finish_open(call, opening);
}

void Mds::finish_open(Call& call, Opening& opening) {
  const Inode* inode = files_.inode(opening.child);
  IntentAnswer& answer = opening.answer;
  const bool special = !inode->is_regular() && !inode->is_directory();
  const bool handle =
      !inode->is_symlink() && (!special || !may(call, protocol::ptlrpc::connect_flag::kNodevoh));
  if (handle) {
    answer.disposition |= disposition::kOpenOpen;
    if (opening.handle == 0) opening.handle = open_file(call, opening);
  }
  if (const auto mode = handle ? open_lock(call, opening) : std::nullopt) {
    if (opening.created) lock_new(call, *inode, *mode, bit::kOpen);
    answer.lock = hand_over(call, dialect().resource(*inode));
    if (answer.lock != 0) answer.disposition |= disposition::kOpenLock;
  }

  const bool bare = call.request.replay && dialect().replay_without_md;
  answer.reply = attributes(call, *inode, bare ? 0 : kDescribed, 0);
  answer.reply.handle = opening.handle;
  if (const auto* holder = som_.find(call.request.export_id, opening.handle, false)) {
    answer.reply.io_epoch = holder->epoch;
  }
  if (handle) answer.reply.valid |= valid::kHandle;
  if (handle && !opening.again && !opening.transaction) {
    opening.transaction = service_.begin(call.request);
  }
  answer_intent(call, answer, true, std::move(opening.transaction), opening.versions);
}

uint64_t Mds::open_file(Call& call, const Opening& opening) {
  const Request& request = call.request;
  OpenFile file;
  file.handle = new_open_handle(request.from);
  file.inode = opening.child;
  file.mode = opening.asked.flags & kOpenModes;
  if (request.replay && planted(Defect::write_count_lost_in_replay)) file.mode &= ~kOpenWrite;
  file.xid = planted(Defect::open_request_forgotten) ? 0 : request.xid;
  file.export_id = request.export_id;
  if (request.replay && dialect().old_handles) {
    file.old_handle = opening.asked.old_handle;
    // Left over from a replay that was interrupted.
    const OpenFile* stale = opens_.find_by_old_handle(request.export_id, file.old_handle);
    if (stale != nullptr) {
      som_.drop(stale->handle);
      remove_open(call.turn, OpenFile(*stale));
    }
    if (planted(Defect::old_handle_not_kept)) file.old_handle = 0;
  }
  const bool lost =
      planted(Defect::open_handle_lost_over_failover) && request.replay && !opening.created;
  if (!lost) {
    opens_.open(file);
    note(call.turn, Fact::Kind::opened, file);
    epoch_opened(call, file, request.replay ? opening.asked.io_epoch : 0, opening.created);
  }
  return file.handle;
}

uint64_t Mds::new_open_handle(PeerId peer) {
  const auto place = std::ranges::lower_bound(open_counts_, peer, {}, &OpenCount::peer);
  OpenCount& count = place != open_counts_.end() && place->peer == peer
                         ? *place
                         : *open_counts_.insert(place, OpenCount{peer, 0});
  return derive(config_, Purpose::open_handle, peer, ++count.opens);
}

void Mds::fail_open(Call& call, Opening& opening, int32_t status) {
  opening.answer.status = status;
  opening.answer.reply = {};
  std::optional<Transaction> transaction;
  if (!opening.again) transaction = service_.begin(call.request);
  answer_intent(call, opening.answer, true, std::move(transaction), opening.versions);
}

}  // namespace reference
