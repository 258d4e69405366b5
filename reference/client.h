// A client of the file system: applications' calls in, requests out. It reads the configuration
// from the MGS, talks to the MDT and the OSTs over an Import each, looks names up under inodebits
// locks, keeps data in a cache under extent locks and writes it back. Both dialects, by
// client_dialect.h. Facts: semantics 1.6 to 1.8, 1.12, 2.4, 3.4 to 3.7, appendix A; stock-clients.
//
// Files: client.cc (events, and the loop that moves everything), client_mount.cc, client_walk.cc
// (names), client_namespace.cc (calls that change them), client_reading.cc
// (directories, symlinks, extended attributes, flocks), client_open.cc, client_io.cc,
// client_writeback.cc, client_size.cc (data), client_locks.cc (the lock table, callbacks, cancels,
// replay).
//
// A call is data with a stage (client_call.h). After every event all calls are asked whether they
// can go on, so nobody has to know who waits for what; there are few of them.
//
// It does not model: several MDTs, mmap, O_DIRECT, quotas, early lock cancel, capabilities,
// negative names and directory pages in a cache, umask (the server sees the mode as given).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reference/client_call.h"
#include "reference/client_dialect.h"
#include "reference/config.h"
#include "reference/config_log.h"
#include "reference/endpoint.h"
#include "reference/import.h"
#include "reference/layout.h"
#include "reference/machine.h"

namespace reference {

class Client {
 public:
  static constexpr size_t kCallsMax = 256;       // at once; further ones get -EBUSY
  static constexpr size_t kOpenFilesMax = 4096;  // -EMFILE
  static constexpr size_t kLocksMax = 4096;      // unused ones beyond it are given up
  static constexpr uint32_t kSymlinksMax = 40;   // -ELOOP
  static constexpr size_t kNameMax = 255;        // -ENAMETOOLONG
  static constexpr size_t kPathMax = 4096;
  static constexpr uint64_t kDirtyMax = 32u << 20;      // bytes, per OST, as osc's max_dirty_mb
  static constexpr uint32_t kTransfersMax = 8;          // write-backs under way, per object
  static constexpr uint64_t kCallBytesMax = 64u << 20;  // of one read or write: -EINVAL

  static constexpr size_t kEpochEndsMax = 4096;  // under way; a further close is -EBUSY

  static constexpr uint32_t kWriteBackTimer = 1;
  static constexpr uint32_t kDestroyTimer = 2;

  // `targets`: where they are, if there is no MGS to ask (config.mgs.nid is 0).
  Client(const Config& config, const Store& store, std::vector<ConfigTarget> targets = {});

  void start(Time now, Actions& out);
  void step(Time now, const Event& event, Actions& out);
  void invariants() const;
  // What it has, counted (counts.h).
  std::vector<Fact> audit() const;
  void state(auto&& visit) const {
    visit(config_, endpoint_, imports_, log_, targets_, uuid_, mounts_, mounted_, root_, calls_,
          inodes_, names_, files_, locks_, objects_, grants_, waiters_, next_fd_, next_lock_, uses_,
          md_busy_, close_busy_, sequence_, sequence_end_, next_oid_, sequence_asked_,
          sequence_status_, write_back_at_, doomed_, epoch_ends_, reopens_, validation_,
          validating_, asking_);
  }

  // The uuid of the present mount, or of the last; empty before the first.
  const std::string& uuid() const { return uuid_; }
  bool mounted() const { return mounted_; }
  size_t calls() const { return calls_.size(); }
  const std::vector<Import>& imports() const { return imports_; }
  const std::vector<ClientLock>& locks() const { return locks_; }

 private:
  // One step's time, actions, and the imports' events that wait to be acted on.
  struct Frame {
    Time now;
    Actions& out;
    ImportEvents events;
  };
  enum class Progress : uint8_t { none, some };

  // --- client.cc ---
  ImportContext context(Frame& frame) {
    return {config_, frame.now, endpoint_, frame.out, frame.events};
  }
  void settle(Frame& frame);
  void on_asked(Frame& frame, const Asked& asked);
  void on_incoming(Frame& frame, Incoming incoming);
  void on_import_event(Frame& frame, const ImportEvent& event);
  void on_completed(Frame& frame, const ImportEvent& event);
  void on_sequence(const ImportEvent& event);
  void on_evicted(Frame& frame, uint32_t import);
  void on_locks_lost(uint32_t import);
  void on_replayed(Frame& frame, const ImportEvent& event);
  Progress advance(Frame& frame, Call& call);
  Progress advance_call(Frame& frame, Call& call);
  void finish(Frame& frame, Call& call, int32_t status);
  Call* find_call(OrderId id);
  Import* find_import(uint32_t number);
  Import& mds() { return imports_[1]; }
  const ClientDialect& own() const { return client_dialect(config_.dialect); }
  // The dialect spoken with the MDT.
  const ClientDialect& spoken() const;
  int64_t wall_clock(const Frame& frame) const;
  void wait_for(uint32_t import, RequestId request, Waiter waiter);
  void send_md(Frame& frame, Call& call, MdOp op, const MdRequest& request);
  MdRequest md_request(const Frame& frame, const Call& call) const;
  void note(Frame& frame, std::string_view text, int64_t value = 0) const;
  void note_lock(Frame& frame, Fact::Kind kind, uint64_t handle) const;
  // Dirtied or discarded; the end is excluded.
  void note_data(Frame& frame, Fact::Kind kind, const ClientObject& object, uint64_t start,
                 uint64_t end) const;
  void note_grant(Frame& frame, const ClientGrant& grant) const;

