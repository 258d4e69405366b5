// How the simulated world carries faults out. It can do all of them.
#include <fmt/format.h>

#include <algorithm>

#include "harness/client_table.h"
#include "harness/sim/world.h"
#include "protocol/check.h"

namespace harness::sim {

using faults::NodeName;
using faults::Order;

void SimWorld::take_effect(const faults::Effects& effects) {
  tell_strikes();
  for (const faults::Parcel& parcel : effects.deliver) {
    if (const auto from = cluster_.find(parcel.from)) post(*from, parcel.to, parcel.message);
  }
  for (const Order& order : effects.orders) carry_out(order);
}

std::optional<NodeIndex> SimWorld::node_of(const NodeName& name) const {
  const uint32_t index = name.index.value_or(0);
  switch (name.kind) {
    case NodeName::Kind::any:
      return std::nullopt;
    case NodeName::Kind::mgs:
      return node_of(kMgs);
    case NodeName::Kind::mds:
      return node_of(kMds);
    case NodeName::Kind::ost:
      return node_of(ost(index));
    case NodeName::Kind::client:
      return clients_.at(index - 1);
    case NodeName::Kind::probe:
      return probes_.at(index - 1);
  }
  CHECK(false, "no such kind of node");
}

void SimWorld::carry_out(const Order& order) {
  const NodeIndex node = *node_of(order.node);
  const bool is_up = cluster_.up(node);
  const auto refuse = [&](std::string_view why) { injector_.refused(order, why); };
  const auto doom = [&](Doom::Kind kind) {
    dooms_.push_back({.node = node, .left = order.nth, .kind = kind});
  };
  using Of = Order::Kind;
  if (order.kind == Of::start ? is_up : !is_up && faults::needs_running(order.kind)) {
    return refuse(is_up ? "it runs already" : "it is down");
  }
  switch (order.kind) {
    case Of::crash:
      return die(node, "crash");
    case Of::crash_before_commit:
      return doom(Doom::Kind::before_commit);
    case Of::crash_after_commit:
      return doom(Doom::Kind::after_commit);
    case Of::crash_at_write:
      return doom(Doom::Kind::at_write);
    case Of::stop:
      happened_.clear();
      commit_everything(node);
      absorb();
      return die(node, "stop");
    case Of::start:
      if (order.version) cluster_.config(node).dialect = *order.version;
      return start(server_of(node));
    case Of::evict: {
      const NodeIndex from = *node_of(order.other);
      if (!cluster_.up(from)) return refuse("the server is down");
      return evict(server_of(from), client_uuid({order.node.index.value() - 1}));
    }
    default:
      tell_order(node, order);
      return carry_out_here(order, node);
  }
}

// What makes no machine do anything now.
void SimWorld::carry_out_here(const Order& order, NodeIndex node) {
  const bool is_up = cluster_.up(node);
  using Of = Order::Kind;
  switch (order.kind) {
    case Of::disconnect:
      return cluster_.disconnect_both(node, *node_of(order.other));
    case Of::pause:
      return cluster_.pause(node);
    case Of::resume:
      return cluster_.resume(node);
    case Of::lose_clients:
      return table_edits_.push_back({.node = node});
    case Of::roll_back_clients:
      return table_edits_.push_back({.node = node, .roll_back = true});
    case Of::hold_commits:
      return cluster_.hold_commits(node, true);
    case Of::release_commits:
      return cluster_.hold_commits(node, false);
    case Of::fill_disk:
      full_.push_back(node);
      return is_up ? cluster_.resize(node, 0) : void();
    case Of::free_disk:
      std::erase(full_, node);
      return is_up ? cluster_.resize(node, cluster_.node(node).config.capacity_bytes) : void();
    case Of::jump_clock:
      return cluster_.jump_clock(node, order.by);
    default:
      CHECK(false, "carried out elsewhere");
  }
}

ServerId SimWorld::server_of(NodeIndex node) const {
  const auto at = std::ranges::find(servers_, node, &std::pair<ServerId, NodeIndex>::second);
  CHECK(at != servers_.end(), "not a server");
  return at->first;
}

// As it was asked for while the server was down; and what it will find is remembered.
void SimWorld::edit_table(NodeIndex node) {
  reference::Store& table = tables_[node];
  for (const TableEdit& edit : table_edits_) {
    if (edit.node != node) continue;
    replace_client_table(cluster_.store_of(node), edit.roll_back ? table : reference::Store{});
  }
  std::erase_if(table_edits_, [&](const TableEdit& edit) { return edit.node == node; });
  table = client_table(cluster_.node(node).disk.durable.read());
}

}  // namespace harness::sim
