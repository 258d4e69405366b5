// The clients that a target knows: who they are, what was negotiated, where they are in recovery.
// Facts: semantics 1.1, 1.2, 1.11, appendix B.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "protocol/ptlrpc.h"
#include "reference/config.h"
#include "reference/journal.h"
#include "reference/machine.h"

namespace reference {

// The export's cookie: what the client puts in pb_handle. 0 is none.
using ExportId = uint64_t;

inline constexpr uint32_t kNoSlot = 0xffff'ffff;

// The highest xids of some requests that came, more than a client has under way. Its threads send
// them in any order: it is the same one again that is the network's doing.
class RecentXids {
 public:
  bool contains(uint64_t xid) const { return std::ranges::binary_search(xids_, xid); }
  void add(uint64_t xid) {
    if (xid <= xids_.front() || contains(xid)) return;
    const auto place = std::ranges::upper_bound(xids_, xid);
    std::move(xids_.begin() + 1, place, xids_.begin());
    *(place - 1) = xid;
  }
  void state(auto&& visit) const { visit(xids_); }

 private:
  std::array<uint64_t, 16> xids_ = {};  // in order
};

struct Export {
  ExportId id = 0;
  std::array<char, 40> uuid = {};  // of the client
  PeerId peer;                     // where it was last heard
  // Has a connection and so a reverse import. An export that was loaded from its slot has none
  // until its client comes back.
  bool connected = false;
  uint64_t client_handle = 0;  // pb_handle of callbacks to this client
  uint32_t conn_cnt = 0;
  uint32_t lm_flags = 0;                     // of its last request: what callbacks to it may carry
  protocol::ptlrpc::ObdConnectData granted;  // connect_flags: what both sides agreed on

  uint32_t slot_index = kNoSlot;  // MGS exports and the target's own have none
  ClientSlot slot;
  CommitId slot_commit = 0;  // until it is durable, every transaction waits for its commit

  bool from_disk = false;    // loaded from its slot, to be recovered
  bool in_recovery = false;  // came back in this recovery
  bool request_replay_needed = false;
  bool lock_replay_needed = false;
  bool vbr_failed = false;  // a replay met another version: evicted after the stage
  bool delayed = false;     // 1.8: missed recovery, and may recover by itself (Config)

  RecentXids came;         // what must not run twice
  uint32_t executing = 0;  // requests between accept and finish
  Time last_request = 0;

  bool may(uint64_t connect_flag) const { return (granted.connect_flags & connect_flag) != 0; }
  std::string_view name() const;  // uuid as text
  void state(auto&& visit) const {
    visit(id, uuid, peer, connected, client_handle, conn_cnt, lm_flags, granted, slot_index, slot,
          slot_commit, from_disk, in_recovery, request_replay_needed, lock_replay_needed,
          vbr_failed, delayed, came, executing, last_request);
  }
};

// A flat table, sorted by id.
class Exports {
 public:
  static constexpr size_t kExportsMax = 131'072;  // LR_MAX_CLIENTS is of this order

  Export* find(ExportId id);
  const Export* find(ExportId id) const;
  Export* find_uuid(std::string_view uuid);  // linear: connects are rare
  Export& add(Export entry);
  void erase(ExportId id);
  uint32_t free_slot() const;  // the lowest
  // How many were made for the peer in this incarnation, with the one that is about to be: no count
  // shared with other clients, and none that a new export has in common with an old one.
  uint64_t count_new(PeerId peer);

  size_t size() const { return exports_.size(); }
  std::span<Export> all() { return exports_; }
  std::span<const Export> all() const { return exports_; }

  void invariants() const;
  void state(auto&& visit) const { visit(exports_, made_); }

 private:
  struct Made {
    PeerId peer;
    uint64_t exports = 0;
    void state(auto&& visit) const { visit(peer, exports); }
  };
  std::vector<Export> exports_;
  std::vector<Made> made_;  // by peer
};

}  // namespace reference
