// Size-on-MDS in the metadata server's requests: opens, CLOSE, DONE_WRITING, SETATTR, GETATTR
// (facts: semantics 4.3, 4.4). The state itself is in som.h.

#include <algorithm>
#include <cerrno>
#include <utility>

#include "protocol/mds.h"
#include "protocol/mds_2_0.h"
#include "protocol/operations_2_0.h"
#include "protocol/ost.h"
#include "reference/mds.h"
#include "reference/som_words.h"

namespace reference {

namespace {

namespace attr = protocol::mds::attr;
namespace bit = protocol::ldlm::inodebit;
namespace epoch_flag = protocol::mds_2_0::epoch_flag;
namespace open_flag = protocol::mds::open_flag;
namespace valid = protocol::mds::valid;

// In the slot's data, so that a resent CLOSE or DONE_WRITING gets the same answer.
constexpr uint32_t kUpdateAsked = 1, kUnderLock = 2;

// All that is written is.
constexpr size_t kNothingElse = ~size_t{0};

constexpr uint64_t kBothSizes = attr::kSize | attr::kBlocks;

// An OST as the holder of an epoch, among exports.
ExportId ost_holder(PeerId ost) { return ~uint64_t{0xffff'ffff} | (ost.nid & 0xffff'ffff); }

// Whoever judges learns of the objects of a file that was made while the profile was off.
void note_stripes(Turn& turn, const Inode& inode, ObjectName name) {
  const auto layout = decode_layout(inode.layout.view());
  if (!layout) return;
  for (const Stripe& stripe : layout->stripes) {
    turn.out.push_back(Note{{.kind = Fact::Kind::som_stripe,
                             .object = name,
                             .value = stripe.ost_index,
                             .start = stripe.object_id,
                             .end = stripe.object_seq,
                             .digest = layout->stripe_size}});
  }
}

}  // namespace

bool Mds::epochs(const Call& call) const {
  return config_.som.on && may(call, protocol::ptlrpc::connect_flag::kSom);
}

// --- an epoch begins ---

std::optional<Mds::Wanted> Mds::revoke_sizes(const Call& call, const Inode& inode,
                                             uint32_t flags) const {
  const bool begins = epochs(call) && inode.is_regular() && (flags & open_flag::kFmodeWrite) != 0 &&
                      som_.quiet(inode.number);
  if (!begins || planted(Defect::som_cached_sizes_kept)) return std::nullopt;
  return whole(inode, bit::kUpdate);
}

void Mds::drop_own(Call& call, const Wanted& lock) {
  const auto place = std::ranges::find(call.holding.wanted, lock);
  if (place == call.holding.wanted.end() || call.request.replay) return;
  const auto index = place - call.holding.wanted.begin();
  const Holding dropped{{lock}, {call.holding.locks[static_cast<size_t>(index)]}};
  call.holding.wanted.erase(place);
  call.holding.locks.erase(call.holding.locks.begin() + index);
  release(call.turn, dropped);
}

void Mds::epoch_opened(Call& call, const OpenFile& file, uint64_t saved, bool created) {
  const Inode* inode = files_.inode(file.inode);
  if (!epochs(call) || (file.mode & kOpenWrite) == 0 || !inode->is_regular()) return;
  som_.open({.handle = file.handle,
             .old_handle = file.old_handle,
             .inode = file.inode,
             .export_id = file.export_id,
             .xid = file.xid},
            saved, created);
  note_stripes(call.turn, *inode, object_name(dialect().resource(*inode)));
  note_som(call.turn, file.inode);
}

// A truncate that was executed before a restart, whose answer is lost: its epoch is opened anew.
bool Mds::begins_again(const Call& call, const operation::Setattr& asked) const {
  const bool opens = (asked.epoch_flags & epoch_flag::kEpochOpen) != 0;
  return opens && epochs(call) &&
         som_.find_by_xid(call.request.export_id, call.request.xid) == nullptr;
}

// A truncate is a writer until its DONE_WRITING.
void Mds::open_truncate_epoch(Call& call, const Inode& inode, const operation::Setattr& asked,
                              FileReply& reply) {
  const bool opens = (asked.epoch_flags & epoch_flag::kEpochOpen) != 0;
  if (opens && !config_.som.on && config_.som.has(SomPolicy::always_done_writing)) {
    // Nothing rests on the handle here; the client opens an epoch with it when we have the profile.
    reply.handle = new_open_handle(call.request.from);
    reply.valid |= valid::kHandle;
  }
  if (!epochs(call) || !opens || !inode.is_regular()) return;
  if (planted(Defect::som_truncate_without_epoch)) return;
  const Request& request = call.request;
  const Som::Holder* known = som_.find_by_xid(request.export_id, request.xid);
  Som::Holder holder;
  if (known != nullptr) {
    holder = *known;
  } else {
    holder.handle = new_open_handle(request.from);
    holder.inode = inode.number;
    holder.export_id = request.export_id;
    holder.xid = request.xid;
    holder.holding = Som::Holding::truncate;
    if (request.replay) holder.old_handle = asked.handle;
    holder.epoch = som_.open(holder, request.replay ? asked.io_epoch : 0, false);
    note_stripes(call.turn, inode, object_name(dialect().resource(inode)));
    note_som(call.turn, inode.number);
  }
  reply.handle = holder.handle;
  reply.io_epoch = holder.epoch;
  reply.valid |= valid::kHandle;
}

// --- an epoch ends ---

SomVerdict Mds::end_epoch(Call& call, const operation::Close& asked, const Som::Holder& holder) {
  const uint64_t number = holder.inode;
  const Inode* inode = files_.inode(number);
  SomClosing closing;
  closing.epoch_close = (asked.epoch_flags & epoch_flag::kEpochClose) != 0;
  closing.change = (asked.epoch_flags & epoch_flag::kSomChange) != 0;
  closing.update_asked = (asked.epoch_flags & epoch_flag::kSomAu) != 0;
  closing.replay = call.request.replay;
  closing.has_objects = inode != nullptr && !inode->layout.empty() && inode->nlink != 0;
  if (asked.sizes_known) closing.attributes = SomCache{0, asked.size, asked.blocks, 0};
  const SomCache* kept = som_.kept(number);
  const auto before = kept != nullptr ? std::optional(*kept) : std::nullopt;
  const SomVerdict verdict = som_.close(holder.handle, closing);
  note_kept(call, number, before);
  note_som(call.turn, number);
  return verdict;
}

void Mds::answer_epoch_end(Call& call, Transaction&& transaction, ReplyForm form, FileReply file,
                           SomVerdict verdict, uint64_t number) {
  if (verdict == SomVerdict::done) {
    return answer_change(call, std::move(transaction), form, file, {});
  }
  Reply reply = service_.reply(call.request);
  reply.status = -EAGAIN;
  reply.result = 0;  // it was executed
  reply.data = kUpdateAsked;
  if (verdict == SomVerdict::update_under_lock) {
    reply.data |= kUnderLock;
    file.valid |= valid::kGetattrLock;
  }
  name_epoch(file, som_.epoch(number));
  if (file.inode != nullptr) reply.object = object_name(dialect().resource(*file.inode));
  form(file, reply.message);
  commit(call, std::move(transaction), reply);
}

// With the fence: the epoch that sizes are to be read with.
void Mds::name_epoch(FileReply& reply, uint64_t epoch) const {
  if (!has(SomPolicy::fence) || epoch == 0) return;
  reply.io_epoch = epoch;
  reply.valid |= valid::kEpoch;
}

bool Mds::update_asked_before(const Call& call) const {
  const auto& slot = call.request.reconstruct;
  return epochs(call) && slot && slot->result == 0 && (slot->data & kUpdateAsked) != 0;
}

void Mds::ask_update_again(Call& call, ReplyForm form, uint64_t handle) {
  Reply reply = service_.reply(call.request);
  reply.status = -EAGAIN;
  reply.result = 0;
  FileReply file;
  if ((call.request.reconstruct->data & kUnderLock) != 0) file.valid |= valid::kGetattrLock;
  const Som::Holder* holder = som_.find(call.request.export_id, handle, call.request.replay);
  if (holder != nullptr) name_epoch(file, som_.epoch(holder->inode));
  form(file, reply.message);
  service_.finish(call.turn, call.request, reply);
}

void Mds::on_done_writing(Call& call) {
  const ReplyForm form = dialect().put_body;
  // The profile is off: the open file is closed already, or will be.
  if (!epochs(call)) return answer(call, 0, form, {});
  const auto asked = dialect().done_writing(call.message());
  if (!asked) return malformed(call);
  if (update_asked_before(call)) return ask_update_again(call, form, asked->handle);
  if (call.request.reconstruct) return answer_again(call, form, {});
  const Som::Holder* holder = som_.find(call.request.export_id, asked->handle, call.request.replay);
  const bool open = holder != nullptr && holder->holding != Som::Holding::update &&
                    holder->holding != Som::Holding::write;
  if (!open && !call.request.replay) return refuse_change(call, -ESTALE, form);
  Transaction transaction = service_.begin(call.request);
  SomVerdict verdict = SomVerdict::done;
  const uint64_t number = open ? holder->inode : 0;
  if (open) {
    verdict = end_epoch(call, *asked, Som::Holder(*holder));
  } else if ((asked->epoch_flags & epoch_flag::kSomAu) != 0) {
    verdict = SomVerdict::update;
  }
  answer_epoch_end(call, std::move(transaction), form, {}, verdict, number);
}

// Attributes that a close has asked for. They count in this mount alone, after which nobody is told
// a size before it was read again: a replay leaves nothing. It may come without its close, whose
// open was given up before.
void Mds::on_som_update(Call& call, const operation::Setattr& asked) {
  const ReplyForm form = dialect().put_setattr;
  int32_t status = 0;
  const Inode* inode = find_file(asked.fid, status);
  if (call.request.reconstruct) return answer_again(call, form, {.inode = inode});
  const Som::Holder* holder = som_.find(call.request.export_id, asked.handle, call.request.replay);
  const bool waits = holder != nullptr && holder->holding == Som::Holding::update;
  if (status == 0 && !waits && !call.request.replay) status = -ESTALE;
  if (status != 0) return refuse_change(call, status, form);

  Transaction transaction = service_.begin(call.request);
  std::optional<SomCache> attributes;
  if ((asked.valid & kBothSizes) == kBothSizes)
    attributes = SomCache{0, asked.size, asked.blocks, 0};
  const uint64_t number = inode->number;
  const bool times = attributes && !call.request.replay && !holder->times_set;
  if (times) bring_times_forward(asked, number);
  const SomCache* kept = som_.kept(number);
  const auto before = kept != nullptr ? std::optional(*kept) : std::nullopt;
  if (waits) som_.update(holder->handle, asked.io_epoch, attributes, call.request.replay);
  note_kept(call, number, before);
  note_som(call.turn, number);
  Reply reply = service_.reply(call.request);
  reply.object = object_name(dialect().resource(*files_.inode(number)));
  reply.cached = kNothingElse;
  form(this->attributes(call, *files_.inode(number), 0, 0), reply.message);
  commit(call, std::move(transaction), reply);
}

// Those of the objects, where they are later.
void Mds::bring_times_forward(const operation::Setattr& asked, uint64_t number) {
  const Inode& inode = *files_.inode(number);
  const bool later =
      asked.mtime > inode.mtime || asked.atime > inode.atime || asked.ctime > inode.ctime;
  if ((asked.valid & attr::kMtime) == 0 || !later) return;
  Inode& changed = files_.change(number);
  changed.mtime = std::max(changed.mtime, asked.mtime);
  changed.atime = std::max(changed.atime, asked.atime);
  changed.ctime = std::max(changed.ctime, asked.ctime);
}

void Mds::evict_epochs(Turn& turn, ExportId client) {
  for (const Som::Holder& holder : som_.of_export(client)) {
    som_.evict(holder.handle);
    note_som(turn, holder.inode);
  }
}

// --- sizes ---

void Mds::tell_size(const Call& call, const Inode& inode, FileReply& reply) const {
  const SomCache* told = epochs(call) && inode.is_regular() ? som_.told(inode.number) : nullptr;
  if (told == nullptr) return;
  reply.told = ToldSize{told->size, told->blocks};
  const Export* client = service_.find(call.request.export_id);
  Fact& fact = note(call.turn, Fact::Kind::som_answered, inode);
  fact.client = client->name();
  fact.xid = told->epoch;
  fact.start = told->size;
  fact.end = told->blocks;
  fact.handle = told->mount;
  fact.digest = service_.mount_count();
}

void Mds::note_sizes_found(Turn& turn) {
  som_.mounted(service_.mount_count());
  sync_due_ = service_.mount_count() > 1 &&
              (has(SomPolicy::cluster_flush) || has(SomPolicy::list_of_clients) ||
               has(SomPolicy::ask_clients));
  som_.withhold(sync_due_);
  for (const uint64_t inode : som_.kept_inodes()) note_som(turn, inode);
}

void Mds::tell_of_gone(Turn& turn, const ClientGone& gone) {
  const bool evicts = has(SomPolicy::evict_from_osts) || has(SomPolicy::list_of_clients);
  const Bytes uuid{protocol::as_bytes(gone.uuid)};
  if (evicts) targets_.tell(targets_context(turn), kEvictByUuid, uuid);
  if (has(SomPolicy::cancel_extent_locks)) {
    targets_.tell(targets_context(turn), kCancelByUuid, uuid);
  }
}

// The OST is a holder of the file's epoch until it has executed the operation; who closes after it
// is not trusted. Clients that were told a size are not called back.
bool Mds::on_ost_word(Turn& turn, const RequestIn& in) {
  using protocol::operations_2_0::LdlmSetInfo;
  if (!config_.som.has(SomPolicy::invalidate_first)) return false;
  const auto message = protocol::Message::parse(in.message);
  if (!message || message->body().opc != LdlmSetInfo::kOpcode) return false;
  const auto request = LdlmSetInfo::Request::decode(*message);
  if (!request) return false;
  const auto obdo = protocol::decode<protocol::ost::Obdo>(request->value);
  if (!obdo || !targets_.knows(message->body().handle.cookie)) return false;
  int32_t status = 0;
  const Inode* inode = find_file({obdo->parent_seq, obdo->parent_oid, obdo->parent_ver}, status);
  const Som::Holder* known = som_.find_by_xid(ost_holder(in.from), obdo->handle.cookie);
  const bool begins = config_.som.on && request->key == kEpochBegins;
  if (begins && inode != nullptr && known == nullptr) {
    som_.clear(inode->number);
    som_.open({.handle = new_open_handle(in.from),
               .inode = inode->number,
               .export_id = ost_holder(in.from),
               .xid = obdo->handle.cookie,
               .holding = Som::Holding::truncate},
              0, false);
    note_som(turn, inode->number);
  } else if (request->key == kEpochEnds && known != nullptr) {
    const uint64_t number = known->inode;
    som_.evict(known->handle);
    note_som(turn, number);
  }
  protocol::ptlrpc::PtlrpcBody body;
  body.type = protocol::ptlrpc::msg_type::kReply;
  body.version = LdlmSetInfo::kVersion;
  body.opc = LdlmSetInfo::kOpcode;
  constexpr uint32_t kEarlySize = 192;  // the place of early replies, before the final one
  const bool adaptive = (message->header().flags & protocol::ptlrpc::msghdr_flag::kAtSupport) != 0;
  endpoint_.send_reply(in.from, LdlmSetInfo::kReplyPortal, in.xid, adaptive ? kEarlySize : 0,
                       protocol::MessageBuilder(body).finish(), turn.out);
  return true;
}

// It says again what it still waits for when we are connected again.
void Mds::drop_ost_epochs(Turn& turn, PeerId ost) { evict_epochs(turn, ost_holder(ost)); }

void Mds::settle_sizes(Turn& turn) {
  if (!config_.som.on) return;
  if (sync_due_ && !service_.recovering() && targets_.knows_osts()) {
    sync_due_ = false;
    if (has(SomPolicy::cluster_flush)) {
      targets_.tell(targets_context(turn), kFlushAll, Bytes());
    }
    if (has(SomPolicy::ask_clients)) targets_.tell(targets_context(turn), kAskClients, Bytes());
    if (has(SomPolicy::list_of_clients)) {
      std::string uuids;
      for (const Export& client : service_.exports()) {
        uuids += client.name();
        uuids += '\n';
      }
      targets_.tell(targets_context(turn), kClientsLeft, Bytes(protocol::as_bytes(uuids)));
    }
  }
  if (!som_.withhold(sync_due_ || targets_.telling())) return;
  for (const uint64_t inode : som_.kept_inodes()) note_som(turn, inode);
}

void Mds::note_kept(const Call& call, uint64_t number,
                    const std::optional<SomCache>& before) const {
  const SomCache* kept = som_.kept(number);
  const Inode* inode = files_.inode(number);
  if (inode == nullptr || kept == nullptr || before == *kept) return;
  Fact& fact = note(call.turn, Fact::Kind::som_written, *inode);
  fact.client = service_.find(call.request.export_id)->name();
  fact.xid = kept->epoch;
  fact.start = kept->size;
  fact.end = kept->blocks;
}

void Mds::note_som(Turn& turn, uint64_t number) const {
  const Inode* inode = files_.inode(number);
  if (inode == nullptr) return;
  Fact& fact = note(turn, Fact::Kind::som_state, *inode);
  fact.value = som_.told(number) != nullptr ? 1 : 0;
  fact.xid = som_.epoch(number);
  fact.digest = service_.mount_count();
  if (const SomCache* cache = som_.kept(number)) {
    fact.start = cache->size;
    fact.end = cache->blocks;
    fact.handle = cache->mount;
  }
}

}  // namespace reference
