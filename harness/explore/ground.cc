#include "harness/explore/ground.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "harness/sim/cluster.h"
#include "protocol/check.h"

namespace harness::explore {
namespace {

using record::Record;

// 10.0.0.x@tcp: servers from 1, clients from 101, as in the simulated world.
constexpr uint64_t kTcpNet = uint64_t{0x00020000} << 32;
constexpr uint32_t kServerHosts = 1, kClientHosts = 101;
constexpr PeerId peer_at(uint32_t host) {
  return {kTcpNet | 0x0a000000 | host, reference::kLnetPid};
}
constexpr size_t kSocketHeader = 24;
constexpr uint64_t kNoFile = ~uint64_t{0};

bool names_file(reference::Syscall::Kind kind) {
  using enum reference::Syscall::Kind;
  return kind == read || kind == write || kind == fsync || kind == close || kind == flock;
}

// Of the MGS its logs alone are judged.
reference::DefectSet defects_of(record::Role role, const reference::DefectSet& planted) {
  if (role != record::Role::mgs) return planted;
  reference::DefectSet kept;
  for (const reference::DefectInfo& info : reference::kDefects) {
    if (info.requirement == "MGS-1" && planted.has(info.defect)) kept.add(info.defect);
  }
  return kept;
}

// Makes the records of one step, in the order of their happening.
class Recorder {
 public:
  Recorder(Time now, NodeIndex self, const sim::Node& node, Stepped& stepped)
      : now_(now), self_(self), node_(node), stepped_(stepped) {}
  void add(record::What what) {
    Record made;
    made.time = now_;
    made.node = self_;
    made.incarnation = static_cast<uint32_t>(node_.config.incarnation);
    made.what = std::move(what);
    stepped_.records.push_back(std::move(made));
  }

