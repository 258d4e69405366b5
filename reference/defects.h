// The planted defects: other behaviours of the servers, each breaking one requirement, by which the
// suite proves that it can fail. A machine is built with a set of them (Config::defects); each is
// asked for in exactly one place of the code.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

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
  completion_lost,
  glimpse_from_disk,
  grant_leaked,
  unlink_destroys_open_file,
  orphans_kept_after_recovery,
  executor_beside_writer,
  lookup_lock_kept_over_rename,
};

struct DefectInfo {
  Defect defect;
  std::string_view name;         // as in reference:2.0+defect=NAME
  std::string_view requirement;  // what it breaks, by its code in the suites
  std::string_view what;
};

inline constexpr auto kDefects = std::to_array<DefectInfo>({
    {Defect::resent_create_executed_twice, "resent-create-executed-twice", "REPLAY-1",
     "a resent create or open is executed again instead of answered from the slot"},
    {Defect::slot_outside_transaction, "slot-outside-transaction", "REPLAY-1",
     "the client's slot is written in a transaction of its own, after the operation's"},
    {Defect::conflicting_extents_granted, "conflicting-extents-granted", "LOCK-1",
     "an extent lock is granted though it overlaps a granted incompatible one"},
    {Defect::open_handle_lost_over_failover, "open-handle-lost-over-failover", "OPEN-2",
     "a replayed open of a file that exists is answered but leaves no open handle"},
    {Defect::punch_keeps_size, "punch-keeps-size", "DATA-7",
     "OST_PUNCH frees the range but leaves the object's size"},
    {Defect::replay_executed_unordered, "replay-executed-unordered", "REPLAY-3",
     "replays are executed as they come, not in order of transno"},
    {Defect::old_connection_accepted, "old-connection-accepted", "REPLAY-6",
     "a request with a lower conn_cnt than the export's is executed"},
    {Defect::evicted_handle_accepted, "evicted-handle-accepted", "EVICT-1",
     "eviction keeps the client's opens, and its handle goes on to work"},
    {Defect::unlink_destroys_open_file, "unlink-destroys-open-file", "OPEN-3",
     "the last name of a file goes, and the file with it, though somebody has it open"},
    {Defect::orphans_kept_after_recovery, "orphans-kept-after-recovery", "OPEN-3",
     "open-unlinked files of clients that did not come back are never destroyed"},
    {Defect::executor_beside_writer, "executor-beside-writer", "OPEN-5",
     "a file is opened for execution though somebody has it open for writing"},
    {Defect::lookup_lock_kept_over_rename, "lookup-lock-kept-over-rename", "LOCK-2",
     "a rename leaves the lookup locks of other clients on the renamed file"},
    {Defect::completion_lost, "completion-lost", "LOCK-4",
     "a lock is granted after waiting, but no completion callback is sent"},
    {Defect::glimpse_from_disk, "glimpse-from-disk", "LOCK-7",
     "a glimpse is answered with the size on disk, without asking who holds a write lock"},
    {Defect::grant_leaked, "grant-leaked", "GRANT-1",
     "a client that is evicted or leaves keeps its grant in the server's accounts"},
});

constexpr uint64_t defect_bit(Defect defect) { return uint64_t{1} << static_cast<int>(defect); }

// By its name; none for a name that no defect has.
constexpr std::optional<Defect> find_defect(std::string_view name) {
  for (const DefectInfo& info : kDefects) {
    if (info.name == name) return info.defect;
  }
  return std::nullopt;
}

}  // namespace reference