  // --- client_mount.cc ---
  Progress advance_mount(Frame& frame, Call& call);
  Progress advance_unmount(Frame& frame, Call& call);
  Progress advance_statfs(Frame& frame, Call& call);
  void on_root(Frame& frame, Call& call);
  Progress walk_to_root(Frame& frame, Call& call);
  void make_imports(Frame& frame);
  void add_import(Frame& frame, const ConfigTarget& target);
  void forget_mount();

  // --- client_walk.cc ---
  bool start_walk(Call& call, std::string_view path);
  // True when it is over: call.status, or call.fid, or call.directory and call.name.
  bool walk(Frame& frame, Call& call, bool to_parent, bool follow, Progress& progress);
  void on_looked_up(Frame& frame, Call& call);
  void take_body(Call& call, const MdReply& reply);
  void on_link_read(Call& call);
  bool know_itself(Call& call) const;
  bool step_by_cache(Call& call) const;
  void ask_itself(Frame& frame, Call& call, WalkAsked what);
  void ask_name(Frame& frame, Call& call);
  uint64_t make_intent_lock(Fid resource, uint64_t bits, uint32_t mode, MdRequest& request);
  void on_intent_lock(Frame& frame, uint64_t handle, const MdReply& reply);
  const CachedInode* find_inode(Fid fid) const;
  void remember(const Call& call);
  void remember_name(Fid directory, std::string_view name, Fid child);
  void forget_name(Fid directory, std::string_view name);
  std::optional<Fid> known_child(Fid directory, std::string_view name) const;
  bool inodebits_held(Fid fid, uint64_t bits) const;

  // --- client_namespace.cc ---
  Progress advance_change(Frame& frame, Call& call);
  bool walk_for_change(Frame& frame, Call& call, bool by_name, bool second, Progress& progress);
  void send_change(Frame& frame, Call& call, MdOp op);
  void on_changed(Frame& frame, Call& call);
  Progress advance_setattr(Frame& frame, Call& call);
  void send_object_times(Frame& frame, Call& call);
  void destroy_objects(Frame& frame, const MdReply& reply);
  void destroy_committed(Frame& frame);
  void send_destroy(Frame& frame, const DoomedObject& object);
  bool take_turn(uint64_t& turn, const Call& call);
  std::optional<Fid> new_fid(Frame& frame, Call& call);

  // --- client_reading.cc ---
  Progress advance_readdir(Frame& frame, Call& call);
  void take_page(Frame& frame, Call& call);
  Progress advance_readlink(Frame& frame, Call& call);
  Progress advance_getxattr(Frame& frame, Call& call);
  Progress advance_flock(Frame& frame, Call& call);
  void cut_flocks(const ClientLock& by, uint64_t start, uint64_t end);

  // --- client_open.cc ---
  Progress advance_open(Frame& frame, Call& call);
  void send_open(Frame& frame, Call& call);
  void on_opened(Frame& frame, Call& call);
  Progress advance_close(Frame& frame, Call& call);
  void on_closed(Frame& frame, const MdReply& reply);
  void abandon(Frame& frame, OpenedFile& file);
  Progress advance_open_truncate(Frame& frame, Call& call);
  OpenedFile* find_file(uint64_t fd);
  void prune_closed();

  // --- client_io.cc ---
  Progress advance_read(Frame& frame, Call& call);
  Progress advance_write(Frame& frame, Call& call);
  Progress advance_fsync(Frame& frame, Call& call);
  Progress advance_sync(Frame& frame, Call& call);
  // The layout of the file behind call.args.fd, or call.status says why there is none.
  std::optional<Layout> begin_io(Call& call, bool writing);
  void split(Call& call, const Layout& layout, uint64_t offset, uint64_t length);
  // Ranges to lock for the parts, whole pages; or all of every object.
  void plan_locks(Call& call, const Layout& layout, bool whole);
  // Takes them, one after the other. True when it has all, or call.status says which failed.
  bool lock_objects(Frame& frame, Call& call, const Layout& layout, uint32_t mode,
                    Progress& progress);
  void unlock_objects(Call& call);
  void send_reads(Frame& frame, Call& call, const Layout& layout);
  void on_read(Frame& frame, Call& call, const Waiter& waiter, const ImportEvent& event);
  bool read_is_whole(const Call& call, const Layout& layout);
  void finish_read(Frame& frame, Call& call, const Layout& layout);
  bool write_parts(Frame& frame, Call& call, const Layout& layout);
  uint64_t size_under_locks(const Call& call, const Layout& layout);
  std::optional<Layout> layout_of(const Bytes& ea) const;

