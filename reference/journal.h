// What a target keeps of its clients and its own progress, and what of it is on the disk: the
// last_rcvd file of Lustre as keys, the counter of transnos, and which of them are committed.
//
// Commit order is transno order, since a transno is given in the step that emits its Persist.
// Keys and their layout per dialect: reference/store.md. Facts: semantics 1.4, 1.5, 2.8.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "protocol/bytes.h"
#include "reference/config.h"
#include "reference/machine.h"
#include "reference/store.h"

namespace reference {

enum class TargetKind : uint8_t { mgs, mdt, ost };

// "assay-MDT0000_UUID", "assay-OST0001_UUID"; "MGS" is both name and uuid.
std::string target_uuid(const Config& config, TargetKind kind);

// lr_server_data, the first 512 bytes of last_rcvd. Little-endian, as on Lustre's disk.
struct ServerRecord {
  static constexpr uint32_t kSize = 512;
  static constexpr uint32_t kCompat20 = 0x8;        // OBD_COMPAT_20: written by a 2.0 MDT
  static constexpr uint32_t kCompatMdt = 0x4;       // OBD_COMPAT_MDT
  static constexpr uint32_t kCompatOst = 0x2;       // OBD_COMPAT_OST
  static constexpr uint32_t kIncompatMdt = 0x4;     // OBD_INCOMPAT_MDT
  static constexpr uint32_t kIncompatOst = 0x2;     // OBD_INCOMPAT_OST
  static constexpr uint32_t kIncompatCommon = 0x8;  // OBD_INCOMPAT_COMMON_LR
  static constexpr uint32_t kIncompatFid = 0x10;    // OBD_INCOMPAT_FID

  std::array<char, 40> uuid = {};  // of the target
  uint64_t last_transno = 0;       // when this record was written; slots may know a later one
  uint64_t compat14 = 0;
  uint64_t mount_count = 0;  // +1 at every start
  uint32_t feature_compat = 0;
  uint32_t feature_rocompat = 0;
  uint32_t feature_incompat = 0;
  uint32_t server_size = 512;
  uint32_t client_start = 8192;  // where the slots begin in Lustre's file
  uint16_t client_size = 128;
  uint16_t subdir_count = 0;
  uint64_t catalog_oid = 0;
  uint32_t catalog_ogen = 0;
  std::array<char, 40> peeruuid = {};
  uint32_t ost_index = 0;
  uint32_t mdt_index = 0;
  uint32_t start_epoch = 0;
  std::array<uint64_t, 16> trans_table = {};  // 1.8: transnos by time, for delayed clients; unused
  uint32_t trans_table_time = 0;
  uint32_t expire_intervals = 0;
  std::array<uint8_t, 224> padding = {};
  bool operator==(const ServerRecord&) const = default;
};
static_assert(sizeof(ServerRecord) == ServerRecord::kSize);

// What a slot says of one operation: enough to answer it again without executing it.
struct SlotRecord {
  uint64_t transno = 0;  // 0 if the operation failed
  uint64_t xid = 0;
  int32_t result = 0;                     // status of the operation, a negative errno or 0
  uint32_t data = 0;                      // open: disposition bits
  std::array<uint64_t, 4> versions = {};  // pre-operation versions; 0 for closes
  bool operator==(const SlotRecord&) const = default;
  void state(auto&& visit) const { visit(transno, xid, result, data, versions); }
};

// lsd_client_data, one client's slot. Closes (1.8: CLOSE; 2.0: CLOSE and DONE_WRITING) have a group
// of their own, since a client sends one beside one other modification.
struct ClientSlot {
  static constexpr uint32_t kSize = 128;
  enum class Group : uint8_t { normal, close };

  std::array<char, 40> uuid = {};  // of the client
  uint64_t last_transno = 0;
  uint64_t last_xid = 0;
  uint32_t last_result = 0;
  uint32_t last_data = 0;
  uint64_t last_close_transno = 0;
  uint64_t last_close_xid = 0;
  uint32_t last_close_result = 0;
  uint32_t last_close_data = 0;
  std::array<uint64_t, 4> pre_versions = {};
  uint32_t last_epoch = 0;
  uint32_t first_epoch = 0;  // 1.8: of a delayed client; unused
  bool operator==(const ClientSlot&) const = default;

  SlotRecord record(Group group) const;
  // A failed operation (transno 0) leaves the group's transno as it was, so that the largest
  // transno of all slots never goes down.
  void set(Group group, const SlotRecord& record);
};
static_assert(sizeof(ClientSlot) == ClientSlot::kSize);

Key slot_key(uint32_t index);  // "last_rcvd/slot/" and four bytes, big-endian

Write slot_write(uint32_t index, const ClientSlot& slot);

// The journal of one target.
class Journal {
 public:
  struct StoredSlot {
    uint32_t index = 0;
    ClientSlot slot;
  };

  // Reads the records. A 2.0 MDT on a disk without OBD_COMPAT_20 and a 1.8 MDT on one with it erase
  // all slots: every client is evicted by a change of version (semantics 2.8).
  Journal(const Config& config, TargetKind kind, const Store& store);

  // Slots found, to be made exports. Empty after a change of version, and for an MGS.
  const std::vector<StoredSlot>& stored_slots() const { return stored_; }
  // Why the target must not start: a foreign uuid, or incompatible features (1.8 on 2.0's
  // IAM_DIR, SOM, LMA). Then every CONNECT is answered with -ENODEV.
  bool refused() const { return refused_; }
  // Writes the server record with the new mount count, and erases slots if need be.
  void start(Actions& out);

  uint64_t last_transno() const { return last_transno_; }
  uint64_t last_committed() const { return last_committed_; }
  uint64_t mount_count() const { return record_.mount_count; }

  // The transno of an operation that begins now: the next, or the one a replay brings.
  uint64_t transno_for(uint64_t replay_transno) const {
    return replay_transno != 0 ? replay_transno : last_transno_ + 1;
  }
  // The operation took effect.
  void used(uint64_t transno) {
    if (transno > last_transno_) last_transno_ = transno;
  }
  // One transaction; transno 0 if it carries none.
  CommitId persist(std::vector<Write> writes, uint64_t transno, Actions& out);
  // A slot goes: the server record's last_transno is brought up to date in the same transaction.
  CommitId erase_slot(uint32_t index, Actions& out);
  // What became durable; true if last_committed went up.
  bool durable(CommitId up_to);
  bool is_durable(CommitId id) const { return id <= durable_; }
  CommitId last_commit() const { return last_commit_; }

  void invariants() const;
  void state(auto&& visit) const {
    visit(record_, last_transno_, last_committed_, last_commit_, durable_, pending_, refused_);
  }

 private:
  struct Pending {
    CommitId id = 0;
    uint64_t transno = 0;
    void state(auto&& visit) const { visit(id, transno); }
  };
  Write server_write() const;
  void fresh_record(const Config& config);
  bool planted(Defect defect) const { return defects_.has(defect); }
  void load_slots(const Store& store);

  TargetKind kind_;
  DefectSet defects_;
  ServerRecord record_;
  std::vector<StoredSlot> stored_;
  std::vector<Key> erase_at_start_;
  std::vector<Pending> pending_;  // with a transno, not durable yet, in order
  uint64_t last_transno_ = 0;
  uint64_t last_committed_ = 0;
  CommitId last_commit_ = 0;
  CommitId durable_ = 0;
  bool refused_ = false;
};

}  // namespace reference
