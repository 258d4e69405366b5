// A small scenario: servers, clients with a script of calls each, and what may go wrong. From its
// root, where the mounts and what else is prepared have ended, all schedules are walked.
//
// The rules of a schedule. For nothing: a link delivers its oldest message, a node makes its oldest
// transaction durable, a client starts its next call when those before have ended (one that is
// `beside` the one before: when that has begun), a server that
// crashed starts again, a held message is let go. Time passes only when nothing of this is left
// (letting go excepted: a held message is overtaken by timers), to the earliest timer; equal ones
// are a choice, and what follows from the first comes before the second. Each fault costs one of
// its budget. A schedule ends when all calls have ended, all servers are up and have recovered,
// nothing is on its way and only pings are left; what is still held then is let go first, at that
// time. Or it ends with the last call of a client that has the last word; or with a violation; or,
// with a call that has not ended or a server that waits for clients, when for two rounds nothing
// happened but pings, or after `patience`.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "reference/config.h"
#include "reference/order.h"

namespace harness::explore {

using reference::Dialect;
using reference::Time;

// death: a client goes without a word, for good.
enum class Fault : uint8_t { crash, drop, delay, duplicate, reorder, evict, death };
inline constexpr size_t kFaults = 7;
std::string_view fault_name(Fault fault);    // "crash"
std::string_view fault_option(Fault fault);  // "crashes", as on the command line

// How many of each fault a schedule may hold.
struct Budget {
  std::array<uint8_t, kFaults> left = {};
  uint8_t& of(Fault fault) { return left[static_cast<size_t>(fault)]; }
  uint8_t of(Fault fault) const { return left[static_cast<size_t>(fault)]; }
  bool operator==(const Budget&) const = default;
  // "1 crash, 1 drop"; "no faults".
  std::string text() const;
};

// One call of a client's script. An open's file is kept in `slot`, and a call on a file names it
// by Syscall::fd = the slot; where that open failed the call is made all the same, on no file.
inline constexpr uint8_t kSlots = 2;
struct Call {
  reference::Syscall call;
  uint8_t slot = 0;
  bool beside = false;  // may begin though the one before has not ended
};

struct Script {
  std::vector<Call> prepared;  // ends before the search begins, client after client
  std::vector<Call> calls;     // at most kCallsMax
  // The first of `calls` is under way when the search begins: what it sent first is on its links.
  bool begun = false;
  // Time may pass though its next call could begin.
  bool unhurried = false;
  // A schedule ends when its last call has.
  bool last = false;
};

// Where faults of a kind may strike; a kind without any may strike everywhere.
struct Aim {
  static constexpr uint8_t kAny = 255;
  Fault fault = Fault::crash;
  uint8_t from = kAny;   // node; of an eviction: the client
  uint8_t to = kAny;     // of a crash or a death: the node
  uint32_t opcode = 0;   // of a message's request, 0: any message
  uint8_t most = kAny;   // of a crash: so often
  bool answers = false;  // on the answers to such requests instead
};

struct Scenario {
  static constexpr size_t kClientsMax = 4;
  static constexpr size_t kCallsMax = 64;
  static constexpr size_t kNodesMax = 8;

  std::string name;
  std::string what;  // one line
  Dialect dialect = Dialect::v2_0;
  uint32_t osts = 1;
  std::vector<Script> clients;
  Budget budget;
  reference::Timing timing;
  reference::DefectSet defects;  // of the MGS only those of its logs: the rest is not judged
  uint64_t seed = 1;
  Time patience = 3600 * reference::kSecond;  // of the cluster's time, from the root on
  std::vector<Aim> aims;
  // Narrower rules: what the MGS is sent and sends arrives at once, and what a server writes that
  // will not crash any more is durable at once.
  bool prompt = false;
  bool prompt_osts = false;  // and what MDS and OSTs send each other
  // What a server has sent and has not arrived is lost when it crashes; else it arrives all the
  // same. What is sent to it is lost in any case.
  bool crash_loses = false;
  std::vector<uint32_t> slow_opcodes;  // but for these requests, their answers, and what is behind
  reference::SomConfig som;
  bool som_from_restart = false;  // the MDS has the profile only after its first crash
};

// "Lustre's defaults", or what differs: "Lustre's defaults but ping_evict_timeout 25 s".
std::string timing_text(const reference::Timing& timing);

// All that have a name, in dialect 2.0 and with the budget that they are meant for.
std::span<const Scenario> scenarios();
const Scenario* find_scenario(std::string_view name);

}  // namespace harness::explore
