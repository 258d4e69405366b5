// What strikes: one verb and its object. A plain value; faults/injector.h says what each does to
// messages, and a world carries out what is done to nodes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "faults/node_name.h"
#include "faults/trigger.h"
#include "reference/config.h"

namespace faults {

using reference::Dialect;

enum class Verb : uint8_t {
  // --- of the message that the trigger matched ---
  drop,       // it never arrives
  delay,      // held until released, for a while, or until another event
  duplicate,  // it arrives twice
  reorder,    // held until the next message between the same two nodes has passed it
  corrupt,    // one byte of its ptlrpc message is changed
  // --- of held messages and of links ---
  release,     // what is held arrives
  disconnect,  // all connections of a link close; what is under way on them is lost
  partition,   // what is sent on a link is lost, and nobody is told
  heal,        // the end of a partition
  // --- of nodes ---
  crash,    // power failure: what is not durable is lost
  restart,  // crash, and start
  start,
  upgrade,    // restart as 2.0
  downgrade,  // restart as 1.8
  failover,   // an orderly end, all of it durable and clients' slots kept; then start
  pause,      // it does nothing for a while, then all at once
  evict,
  lose_clients,       // from its next start on it finds no client in its table (last_rcvd)
  roll_back_clients,  // it finds the table that it found when it started last
  hold_commits,       // from here on nothing becomes durable
  release_commits,
  fill_disk,  // an OST has no space left
  free_disk,
  jump_clock,
};

// When a server that crashes dies.
enum class Moment : uint8_t {
  now,
  before_commit,  // in the step that makes its nth transaction from now, which is lost
  after_commit,   // in that step, when the transaction is durable, before anything is answered
  at_write,       // as soon as the nth transaction from now is on the disk, whenever that is
  twice,          // now, and again as soon as it was started
};

struct Fault {
  Verb verb = Verb::drop;
  Part part = Part::request;                // of messages: which one, the trigger's
  Link link = {};                           // disconnect, partition, heal
  bool both_ways = false;                   // partition, heal
  NodeName node = {};                       // whom; evict: the client
  NodeName server = {};                     // evict: from whom, anybody for all
  Moment moment = Moment::now;              // crash
  uint32_t nth = 1;                         // crash: which transaction, from 1
  std::optional<reference::Time> duration;  // delay, partition, pause: how long; jump_clock: by
                                            // how much; restart, failover …: how long it is down
  std::optional<Trigger> until;             // delay, partition: what ends it
  std::optional<Dialect> version;           // start, restart, failover: as which one
  uint32_t offset = 0;                      // corrupt: which byte, modulo the message's length
  uint8_t mask = 1;                         // corrupt: what is flipped in it

  bool operator==(const Fault&) const = default;
  void state(auto&& visit) const {
    visit(verb, part, link, both_ways, node, server, moment, nth, duration, until, version, offset,
          mask);
  }
};

// Whether the verb is done to the message that the trigger matched.
constexpr bool is_of_message(Verb verb) { return verb <= Verb::corrupt; }

// The words of the verb as a plan spells them: "drop", "lose clients of".
std::string_view verb_name(Verb verb);
std::string to_text(const Fault& fault);

}  // namespace faults