 private:
  Time now_;
  NodeIndex self_;
  const sim::Node& node_;
  Stepped& stepped_;
};

std::string fault_text(const Cast& cast, NodeIndex self, const Happening& happening) {
  using enum Happening::Kind;
  const std::string_view verb = happening.kind == drop        ? "drop"
                                : happening.kind == delay     ? "delay"
                                : happening.kind == duplicate ? "duplicate"
                                                              : "reorder";
  return fmt::format("{} {}>{}", verb, cast.names()[happening.from], cast.names()[self]);
}

reference::Syscall syscall_of(const Cast& cast, const Happening& happening) {
  reference::Syscall call = cast.call(happening.from, happening.argument & 0xffff).call;
  if (names_file(call.kind)) {
    const uint32_t fd = happening.argument >> 16;
    call.fd = fd == 0 ? kNoFile : fd;
  }
  return call;
}

void run(const Cast& cast, NodeIndex self, sim::Node& node, const Happening& happening,
         const Bytes* message, Time now, sim::Happened& happened, Recorder& recorder) {
  switch (happening.kind) {
    case Happening::Kind::received:
      recorder.add(record::Received{cast.peer(happening.from), 0, *message,
                                    record::read_envelope(*message)});
      return node.step(now, reference::Received{cast.peer(happening.from), *message}, self,
                       happened);
    case Happening::Kind::lost:
      recorder.add(record::Lost{cast.peer(happening.from)});
      return node.step(now, reference::PeerLost{cast.peer(happening.from)}, self, happened);
    case Happening::Kind::commit:
      recorder.add(record::Committed{});
      return node.commit(now, self, happened);
    case Happening::Kind::timer:
      return node.fire(now, node.timers[happening.argument].id, self, happened);
    case Happening::Kind::call: {
      const reference::OrderId order = order_of(happening.from, happening.argument & 0xffff);
      auto call = std::make_shared<const reference::Syscall>(syscall_of(cast, happening));
      recorder.add(record::CallBegan{order, call});
      return node.step(now, reference::Asked{order, *call}, self, happened);
    }
    case Happening::Kind::evict: {
      const reference::Evict evict{cast.uuid(happening.from)};
      recorder.add(
          record::Faulted{fmt::format("evict {} from {}", evict.uuid, cast.names()[self]), 0});
      return node.step(now, reference::Asked{0, evict}, self, happened);
    }
    case Happening::Kind::crash:
      recorder.add(record::Faulted{"crash", 0});
      recorder.add(record::Crashed{});
      return node.crash();
    case Happening::Kind::start:
      if (cast.role(self) == record::Role::mds && node.config.incarnation != 0) {
        node.config.som = cast.scenario().som;
      }
      node.start(now, self, happened);
      recorder.add(record::Started{cast.node(self), node.config.dialect});
      return;
    case Happening::Kind::audit:
      for (reference::Fact& count : node.audit()) happened.said.push_back({self, std::move(count)});
      return;
    case Happening::Kind::drop:
    case Happening::Kind::delay:
    case Happening::Kind::duplicate:
    case Happening::Kind::reorder:
      return recorder.add(record::Faulted{fault_text(cast, self, happening), 0});
  }
}

}  // namespace

Cast::Cast(const Scenario& scenario)
    : scenario_(scenario),
      names_(scenario),
      first_client_(static_cast<NodeIndex>(2 + scenario.osts)),
      uuids_(scenario.clients.size()) {
  for (NodeIndex i = 0; i < first_client_; ++i) peers_.push_back(peer_at(kServerHosts + i));
  for (uint32_t i = 0; i < scenario.clients.size(); ++i) {
    peers_.push_back(peer_at(kClientHosts + i));
  }
  CHECK(peers_.size() <= Scenario::kNodesMax && scenario.clients.size() <= Scenario::kClientsMax);
  for (const Script& script : scenario.clients) {
    CHECK(script.prepared.size() + script.calls.size() <= Scenario::kCallsMax);
  }
}

std::optional<NodeIndex> Cast::find(PeerId peer) const {
  const auto at = std::ranges::find(peers_, peer);
  if (at == peers_.end()) return std::nullopt;
  return static_cast<NodeIndex>(at - peers_.begin());
}

record::Role Cast::role(NodeIndex node) const {
  if (node == 0) return record::Role::mgs;
  if (node == 1) return record::Role::mds;
  return is_server(node) ? record::Role::ost : record::Role::client;
}

record::Node Cast::node(NodeIndex node) const {
  const NodeIndex before = is_server(node) ? (node < 2 ? node : NodeIndex{2}) : first_client_;
  return {role(node), static_cast<uint32_t>(node - before), peers_[node]};
}

sim::Node Cast::make(NodeIndex node) const {
  sim::Node made;
  made.config.dialect = scenario_.dialect;
  made.config.self = peers_[node];
  made.config.mgs = peers_[0];
  made.config.index = is_server(node) ? this->node(node).index : 0;
  made.config.seed = scenario_.seed;
  made.config.timing = scenario_.timing;
  made.config.defects = defects_of(role(node), scenario_.defects);
  made.config.som = scenario_.som;
  if (role(node) == record::Role::mds && scenario_.som_from_restart) made.config.som.on = false;
  switch (role(node)) {
    case record::Role::mgs:
      made.kind = sim::Kind::mgs;
      break;
    case record::Role::mds:
      made.kind = sim::Kind::mds;
      break;
    case record::Role::ost:
      made.kind = sim::Kind::ost;
      break;
    case record::Role::client:
    case record::Role::probe:
      made.kind = sim::Kind::client;
      break;
  }
  return made;
}

const Call& Cast::call(size_t client, size_t index) const {
  const Script& script = scenario_.clients[client];
  return index < script.prepared.size() ? script.prepared[index]
                                        : script.calls[index - script.prepared.size()];
}

bool is_bulk(const Bytes& message) {
  return message.size() + kSocketHeader >= sim::Cluster::kBulkFrom;
}

void perform(const Cast& cast, NodeIndex self, sim::Node& node, const Happening& happening,
             const Bytes* message, Time now, sim::Happened& happened, Stepped& stepped) {
  happened.clear();
  stepped = {};
  Recorder recorder(now, self, node, stepped);
  try {
    const protocol::CheckTrap trap;
    run(cast, self, node, happening, message, now, happened, recorder);
  } catch (const protocol::CheckFailed& failure) {
    stepped.failed = failure.what;
    return;
  }
  for (const sim::Happened::Said& said : happened.said) recorder.add(record::Noted{said.fact});
  for (const sim::Happened::Dropped& dropped : happened.dropped) {
    recorder.add(record::Dropped{dropped.peer});
    if (const auto peer = cast.find(dropped.peer)) stepped.dropped.push_back(*peer);
  }
  for (const sim::Happened::Sent& sent : happened.sent) {
    recorder.add(record::Sent{sent.to, 0, sent.message, record::read_envelope(sent.message)});
  }
  for (sim::Happened::Answered& answered : happened.answered) {
    if (answered.order == 0) continue;  // an eviction's
    stepped.ended.push_back({static_cast<uint32_t>(answered.order & 0xffff), answered.result.status,
                             answered.result.value});
    recorder.add(record::CallEnded{
        answered.order, std::make_shared<const reference::Result>(std::move(answered.result))});
  }
}

}  // namespace harness::explore
