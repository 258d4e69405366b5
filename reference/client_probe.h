// For the client's tests: a whole cluster in one value, with a network that delivers in order and a
// disk that commits at once or when told. No schedule, no faults but crashes and lost messages; the
// simulated world (harness/sim) has those.
#pragma once

#include <catch2/catch.hpp>
#include <deque>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "reference/client.h"
#include "reference/mds.h"
#include "reference/mgs.h"
#include "reference/ost.h"

namespace reference {

class ClusterProbe {
 public:
  using Node = std::variant<Mgs, Mds, Ost, Client>;
  static constexpr uint64_t kMgs = 0, kMds = 1;

  explicit ClusterProbe(Dialect dialect = Dialect::v2_0, uint32_t osts = 1, uint32_t clients = 1) {
    dialect_ = dialect;
    add(kMgs, 0);
    run();
    add(kMds, 0);
    for (uint32_t i = 0; i < osts; ++i) add(ost(i), i);
    run();
    for (uint32_t i = 0; i < clients; ++i) add(client(i), i);
    run();
  }

  // Client 0, which is told where the MDT and so many OSTs are.
  void add_client_without_mgs(uint32_t osts) {
    using Kind = ConfigTarget::Kind;
    targets_ = {{Kind::mdt, 0, "assay-MDT0000_UUID", {peer(kMds)}}};
    for (uint32_t i = 0; i < osts; ++i) {
      targets_.push_back(
          {Kind::ost, i, "assay-OST000" + std::to_string(i) + "_UUID", {peer(ost(i))}});
    }
    add(client(0), 0);
  }

  static constexpr uint64_t ost(uint32_t index) { return 2 + index; }
  static constexpr uint64_t client(uint32_t index) { return 100 + index; }
  static PeerId peer(uint64_t node) {
    return {(uint64_t{0x20000} << 32) | (0x7f000001 + node), kLnetPid};
  }

  // A call of client 0, to its end. Time passes as needed, up to a quarter of an hour.
  Result call(Syscall syscall, uint32_t who = 0) { return result(begin(std::move(syscall), who)); }
  OrderId begin(Syscall syscall, uint32_t who = 0) {
    const OrderId id = ++orders_;
    step(client(who), Asked{id, std::move(syscall)});
    return id;
  }
  // Of an operator, to a server.
  void order(uint64_t node, Order what) { step(node, Asked{++orders_, std::move(what)}); }
  bool done(OrderId id) const { return results_.contains(id); }
  Result result(OrderId id) {
    const Time until = now + 900 * kSecond;
    while (!done(id)) {
      if (deliver()) continue;
      REQUIRE(advance(until));
    }
    return results_.at(id);
  }
  // Until nothing is under way and no timer is due but the periodic ones.
  void run() {
    while (deliver()) {
    }
  }
  void pass(Time time) {
    const Time until = now + time;
    while (deliver() || advance(until)) {
    }
    now = until;
  }

  // The machine is gone, with what was not durable; its peers learn of it.
  void crash(uint64_t node) {
    nodes_.erase(node);
    pending_[node].clear();
    std::erase_if(timers_, [&](const auto& timer) { return timer.first.first == node; });
    std::erase_if(wire_, [&](const Message& message) { return message.from == node; });
    std::vector<uint64_t> others;
    for (const auto& [other, machine] : nodes_) others.push_back(other);
    for (const uint64_t other : others) step(other, PeerLost{peer(node)});
  }
  void restart(uint64_t node) {
    ++incarnations_[node];
    add(node, indices_[node]);
  }
  template <class M>
  M& machine(uint64_t node) {
    return std::get<M>(nodes_.at(node));
  }
  Client& client_machine(uint32_t who = 0) { return machine<Client>(client(who)); }

  Time now = 0;
  bool hold_commits = false;  // of the MDS
  // Messages that are lost: of this node, so many more.
  uint64_t lose_from = ~uint64_t{0};
  int lose = 0;
  std::vector<Fact> facts;
  // Not 0: of what reaches a client, a byte behind the LNet header is changed in one of so many.
  uint32_t spoil_one_of = 0;
  uint64_t chance = 1;

 private:
  struct Message {
    uint64_t from = 0;
    uint64_t to = 0;
    Bytes bytes;
  };

  static uint64_t node_of(PeerId id) { return (id.nid & 0xffffffff) - 0x7f000001; }

  void add(uint64_t node, uint32_t index) {
    Config config;
    config.dialect = dialect_;
    config.self = peer(node);
    config.mgs = peer(kMgs);
    config.index = index;
    config.seed = 1000 + node;
    config.incarnation = incarnations_[node];
    config.default_stripe_size = 1u << 16;
    if (!targets_.empty()) config.mgs = {};
    indices_[node] = index;
    const Store& store = stores_[node];
    if (node == kMgs) {
      nodes_.emplace(node, Mgs(config, store));
    } else if (node == kMds) {
      nodes_.emplace(node, Mds(config, store));
    } else if (node < 100) {
      nodes_.emplace(node, Ost(config, store));
    } else {
      nodes_.emplace(node, Client(config, store, targets_));
    }
    Actions out;
    std::visit([&](auto& machine) { machine.start(now, out); }, nodes_.at(node));
    carry_out(node, std::move(out));
  }

  void step(uint64_t node, const Event& event) {
    const auto found = nodes_.find(node);
    if (found == nodes_.end()) return;
    Actions out;
    std::visit(
        [&](auto& machine) {
          machine.step(now, event, out);
          machine.invariants();
        },
        found->second);
    carry_out(node, std::move(out));
  }

