// The metadata server: names, attributes, opens, locks on files, and the layouts of files on OSTs.
// One machine for both dialects; what differs is in MdsDialect (mds_dialect.h). Facts: semantics 1
// to 3, rpc-formats, differences.
//
// Its parts: Service (the path of every request), Namespace (inodes and names, durable), OpenFiles,
// Locks and LockCallbacks, ObjectPool (objects that OSTs made in advance), UnlinkLog (objects that
// are to be destroyed), a ConfigLog to know the OSTs. Handlers are in mds_*.cc by family.
//
// A handler takes the decoded request, refuses, waits for what is in its way (hold), changes state
// and fills the answer. One that has to wait is parked and runs again from its beginning, so that
// it judges the state that is there when it may go on.
//
// Locks that an operation needs against the caches of clients are EX locks of the server's own,
// taken all at once, so that two operations never wait for each other; they are given up in the
// step that answers, unless something was changed: then they are kept until the client has the
// reply or the change is durable, so that nobody can build on a change that only its own client's
// resend would bring back after a crash (facts: semantics 1.6). It does not model: several MDTs,
// quotas, capabilities, ACL checks, changelogs.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "reference/config.h"
#include "reference/endpoint.h"
#include "reference/lock_callbacks.h"
#include "reference/locks.h"
#include "reference/machine.h"
#include "reference/mds_dialect.h"
#include "reference/mds_operations.h"
#include "reference/mds_targets.h"
#include "reference/namespace.h"
#include "reference/object_pool.h"
#include "reference/open_files.h"
#include "reference/service.h"
#include "reference/som.h"
#include "reference/unlink_log.h"

namespace reference {

class Mds {
 public:
  // Operations that wait for locks or objects, at once; beyond it they are refused with -EBUSY.
  static constexpr size_t kParkedMax = 4096;
  // Its timer beside those of its parts: operations that wait for objects, pages not fetched.
  static constexpr uint32_t kWaitTimer = Service::kTimersEnd + 32;

  Mds(const Config& config, const Store& store);

  void start(Time now, Actions& out);
  void step(Time now, const Event& event, Actions& out);
  void invariants() const;
  // What it has, counted (counts.h).
  std::vector<Fact> audit() const;
  void state(auto&& visit) const {
    visit(config_, endpoint_, service_, files_, opens_, open_counts_, locks_, callbacks_, pool_,
          unlink_log_, targets_, next_sequence_, sequences_end_, sequences_commit_, parked_, kept_,
          readpages_, wait_timer_, som_, sync_due_);
  }

  const Namespace& files() const { return files_; }
  const Service& service() const { return service_; }
  const OpenFiles& opens() const { return opens_; }

  // One operation of the service; the table in mds.cc has them all.
  struct Operation;

 private:
  using ReplyForm = void (*)(const FileReply&, protocol::MessageBuilder&);

  // A lock of the server's own that an operation needs.
  struct Wanted {
    ResourceId resource;
    LockMode mode = LockMode::ex;
    uint64_t bits = 0;
    bool operator==(const Wanted&) const = default;
    void state(auto&& visit) const { visit(resource, mode, bits); }
  };
  struct Holding {
    std::vector<Wanted> wanted;
    std::vector<LockHandle> locks;  // one for each, granted or waiting
    void state(auto&& visit) const { visit(wanted, locks); }
  };
  // A request under way, for the time of one run of its handler.
  struct Call {
    Turn& turn;
    const Request& request;
    Holding holding = {};
    bool parked = false;       // waits: runs again
    bool for_objects = false;  // for an OST, not for locks
    bool gave_up = false;      // waited for objects until its time was over
    uint64_t made = 0;         // number of the inode that it has made
    LockEffects after = {};    // of locks given to the client: callbacks follow the answer
    const protocol::Message& message() const { return request.message; }
    Time now() const { return turn.now; }
  };
  struct Parked {
    Request request;
    Holding holding;
    bool for_objects = false;
    Time give_up_at = kNever;
    void state(auto&& visit) const { visit(request, holding, for_objects, give_up_at); }
  };
  // Locks of a change whose reply is not taken.
  struct Kept {
    ExportId export_id = 0;
    uint64_t xid = 0;
    Holding holding;
    void state(auto&& visit) const { visit(export_id, xid, holding); }
  };
  // A directory page on its way.
  struct Readpage {
    uint64_t cookie = 0;
    Request request;
    uint64_t directory = 0;  // number
    Time give_up_at = kNever;
    void state(auto&& visit) const { visit(cookie, request, directory, give_up_at); }
  };
  struct OpenCount {  // files opened by a peer, to derive cookies
    PeerId peer;
    uint64_t opens = 0;
    void state(auto&& visit) const { visit(peer, opens); }
  };
  // An answer to an intent.
  struct IntentAnswer {
    uint64_t disposition = 0;
    int32_t status = 0;  // of the operation
    FileReply reply = {};
    LockHandle lock = 0;  // given to the client; 0: ELDLM_LOCK_ABORTED
  };
  struct Opening;
  struct Removed {  // what an unlink, a rename or a last close has to tell the client
    Inode inode;
    Bytes md, cookies;
  };

