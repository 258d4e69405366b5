// A whole cluster as a value: machines, the network in flight, disks and timers. `Cluster b = a;`
// is a snapshot, and the two go on independently. It makes no choices: what may happen next is
// listed, and whoever drives it (world.h at random, an exploration in every way) picks.
//
// The network is a queue per link; a link is (sender, receiver, control or bulk), so that messages
// of one link arrive in order and links overtake each other, as the typed sockets of socklnd do
// (facts: lnet-socklnd 6). A node that dies loses what was on the way to it, and its peers learn it
// behind the last message that it sent.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "harness/sim/node.h"
#include "reference/machine.h"

namespace harness::sim {

class Cluster {
 public:
  // Total bytes (lnet_hdr, payload, socket header) from which a message takes the bulk socket.
  static constexpr size_t kBulkFrom = 1024;

  struct Link {
    NodeIndex from = 0, to = 0;
    bool bulk = false;
    std::vector<std::optional<Bytes>> queue;  // none: the sender is gone
    size_t head = 0;                          // what is before it was delivered
    bool waiting() const { return head < queue.size(); }
    auto key() const { return std::tuple(from, to, bulk); }
  };
  struct Due {
    Time at = reference::kNever;
    NodeIndex node = 0;
    reference::TimerId timer;
  };

  // --- composition ---
  NodeIndex add(Kind kind, const reference::Config& config);
  // Builds the machine from its durable store and starts it.
  void start(NodeIndex node, Happened& happened);
  // Drops the machine, what it had not committed, its timers and the messages on the way to it.
  void crash(NodeIndex node);
  bool up(NodeIndex node) const { return nodes_[node].up(); }
  // For the next start: another dialect, for instance.
  reference::Config& config(NodeIndex node) { return nodes_[node].config; }
  std::optional<NodeIndex> find(reference::PeerId peer) const;

  // --- what may happen next ---
  // Links with something to deliver, in a fixed order.
  const std::vector<uint16_t>& deliverable() const { return busy_; }
  // Nodes with a transaction that may become durable.
  void committable(std::vector<NodeIndex>& out) const;
  // The earliest timers, more than one if they are due at the same moment.
  void next_timers(std::vector<Due>& out) const;

  // --- doing it ---
  void deliver(uint16_t link, Happened& happened);
  void commit(NodeIndex node, Happened& happened);
  // Moves the time to the timer's if that is later.
  void fire(const Due& due, Happened& happened);
  void ask(NodeIndex node, reference::OrderId id, const reference::Order& order,
           Happened& happened);
  // Puts a message on its link; to a node that is down it is lost, and the sender learns that.
  void post(NodeIndex from, reference::PeerId to, const Bytes& message);
  void hold_commits(NodeIndex node, bool held) { nodes_[node].disk.held = held; }
  // From now on nothing reaches the node, none of its timers fires, nothing of it becomes durable.
  void pause(NodeIndex node);
  void resume(NodeIndex node);
  // All connections between two nodes close: what is under way on them is lost, and both learn it.
  void disconnect_both(NodeIndex one, NodeIndex other);
  // The node's clock jumps: deadlines that it passes are due at once.
  void jump_clock(NodeIndex node, Time by);
  // The device of an OST has this many bytes from now on; of a running one.
  void resize(NodeIndex node, uint64_t capacity_bytes);
  // What is durable of a node that is down, to be changed by who holds its disk.
  reference::Store& store_of(NodeIndex node);
  void advance_to(Time time);

  Time now() const { return now_; }
  const Node& node(NodeIndex index) const { return nodes_[index]; }
  const Link& link(uint16_t index) const { return links_[index]; }
  size_t size() const { return nodes_.size(); }
  // Takes the oldest entry of an inbox.
  std::optional<Inbox::Entry> take(NodeIndex inbox);

  // 64 bits over machines, network, disks and timers; times count from now.
  uint64_t digest() const;

 private:
  void step(NodeIndex node, const reference::Event& event, Happened& happened);
  // Lets a node do it, and carries out what it dropped.
  void let(Happened& happened, const auto& what);
  uint16_t link_between(NodeIndex from, NodeIndex to, bool bulk);
  void push(uint16_t link, std::optional<Bytes> parcel);

  Time now_ = 0;
  std::vector<Node> nodes_;
  std::vector<Link> links_;
  std::vector<uint16_t> busy_;  // sorted indices of links that hold something
};

}  // namespace harness::sim
