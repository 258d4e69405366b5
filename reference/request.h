// A request that was accepted: a value, which a handler may keep until it can answer.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "protocol/message.h"
#include "reference/exports.h"
#include "reference/journal.h"
#include "reference/machine.h"

namespace reference {

struct Request {
  PeerId from;
  ExportId export_id = 0;
  uint32_t portal = 0;  // it came in on
  uint32_t opcode = 0;
  uint64_t xid = 0;
  uint32_t flags = 0;  // pb_flags
  bool resent = false;
  bool replay = false;
  uint64_t replay_transno = 0;  // not 0: this number is to be kept
  // Set if this very request was executed before: answer from it and from the state of the objects
  // now, and do not execute again. Only resent requests have it.
  std::optional<SlotRecord> reconstruct;
  Time arrived = 0;
  Time deadline = 0;  // until when the client waits; early replies move it
  protocol::Message message;

  // The versions that a replay brings.
  const std::array<uint64_t, 4>& pre_versions() const { return message.body().pre_versions; }
  void state(auto&& visit) const {
    visit(from, export_id, portal, xid, flags, reconstruct, arrived, deadline, message.bytes());
  }
};

}  // namespace reference