  // --- client_som.cc: the profile `som`, and lockless writes ---
  bool epochs() const;
  bool advance_lockless_write(Frame& frame, Call& call, const Layout& layout);
  void send_lockless(Frame& frame, Call& call, const Layout& layout, const CallPart& part);
  uint32_t close_flags(const OpenedFile& file) const;
  // After a CLOSE: what is left to do for the epoch, which nobody waits for.
  void closed_epoch(Frame& frame, Call& call);
  void truncate_opened(Call& call);
  void begin_truncate_end(Call& call);
  bool opened_by_truncate(const Call& call) const;
  Progress settle_epochs(Frame& frame);
  Progress advance_epoch_end(Frame& frame, EpochEnd& end);
  void send_done_writing(Frame& frame, EpochEnd& end);
  void on_epoch_end_reply(const Waiter& waiter, const ImportEvent& event);
  void ask_sizes(Frame& frame, EpochEnd& end);
  void send_update(Frame& frame, EpochEnd& end);
  bool epoch_replayed(const ImportEvent& event);
  void forget_epochs();
  bool has(SomPolicy policy) const { return config_.som.on && config_.som.has(policy); }
  // Whether lockless I/O and truncates wait for the MDS (solution *).
  bool cut_off() const {
    return has(SomPolicy::block_lockless) && imports_.size() > 1 && !imports_[1].usable();
  }
  // Before a lockless operation: its open is to be committed (solution 11). True if it is.
  bool open_committed(Frame& frame, Call& call);
  void leave_osts(Frame& frame);

  // --- client_revalidate.cc: solutions 2 and 12 ---
  bool layout_held(Fid fid) const;
  // Before a write or truncate: the lock on the layout, which is asked for if need be. Where the
  // MDT has forgotten the open file there is none: status. True when it is held, or cannot be had.
  bool layout_locked(Frame& frame, Call& call);
  // An OST asks us to look whether the MDT knows us, or our connection to it broke: until that is
  // known, and what the MDT had forgotten is open again, nothing is sent to OSTs.
  void want_validation(Frame& frame);
  void revalidate(Frame& frame);
  void on_revalidated(Frame& frame, const ImportEvent& event);
  void hold_osts(Frame& frame, bool on);
  // -EINPROGRESS if the answer comes later.
  int32_t on_word(Frame& frame, const RequestIn& in, const protocol::Message& message);

  void reopen_files(Frame& frame);
  void on_reopened(const Waiter& waiter, const ImportEvent& event);
  EpochEnd* find_epoch_end(RequestId id);
  bool takes_turn(uint64_t& turn, uint64_t who) const;
  uint64_t handle_of(const EpochEnd& end) const;
  void set_epoch(protocol::ost::Obdo& obdo, uint64_t ioepoch) const;
  // Of the file that the call writes to or truncates, where locks to write under name it.
  uint64_t fenced_epoch(const Call& call) const;

  // --- client_writeback.cc ---
  void write_back(Frame& frame, ClientObject& object);
  void send_write(Frame& frame, ClientObject& object, const ObjectCache::Batch& batch);
  void on_written(Frame& frame, const Waiter& waiter, const ImportEvent& event);
  void on_part_done(Frame& frame, const Waiter& waiter, const ImportEvent& event);
  void send_syncs(Frame& frame, Call& call, std::optional<Fid> file);
  bool file_dirty(Fid fid) const;
  void flush_file(Fid fid);
  int32_t take_error(Fid fid);
  void arm_write_back(Frame& frame);
  ClientObject& object_of(const Stripe& stripe, Fid file);
  ClientObject* find_object(uint32_t ost, uint64_t seq, uint64_t id);
  protocol::ost::Obdo obdo_of(const ClientObject& object) const;
  RequestId submit_ost(Frame& frame, uint32_t ost, OstOp op, const OstRequest& request);
  ClientGrant& grant_of(uint32_t ost);
  uint64_t dirty_on(uint32_t ost) const;
  uint64_t granted_dirty_on(uint32_t ost) const;  // bytes of grant that dirty data has taken
  void prune_objects();