  // --- mds.cc: events, running handlers ---
  void settle(Turn& turn);
  void receive(Turn& turn, const Received& received);
  void on_work(Turn& turn, Work work);
  void run(Turn& turn, const Request& request, Holding holding, bool gave_up);
  bool run_parked(Turn& turn);
  void on_peer_lost(Turn& turn, PeerId peer);
  void on_timer(Turn& turn, TimerId timer);
  void on_asked(Turn& turn, const Asked& asked);
  bool wake_for_objects();
  void abort_active(ExportId client);
  void unmount(Turn& turn, bool force);
  std::vector<Write> take_writes();
  void persist(Turn& turn);
  void destroy_objects(Turn& turn);
  const Operation* find_operation(uint32_t opcode) const;
  void on_client_gone(Turn& turn, const ClientGone& gone);
  void on_reply_taken(Turn& turn, const ReplyTaken& taken);
  void on_connecting(Turn& turn, Connecting& connecting);
  void on_recovery_ended(Turn& turn);
  void arm_wait_timer(Turn& turn);
  void on_wait_timer(Turn& turn);
  TargetsContext targets_context(Turn& turn) {
    return {config_, turn, service_, pool_, unlink_log_};
  }

  const MdsDialect& dialect() const { return mds_dialect(config_.dialect); }
  int64_t wall_clock(Time now) const { return config_.wall_clock_base_s + now / kSecond; }
  bool planted(Defect defect) const { return config_.defects.has(defect); }
  bool may(const Call& call, uint64_t connect_flag) const;

  // --- mds_answer.cc: answers ---
  void answer(Call& call, int32_t status, ReplyForm form, const FileReply& reply);
  void malformed(Call& call) { service_.refuse(call.turn, call.request, dialect().malformed); }
  // A modification that was refused.
  void refuse_change(Call& call, int32_t status, ReplyForm form);
  // A modification that succeeded: what changed in the namespace, in the unlink log and in the pool
  // goes into the transaction. `object` is for the note.
  void commit(Call& call, Transaction&& transaction, Reply& reply);
  void answer_change(Call& call, Transaction&& transaction, ReplyForm form, const FileReply& reply,
                     std::span<const uint64_t> versions);
  // The answer of before, from the slot.
  void answer_again(Call& call, ReplyForm form, const FileReply& reply);
  void answer_intent(Call& call, const IntentAnswer& answer, bool open,
                     std::optional<Transaction> transaction, std::span<const uint64_t> versions);
  // As many versions as the objects in the order of the protocol; before anything else is judged,
  // since what a replay would change may be lost with another client's operation.
  int32_t check_versions(Call& call, std::span<const uint64_t> now);
  // Attributes and what else `valid` asks for.
  FileReply attributes(const Call& call, const Inode& inode, uint64_t valid, uint32_t room) const;
  Bytes layout_for(const Call& call, const Inode& inode) const;
  void note(Turn& turn, Fact::Kind kind, const OpenFile& file) const;
  Fact& note(Turn& turn, Fact::Kind kind, const Inode& inode) const;
  // None: `status` says why. A zero FID, an unknown one, no directory.
  const Inode* find_file(Fid fid, int32_t& status) const;
  const Inode* find_directory(Fid fid, int32_t& status) const;

  // --- mds_getattr.cc ---
  void on_getstatus(Call& call);
  void on_statfs(Call& call);
  void on_getattr(Call& call);
  void on_getattr_name(Call& call);
  void on_getattr_intent(Call& call, uint64_t bits);

  // --- mds_readdir.cc ---
  void on_readpage(Call& call);
  void on_bulk_done(Turn& turn, const BulkDone& done);

