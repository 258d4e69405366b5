// ClientSide: how faults are carried out on our side, and handed on to what is done to servers.
#include <algorithm>
#include <utility>

#include "harness/live/client_side.h"
#include "protocol/check.h"
#include "reference/client.h"

namespace harness::live {

using faults::NodeName;
using faults::Order;

// --- messages ---

// Each message is judged once: a message between two nodes of ours, as it leaves.
bool ClientSide::judge(OurNode& node, bool outgoing, PeerId peer, const Bytes& message) {
  learn_uuid(node);
  // What a server said before this message is heard before it.
  if (chronicle_.on()) {
    if (outgoing) {
      chronicle_.sent(node.config.self, peer, message);
    } else {
      drain();
    }
  }
  const PeerId from = outgoing ? node.config.self : peer;
  const PeerId to = outgoing ? peer : node.config.self;
  const auto is_sender = [&](const auto& ours) { return ours->config.self == from; };
  const bool idle = injector_.idle() || (!outgoing && (std::ranges::any_of(clients_, is_sender) ||
                                                       std::ranges::any_of(probes_, is_sender)));
  if (idle) {
    saw(from, to, message);
    return true;
  }
  if (!outgoing && injector_.watches_facts()) drain();
  faults::Effects effects;
  injector_.on_message(now(), from, to, message, effects);
  const faults::Parcel struck{from, to, message};
  chronicle_.strikes(injector_, &struck);
  take_effect(effects);
  return false;
}

void ClientSide::deliver(const faults::Parcel& parcel) {
  for (const auto* nodes : {&clients_, &probes_}) {
    for (const auto& ours : *nodes) {
      const bool sends = ours->config.self == parcel.from;
      if (!ours->node || (!sends && ours->config.self != parcel.to)) continue;
      saw(parcel.from, parcel.to, parcel.message);
      return sends ? ours->node->send(parcel.to, parcel.message)
                   : ours->node->receive(parcel.from, parcel.message);
    }
  }
  deliver_between_servers(parcel);
}

void ClientSide::take_effect(const faults::Effects& effects) {
  chronicle_.strikes(injector_);
  for (const faults::Parcel& parcel : effects.deliver) deliver(parcel);
  for (const Order& order : effects.orders) {
    const std::optional<ServerId> server = server_named(order.node);
    const bool waits = std::ranges::any_of(
        orders_, [&](const Order& earlier) { return earlier.node == order.node; });
    if (server && !waits) begin(order, *server);
    orders_.push_back(order);
  }
}

void ClientSide::heard(PeerId server, const Fact& fact) {
  faults::Effects effects;
  injector_.on_fact(now(), server, fact, effects);
  take_effect(effects);
}

// --- nodes ---

void ClientSide::tick() {
  if (carrying_out_) return;
  // An order may let time pass, or throw.
  struct Busy {
    bool& flag;
    explicit Busy(bool& carrying_out) : flag(carrying_out) { flag = true; }
    ~Busy() { flag = false; }
  } busy(carrying_out_);
  if (injector_.deadline() <= now()) {
    faults::Effects effects;
    injector_.on_time(now(), effects);
    take_effect(effects);
  }
  std::vector<Order> waiting;
  for (const Order& order : std::exchange(orders_, {})) {
    const bool blocked = std::ranges::any_of(
        waiting, [&](const Order& earlier) { return earlier.node == order.node; });
    if (blocked || carry_out(order) == Progress::wait) waiting.push_back(order);
  }
  orders_.insert(orders_.begin(), waiting.begin(), waiting.end());
}

PeerId ClientSide::peer_of(const NodeName& name) const {
  const uint32_t index = name.index.value();
  switch (name.kind) {
    case NodeName::Kind::any:
      break;
    case NodeName::Kind::mgs:
      return cast_.mgs;
    case NodeName::Kind::mds:
      return cast_.mds;
    case NodeName::Kind::ost:
      return cast_.osts.at(index);
    case NodeName::Kind::client:
      return clients_[named_.at(index - 1).index]->config.self;
    case NodeName::Kind::probe:
      return probes_.at(index - 1)->config.self;
  }
  CHECK(false, "no such kind of node");
}

std::string ClientSide::uuid_of(const NodeName& client) const {
  return client_uuid(named_.at(client.index.value() - 1));
}

ClientSide::Progress ClientSide::carry_out(const Order& order) {
  if (order.kind == Order::Kind::disconnect) {
    chronicle_.faulted(peer_of(order.node), "disconnect from " + to_text(order.other));
    disconnect(order.node, order.other);
    return Progress::done;
  }
  const bool eviction = order.kind == Order::Kind::evict;
  if (const auto server = server_named(eviction ? order.other : order.node)) {
    return carry_out(order, *server);
  }
  carry_out_on_client(order);
  return Progress::done;
}

void ClientSide::carry_out_on_client(const Order& order) {
  CHECK(order.node.kind == NodeName::Kind::client, "an order that only servers know");
  const ClientId client = named_.at(order.node.index.value() - 1);
  Node* node = clients_[client.index]->node.get();
  if (node == nullptr) return injector_.refused(order, "it is down");
  if (order.kind != Order::Kind::crash) {
    chronicle_.faulted(clients_[client.index]->config.self,
                       std::string(faults::order_name(order.kind)));
  }
  switch (order.kind) {
    case Order::Kind::crash:
      return kill_client(client);
    case Order::Kind::pause:
      return node->pause();
    case Order::Kind::resume:
      return node->resume();
    case Order::Kind::jump_clock:
      return node->jump_clock(order.by);
    default:
      CHECK(false, "an order that no client knows");
  }
}

void ClientSide::disconnect(const NodeName& one, const NodeName& other) {
  const auto drop = [&](const NodeName& name, PeerId peer) {
    if (const auto server = server_named(name)) return disconnect(*server, peer);
    const PeerId self = peer_of(name);
    for (const auto* nodes : {&clients_, &probes_}) {
      for (const auto& ours : *nodes) {
        if (ours->node && ours->config.self == self) ours->node->drop(peer);
      }
    }
  };
  drop(one, peer_of(other));
  drop(other, peer_of(one));
}

}  // namespace harness::live
