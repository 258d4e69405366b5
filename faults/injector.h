// What becomes of messages and nodes under plans: events in, messages and orders out. A plain
// value: what was counted, what is held and what is still to come are in it, so that a copy of a
// run goes on by itself.
//
// Lines are asked in their order. Every line whose trigger a message matches counts it, whatever
// the others do; of the faults that are done to a message the first that strikes decides, the
// others strike all the same. What a partition swallows is counted too: it was sent.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "faults/exchange.h"
#include "faults/plan.h"
#include "faults/random.h"
#include "faults/rule.h"
#include "faults/struck.h"
#include "reference/machine.h"

namespace faults {

// A message on its way between two nodes.
struct Parcel {
  reference::PeerId from, to;
  protocol::Bytes message;
  void state(auto&& visit) const { visit(from, to, message); }
};

// What a world does to one node, or to the connections between two.
struct Order {
  enum class Kind : uint8_t {
    disconnect,           // node, other
    crash,                // node
    crash_before_commit,  // node, nth
    crash_after_commit,
    crash_at_write,
    stop,   // in order: all durable
    start,  // node, version
    pause,
    resume,
    evict,  // node: the client; other: from whom
    lose_clients,
    roll_back_clients,
    hold_commits,
    release_commits,
    fill_disk,
    free_disk,
    jump_clock,  // node, by
  };
  Kind kind = Kind::crash;
  uint32_t line = 0;  // which of Injector::lines()
  NodeName node;
  NodeName other = {};
  uint32_t nth = 1;
  std::optional<Dialect> version = {};
  reference::Time by = 0;
  void state(auto&& visit) const { visit(kind, line, node, other, nth, version, by); }
};

// "crash before commit".
std::string_view order_name(Order::Kind kind);

// Whether the order makes no sense for a node that is down.
constexpr bool needs_running(Order::Kind kind) {
  using Of = Order::Kind;
  return kind == Of::crash || kind == Of::crash_before_commit || kind == Of::crash_after_commit ||
         kind == Of::crash_at_write || kind == Of::stop || kind == Of::pause;
}

// To be done now, in this order: the messages are put on the network, then the orders carried out.
struct Effects {
  std::vector<Parcel> deliver;
  std::vector<Order> orders;
  bool empty() const { return deliver.empty() && orders.empty(); }
};

class Injector {
 public:
  // What `reorder` has held is let go after so long, if no other message passes it.
  static constexpr reference::Time kReorderMax = reference::kSecond;

  // A node that plans may name, where its messages come from (servers of others may share an
  // address), and for a client its uuid.
  void know(reference::PeerId peer, NodeName name);
  void know_client(NodeName client, const std::string& uuid);

  // From now on the lines are watched; their times count from now. Lines are numbered from 0 over
  // all that was ever armed; the first one's number is returned.
  size_t arm(const Plan& plan, reference::Time now);
  size_t arm(const Rule& rule, reference::Time now);

  // Whether every message passes untouched and nothing can happen, whatever the events are.
  bool idle() const { return !live_; }
  bool watches_facts() const { return watches_facts_; }

  void on_message(reference::Time now, reference::PeerId from, reference::PeerId to,
                  const protocol::Bytes& message, Effects& out);
  void on_fact(reference::Time now, reference::PeerId node, const reference::Fact& fact,
               Effects& out);
  // When on_time() wants to be called next.
  reference::Time deadline() const;
  void on_time(reference::Time now, Effects& out);
  // The world could not carry an order out, which so far stands among what struck.
  void refused(const Order& order, std::string_view why);
  // Lets everything go that is held.
  void release(Effects& out);
  // Ends what lasts (partitions, held messages, pauses) and disarms every line.
  void end(reference::Time now, Effects& out);

  const Line& line(size_t index) const { return armed_.at(index).line; }
  size_t lines() const { return armed_.size(); }
  // How often the line has struck.
  uint32_t times_struck(size_t line) const;
  // Everything that happened, in order.
  const std::vector<Struck>& struck() const { return struck_; }