  // --- mds_open.cc: the intent; mds_create.cc: what a new file needs ---
  void on_open_intent(Call& call);
  int32_t refuse_open(const Call& call, const operation::Open& asked) const;
  void open_again(Call& call, Opening& opening, const OpenFile* known);
  void reopen(Call& call, Opening& opening);
  void open_named(Call& call, Opening& opening);
  void create_for_open(Call& call, Opening& opening, const Inode& parent);
  void open_existing(Call& call, Opening& opening, const Inode& child);
  int32_t refuse_file(const Call& call, const Opening& opening, const Inode& inode) const;
  void finish_open(Call& call, Opening& opening);
  uint64_t open_file(Call& call, const Opening& opening);
  void fail_open(Call& call, Opening& opening, int32_t status);
  std::optional<LockMode> open_lock(const Call& call, const Opening& opening) const;
  uint64_t new_open_handle(PeerId peer);

  // --- mds_create.cc ---
  // A name in a directory that takes it, for somebody who may.
  int32_t refuse_new_name(const Inode& directory, std::string_view name,
                          const Credentials& who) const;
  // A new file with its name; the transaction's number becomes the version of both. None: its
  // number is taken (replays in 1.8).
  const Inode* make_file(const operation::Create& asked, uint64_t directory, uint64_t transno);
  // The FID of a file to be made: as the client says (2.0, replays), or the server's to choose.
  Fid new_fid(const Call& call, Fid asked) const;
  // The stripes of a new file. None: none are wanted, or the call was parked, or `status` says why.
  std::optional<Layout> stripes_for(Call& call, const operation::Open& asked, const Inode* parent,
                                    int32_t& status);
  std::optional<Layout> stripes_given(const operation::Open& asked) const;
  void set_layout(Call& call, uint64_t inode, Layout layout);
  void drop_stale_orphan(Call& call, Fid fid);
  static uint64_t version_of(const Inode* inode);

  // --- mds_close.cc ---
  void on_close(Call& call);
  void on_done_writing(Call& call);
  const OpenFile* find_open(const Call& call, uint64_t handle) const;
  // Takes the open file away. When it was the last one of an orphan, that is destroyed.
  std::optional<Removed> close_file(Turn& turn, const Call* call, const OpenFile& file);
  // Without a call nobody else destroys the objects: the server does.
  void remove_open(Turn& turn, const OpenFile& file);
  Removed destroy(Turn& turn, const Call* call, uint64_t inode);
  FileReply removed_reply(const Call& call, const std::optional<Removed>& removed,
                          const Inode* inode) const;
  static UnlinkLog::Destroyer destroyer(const Call* call);
  void answer_removal_again(Call& call);
  void clean_orphans(Turn& turn);

  // --- mds_som.cc: the profile `som` ---
  bool epochs(const Call& call) const;  // whether the request is of a client that takes part
  void epoch_opened(Call& call, const OpenFile& file, uint64_t saved, bool created);
  // Clients that were told a size forget it before an epoch begins.
  std::optional<Wanted> revoke_sizes(const Call& call, const Inode& inode, uint32_t flags) const;
  void drop_own(Call& call, const Wanted& lock);
  SomVerdict end_epoch(Call& call, const operation::Close& asked, const Som::Holder& holder);
  void answer_epoch_end(Call& call, Transaction&& transaction, ReplyForm form, FileReply reply,
                        SomVerdict verdict, uint64_t number);
  void name_epoch(FileReply& reply, uint64_t epoch) const;
  bool update_asked_before(const Call& call) const;
  void ask_update_again(Call& call, ReplyForm form, uint64_t handle);
  void on_som_update(Call& call, const operation::Setattr& asked);
  void bring_times_forward(const operation::Setattr& asked, uint64_t number);
  bool begins_again(const Call& call, const operation::Setattr& asked) const;
  void open_truncate_epoch(Call& call, const Inode& inode, const operation::Setattr& asked,
                           FileReply& reply);
  void tell_size(const Call& call, const Inode& inode, FileReply& reply) const;
  void evict_epochs(Turn& turn, ExportId client);
  void note_sizes_found(Turn& turn);
  void note_som(Turn& turn, uint64_t inode) const;
  // If what is kept of the file's size is another than it was.
  bool has(SomPolicy policy) const { return config_.som.on && config_.som.has(policy); }
  // OSTs hear of a client that is gone.
  void tell_of_gone(Turn& turn, const ClientGone& gone);
  // An OST says that it will execute a lockless operation, or has done so (solution 10).
  bool on_ost_word(Turn& turn, const RequestIn& in);
  void drop_ost_epochs(Turn& turn, PeerId ost);
  // Synchronisation with the OSTs after a start, once recovery is over; then what is withheld.
  void settle_sizes(Turn& turn);
  void note_kept(const Call& call, uint64_t inode, const std::optional<SomCache>& before) const;

