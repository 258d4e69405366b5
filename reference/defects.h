// The planted defects: other behaviours of the servers, and of our client, each breaking one
// requirement, by which suites, checkers and exploration prove that they can fail. A machine is
// built with a set of them (Config::defects); each is asked for in exactly one place of the code.
// Known hazards of shipped servers (facts: semantics, [HAZARD]) are among them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "reference/dialect.h"

namespace reference {

enum class Defect : uint8_t {
  resent_create_executed_twice,
  slot_outside_transaction,
  conflicting_extents_granted,
  open_handle_lost_over_failover,
  punch_keeps_size,
  replay_executed_unordered,
  old_connection_accepted,
  evicted_handle_accepted,
  unlink_destroys_open_file,
  orphans_kept_after_recovery,
  executor_beside_writer,
  lookup_lock_kept_over_rename,
  completion_lost,
  glimpse_from_disk,
  grant_leaked,
  closes_share_the_slot,
  failure_not_recorded,
  reply_data_lost_at_restart,
  operation_torn,
  replay_renumbered,
  commit_announced_early,
  reply_locks_not_kept,
  punch_replay_refused,
  replayed_create_without_objects,
  lock_replay_before_requests,
  new_request_in_recovery,
  connection_count_kept,
  reconnect_while_executing,
  transno_forgotten_with_slot,
  failed_replay_frees_transno,
  versions_not_checked,
  version_failure_evicts_all,
  directory_version_kept,
  gap_skipped_early,
  evicted_opens_kept,
  evicted_locks_kept,
  slot_kept_at_eviction,
  evicted_client_resends,
  evicted_client_keeps_dirty,
  pings_do_not_count,
  open_request_forgotten,
  old_handle_not_kept,
  foreign_close_accepted,
  orphan_destroyed_in_recovery,
  orphan_not_recorded,
  unlink_log_not_written,
  write_count_lost_in_replay,
  conflicting_bits_granted,
  granted_before_cancel,
  cancelled_before_flush,
  server_lock_ignored,
  blocking_callback_lost,
  waiters_forgotten_at_eviction,
  replayed_locks_forgotten,
  group_locks_share,
  glimpse_asks_first,
  window_never_ends,
  older_times_win,
  modifications_not_serialised,
  grants_unasked_flags,
  reconnect_keeps_old_flags,
  grant_returned_twice,
  target_logged_twice,
  target_not_logged,
  zero_copy_not_acknowledged,
  refusal_not_sent,
  objects_destroyed_before_commit,
  replays_not_begun_again,
  replayed_unlink_destroys,
  removed_file_made_again,
  cancelling_lock_not_replayed,
  cancel_not_sent_again,
  som_mount_not_compared,
  som_late_update_accepted,
  som_told_within_epoch,
  som_epoch_ends_at_close,
  som_kept_at_eviction,
  som_one_stripe_read,
  som_read_without_lock,
  som_change_forgotten,
  som_truncate_without_epoch,
  som_failed_update_keeps,
  som_replayed_close_validates,
  som_cached_sizes_kept,
  som_enqueue_not_fenced,
};

// The dialects in which a defect is another behaviour.
enum class DefectIn : uint8_t { both, v1_8, v2_0 };

struct DefectInfo {
  Defect defect;
  std::string_view name;         // as in reference:2.0+defect=NAME
  std::string_view requirement;  // what it breaks, by its code in the suites
  DefectIn in;
  // The fewest that show it: clients that work, and faults (losses, delays, crashes, evictions).
  uint8_t clients;
  uint8_t faults;
  std::string_view what;