  void carry_out(uint64_t node, Actions out) {
    std::vector<CommitId> commits;
    for (Action& action : out) {
      if (auto* send = std::get_if<Send>(&action)) {
        if (node == lose_from && lose > 0) {
          --lose;
          continue;
        }
        wire_.push_back({node, node_of(send->to), std::move(send->message)});
      } else if (const auto* timer = std::get_if<SetTimer>(&action)) {
        timers_.erase({node, timer->timer});
        if (timer->at != kNever) timers_[{node, timer->timer}] = timer->at;
      } else if (auto* persist = std::get_if<Persist>(&action)) {
        pending_[node].push_back(std::move(*persist));
      } else if (auto* answer = std::get_if<Answer>(&action)) {
        results_[answer->id] = std::move(answer->result);
      } else if (auto* said = std::get_if<Note>(&action)) {
        facts.push_back(std::move(said->fact));
      }
    }
    if (!(hold_commits && node == kMds)) commit(node);
  }

 public:
  void commit(uint64_t node) {
    std::vector<Persist> all = std::exchange(pending_[node], {});
    if (all.empty()) return;
    for (const Persist& persist : all) {
      for (const Write& write : persist.writes) {
        if (write.value) {
          stores_[node].insert_or_assign(write.key, *write.value);
        } else {
          stores_[node].erase(write.key);
        }
      }
    }
    step(node, Durable{all.back().id});
  }

 private:
  bool deliver() {
    if (wire_.empty()) return false;
    Message message = std::move(wire_.front());
    wire_.pop_front();
    if (message.to >= 100) message.bytes = spoiled(message.bytes);
    if (!nodes_.contains(message.to)) {
      step(message.from, PeerLost{peer(message.to)});
      return true;
    }
    step(message.to, Received{peer(message.from), message.bytes});
    return true;
  }

  uint64_t draw(uint64_t below) {
    chance = chance * 6364136223846793005u + 1442695040888963407u;
    return (chance >> 33) % below;
  }
  Bytes spoiled(const Bytes& bytes) {
    if (spoil_one_of == 0 || bytes.size() <= 72 || draw(spoil_one_of) != 0) return bytes;
    std::vector<uint8_t> content(bytes.view().begin(), bytes.view().end());
    const uint64_t at = 72 + draw(content.size() - 72);
    content[at] = static_cast<uint8_t>(draw(256));
    return Bytes(std::move(content));
  }

  bool advance(Time until) {
    auto next = timers_.end();
    for (auto timer = timers_.begin(); timer != timers_.end(); ++timer) {
      if (next == timers_.end() || timer->second < next->second) next = timer;
    }
    if (next == timers_.end() || next->second > until) return false;
    const auto [key, at] = *next;
    timers_.erase(next);
    now = std::max(now, at);
    step(key.first, TimerFired{key.second});
    return true;
  }

  Dialect dialect_ = Dialect::v2_0;
  std::vector<ConfigTarget> targets_;  // of a client without an MGS
  std::map<uint64_t, Node> nodes_;
  std::map<uint64_t, uint32_t> indices_;
  std::map<uint64_t, uint64_t> incarnations_;
  std::map<uint64_t, Store> stores_;
  std::map<uint64_t, std::vector<Persist>> pending_;
  std::map<std::pair<uint64_t, TimerId>, Time> timers_;
  std::deque<Message> wire_;
  std::map<OrderId, Result> results_;
  OrderId orders_ = 0;
};

// Calls of an application that are expected to work.
namespace application {

inline Bytes text(std::string_view words) { return Bytes(protocol::as_bytes(words)); }
inline std::string text_of(const Bytes& bytes) {
  return std::string(protocol::as_text(bytes.view()));
}

inline uint64_t opened(ClusterProbe& cluster, std::string path, uint32_t flags, uint32_t who = 0) {
  const Result result = cluster.call(
      {.kind = Syscall::Kind::open, .path = std::move(path), .flags = flags, .mode = 0644}, who);
  REQUIRE(result.status == 0);
  return result.value;
}
inline void write(ClusterProbe& cluster, uint64_t fd, uint64_t offset, std::string_view data,
                  uint32_t who = 0) {
  const Result result = cluster.call(
      {.kind = Syscall::Kind::write, .fd = fd, .offset = offset, .data = text(data)}, who);
  REQUIRE(result.status == 0);
  REQUIRE(result.value == data.size());
}
inline std::string read(ClusterProbe& cluster, uint64_t fd, uint64_t offset, uint64_t length,
                        uint32_t who = 0) {
  const Result result = cluster.call(
      {.kind = Syscall::Kind::read, .fd = fd, .offset = offset, .length = length}, who);
  REQUIRE(result.status == 0);
  return text_of(result.data);
}
inline Attributes stat(ClusterProbe& cluster, std::string path, uint32_t who = 0) {
  const Result result = cluster.call({.kind = Syscall::Kind::stat, .path = std::move(path)}, who);
  REQUIRE(result.status == 0);
  return result.attributes;
}
inline int32_t plain(ClusterProbe& cluster, Syscall::Kind kind, std::string path,
                     std::string target = {}) {
  return cluster
      .call({.kind = kind, .path = std::move(path), .target = std::move(target), .mode = 0755})
      .status;
}

}  // namespace application

}  // namespace reference
