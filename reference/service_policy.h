// What differs between dialects and between kinds of target in the answering of requests. Only
// service*.cc include this.
#pragma once

#include <array>
#include <cstdint>

#include "protocol/ptlrpc.h"
#include "reference/config.h"
#include "reference/journal.h"

namespace reference {

struct ServicePolicy {
  Dialect dialect;
  // 2.0 answers with its own body of 152 bytes, 1.8 with the length that the request had.
  bool own_body_length;
  // An open or close that wrote nothing writes at least the slot, and so does a failed operation.
  bool always_writes_slot;
  // DONE_WRITING is kept in the close group of the slot.
  bool done_writing_closes;
  // Replies of failed operations have type 4712, but for five errors; 2.0 marks only failures that
  // have no proper reply (facts: rpc-formats "Errors").
  bool marks_failures;
  bool names_part;            // the top byte of lm_secflvr
  bool delays_clients;        // may be built with recovery of delayed clients
  bool marks_version_replay;  // pb_flags VERSION_REPLAY after a gap was skipped
  bool whole_checksum;        // of an early reply, towards peers that say so
};

inline constexpr auto kServicePolicies = std::to_array<ServicePolicy>({
    {.dialect = Dialect::v1_8,
     .own_body_length = false,
     .always_writes_slot = true,
     .done_writing_closes = false,
     .marks_failures = true,
     .names_part = false,
     .delays_clients = true,
     .marks_version_replay = true,
     .whole_checksum = false},
    {.dialect = Dialect::v2_0,
     .own_body_length = true,
     .always_writes_slot = false,
     .done_writing_closes = true,
     .marks_failures = false,
     .names_part = true,
     .delays_clients = false,
     .marks_version_replay = false,
     .whole_checksum = true},
});

struct TargetRow {
  TargetKind kind;
  uint32_t connect;
  uint32_t disconnect;
  uint32_t part;
};

inline constexpr auto kTargets = [] {
  namespace opcode = protocol::ptlrpc::opcode;
  namespace part = protocol::ptlrpc::sec_part;
  return std::to_array<TargetRow>({
      {TargetKind::mgs, opcode::kMgsConnect, opcode::kMgsDisconnect, part::kMgs},
      {TargetKind::mdt, opcode::kMdsConnect, opcode::kMdsDisconnect, part::kMdt},
      {TargetKind::ost, opcode::kOstConnect, opcode::kOstDisconnect, part::kOst},
  });
}();

constexpr const TargetRow& target_row(TargetKind kind) {
  return kTargets[static_cast<size_t>(kind)];
}
static_assert(target_row(TargetKind::mgs).kind == TargetKind::mgs &&
              target_row(TargetKind::mdt).kind == TargetKind::mdt &&
              target_row(TargetKind::ost).kind == TargetKind::ost);

}  // namespace reference