  // Without the account of what happened, which changes nothing that is to come.
  void state(auto&& visit) const {
    visit(peers_, clients_, exchanges_, armed_, watches_, partitions_, held_, agenda_, random_,
          watch_id_);
  }

 private:
  struct Armed {
    Line line;
    reference::Time since = 0;
    uint32_t seen = 0;  // matches, counted up to the last that can strike
    uint32_t hits = 0;  // how often it struck
    bool over = false;  // strikes no more
    void state(auto&& visit) const { visit(line, since, seen, hits, over); }
  };
  // Waits for the end of what a line began: a held message, a partition.
  struct Watch {
    uint64_t id = 0;
    Armed armed;
    void state(auto&& visit) const { visit(id, armed); }
  };
  struct Partition {
    Link link;
    bool both_ways = false;
    uint32_t line = 0;
    uint64_t watch = 0;  // that ends it, or 0
    void state(auto&& visit) const { visit(link, both_ways, line, watch); }
  };
  struct Held {
    Parcel parcel;
    uint32_t line = 0;
    reference::Time until = reference::kNever;
    uint64_t watch = 0;    // that ends it, or 0
    bool passing = false;  // until another message between the two has passed
    void state(auto&& visit) const { visit(parcel, line, until, watch, passing); }
  };
  struct Heal {
    Link link;
    bool both_ways = false;
    void state(auto&& visit) const { visit(link, both_ways); }
  };
  struct Appointment {
    reference::Time at = 0;
    std::variant<Order, Heal> what;
    void state(auto&& visit) const { visit(at, what); }
  };

  NodeName name_of(reference::PeerId peer) const;
  bool covers(const NodeName& pattern, reference::PeerId peer) const;
  bool covers(const Link& link, reference::PeerId from, reference::PeerId to) const;
  bool matches(const Trigger& trigger, const Seen& seen) const;
  bool matches(const Trigger& trigger, NodeName node, const reference::Fact& fact) const;
  // Counts a match; whether this one strikes.
  bool strikes(Armed& armed);
  // What a line does that is not done to a message.
  void fire(reference::Time now, uint32_t line, Effects& out);
  void begin_partition(reference::Time now, uint32_t line);
  void give(reference::Time now, const Order& order, Effects& out);
  void give_each(reference::Time now, Order order, const NodeName& to, Effects& out);
  void give_restart(reference::Time now, Order order, const NodeName& to, Effects& out);
  void give_crash(reference::Time now, Order order, Effects& out);
  void give_disconnections(reference::Time now, Order order, Effects& out);
  void give_later(reference::Time at, const Order& order);
  void give_evictions(reference::Time now, uint32_t line, Effects& out);
  void strike(reference::Time now, uint32_t line, const Seen& seen, const Parcel& parcel,
              Effects& out);
  bool swallowed(reference::Time now, const Parcel& parcel, uint64_t xid);
  uint64_t watch_for(const std::optional<Trigger>& trigger, reference::Time now);
  void end_watch(uint64_t id, Effects& out);
  template <class Matches>
  void check_watches(const Matches& matches, Effects& out);
  template <class Pick>
  void let_go(const Pick& pick, Effects& out);
  void heal(const Heal& heal);
  void note(reference::Time now, uint32_t line, std::string what, std::string where,
            uint64_t xid = 0);

  std::vector<std::pair<reference::PeerId, NodeName>> peers_;  // sorted
  std::vector<std::pair<NodeName, std::string>> clients_;
  Exchanges exchanges_;
  std::vector<Armed> armed_;
  std::vector<Watch> watches_;
  std::vector<Partition> partitions_;
  std::vector<Held> held_;
  std::vector<Appointment> agenda_;  // sorted by time
  Random random_{1};
  uint64_t watch_id_ = 0;
  bool live_ = false;  // armed and not ended
  bool watches_facts_ = false;
  bool remembers_ = false;  // requests, for what follows them
  std::vector<Struck> struck_;
};

}  // namespace faults
