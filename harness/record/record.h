// One thing that happened in a run, as checkers and histories see it: who, when, why, and what.
// Worlds make one an event (harness/sim, harness/live), an exploration feeds them to the checkers
// that ride along and keeps none, so that making one is cheap: messages are shared bytes.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include "protocol/bytes.h"
#include "reference/config.h"
#include "reference/machine.h"

namespace harness::record {

using protocol::Bytes;
using reference::Dialect;
using reference::Fact;
using reference::OrderId;
using reference::PeerId;
using reference::Result;
using reference::Syscall;
using reference::Time;

// The nodes of a run are numbered from 0 in the order in which they joined it.
using NodeIndex = uint16_t;
enum class Role : uint8_t { mgs, mds, ost, client, probe };
constexpr bool is_server(Role role) { return role != Role::client && role != Role::probe; }
struct Node {
  Role role = Role::probe;
  uint32_t index = 0;  // of its role: OST0001 is 1
  PeerId peer;
  // "mgs", "mds", "ost1", "client2", "probe1".
  std::string name() const;
};

// What of a message a checker asks for without decoding its buffers.
struct Envelope {
  // other: bulk, LNet's acknowledgements, and what is no message at all.
  enum class Kind : uint8_t { other, request, reply, early_reply };
  Kind kind = Kind::other;
  uint32_t opcode = 0;
  uint32_t portal = 0;
  uint32_t flags = 0;     // pb_flags: MSG_RESENT, MSG_REPLAY, …
  uint32_t op_flags = 0;  // of CONNECT
  uint32_t conn_cnt = 0;
  int32_t status = 0;
  uint64_t xid = 0;  // match bits; of bulk too
  uint64_t transno = 0;
  uint64_t last_committed = 0;
  uint64_t handle = 0;
  std::array<uint64_t, 4> versions = {};  // pb_pre_versions
};
// Of a whole LNet message, however malformed.
Envelope read_envelope(const Bytes& message);

// --- what happened ---

struct CallBegan {
  OrderId order = 0;
  std::shared_ptr<const Syscall> call;
};
struct CallEnded {
  OrderId order = 0;
  std::shared_ptr<const Result> result;
};
// A message is numbered when it is sent, from 1; 0 where nobody counts (an exploration).
struct Sent {
  PeerId to;
  uint64_t message = 0;
  Bytes bytes;
  Envelope envelope;
};
struct Received {
  PeerId from;
  uint64_t message = 0;
  Bytes bytes;
  Envelope envelope;
};
// All connections of the node to the peer are gone.
struct Lost {
  PeerId peer;
};
// The node closes its connections to the peer: it saw a violation of the protocol.
struct Dropped {
  PeerId peer;
};
// A fault as it happened, in the words of the plan. Crashes and starts have records of their own
// besides. `message`, where it is one that was struck.
struct Faulted {
  std::string what;
  uint64_t message = 0;
};
// One more transaction of the node's disk is durable.
struct Committed {};
struct Crashed {};
struct Started {
  Node node;
  Dialect dialect = Dialect::v2_0;
};
struct Noted {
  Fact fact;
};
struct Digested {
  uint64_t digest = 0;  // of the whole cluster
};
// All calls have ended, and nothing is left to happen but what is periodic.
struct Quiesced {};

using What = std::variant<CallBegan, CallEnded, Sent, Received, Lost, Dropped, Faulted, Committed,
                          Crashed, Started, Noted, Digested, Quiesced>;

struct Record {
  uint64_t index = 0;  // from 1, over the whole run
  Time time = 0;
  NodeIndex node = 0;
  uint32_t incarnation = 0;
  uint64_t cause = 0;  // the record that it follows from, or 0
  What what;
};

}  // namespace harness::record
