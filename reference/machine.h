// The contract of every machine: events in, actions out.
//
// A machine (Mgs, Mds, Ost, Client) is a plain value: copyable, comparable, hashable, without I/O,
// clock, randomness or pointers to the outside. It is built from a Config (config.h) and the Store
// (store.h) it finds; a copy of it is an independent machine. Both worlds carry its actions out:
// harness/sim under a schedule and virtual time, harness/live with sockets and processes.
#pragma once

#include <compare>
#include <concepts>
#include <cstdint>
#include <limits>
#include <string>
#include <variant>
#include <vector>

#include "protocol/bytes.h"
#include "reference/fact.h"
#include "reference/order.h"
#include "reference/store.h"

namespace reference {

using protocol::Bytes;

// LNet's process id. The NID is (net << 32 | IPv4), the pid 12345 for servers and kernel clients,
// 0x80000000 | something for user-space peers (facts: lnet-socklnd 1).
struct PeerId {
  uint64_t nid = 0;
  uint32_t pid = 0;
  auto operator<=>(const PeerId&) const = default;
  void state(auto&& visit) const { visit(nid, pid); }
};
inline constexpr uint32_t kLnetPid = 12345;

// Nanoseconds since the run began. The wall clock is this plus Config::wall_clock_base_s.
using Time = int64_t;
inline constexpr Time kNever = std::numeric_limits<Time>::max();
inline constexpr Time kMicrosecond = 1'000;
inline constexpr Time kMillisecond = 1'000'000;
inline constexpr Time kSecond = 1'000'000'000;

// What a timer is for, and which of its kind: a request's xid, a lock's handle, an import's index.
// Each machine numbers its kinds itself, below kImportTimerKinds; a SetTimer replaces the timer of
// the same id. A kind with the bit kPeriodic set comes again and again by itself (pings, the ping
// evictor): a schedule may end while such timers are left.
inline constexpr uint32_t kImportTimerKinds = 0x4000'0000;  // from here on they are import.h's
inline constexpr uint32_t kPeriodic = 0x8000'0000;
struct TimerId {
  uint32_t kind = 0;
  uint64_t which = 0;
  auto operator<=>(const TimerId&) const = default;
  void state(auto&& visit) const { visit(kind, which); }
};

// --- events ---

// One whole LNet message: lnet_hdr (72 bytes) and its payload.
struct Received {
  PeerId from;
  Bytes message;
};
// All connections to the peer are gone, or a message to it could not be delivered.
struct PeerLost {
  PeerId peer;
};
struct TimerFired {
  TimerId timer;
};
// Every transaction with an id up to this one is on the disk.
struct Durable {
  CommitId up_to = 0;
};
// What an operator or an application asks of this node (order.h).
struct Asked {
  OrderId id = 0;
  Order order;
};
using Event = std::variant<Received, PeerLost, TimerFired, Durable, Asked>;

// --- actions ---

struct Send {
  PeerId to;
  Bytes message;
};
// Close all connections to the peer (a protocol violation was seen).
struct Drop {
  PeerId peer;
};
// At kNever the timer is cancelled.
struct SetTimer {
  TimerId timer;
  Time at = kNever;
};
// One transaction. Ids count up from 1 in each incarnation; the world makes transactions durable
// in order and a crash loses a suffix of them.
struct Persist {
  CommitId id = 0;
  std::vector<Write> writes;
};
struct Answer {
  OrderId id = 0;
  Result result;
};
// Says what was done (facts: semantics 9.1). Nobody may behave differently for it.
struct Note {
  Fact fact;
};
using Action = std::variant<Send, Drop, SetTimer, Persist, Answer, Note>;
using Actions = std::vector<Action>;

template <class M>
concept Machine =
    std::copyable<M> && requires(M m, const M& c, Time now, const Event& event, Actions& out) {
      m.start(now, out);  // once, before the first event: registration, connections, timers
      m.step(now, event, out);
      c.invariants();                  // CHECKs what must hold between steps
      c.state([](const auto&...) {});  // everything that makes it differ from another (digest.h)
    };

}  // namespace reference
