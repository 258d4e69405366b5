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

void SimWorld::tell_fault(const Happened::Sent& sent, faults::Verdict verdict) {
  if (setup_.recorder == nullptr || verdict == faults::Verdict::pass) return;
  static constexpr std::array<std::string_view, 4> kWords = {"pass", "drop", "hold", "duplicate"};
  setup_.recorder->add(place(sent.from),
                      record::Faulted{std::string(kWords.at(static_cast<size_t>(verdict))),
                                      setup_.recorder->message(sent.message)});
}

}  // namespace harness::sim
