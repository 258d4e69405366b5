// One node of a simulated cluster: a machine, shared copy-on-write, with its disk and its timers.
// What happens to it is a function of its value, the time and the event: what it asks of the
// network is listed in a Happened, and whoever holds the node carries that out (cluster.h, or an
// exploration that keeps the nodes of many clusters apart).
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "reference/client.h"
#include "reference/machine.h"
#include "reference/mds.h"
#include "reference/mgs.h"
#include "reference/ost.h"

namespace harness::sim {

using NodeIndex = uint16_t;
using reference::Bytes;
using reference::Time;

// What one step did, besides changing its node.
struct Happened {
  struct Sent {
    NodeIndex from;
    reference::PeerId to;
    Bytes message;
  };
  struct Dropped {  // all its connections with this peer
    NodeIndex node;
    reference::PeerId peer;
  };
  struct Said {
    NodeIndex node;
    reference::Fact fact;
  };
  struct Answered {
    NodeIndex node;
    reference::OrderId order;
    reference::Result result;
  };
  std::vector<Dropped> dropped;  // comes before what was sent in the same step
  std::vector<Sent> sent;        // not yet on the network: the driver posts, drops or keeps each
  std::vector<NodeIndex> wrote;  // who made a transaction, once for each
  std::vector<Said> said;
  std::vector<Answered> answered;
  reference::Actions actions;  // scratch
  void clear();
};

// A node without behaviour: what reaches it waits to be taken by a scripted peer.
struct Inbox {
  struct Entry {
    reference::PeerId from;
    std::optional<reference::Bytes> message;  // none: the connections to `from` are gone
    void state(auto&& visit) const { visit(from, message); }
  };
  std::vector<Entry> entries;
  void state(auto&& visit) const { visit(entries); }
};

// A value that copies share until one of them writes, with its digest kept.
template <class T>
class Shared {
 public:
  Shared() = default;
  explicit Shared(T value) : box_(std::make_shared<Box>(std::move(value))) {}

  bool empty() const { return box_ == nullptr; }
  const T& read() const { return box_->value; }
  T& write() {
    if (box_.use_count() != 1) box_ = std::make_shared<Box>(box_->value);
    box_->digest.reset();
    return box_->value;
  }
  uint64_t digest() const;

 private:
  struct Box {
    explicit Box(T v) : value(std::move(v)) {}
    T value;
    mutable std::optional<uint64_t> digest;
  };
  std::shared_ptr<Box> box_;
};

// None while the node is down. Each kind takes the room that it needs.
using AnyMachine =
    std::variant<std::monostate, Shared<Inbox>, Shared<reference::Mgs>, Shared<reference::Mds>,
                 Shared<reference::Ost>, Shared<reference::Client>>;

// What is durable, and the transactions that are not yet, in the order of their ids.
struct Disk {
  Shared<reference::Store> durable{reference::Store{}};
  std::vector<std::shared_ptr<const reference::Persist>> pending;
  bool held = false;  // nothing becomes durable until released
};

struct Timer {
  reference::Time at = 0;
  reference::TimerId id;
};

enum class Kind : uint8_t { inbox, mgs, mds, ost, client };

struct Node {
  reference::Config config;
  Kind kind = Kind::inbox;
  AnyMachine machine;
  Disk disk;
  std::vector<Timer> timers;        // sorted by id
  bool paused = false;              // nothing reaches it, and none of its timers fires
  reference::Time clock_ahead = 0;  // of its clock, before everybody else's

  bool up() const { return !std::holds_alternative<std::monostate>(machine); }
  // The machine, if it is up and of this kind.
  template <class Machine>
  const Machine* as() const {
    const auto* shared = std::get_if<Shared<Machine>>(&machine);
    return shared == nullptr ? nullptr : &shared->read();
  }
  bool committable() const { return !disk.held && !paused && !disk.pending.empty(); }
  // A server that waits for its clients to come back.
  bool recovering() const;

  // For who keeps many nodes and can make a machine again: what is up stays so, without its
  // machine, and may not be stepped, audited or digested.
  void let_machine_go();
  bool has_machine() const;

  // `self` is its index in the cluster, for what is added to `happened`; `now` is the cluster's.

  // Builds the machine from its durable store and starts it.
  void start(Time now, NodeIndex self, Happened& happened);
  // Drops the machine, what it had not committed, and its timers.
  void crash();
  // Nothing happens while it is down.
  void step(Time now, const reference::Event& event, NodeIndex self, Happened& happened);
  // The oldest transaction becomes durable.
  void commit(Time now, NodeIndex self, Happened& happened);
  // The timer must be set.
  void fire(Time now, reference::TimerId timer, NodeIndex self, Happened& happened);

  // What it has, counted (reference/counts.h), and how many slots its disk has. Changes nothing.
  std::vector<reference::Fact> audit() const;

  // 64 bits over machine, disk and timers; those count from now.
  uint64_t digest(Time now) const;

 private:
  void carry_out(NodeIndex self, Happened& happened);
  void set_timer(const reference::SetTimer& set);
};

}  // namespace harness::sim