  // --- mds_reint.cc, mds_unlink.cc, mds_setattr.cc, mds_xattr.cc ---
  void on_reint(Call& call);
  void on_create(Call& call);
  void on_create_intent(Call& call);
  const Inode* made_before(const operation::Create& asked) const;
  int32_t refuse_create(const Call& call, const operation::Create& asked,
                        const Inode*& directory) const;
  void on_link(Call& call);
  void on_unlink(Call& call);
  void on_rename(Call& call);
  int32_t refuse_unlink(const operation::Unlink& asked, const Inode& directory,
                        const Inode& child) const;
  struct Renaming;
  int32_t refuse_rename(const operation::Rename& asked, const Renaming& renaming) const;
  bool is_inside(uint64_t directory, uint64_t ancestor) const;
  void move_name(const operation::Rename& asked, const Renaming& renaming, uint64_t transno);
  std::optional<Removed> drop_link(const Call& call, uint64_t inode, int64_t time,
                                   uint64_t transno);
  void on_setattr(Call& call);
  int32_t refuse_setattr(const operation::Setattr& asked, const Inode& inode) const;
  void apply_attributes(const operation::Setattr& asked, Inode& inode, int64_t now) const;
  void on_getxattr(Call& call);
  void on_setxattr(Call& call);
  void on_sync(Call& call);
  int32_t change_xattr(const operation::Setxattr& asked, Inode& inode) const;
  void on_pin(Call& call);
  void on_set_info(Call& call);
  void on_not_supported(Call& call);

  // --- mds_sequence.cc ---
  static constexpr uint64_t kSequencesReserved = 1000;
  static uint64_t stored_sequence(const Store& store);
  // Those up to there are on the disk as given, with all else that changed.
  void reserve_sequences(Turn& turn);
  void on_seq_query(Call& call);
  void on_fld_query(Call& call);

  // --- mds_lock.cc ---
  void on_enqueue(Call& call);
  void on_intent(Call& call, uint64_t intent);
  void on_convert(Call& call);
  void on_cancel(Call& call);
  // Whether a change of the file waits for its reply to be taken: nobody opens it until then.
  bool reply_untaken(const Inode& inode) const;
  // True when all of them are held. Otherwise the call was parked.
  bool hold(Call& call, std::vector<Wanted> wanted);
  void release(Turn& turn, const Holding& holding);
  // The lock that an ENQUEUE asks for.
  static std::optional<protocol::ldlm::LdlmRequest> lock_of(const Request& request);
  // The lock on the child that an intent asks for, the client's; 0: none, or the call was parked.
  LockHandle lock_child(Call& call, const Inode& child, uint64_t bits);
  // A lock of the server's own on a file that was made just now: nobody can be in the way.
  void lock_new(Call& call, const Inode& inode, LockMode mode, uint64_t bits);
  // The own lock on `resource` becomes the client's; 0 if there is none.
  LockHandle hand_over(Call& call, const ResourceId& resource);
  void cancel_early(Call& call, const operation::Cancels& handles);
  void act_on(Turn& turn, const LockEffects& effects);
  Wanted whole(const Inode& inode, uint64_t bits) const;

  Config config_;
  Endpoint endpoint_;
  Service service_;
  Namespace files_;
  OpenFiles opens_;
  std::vector<OpenCount> open_counts_;  // sorted by peer
  Locks locks_;
  LockCallbacks callbacks_;
  ObjectPool pool_;
  UnlinkLog unlink_log_;
  MdsTargets targets_;
  Som som_;
  bool sync_due_ = false;  // with the OSTs
  uint64_t next_sequence_ = kFidSeqNormal;
  uint64_t sequences_end_ = 0;  // of those that are reserved
  CommitId sequences_commit_ = 0;
  std::vector<Parked> parked_;  // in order of arrival
  std::vector<Kept> kept_;      // likewise
  std::vector<Readpage> readpages_;
  Time wait_timer_ = kNever;
};

}  // namespace reference
