// SimWorld: what it tells its recorder.
#include <algorithm>
#include <utility>

#include "harness/sim/world.h"

namespace harness::sim {

record::Recorder::Place SimWorld::place(NodeIndex node) const {
  return {.time = cluster_.now(),
          .node = node,
          .incarnation = static_cast<uint32_t>(cluster_.node(node).config.incarnation),
          .cause = cause_};
}

record::Node SimWorld::who(NodeIndex node) const {
  record::Node known{.peer = cluster_.node(node).config.self};
  const auto index_in = [node](const std::vector<NodeIndex>& nodes) {
    return std::ranges::find(nodes, node) - nodes.begin();
  };
  switch (cluster_.node(node).kind) {
    case Kind::mgs:
      known.role = record::Role::mgs;
      break;
    case Kind::mds:
      known.role = record::Role::mds;
      break;
    case Kind::ost:
      known.role = record::Role::ost;
      known.index = static_cast<uint32_t>(cluster_.node(node).config.index);
      break;
    case Kind::client:
      known.role = record::Role::client;
      known.index = static_cast<uint32_t>(index_in(clients_));
      break;
    case Kind::inbox:
      known.role = record::Role::probe;
      known.index = static_cast<uint32_t>(index_in(probes_));
      break;
  }
  return known;
}

// What follows in this step is caused by it.
void SimWorld::tell(NodeIndex node, record::What what) {
  if (setup_.recorder == nullptr) return;
  cause_ = setup_.recorder->add(place(node), std::move(what));
}

void SimWorld::tell_arrival(const Cluster::Link& link) {
  if (setup_.recorder == nullptr || !cluster_.up(link.to)) return;
  const PeerId from = cluster_.node(link.from).config.self;
  const std::optional<Bytes>& parcel = link.queue[link.head];
  cause_ = parcel ? setup_.recorder->received(place(link.to), from, *parcel)
                  : setup_.recorder->add(place(link.to), record::Lost{from});
}

void SimWorld::tell_started(NodeIndex node) {
  tell(node, record::Started{who(node), cluster_.node(node).config.dialect});
}

void SimWorld::tell_crashed(NodeIndex node, std::string_view what) {
  if (!cluster_.up(node)) return;
  tell(node, record::Faulted{std::string(what)});
  tell(node, record::Crashed{});
  cause_ = 0;
}

// All is at rest: what everybody has.
void SimWorld::tell_audit() {
  if (setup_.recorder == nullptr) return;
  for (NodeIndex node = 0; node < cluster_.size(); ++node) {
    for (reference::Fact& count : cluster_.node(node).audit()) {
      setup_.recorder->add(place(node), record::Noted{std::move(count)});
    }
  }
  setup_.recorder->add({.time = cluster_.now()}, record::Quiesced{});
}

// What a step said, closed, sent and answered.
void SimWorld::tell_step() {
  if (setup_.recorder == nullptr) return;
  record::Recorder& recorder = *setup_.recorder;
  for (const Happened::Said& said : happened_.said) {
    recorder.add(place(said.node), record::Noted{said.fact});
  }
  for (const Happened::Dropped& dropped : happened_.dropped) {
    recorder.add(place(dropped.node), record::Dropped{dropped.peer});
  }
  for (const Happened::Sent& sent : happened_.sent) {
    recorder.sent(place(sent.from), sent.to, sent.message);
  }
  for (const Happened::Answered& answered : happened_.answered) {
    recorder.add(place(answered.node),
                 record::CallEnded{answered.order,
                                   std::make_shared<const reference::Result>(answered.result)});
  }
}

// What has struck since this was asked last, but for what is done to nodes: that is told when it is
// carried out. `struck`, the message that it was about.
void SimWorld::tell_strikes(const Happened::Sent* struck) {
  const std::vector<faults::Struck>& strikes = injector_.struck();
  for (; strikes_told_ < strikes.size(); ++strikes_told_) {
    const faults::Struck& strike = strikes[strikes_told_];
    if (setup_.recorder == nullptr || strike.node != faults::kAnybody) continue;
    record::Recorder::Place where{.time = cluster_.now()};
    record::Faulted fault{strike.what + ' ' + strike.where};
    if (struck != nullptr) where = place(struck->from);
    if (strike.xid != 0) fault.message = setup_.recorder->message(struck->message);
    setup_.recorder->add(where, std::move(fault));
  }
}

// Of what is done to a node, other than its death.
void SimWorld::tell_order(NodeIndex node, const faults::Order& order) {
  if (setup_.recorder == nullptr) return;
  std::string what(faults::order_name(order.kind));
  if (order.kind == faults::Order::Kind::disconnect) what += " from " + to_text(order.other);
  tell(node, record::Faulted{std::move(what)});
}

}  // namespace harness::sim