  // --- client_size.cc ---
  // Asks every object of call.ea for its size. True when call.attributes has it.
  bool glimpse(Frame& frame, Call& call, Progress& progress);
  void merge_sizes(Call& call, const Layout& layout);
  static uint64_t file_size(const Layout& layout, uint32_t stripe, uint64_t object_size);
  Progress advance_truncate(Frame& frame, Call& call);
  // After the MDT has it: every object loses what is behind the size. True when done.
  bool punch(Frame& frame, Call& call, uint64_t size, Progress& progress);
  void send_punches(Frame& frame, Call& call, const Layout& layout);

  // --- client_locks.cc ---
  ClientLock* find_lock(uint64_t handle);
  ClientLock& make_lock(uint32_t import, const ResourceName& resource, uint32_t type, uint32_t mode,
                        const protocol::ldlm::LdlmFlock& policy);
  void erase_lock(uint64_t handle);
  void release_lock(uint64_t handle);
  // `ioepoch`: who writes in another epoch asks for a lock of its own.
  ClientLock* match_extent(uint32_t import, const ResourceName& resource, uint32_t mode,
                           uint64_t start, uint64_t end, uint64_t ioepoch = 0);
  void enqueue(Frame& frame, ClientLock& lock, uint32_t flags);
  static OutgoingRequest enqueue_message(const protocol::ldlm::LdlmRequest& asked);
  protocol::ldlm::LdlmRequest enqueue_request(const ClientLock& lock, uint32_t flags) const;
  void on_enqueued(Frame& frame, uint64_t handle, const ImportEvent& event);
  void take_lock_value(const ClientLock& lock, const protocol::ldlm::OstLvb& lvb);
  void install(ClientLock& lock, const protocol::ldlm::LdlmLockDesc& desc);
  bool on_callback(Frame& frame, const RequestIn& in);
  int32_t on_blocking(ClientLock* lock, const protocol::ldlm::LdlmRequest& request);
  int32_t on_completion(ClientLock* lock, const protocol::Message& message);
  void refuse_lock(ClientLock& lock);
  int32_t on_glimpse(const ClientLock* lock, protocol::ldlm::OstLvb& lvb);
  void answer_callback(Frame& frame, const RequestIn& in, const protocol::Message& request,
                       int32_t status, const protocol::ldlm::OstLvb* lvb);
  Progress settle_locks(Frame& frame);
  bool ready_to_cancel(Frame& frame, ClientLock& lock);
  void drop_covered(const ClientLock& lock);
  void send_cancel(Frame& frame, const ClientLock& lock);
  bool dirty_under(const ClientLock& lock);
  void replay_locks(Frame& frame, uint32_t import);
  void on_lock_replayed(uint64_t handle, const ImportEvent& event);
  void drop_locks(Frame& frame, uint32_t import);
  void trim_locks();

  Config config_;
  Endpoint endpoint_;
  std::vector<Import> imports_;  // 0 the MGS, 1 the MDT, then the OSTs by index
  std::optional<ConfigLog> log_;
  std::vector<ConfigTarget> targets_;  // in place of a log
  std::string uuid_;
  uint64_t mounts_ = 0;
  bool mounted_ = false;
  Fid root_;
  std::vector<Call> calls_;            // in order of their coming
  std::vector<CachedInode> inodes_;    // by fid
  std::vector<CachedName> names_;      // by directory and name
  std::vector<OpenedFile> files_;      // by fd
  std::vector<ClientLock> locks_;      // by handle's count, so in order of making
  std::vector<ClientObject> objects_;  // by OST, seq, id
  std::vector<ClientGrant> grants_;
  std::vector<Waiter> waiters_;  // by import and request
  uint64_t next_fd_ = 3;
  uint64_t next_lock_ = 1;
  uint64_t uses_ = 0;
  uint64_t md_busy_ = 0;     // call whose turn it is to change the file system, 0 for none
  uint64_t close_busy_ = 0;  // likewise to close
  uint64_t sequence_ = 0, sequence_end_ = 0;
  uint32_t next_oid_ = 1;
  bool sequence_asked_ = false;
  int32_t sequence_status_ = 0;  // why none came, for the next who wants one
  Time write_back_at_ = kNever;
  std::vector<DoomedObject> doomed_;  // in order of their files' ends
  std::vector<EpochEnd> epoch_ends_;  // in order of their beginnings
  bool reopens_ = false;              // files, once the MDT is there (solution 1)
  // Solution 12: whether the MDT knows us, as OSTs ask; answered when it has said so.
  enum class Validation : uint8_t { none, wanted, asked };
  struct Asking {
    PeerId from;
    uint32_t portal = 0;
    uint64_t xid = 0;
    Bytes message;
    void state(auto&& visit) const { visit(from, portal, xid, message); }
  };
  Validation validation_ = Validation::none;
  RequestId validating_ = 0;
  std::vector<Asking> asking_;
};

}  // namespace reference
