// What a client does with the reply to its CONNECT: one row per combination of the reply's flags,
// the handle it brings, and what the client thinks of its import. The first row that matches
// decides. Facts: semantics 1.8 (same order; the ids are the suites').
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "protocol/ptlrpc.h"

namespace reference {

enum class ImportState : uint8_t {
  closed,        // disconnected for good, or refused
  fresh,         // never connected (Lustre: NEW)
  disconnected,  // DISCON
  connecting,
  replay,
  replay_locks,
  replay_wait,
  recover,
  full,
  evicted,
};

// What a client says in recovery, by dialect (facts: rpc-formats "Connection and ping").
struct RecoveryWords {
  uint32_t final_ping_flags;    // pb_flags of the ping that ends recovery
  uint32_t lock_replay_flags;   // added to the pb_flags of a replayed ENQUEUE
  uint32_t connect_flags;       // pb_op_flags of every CONNECT
  uint32_t full_checksum_flag;  // lm_flags once FULL20 was granted
};
inline constexpr auto kRecoveryWords = [] {
  using namespace protocol::ptlrpc;
  constexpr uint32_t kDone = msg_flag::kReqReplayDone | msg_flag::kLockReplayDone;
  return std::to_array<RecoveryWords>({
      /* 1.8 */ {msg_flag::kLastReplay | kDone, 0, 0, 0},
      /* 2.0 */
      {kDone, msg_flag::kReqReplayDone, msg_connect_flag::kNextVer, msghdr_flag::kCksumIncompat18},
  });
}();

enum class Ternary : uint8_t { no, yes, any };

enum class HandleIs : uint8_t { any, zero, same, changed };

enum class ConnectAction : uint8_t {
  become_full,         // first connection
  join_recovery,       // nothing to replay: REPLAY_LOCKS with no locks, then wait for the end
  fail_not_connected,  // as an error -ENOTCONN
  resend,              // RECOVER: the server is the same incarnation
  become_evicted,      // everything of this server is lost
  replay_again,        // REPLAY, the last replay may have been lost: sent with RESENT
  replay_all,          // REPLAY from the first
};

struct ConnectRow {
  std::string_view id;
  bool initial;  // no handle yet
  Ternary reconnect;
  Ternary recovering;
  HandleIs handle;  // in the reply, compared with ours
  Ternary invalid;  // the import was marked invalid by the client itself
  ConnectAction action;
  bool store_handle;
};

inline constexpr auto kConnectRows = [] {
  using enum Ternary;
  using enum ConnectAction;
  using H = HandleIs;
  return std::to_array<ConnectRow>({
      // id  initial reconnect recovering handle  invalid action              store handle
      {"I1", true, any, yes, H::any, any, join_recovery, true},
      {"I2", true, any, no, H::any, any, become_full, true},
      {"R1", false, yes, any, H::zero, any, fail_not_connected, false},
      {"R2", false, yes, no, H::changed, any, become_evicted, true},
      {"R3", false, yes, no, H::same, yes, become_evicted, false},
      {"R4", false, yes, no, H::same, no, resend, false},
      {"R5", false, yes, yes, H::any, yes, become_evicted, true},
      // Its reply to an earlier CONNECT of ours was lost: it has restarted since we replayed.
      // Shipped clients do as in R6, and what they replayed before is lost.
      {"R10", false, yes, yes, H::changed, no, replay_all, true},
      {"R6", false, yes, yes, H::any, no, replay_again, true},
      {"R7", false, no, yes, H::any, yes, become_evicted, true},
      {"R8", false, no, yes, H::any, no, replay_all, true},
      {"R9", false, no, no, H::any, any, become_evicted, true},
  });
}();

constexpr bool matches(Ternary wanted, bool value) {
  return wanted == Ternary::any || (wanted == Ternary::yes) == value;
}

// Of a reply's flags and handle. Every combination has a row (checked below).
constexpr const ConnectRow& connect_row(bool initial, bool reconnect, bool recovering,
                                        HandleIs handle, bool invalid) {
  for (const ConnectRow& row : kConnectRows) {
    if (row.initial == initial && matches(row.reconnect, reconnect) &&
        matches(row.recovering, recovering) && matches(row.invalid, invalid) &&
        (row.handle == HandleIs::any || row.handle == handle)) {
      return row;
    }
  }
  return kConnectRows.back();
}

constexpr bool every_combination_has_its_row() {
  for (int bits = 0; bits < 16; ++bits) {
    for (const HandleIs handle : {HandleIs::zero, HandleIs::same, HandleIs::changed}) {
      const bool initial = bits & 1, reconnect = bits & 2, recovering = bits & 4,
                 invalid = bits & 8;
      const ConnectRow& row = connect_row(initial, reconnect, recovering, handle, invalid);
      if (row.initial != initial || !matches(row.reconnect, reconnect) ||
          !matches(row.recovering, recovering) || !matches(row.invalid, invalid) ||
          (row.handle != HandleIs::any && row.handle != handle)) {
        return false;
      }
    }
  }
  return true;
}
static_assert(every_combination_has_its_row());

}  // namespace reference
