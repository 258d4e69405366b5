#include "harness/sim/cluster.h"

#include <algorithm>

#include "protocol/check.h"
#include "reference/digest.h"

namespace harness::sim {

using reference::Digest;
using reference::kNever;
using reference::PeerId;

namespace {

AnyMachine build(const Node& node) {
  const reference::Store& store = node.disk.durable.read();
  switch (node.kind) {
    case Kind::inbox:
      return Inbox{};
    case Kind::mgs:
      return reference::Mgs(node.config, store);
    case Kind::mds:
      return reference::Mds(node.config, store);
    case Kind::ost:
      return reference::Ost(node.config, store);
    case Kind::client:
      return reference::Client(node.config, store);
  }
  CHECK(false, "a node of no kind");
}

void apply(reference::Store& store, const reference::Persist& transaction) {
  for (const reference::Write& write : transaction.writes) {
    if (write.value) {
      store.insert_or_assign(write.key, *write.value);
    } else {
      store.erase(write.key);
    }
  }
}

template <class... Fs>
struct Visit : Fs... {
  using Fs::operator()...;
};

constexpr size_t kSocketHeader = 24;

}  // namespace

template <class T>
uint64_t Shared<T>::digest() const {
  if (box_ == nullptr) return 0;
  if (!box_->digest) box_->digest = reference::digest_of(box_->value);
  return *box_->digest;
}
template class Shared<AnyMachine>;
template class Shared<reference::Store>;

void Happened::clear() {
  sent.clear();
  wrote.clear();
  said.clear();
  answered.clear();
  dropped.clear();
}

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

void Cluster::start(NodeIndex index, Happened& happened) {
  Node& node = nodes_[index];
  CHECK(node.machine.empty(), "started twice");
  ++node.config.incarnation;
  node.machine = Shared<AnyMachine>(build(node));
  happened.actions.clear();
  std::visit(
      Visit{[](Inbox&) {},
            [&](auto& machine) { machine.start(now_ + node.clock_ahead, happened.actions); }},
      node.machine.write());
  carry_out(index, happened);
}

void Cluster::crash(NodeIndex index) {
  Node& node = nodes_[index];
  node.machine = {};
  node.disk.pending.clear();
  node.timers.clear();
  node.paused = false;
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
    const Disk& disk = nodes_[i].disk;
    if (!disk.held && !nodes_[i].paused && !disk.pending.empty())
      out.push_back(static_cast<NodeIndex>(i));
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
  Disk& disk = nodes_[index].disk;
  CHECK(!disk.pending.empty());
  const std::shared_ptr<const reference::Persist> transaction = disk.pending.front();
  disk.pending.erase(disk.pending.begin());
  apply(disk.durable.write(), *transaction);
  step(index, reference::Durable{transaction->id}, happened);
}

void Cluster::fire(const Due& due, Happened& happened) {
  advance_to(due.at);
  std::vector<Timer>& timers = nodes_[due.node].timers;
  const auto at = std::ranges::find(timers, due.timer, &Timer::id);
  CHECK(at != timers.end(), "a timer that was not set");
  timers.erase(at);
  step(due.node, reference::TimerFired{due.timer}, happened);
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
  const auto* waiting = std::get_if<Inbox>(&nodes_[inbox].machine.read());
  CHECK(waiting != nullptr, "not an inbox");
  if (waiting->entries.empty()) return std::nullopt;
  std::vector<Inbox::Entry>& entries = std::get<Inbox>(nodes_[inbox].machine.write()).entries;
  Inbox::Entry first = std::move(entries.front());
  entries.erase(entries.begin());
  return first;
}

void Cluster::step(NodeIndex index, const reference::Event& event, Happened& happened) {
  Node& node = nodes_[index];
  if (node.machine.empty()) return;
  happened.actions.clear();
  std::visit(Visit{[&](Inbox& inbox) {
                     if (const auto* received = std::get_if<reference::Received>(&event)) {
                       inbox.entries.push_back({received->from, received->message});
                     } else if (const auto* lost = std::get_if<reference::PeerLost>(&event)) {
                       inbox.entries.push_back({lost->peer, std::nullopt});
                     }
                   },
                   [&](auto& machine) {
                     machine.step(now_ + node.clock_ahead, event, happened.actions);
                     machine.invariants();
                   }},
             node.machine.write());
  carry_out(index, happened);
}

void Cluster::carry_out(NodeIndex index, Happened& happened) {
  // Notes of a step come before its messages.
  for (reference::Action& action : happened.actions) {
    if (auto* note = std::get_if<reference::Note>(&action)) {
      happened.said.push_back({index, std::move(note->fact)});
    }
  }
  for (reference::Action& action : happened.actions) {
    std::visit(Visit{[&](reference::Send& send) {
                       happened.sent.push_back({index, send.to, std::move(send.message)});
                     },
                     [&](reference::Drop& drop) {
                       happened.dropped.push_back({index, drop.peer});
                       disconnect(index, drop.peer);
                     },
                     [&](reference::SetTimer& set) { set_timer(index, set); },
                     [&](reference::Persist& persist) {
                       happened.wrote.push_back(index);
                       nodes_[index].disk.pending.push_back(
                           std::make_shared<const reference::Persist>(std::move(persist)));
                     },
                     [&](reference::Answer& answer) {
                       happened.answered.push_back({index, answer.id, std::move(answer.result)});
                     },
                     [](reference::Note&) {}},
               action);
  }
}

void Cluster::set_timer(NodeIndex index, const reference::SetTimer& set) {
  std::vector<Timer>& timers = nodes_[index].timers;
  const auto at = std::ranges::lower_bound(timers, set.timer, {}, &Timer::id);
  const bool there = at != timers.end() && at->id == set.timer;
  const Time due = set.at == kNever ? kNever : set.at - nodes_[index].clock_ahead;
  if (due == kNever) {
    if (there) timers.erase(at);
  } else if (there) {
    at->at = due;
  } else {
    timers.insert(at, {due, set.timer});
  }
}

void Cluster::disconnect(NodeIndex from, PeerId peer) {
  const std::optional<NodeIndex> other = find(peer);
  if (other && up(*other)) push(link_between(from, *other, false), std::nullopt);
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
  std::get<reference::Ost>(nodes_[node].machine.write()).resize(capacity_bytes);
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
  for (const Node& node : nodes_) {
    digest.add(node.machine.digest());
    digest.add(node.disk.durable.digest());
    digest.add(std::tuple(node.paused, node.disk.held, node.clock_ahead));
    for (const auto& transaction : node.disk.pending) {
      for (const reference::Write& write : transaction->writes) {
        digest.add(write.key);
        digest.add(write.value);
      }
    }
    for (const Timer& timer : node.timers) {
      digest.add(timer.at - now_);
      digest.add(timer.id);
    }
  }
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
