// A plan from a seed, the same with every compiler: swarm testing. Each seed leaves out about half
// of the kinds of faults and weighs the others differently, so that each is often alone, and often
// frequent.
//
// Whoever is taken away comes back: crashes are restarts, partitions and pauses have an end, and
// what is held is let go after a while.
#pragma once

#include <cstdint>
#include <vector>

#include "faults/plan.h"
#include "reference/machine.h"

namespace faults {

// Kinds of faults, as campaigns choose them.
enum class Kind : uint8_t {
  request_lost,
  reply_lost,
  callback_lost,    // a lock callback of a server
  between_servers,  // what the MDS asks of an OST, or its answer, is lost
  connect_lost,     // CONNECT or its reply
  bulk_lost,
  delay,
  duplicate,
  reorder,
  disconnect,
  partition,
  crash,
  crash_at_commit,    // before or after, or when it reaches the disk
  crash_uncommitted,  // nothing is committed for a while, then the server dies
  crash_twice,
  failover,
  pause,
  evict,
  client_dies,
  clients_lost,  // a server loses its client table, or finds an older one
  disk_full,
  clock_jump,
  version_change,
};
inline constexpr uint32_t kKinds = static_cast<uint32_t>(Kind::version_change) + 1;
constexpr uint32_t bit(Kind kind) { return uint32_t{1} << static_cast<uint32_t>(kind); }
inline constexpr uint32_t kEveryKind = (uint32_t{1} << kKinds) - 1;

struct Swarm {
  uint32_t kinds = kEveryKind & ~bit(Kind::version_change);  // may be drawn
  uint32_t clients = 2;
  uint32_t osts = 2;
  uint32_t faults_max = 5;
  reference::Time span = 10 * reference::kSecond;     // timed faults strike within it
  reference::Time away_max = 3 * reference::kSecond;  // how long somebody is away at most
};

Plan generate(uint64_t seed, const Swarm& swarm);

}  // namespace faults
