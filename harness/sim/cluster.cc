#include "harness/sim/cluster.h"

#include <algorithm>

#include "protocol/check.h"
#include "reference/digest.h"

namespace harness::sim {

using reference::Digest;
using reference::PeerId;

namespace {

constexpr size_t kSocketHeader = 24;

}  // namespace

NodeIndex Cluster::add(Kind kind, const reference::Config& config) {
  CHECK(!find(config.self), "two nodes with one address");
  nodes_.push_back({.config = config, .kind = kind});
  return static_cast<NodeIndex>(nodes_.size() - 1);
}

std::optional<NodeIndex> Cluster::find(PeerId peer) const {
  for (size_t i = 0; i < nodes_.size(); ++i) {
    if (nodes_[i].config.self == peer) return static_cast<NodeIndex>(i);
  }
  return std::nullopt;
}

void Cluster::let(Happened& happened, const auto& what) {
  const size_t before = happened.dropped.size();
  what();
  for (size_t i = before; i < happened.dropped.size(); ++i) {
    const auto [node, peer] = happened.dropped[i];
    const std::optional<NodeIndex> other = find(peer);
    if (other && up(*other)) push(link_between(node, *other, false), std::nullopt);
  }
}

void Cluster::start(NodeIndex index, Happened& happened) {
  let(happened, [&] { nodes_[index].start(now_, index, happened); });
}

void Cluster::crash(NodeIndex index) {
  nodes_[index].crash();
  for (uint16_t i = 0; i < links_.size(); ++i) {
    Link& link = links_[i];
    if (link.to == index) {
      link.queue.clear();
      link.head = 0;
      std::erase(busy_, i);
    }
  }
  for (NodeIndex peer = 0; peer < nodes_.size(); ++peer) {
    const auto met = [&](const Link& link) {
      return (link.from == index && link.to == peer) || (link.from == peer && link.to == index);
    };
    if (peer != index && up(peer) && std::ranges::any_of(links_, met)) {
      push(link_between(index, peer, false), std::nullopt);
    }
  }
}

void Cluster::committable(std::vector<NodeIndex>& out) const {
  out.clear();
  for (size_t i = 0; i < nodes_.size(); ++i) {
    if (nodes_[i].committable()) out.push_back(static_cast<NodeIndex>(i));
  }
}

void Cluster::next_timers(std::vector<Due>& out) const {
  out.clear();
  for (size_t i = 0; i < nodes_.size(); ++i) {
    if (nodes_[i].paused) continue;
    for (const Timer& timer : nodes_[i].timers) {
      if (!out.empty() && timer.at > out.front().at) continue;
      if (!out.empty() && timer.at < out.front().at) out.clear();
      out.push_back({timer.at, static_cast<NodeIndex>(i), timer.id});
    }
  }
}

void Cluster::deliver(uint16_t index, Happened& happened) {
  Link& link = links_[index];
  CHECK(link.waiting());
  std::optional<Bytes> parcel = std::move(link.queue[link.head++]);
  if (!link.waiting()) {
    link.queue.clear();
    link.head = 0;
    std::erase(busy_, index);
  }
  const PeerId from = nodes_[link.from].config.self;
  if (parcel) {
    step(link.to, reference::Received{from, *std::move(parcel)}, happened);
  } else {
    step(link.to, reference::PeerLost{from}, happened);
  }
}

void Cluster::commit(NodeIndex index, Happened& happened) {
  let(happened, [&] { nodes_[index].commit(now_, index, happened); });
}

void Cluster::fire(const Due& due, Happened& happened) {
  advance_to(due.at);
  let(happened, [&] { nodes_[due.node].fire(now_, due.timer, due.node, happened); });
}

void Cluster::ask(NodeIndex node, reference::OrderId id, const reference::Order& order,
                  Happened& happened) {
  CHECK(up(node), "asked while down");
  step(node, reference::Asked{id, order}, happened);
}

void Cluster::post(NodeIndex from, PeerId to, const Bytes& message) {
  const std::optional<NodeIndex> receiver = find(to);
  if (!receiver) return;
  if (up(*receiver)) {
    push(link_between(from, *receiver, message.size() + kSocketHeader >= kBulkFrom), message);
  } else if (up(from)) {
    push(link_between(*receiver, from, false), std::nullopt);
  }
}

void Cluster::advance_to(Time time) { now_ = std::max(now_, time); }

std::optional<Inbox::Entry> Cluster::take(NodeIndex inbox) {
  auto* waiting = std::get_if<Shared<Inbox>>(&nodes_[inbox].machine);
  CHECK(waiting != nullptr, "not an inbox");
  if (waiting->read().entries.empty()) return std::nullopt;
  std::vector<Inbox::Entry>& entries = waiting->write().entries;
  Inbox::Entry first = std::move(entries.front());
  entries.erase(entries.begin());
  return first;
}

void Cluster::step(NodeIndex index, const reference::Event& event, Happened& happened) {
  let(happened, [&] { nodes_[index].step(now_, event, index, happened); });
}

uint16_t Cluster::link_between(NodeIndex from, NodeIndex to, bool bulk) {
  const auto key = std::tuple(from, to, bulk);
  for (uint16_t i = 0; i < links_.size(); ++i) {
    if (links_[i].key() == key) return i;
  }
  links_.push_back({.from = from, .to = to, .bulk = bulk, .queue = {}});
  return static_cast<uint16_t>(links_.size() - 1);
}

void Cluster::pause(NodeIndex node) {
  nodes_[node].paused = true;
  std::erase_if(busy_, [&](uint16_t link) { return links_[link].to == node; });
}

void Cluster::resume(NodeIndex node) {
  if (!std::exchange(nodes_[node].paused, false)) return;
  for (uint16_t i = 0; i < links_.size(); ++i) {
    if (links_[i].to == node && links_[i].waiting()) {
      busy_.insert(std::ranges::lower_bound(busy_, i), i);
    }
  }
}

void Cluster::disconnect_both(NodeIndex one, NodeIndex other) {
  for (uint16_t i = 0; i < links_.size(); ++i) {
    Link& link = links_[i];
    const bool between =
        (link.from == one && link.to == other) || (link.from == other && link.to == one);
    if (!between || !link.waiting()) continue;
    link.queue.clear();
    link.head = 0;
    std::erase(busy_, i);
  }
  if (up(one)) push(link_between(other, one, false), std::nullopt);
  if (up(other)) push(link_between(one, other, false), std::nullopt);
}

void Cluster::jump_clock(NodeIndex index, Time by) {
  Node& node = nodes_[index];
  node.clock_ahead += by;
  for (Timer& timer : node.timers) timer.at -= by;
}

void Cluster::resize(NodeIndex node, uint64_t capacity_bytes) {
  CHECK(up(node), "the size of its device is asked for at its start");
  std::get<Shared<reference::Ost>>(nodes_[node].machine).write().resize(capacity_bytes);
}

reference::Store& Cluster::store_of(NodeIndex node) {
  CHECK(!up(node), "its disk is its own while it runs");
  return nodes_[node].disk.durable.write();
}

void Cluster::push(uint16_t link, std::optional<Bytes> parcel) {
  links_[link].queue.push_back(std::move(parcel));
  if (nodes_[links_[link].to].paused) return;
  const auto at = std::ranges::lower_bound(busy_, link);
  if (at == busy_.end() || *at != link) busy_.insert(at, link);
}

uint64_t Cluster::digest() const {
  Digest digest;
  for (const Node& node : nodes_) digest.add(node.digest(now_));
  // Links are numbered by first use, which differs between schedules that lead to one state.
  std::vector<const Link*> links;
  for (const Link& link : links_) {
    if (link.waiting()) links.push_back(&link);
  }
  std::ranges::sort(links, {}, &Link::key);
  for (const Link* link : links) {
    digest.add(link->key());
    for (size_t i = link->head; i < link->queue.size(); ++i) digest.add(link->queue[i]);
  }
  return digest.value();
}

}  // namespace harness::sim
