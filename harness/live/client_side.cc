#include "harness/live/client_side.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/live/machines.h"
#include "protocol/check.h"
#include "reference/client.h"

namespace harness::live {
namespace {

// A scripted peer does nothing by itself: what reaches it is kept.
class ProbeMachine final : public AnyMachine {
 public:
  explicit ProbeMachine(std::deque<ProbeEvent>& events) : events_(events) {}
  void start(Time, reference::Actions&) override {}
  void step(Time, const reference::Event& event, reference::Actions&) override {
    if (const auto* received = std::get_if<reference::Received>(&event)) {
      events_.push_back({received->from, received->message});
    } else if (const auto* lost = std::get_if<reference::PeerLost>(&event)) {
      events_.push_back({lost->peer, std::nullopt});
    }
  }

 private:
  std::deque<ProbeEvent>& events_;
};

}  // namespace

ClientSide::ClientSide(const Setup& setup)
    : setup_(setup), work_(boost::asio::make_work_guard(loop_)) {}

void ClientSide::clear() {
  clients_.clear();
  probes_.clear();
}

// --- time ---

// Whether anything happened.
bool ClientSide::run_for(Time duration) {
  const Time deadline = injector_.deadline();
  const Time fault_in =
      deadline == reference::kNever ? deadline : std::max<Time>(0, deadline - now());
  loop_.restart();
  const auto handled = loop_.run_one_for(std::chrono::nanoseconds(std::min(duration, fault_in)));
  if (handled != 0) loop_.poll();
  tick();
  return handled != 0 || fault_in <= duration;
}

bool ClientSide::run_until(const std::function<bool()>& condition) {
  const Time limit = now() + patience();
  while (true) {
    drain();
    tick();
    if (condition()) return true;
    if (now() >= limit) return false;
    run_for(limit - now());
  }
}

void ClientSide::settle() {
  while (run_for(kQuiet)) {
  }
  drain();
}

void ClientSide::pass(Time duration) {
  const Time until = now() + duration;
  while (now() < until) run_for(until - now());
  drain();
}

// --- clients and probes ---

Node::Handlers ClientSide::handlers_of(OurNode& node) {
  const PeerId self = node.config.self;
  Node::Handlers handlers;
  handlers.answer = [this, &node, self](OrderId id, Result&& result) {
    if (chronicle_.on()) chronicle_.call_ended(self, id, result);
    node.under_way.erase(id);
    node.results.emplace(id, std::move(result));
  };
  handlers.sending = [this, &node](PeerId to, const Bytes& message) {
    return judge(node, true, to, message);
  };
  handlers.receiving = [this, &node](PeerId from, const Bytes& message) {
    return judge(node, false, from, message);
  };
  handlers.unreachable = [this](PeerId peer, std::string_view why) { unreachable(peer, why); };
  handlers.note = [this, self](const Fact& fact) {
    if (chronicle_.on()) chronicle_.noted(self, fact);
  };
  handlers.event = [this, self](const reference::Event& event) {
    if (!chronicle_.on()) return;
    if (const auto* received = std::get_if<reference::Received>(&event)) {
      chronicle_.received(self, received->from, received->message);
    } else if (const auto* lost = std::get_if<reference::PeerLost>(&event)) {
      chronicle_.lost(self, lost->peer);
    } else {
      chronicle_.turns(self);
    }
  };
  handlers.dropping = [this, self](PeerId peer) {
    if (chronicle_.on()) chronicle_.dropped(self, peer);
  };
  return handlers;
}

std::unique_ptr<ClientSide::OurNode> ClientSide::make_node(record::Role role, uint32_t index,
                                                           ProbeKind kind) {
  Seat place = seat(static_cast<uint32_t>(clients_.size() + probes_.size()), kind);
  auto ours = std::make_unique<OurNode>();
  OurNode& node = *ours;
  node.config = std::move(place.config);
  node.targets = std::move(place.targets);
  node.node = std::make_unique<Node>(loop_, std::move(place.options), handlers_of(node));
  const record::Node who{role, index, node.config.self};
  const auto opened = node.node->open();
  CHECK(opened.has_value(), fmt::format("{}: {}", who.name(), opened.error()));
  chronicle_.started(who, node.config.dialect);
  return ours;
}

ClientId ClientSide::add_client() {
  const ClientId client = add_unnamed_client();
  named_.push_back(client);
  OurNode& ours = *clients_[client.index];
  ours.number = static_cast<uint32_t>(named_.size());
  const auto name = faults::client_name(ours.number);
  injector_.know(ours.config.self, name);
  return client;
}

ClientId ClientSide::add_unnamed_client() {
  const auto index = static_cast<uint32_t>(clients_.size());
  auto client = make_node(record::Role::client, index);
  auto machine = std::make_unique<MachineBox<reference::Client>>(
      reference::Client(client->config, reference::Store{}, client->targets));
  client->machine = &machine->machine();
  client->node->run(std::move(machine));
  clients_.push_back(std::move(client));
  return {index};
}

OrderId ClientSide::submit(ClientId client, const Syscall& call) {
  OurNode& ours = *clients_[client.index];
  if (!ours.node) return {};
  const OrderId order = ours.node->ask(call);
  ours.under_way.insert(order);
  if (chronicle_.on()) chronicle_.call_began(ours.config.self, order, call);
  return order;
}

bool ClientSide::calls_ended() const {
  return std::ranges::all_of(
      clients_, [](const auto& ours) { return !ours->node || ours->under_way.empty(); });
}

bool ClientSide::ours_at_rest(uint64_t& events) const {
  bool rest = true;
  for (const auto* nodes : {&clients_, &probes_}) {
    for (const auto& ours : *nodes) {
      if (!ours->node) continue;
      rest = rest && ours->node->at_rest();
      events += ours->node->events();
    }
  }
  return rest;
}

void ClientSide::audit_ours() const {
  for (const auto& client : clients_) {
    if (client->node) client->node->audit();
  }
}

// Each mount has one of its own.
void ClientSide::learn_uuid(OurNode& node) {
  if (node.number == 0 || node.machine == nullptr || node.machine->uuid() == node.uuid) return;
  node.uuid = node.machine->uuid();
  injector_.know_client(faults::client_name(node.number), node.uuid);
}

const Result* ClientSide::result(ClientId client, OrderId order) const {
  const auto& results = clients_[client.index]->results;
  const auto found = results.find(order);
  return found == results.end() ? nullptr : &found->second;
}

const reference::Client* ClientSide::client_machine(ClientId client) const {
  return clients_[client.index]->machine;
}

std::string ClientSide::client_uuid(ClientId client) const {
  const OurNode& ours = *clients_[client.index];
  return ours.machine != nullptr ? ours.machine->uuid() : ours.uuid;
}

void ClientSide::kill_client(ClientId client) {
  OurNode& ours = *clients_[client.index];
  if (ours.node && chronicle_.on()) chronicle_.crashed(ours.config.self, "crash client");
  ours.uuid = client_uuid(client);
  ours.machine = nullptr;
  ours.node.reset();
}

ProbeId ClientSide::add_probe(ProbeKind kind) {
  const auto index = static_cast<uint32_t>(probes_.size());
  auto probe = make_node(record::Role::probe, index, kind);
  injector_.know(probe->config.self, {faults::NodeName::Kind::probe, index + 1});
  probe->node->run(std::make_unique<ProbeMachine>(probe->events));
  probes_.push_back(std::move(probe));
  return {index};
}

PeerId ClientSide::probe_peer(ProbeId probe) const { return probes_[probe.index]->config.self; }

void ClientSide::probe_send(ProbeId probe, PeerId to, Bytes message) {
  OurNode& node = *probes_[probe.index];
  if (judge(node, true, to, message)) node.node->send(to, message);
}

std::optional<ProbeEvent> ClientSide::probe_take(ProbeId probe) {
  auto& events = probes_[probe.index]->events;
  if (events.empty()) return std::nullopt;
  ProbeEvent event = std::move(events.front());
  events.pop_front();
  return event;
}

}  // namespace harness::live