  constexpr bool exists_in(Dialect dialect) const {
    switch (dialect) {
      case Dialect::v1_8:
        return in != DefectIn::v2_0;
      case Dialect::v2_0:
        return in != DefectIn::v1_8;
    }
    return false;
  }
};

inline constexpr auto kDefects = [] {
  using enum DefectIn;
  using enum Defect;
  return std::to_array<DefectInfo>({
      {resent_create_executed_twice, "resent-create-executed-twice", "REPLAY-1", both, 1, 1,
       "a resent create or open is executed again instead of answered from the slot"},
      {slot_outside_transaction, "slot-outside-transaction", "REPLAY-1", both, 1, 2,
       "the client's slot is written in a transaction of its own, after the operation's"},
      {conflicting_extents_granted, "conflicting-extents-granted", "LOCK-1", both, 2, 0,
       "an extent lock is granted though it overlaps a granted incompatible one"},
      {open_handle_lost_over_failover, "open-handle-lost-over-failover", "OPEN-2", both, 1, 1,
       "a replayed open of a file that exists is answered but leaves no open handle"},
      {punch_keeps_size, "punch-keeps-size", "DATA-7", both, 1, 0,
       "OST_PUNCH frees the range but leaves the object's size"},
      {replay_executed_unordered, "replay-executed-unordered", "REPLAY-3", both, 2, 1,
       "replays are executed as they come, not in order of transno"},
      {old_connection_accepted, "old-connection-accepted", "REPLAY-6", both, 1, 1,
       "a request with a lower conn_cnt than the export's is executed"},
      {evicted_handle_accepted, "evicted-handle-accepted", "EVICT-1", both, 1, 1,
       "eviction keeps the client's opens, and its handle goes on to work"},
      {unlink_destroys_open_file, "unlink-destroys-open-file", "OPEN-3", both, 1, 0,
       "the last name of a file goes, and the file with it, though somebody has it open"},
      {orphans_kept_after_recovery, "orphans-kept-after-recovery", "OPEN-3", both, 2, 2,
       "open-unlinked files of clients that did not come back are never destroyed"},
      {executor_beside_writer, "executor-beside-writer", "OPEN-5", both, 1, 0,
       "a file is opened for execution though somebody has it open for writing"},
      {lookup_lock_kept_over_rename, "lookup-lock-kept-over-rename", "LOCK-2", both, 2, 0,
       "a rename leaves the lookup locks of other clients on the renamed file"},
      {completion_lost, "completion-lost", "LOCK-4", both, 2, 0,
       "a lock is granted after waiting, but no completion callback is sent"},
      {glimpse_from_disk, "glimpse-from-disk", "LOCK-7", both, 2, 0,
       "a glimpse is answered with the size on disk, without asking who holds a write lock"},
      {grant_leaked, "grant-leaked", "GRANT-1", both, 1, 0,
       "a client that is evicted or leaves keeps its grant in the server's accounts"},
      {closes_share_the_slot, "closes-share-the-slot", "REPLAY-1", both, 1, 1,
       "a close is recorded where other modifications are, so that it covers the record of one "
       "under way"},
      {failure_not_recorded, "failure-not-recorded", "REPLAY-1", DefectIn::v1_8, 2, 1,
       "an operation that failed is not recorded in the slot, and a resend of it is executed "
       "anew"},
      {reply_data_lost_at_restart, "reply-data-lost-at-restart", "REPLAY-1", both, 1, 2,
       "a restarted server does not know which requests its slots are about"},
      {operation_torn, "operation-torn", "REPLAY-2", both, 1, 1,
       "what an operation removes is committed in a transaction of its own, before the rest"},
      {replay_renumbered, "replay-renumbered", "REPLAY-3", both, 1, 1,
       "a replay is executed under a new transno"},
      {commit_announced_early, "commit-announced-early", "REPLAY-4", both, 1, 1,
       "replies call committed what is executed only, and clients forget it"},
      {reply_locks_not_kept, "reply-locks-not-kept", "REPLAY-4", both, 2, 2,
       "the locks of a modification go before its client has the reply: another's may depend "
       "on it"},
      {punch_replay_refused, "punch-replay-refused", "REPLAY-4", both, 1, 1,
       "a recovering OST does not permit OST_PUNCH, not even a replay"},
      {replayed_create_without_objects, "replayed-create-without-objects", "REPLAY-4", both, 1, 1,
       "a file that a replay makes again does not get the objects it had"},
      {lock_replay_before_requests, "lock-replay-before-requests", "REPLAY-5", DefectIn::v2_0, 2, 1,
       "lock replays are executed before all requests of all clients are replayed"},
      {new_request_in_recovery, "new-request-in-recovery", "REPLAY-5", both, 2, 1,
       "a modification that is no replay is executed during recovery, as shipped servers do"},
      {connection_count_kept, "connection-count-kept", "REPLAY-6", both, 1, 1,
       "a reconnect leaves the export's conn_cnt as it was"},
      {reconnect_while_executing, "reconnect-while-executing", "REPLAY-6", both, 1, 1,
       "a client may reconnect while requests of its old connection are executed"},
      {transno_forgotten_with_slot, "transno-forgotten-with-slot", "REPLAY-7", both, 2, 1,
       "a slot goes without the server record being told its transno"},
      {failed_replay_frees_transno, "failed-replay-frees-transno", "REPLAY-7", both, 2, 2,
       "the transno of a replay that failed is given to another operation"},
      {versions_not_checked, "versions-not-checked", "REPLAY-8", both, 2, 2,
       "a replay is executed whatever the versions of its objects are"},
      {version_failure_evicts_all, "version-failure-evicts-all", "REPLAY-8", both, 3, 2,
       "when one client's replay meets another version, all clients are evicted"},
      {directory_version_kept, "directory-version-kept", "REPLAY-8", DefectIn::v1_8, 2, 2,
       "a new name leaves its directory's version as it was"},
      {gap_skipped_early, "gap-skipped-early", "REPLAY-9", both, 2, 1,
       "a missing transno is passed over though a client may still replay it"},
      {evicted_opens_kept, "evicted-opens-kept", "EVICT-1", both, 2, 1,
       "an evicted client's files stay open"},
      {evicted_locks_kept, "evicted-locks-kept", "EVICT-1", both, 2, 1,
       "an evicted client's locks stay granted"},
      {slot_kept_at_eviction, "slot-kept-at-eviction", "EVICT-1", both, 1, 2,
       "an evicted client's slot stays, and a restarted server awaits it"},
      {evicted_client_resends, "evicted-client-resends", "EVICT-2", both, 1, 2,
       "our client sends its old requests again after it learned of its eviction"},
      {evicted_client_keeps_dirty, "evicted-client-keeps-dirty", "EVICT-2", both, 2, 1,
       "our client writes back after its eviction what was dirty before"},
      {pings_do_not_count, "pings-do-not-count", "EVICT-3", both, 1, 0,
       "a client that only pings is evicted as silent"},
      {open_request_forgotten, "open-request-forgotten", "OPEN-1", both, 1, 1,
       "an open file does not know its request: a resent open opens again"},
      {old_handle_not_kept, "old-handle-not-kept", "OPEN-2", DefectIn::v2_0, 1, 1,
       "a replayed open cannot be closed by the handle of before the restart"},
      {foreign_close_accepted, "foreign-close-accepted", "OPEN-2", both, 2, 0,
       "a client may close another's open file"},
      {orphan_destroyed_in_recovery, "orphan-destroyed-in-recovery", "OPEN-3", both, 2, 1,
       "the last close during recovery destroys an orphan that another client has yet to open "
       "again, as shipped 2.0 does"},
      {orphan_not_recorded, "orphan-not-recorded", "OPEN-3", both, 1, 1,
       "that an open file lost its last name is not on the disk"},
      {unlink_log_not_written, "unlink-log-not-written", "OPEN-3", both, 2, 2,
       "objects whose file is gone are not in the log that survives a crash"},
      {write_count_lost_in_replay, "write-count-lost-in-replay", "OPEN-5", both, 2, 1,
       "a file reopened by replay does not count as written"},
      {conflicting_bits_granted, "conflicting-bits-granted", "LOCK-1", both, 2, 0,
       "an inodebits lock is granted though an incompatible one has some of its bits"},
      {granted_before_cancel, "granted-before-cancel", "LOCK-3", both, 2, 0,
       "a lock counts as given up once its holder has answered the callback"},
      {cancelled_before_flush, "cancelled-before-flush", "LOCK-3", both, 2, 0,
       "our client gives a lock up without writing what is dirty under it"},
      {server_lock_ignored, "server-lock-ignored", "LOCK-3", both, 2, 0,
       "lockless reads and writes take no lock of the server's own"},
      {blocking_callback_lost, "blocking-callback-lost", "LOCK-4", both, 2, 0,
       "a holder in the way is not called back"},
      {waiters_forgotten_at_eviction, "waiters-forgotten-at-eviction", "LOCK-4", both, 2, 1,
       "who waited for an evicted client's lock is not told that it has it"},
      {replayed_locks_forgotten, "replayed-locks-forgotten", "LOCK-5", both, 2, 1,
       "a lock replay is answered, but the lock is not made"},
      {group_locks_share, "group-locks-share", "LOCK-6", both, 2, 0,
       "group locks of different groups are granted together"},
      {glimpse_asks_first, "glimpse-asks-first", "LOCK-7", both, 3, 0,
       "a glimpse asks the holder of the first range, not of the last"},
      {window_never_ends, "window-never-ends", "LIVE-1", both, 2, 2,
       "clients that do not come back are waited for without end"},
      {older_times_win, "older-times-win", "ORDER-1", both, 1, 0,
       "an older write moves the times that a later setattr has set"},
      {modifications_not_serialised, "modifications-not-serialised", "ORDER-1", both, 1, 1,
       "our client has several modifications under way at one MDS"},
      {grants_unasked_flags, "grants-unasked-flags", "NEGO-1", both, 1, 0,
       "a CONNECT reply grants all that the server supports"},
      {reconnect_keeps_old_flags, "reconnect-keeps-old-flags", "NEGO-1", both, 1, 0,
       "a reconnect leaves the flags in force that the first connect agreed on"},
      {grant_returned_twice, "grant-returned-twice", "GRANT-1", both, 1, 1,
       "grant that a resent request gives back is taken a second time"},
      {target_logged_twice, "target-logged-twice", "MGS-1", both, 1, 1,
       "a target that registers again is written into the logs again"},
      {target_not_logged, "target-not-logged", "MGS-1", both, 1, 0,
       "a new OST is left out of the clients' configuration log"},
      {zero_copy_not_acknowledged, "zero-copy-not-acknowledged", "LND-1", both, 1, 0,
       "a zero-copy request of the socket layer is not acknowledged"},
      {refusal_not_sent, "refusal-not-sent", "WIRE-1", both, 1, 0,
       "a request that cannot be read is not answered"},
      {objects_destroyed_before_commit, "objects-destroyed-before-commit", "ATOM-4", both, 2, 2,
       "our client destroys a removed file's objects before the removal is committed, as "
       "shipped ones do"},
      {replays_not_begun_again, "replays-not-begun-again", "REPLAY-4", both, 1, 3,
       "our client goes on with its replays where it was, though the server has restarted again "
       "since and the reply that would have said so was lost, as shipped ones do"},
      {replayed_unlink_destroys, "replayed-unlink-destroys", "OPEN-3", DefectIn::v1_8, 2, 1,
       "a replayed unlink destroys a file that another client has yet to open again"},
      {removed_file_made_again, "removed-file-made-again", "REPLAY-1", both, 2, 2,
       "a resent create whose file another client has removed since is executed anew, as shipped "
       "servers do"},
      {cancelling_lock_not_replayed, "cancelling-lock-not-replayed", "LOCK-3", both, 2, 1,
       "our client does not replay a lock that it is giving up, though it has yet to write what "
       "is dirty under it, as shipped ones do not"},
      {cancel_not_sent_again, "cancel-not-sent-again", "EVICT-3", both, 2, 1,
       "our client does not send a CANCEL again that was lost, and is evicted for it"},
      {som_mount_not_compared, "som-mount-not-compared", "SOM-4", DefectIn::v2_0, 2, 1,
       "a size that an earlier mount of the MDS kept is told, as shipped servers do"},
      {som_late_update_accepted, "som-late-update-accepted", "SOM-1", DefectIn::v2_0, 2, 1,
       "an update of attributes is taken though its epoch is over, as shipped servers do"},
      {som_told_within_epoch, "som-told-within-epoch", "SOM-1", DefectIn::v2_0, 2, 0,
       "the size on the MDS is told while an epoch is open"},
      {som_epoch_ends_at_close, "som-epoch-ends-at-close", "SOM-1", DefectIn::v2_0, 2, 0,
       "the epoch ends with the close that is answered with EAGAIN, not with the update"},
      {som_kept_at_eviction, "som-kept-at-eviction", "SOM-1", DefectIn::v2_0, 2, 1,
       "the size of before stays when the last holder of an epoch is evicted"},
      {som_one_stripe_read, "som-one-stripe-read", "SOM-5", DefectIn::v2_0, 1, 0,
       "our client updates attributes from the first stripe alone"},
      {som_read_without_lock, "som-read-without-lock", "SOM-1", DefectIn::v2_0, 2, 1,
       "where no size is kept it is not asked for under a lock"},
      {som_change_forgotten, "som-change-forgotten", "SOM-1", DefectIn::v2_0, 2, 0,
       "that a holder which was not the last one changed the file is forgotten"},
      {som_truncate_without_epoch, "som-truncate-without-epoch", "SOM-3", DefectIn::v2_0, 2, 0,
       "a truncate opens no epoch"},
      {som_failed_update_keeps, "som-failed-update-keeps", "SOM-1", DefectIn::v2_0, 2, 1,
       "an update without a size leaves the one that was kept before"},
      {som_replayed_close_validates, "som-replayed-close-validates", "SOM-4", DefectIn::v2_0, 2, 1,
       "the replay of a close makes a size of before the crash count again"},
      {som_cached_sizes_kept, "som-cached-sizes-kept", "SOM-2", DefectIn::v2_0, 2, 0,
       "a new epoch leaves the locks under which clients keep sizes that they were told"},
      {som_enqueue_not_fenced, "som-enqueue-not-fenced", "SOM-2", DefectIn::v2_0, 2, 1,
       "who lost its epoch is given a lock to write under after the sizes were read"},
  });
}();

// In the order of the enumeration, so that a defect's row is at its number.
constexpr const DefectInfo& defect_info(Defect defect) {
  return kDefects[static_cast<size_t>(defect)];
}
static_assert([] {
  for (size_t i = 0; i < kDefects.size(); ++i) {
    if (static_cast<size_t>(kDefects[i].defect) != i) return false;
  }
  return true;
}());

class DefectSet {
 public:
  constexpr DefectSet() = default;
  constexpr DefectSet(Defect defect) { add(defect); }  // NOLINT(google-explicit-constructor)

  constexpr bool has(Defect defect) const {
    return (words_[word_of(defect)] >> bit_of(defect) & 1) != 0;
  }
  constexpr void add(Defect defect) { words_[word_of(defect)] |= uint64_t{1} << bit_of(defect); }
  constexpr bool empty() const { return *this == DefectSet(); }
  constexpr bool operator==(const DefectSet&) const = default;
  void state(auto&& visit) const { visit(words_); }

 private:
  static constexpr size_t kWords = 2;
  static_assert(kDefects.size() <= kWords * 64);
  static constexpr size_t word_of(Defect defect) { return static_cast<size_t>(defect) / 64; }
  static constexpr unsigned bit_of(Defect defect) { return static_cast<unsigned>(defect) % 64; }
  std::array<uint64_t, kWords> words_ = {};
};

// By its name; none for a name that no defect has.
constexpr std::optional<Defect> find_defect(std::string_view name) {
  for (const DefectInfo& info : kDefects) {
    if (info.name == name) return info.defect;
  }
  return std::nullopt;
}

}  // namespace reference
