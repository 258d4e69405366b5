#include "harness/sim/world.h"

#include <algorithm>
#include <utility>

#include "protocol/check.h"
#include "reference/digest.h"
#include "reference/nid.h"

namespace harness::sim {

using reference::kLnetPid;
using reference::Time;

namespace {

// 10.0.0.x@tcp: servers from 1, clients from 101, probes from 201.
constexpr uint64_t kTcpNet = uint64_t{0x00020000} << 32;
constexpr PeerId peer_at(uint32_t host) { return {kTcpNet | 0x0a000000 | host, kLnetPid}; }
constexpr uint32_t kClientHosts = 100;
constexpr uint32_t kProbeHosts = 200;

Kind kind_of(Role role) {
  switch (role) {
    case Role::mgs:
      return Kind::mgs;
    case Role::mds:
      return Kind::mds;
    case Role::ost:
      return Kind::ost;
  }
  CHECK(false, "no such role");
}

}  // namespace

SimWorld::SimWorld(const Setup& setup) : setup_(setup), random_(setup.seed) {
  CHECK(setup.osts + 2 < kClientHosts);
  cast_.dialect = setup.dialect;
  cast_.fsname = reference::Config{}.fsname;
  cast_.mgs = peer_at(1);
  cast_.mds = peer_at(2);
  if (!setup.capture.empty()) {
    capture_ = std::make_unique<record::MessageCapture>(setup.capture,
                                                        reference::Config{}.wall_clock_base_s);
  }
  add_server(kMgs, 1);
  add_server(kMds, 2);
  for (uint32_t i = 0; i < setup.osts; ++i) {
    cast_.osts.push_back(peer_at(3 + i));
    add_server(ost(i), 3 + i);
  }
  for (const auto& [server, node] : servers_) start(server);
  settle();  // all registered
}

NodeIndex SimWorld::add_server(ServerId server, uint32_t host) {
  reference::Config config;
  config.dialect = setup_.dialect;
  config.self = peer_at(host);
  config.mgs = cast_.mgs;
  config.index = server.index;
  config.seed = setup_.seed;
  config.timing = setup_.timing;
  config.defects = setup_.defects;
  config.som = setup_.som;
  const NodeIndex node = cluster_.add(kind_of(server.role), config);
  servers_.emplace_back(server, node);
  injector_.know(config.self, plan_name(server));
  facts_.emplace_back();
  return node;
}

NodeIndex SimWorld::node_of(ServerId server) const {
  const auto at = std::ranges::find(servers_, server, &std::pair<ServerId, NodeIndex>::first);
  CHECK(at != servers_.end(), "no such server");
  return at->second;
}

// --- what happens ---

bool SimWorld::step_now() {
  cluster_.committable(committable_);
  const auto& links = cluster_.deliverable();
  const size_t choices = links.size() + committable_.size();
  if (choices == 0) return false;
  const uint64_t choice = random_.below(choices);
  happened_.clear();
  if (choice < links.size()) {
    ++delivered_;
    tell_arrival(cluster_.link(links[choice]));
    cluster_.deliver(links[choice], happened_);
  } else {
    commit(committable_[choice - links.size()]);
  }
  absorb();
  return true;
}

void SimWorld::commit(NodeIndex node) {
  const auto doom = std::ranges::find_if(dooms_, [&](const Doom& one) {
    return one.node == node && one.kind == Doom::Kind::at_write;
  });
  tell(node, record::Committed{});
  cluster_.commit(node, happened_);
  if (doom == dooms_.end() || --doom->left != 0) return;
  dooms_.erase(doom);
  // What the commit would have let the server say dies with it.
  happened_.clear();
  die(node, "crash at write");
}

bool SimWorld::step_time(Time until) {
  cluster_.next_timers(due_);
  const Time timer = due_.empty() ? reference::kNever : due_.front().at;
  const Time fault = injector_.deadline();
  if (std::min(timer, fault) > until) return false;
  if (fault <= timer) {
    if (fault == reference::kNever) return false;
    cluster_.advance_to(fault);
    faults::Effects effects;
    injector_.on_time(cluster_.now(), effects);
    take_effect(effects);
    return true;
  }
  const uint64_t choice = random_.below(due_.size());
  happened_.clear();
  cluster_.fire(due_[choice], happened_);
  absorb();
  return true;
}

void SimWorld::absorb() {
  const std::vector<Doom> met = dooms_.empty() ? std::vector<Doom>{} : dooms_met();
  tell_step();
  for (const Doom& doom : met) meet(doom);
  for (Happened::Answered& answered : happened_.answered) {
    under_way_.erase({answered.node, answered.order});
    results_.insert_or_assign({answered.node, answered.order}, std::move(answered.result));
  }
  faults::Effects effects;
  for (Happened::Said& said : happened_.said) {
    const PeerId peer = cluster_.node(said.node).config.self;
    injector_.on_fact(cluster_.now(), peer, said.fact, effects);
    facts_[said.node].push_back(std::move(said.fact));
  }
  for (const Happened::Sent& sent : happened_.sent) {
    const PeerId from = cluster_.node(sent.from).config.self;
    if (injector_.idle()) {
      post(sent.from, sent.to, sent.message);
    } else {
      injector_.on_message(cluster_.now(), from, sent.to, sent.message, effects);
      tell_strikes(&sent);
    }
  }
  cause_ = 0;
  if (!effects.empty()) take_effect(effects);
}

// Who dies at a transaction of this step: nothing of it leaves.
std::vector<SimWorld::Doom> SimWorld::dooms_met() {
  std::vector<Doom> met;
  for (const NodeIndex node : happened_.wrote) {
    const auto doom = std::ranges::find_if(dooms_, [&](const Doom& one) {
      return one.node == node && one.kind != Doom::Kind::at_write;
    });
    if (doom == dooms_.end() || --doom->left != 0) continue;
    met.push_back(*doom);
    dooms_.erase(doom);
    std::erase_if(happened_.sent, [&](const auto& sent) { return sent.from == node; });
    std::erase_if(happened_.answered, [&](const auto& answered) { return answered.node == node; });
  }
  return met;
}

void SimWorld::meet(const Doom& doom) {
  const bool durable = doom.kind == Doom::Kind::after_commit;
  if (durable) {
    // What the commits would have let the server say dies with it.
    Happened kept = std::move(happened_);
    happened_ = {};
    commit_everything(doom.node);
    happened_ = std::move(kept);
  }
  die(doom.node, durable ? "crash after commit" : "crash before commit");
}

void SimWorld::commit_everything(NodeIndex node) {
  while (!cluster_.node(node).disk.pending.empty()) {
    tell(node, record::Committed{});
    cluster_.commit(node, happened_);
  }
}

void SimWorld::post(NodeIndex from, PeerId to, const Bytes& message) {
  const PeerId sender = cluster_.node(from).config.self;
  if (capture_) capture_->message(cluster_.now(), sender, to, message);
  history_ = reference::digest_of(std::tuple(history_, cluster_.now(), sender, to, message));
  cluster_.post(from, to, message);
}

bool SimWorld::run_until(const std::function<bool()>& condition) {
  const Time limit = cluster_.now() + kPatience;
  for (uint64_t steps = 0; steps < kStepsMax; ++steps) {
    if (condition()) return true;
    if (!step_now() && !step_time(limit)) return false;
  }
  return false;
}

void SimWorld::settle() {
  for (uint64_t steps = 0; steps < kStepsMax && step_now(); ++steps) {
  }
}

void SimWorld::pass(Time duration) {
  const Time until = cluster_.now() + duration;
  for (uint64_t steps = 0; steps < kStepsMax && (step_now() || step_time(until)); ++steps) {
  }
  cluster_.advance_to(until);
}

// --- clients and probes ---

ClientId SimWorld::add_client() {
  const auto index = static_cast<uint32_t>(clients_.size());
  CHECK(index < kProbeHosts - kClientHosts - 1);
  reference::Config config;
  config.dialect = setup_.dialect;
  config.self = peer_at(kClientHosts + 1 + index);
  config.mgs = cast_.mgs;
  config.seed = setup_.seed;
  config.timing = setup_.timing;
  config.defects = setup_.defects;
  config.som = setup_.som;
  const NodeIndex node = cluster_.add(Kind::client, config);
  facts_.emplace_back();
  clients_.push_back(node);
  injector_.know(config.self, faults::client_name(index + 1));
  happened_.clear();
  tell_started(node);
  cluster_.start(node, happened_);
  uuids_.emplace_back();
  absorb();
  return {index};
}

reference::OrderId SimWorld::submit(ClientId client, const reference::Syscall& call) {
  const reference::OrderId order = ++orders_;
  if (!cluster_.up(clients_[client.index])) return order;
  happened_.clear();
  under_way_.emplace(clients_[client.index], order);
  tell(clients_[client.index],
       record::CallBegan{order, std::make_shared<const reference::Syscall>(call)});
  cluster_.ask(clients_[client.index], order, call, happened_);
  learn_uuid(client);
  absorb();
  return order;
}

// Each mount has one of its own.
void SimWorld::learn_uuid(ClientId client) {
  const Node& node = cluster_.node(clients_[client.index]);
  const std::string& uuid = node.as<reference::Client>()->uuid();
  if (uuid == uuids_[client.index]) return;
  uuids_[client.index] = uuid;
  injector_.know_client(faults::client_name(client.index + 1), uuid);
}

const reference::Result* SimWorld::result(ClientId client, reference::OrderId order) const {
  const auto at = results_.find({clients_[client.index], order});
  return at == results_.end() ? nullptr : &at->second;
}

std::string SimWorld::client_uuid(ClientId client) const { return uuids_[client.index]; }

void SimWorld::kill_client(ClientId client) { die(clients_[client.index], "crash client"); }

ProbeId SimWorld::add_probe(ProbeKind kind) {
  const auto index = static_cast<uint32_t>(probes_.size());
  CHECK(kProbeHosts + index < 254);
  reference::Config config;
  config.self = peer_at(kProbeHosts + 1 + index);
  if (kind == ProbeKind::user_space) config.self.pid = reference::kUserspacePid | (index + 1);
  const NodeIndex node = cluster_.add(Kind::inbox, config);
  facts_.emplace_back();
  probes_.push_back(node);
  injector_.know(config.self, {faults::NodeName::Kind::probe, index + 1});
  happened_.clear();
  tell_started(node);
  cluster_.start(node, happened_);
  return {index};
}

PeerId SimWorld::probe_peer(ProbeId probe) const {
  return cluster_.node(probes_[probe.index]).config.self;
}

void SimWorld::probe_send(ProbeId probe, PeerId to, Bytes message) {
  happened_.clear();
  happened_.sent.push_back({probes_[probe.index], to, std::move(message)});
  absorb();
}

std::optional<ProbeEvent> SimWorld::probe_take(ProbeId probe) {
  std::optional<Inbox::Entry> entry = cluster_.take(probes_[probe.index]);
  if (!entry) return std::nullopt;
  return ProbeEvent{entry->from, std::move(entry->message)};
}

// --- servers ---

void SimWorld::crash(ServerId server) {
  const NodeIndex node = node_of(server);
  std::erase_if(dooms_, [node](const Doom& doom) { return doom.node == node; });
  die(node, "crash");
}

void SimWorld::die(NodeIndex node, std::string_view what) {
  if (!cluster_.up(node)) return;
  tell_crashed(node, what);
  std::erase_if(under_way_, [&](const auto& call) { return call.first == node; });
  cluster_.crash(node);
}

void SimWorld::stop(ServerId server) {
  const NodeIndex node = node_of(server);
  std::erase_if(dooms_, [node](const Doom& doom) { return doom.node == node; });
  cluster_.hold_commits(node, false);
  while (!cluster_.node(node).disk.pending.empty()) {
    happened_.clear();
    commit(node);
    happened_.sent.clear();  // what a commit would let it say is not said any more
    absorb();
  }
  crash(server);
}

void SimWorld::start(ServerId server) {
  const NodeIndex node = node_of(server);
  if (cluster_.up(node)) return;
  edit_table(node);
  happened_.clear();
  tell_started(node);
  cluster_.start(node, happened_);
  absorb();
  if (std::ranges::find(full_, node) != full_.end()) cluster_.resize(node, 0);
}

void SimWorld::start_as(ServerId server, reference::Dialect dialect) {
  if (running(server)) return;
  cluster_.config(node_of(server)).dialect = dialect;
  start(server);
}

bool SimWorld::running(ServerId server) const { return cluster_.up(node_of(server)); }

void SimWorld::order(ServerId server, const reference::Order& order, const std::string& what) {
  if (!cluster_.up(node_of(server))) return;
  happened_.clear();
  tell(node_of(server), record::Faulted{what});
  cluster_.ask(node_of(server), ++orders_, order, happened_);
  absorb();
}

void SimWorld::evict(ServerId server, const std::string& client_uuid) {
  order(server, reference::Evict{client_uuid}, "evict " + client_uuid);
}

void SimWorld::abort_recovery(ServerId server) {
  order(server, reference::AbortRecovery{}, "abort recovery");
}

void SimWorld::hold_commits(ServerId server) { cluster_.hold_commits(node_of(server), true); }
void SimWorld::release_commits(ServerId server) { cluster_.hold_commits(node_of(server), false); }

void SimWorld::crash_at_commit(ServerId server, uint32_t nth, bool durable) {
  CHECK(nth > 0);
  std::erase_if(dooms_, [&](const Doom& doom) { return doom.node == node_of(server); });
  dooms_.push_back({.node = node_of(server),
                    .left = nth,
                    .kind = durable ? Doom::Kind::after_commit : Doom::Kind::before_commit});
}

const std::vector<reference::Fact>& SimWorld::facts(ServerId server) const {
  return facts_[node_of(server)];
}

// --- the end of a run ---

bool SimWorld::only_periodic() const {
  if (!cluster_.deliverable().empty()) return false;
  for (NodeIndex i = 0; i < cluster_.size(); ++i) {
    const Node& node = cluster_.node(i);
    if (!node.disk.pending.empty()) return false;
    const bool waits = std::ranges::any_of(node.timers, [](const Timer& timer) {
      return (timer.id.kind & reference::kPeriodic) == 0;
    });
    if (waits) return false;
  }
  return true;
}

bool SimWorld::quiesce() {
  dooms_.clear();
  end_faults();
  for (const NodeIndex node : std::exchange(full_, {})) {
    if (cluster_.up(node)) cluster_.resize(node, cluster_.node(node).config.capacity_bytes);
  }
  for (const auto& [server, node] : servers_) {
    release_commits(server);
    if (!cluster_.up(node)) start(server);
  }
  const bool ended = run_until([this] { return under_way_.empty() && only_periodic(); });
  // A call that has not ended by now, with nothing left to happen, never will.
  if (!ended) {
    const Time patience = cluster_.now() + kPatience;
    for (uint64_t steps = 0; steps < kStepsMax && !only_periodic(); ++steps) {
      if (!step_now() && !step_time(patience)) return false;
    }
    if (!only_periodic()) return false;
  }
  tell_audit();
  return ended;
}

}  // namespace harness::sim
