// How the live world carries faults out. Messages are struck at once, where they are seen; what is
// done to nodes waits for the end of the event that led to it, but for a server's death, which
// nothing that it does may come before.
#include <fmt/format.h>
#include <signal.h>

#include <algorithm>

#include "harness/live/store.h"
#include "harness/live/world.h"
#include "protocol/check.h"
#include "reference/client.h"

namespace harness::live {

using faults::NodeName;
using faults::Order;
using faults::Trigger;

namespace {

// Where a target keeps its clients' slots (reference/store.md).
constexpr std::string_view kSlots = "last_rcvd/slot/";

bool is_slot(std::string_view key) { return key.starts_with(kSlots); }

bool may_be_server(const NodeName& name) {
  return name.kind == NodeName::Kind::any || name.is_server();
}
bool may_be_between_servers(const faults::Link& link) {
  return may_be_server(link.from) && may_be_server(link.to);
}

// A link of the line that servers may have among themselves.
bool needs_server_links(const faults::Line& line) {
  const auto needs = [](const Trigger& trigger) {
    return trigger.kind == Trigger::Kind::message && may_be_between_servers(trigger.link);
  };
  const bool has_link =
      line.fault.verb == faults::Verb::disconnect || line.fault.verb == faults::Verb::partition;
  return needs(line.when) || (line.fault.until && needs(*line.fault.until)) ||
         (has_link && may_be_between_servers(line.fault.link));
}

}  // namespace

std::vector<std::string> LiveWorld::cannot(const faults::Plan& plan) const {
  std::vector<std::string> refused;
  for (const NodeName& name : faults::names_in(plan)) {
    if (name.kind != NodeName::Kind::ost || !name.index || *name.index < cast_.osts.size()) {
      continue;
    }
    refused.push_back(fmt::format("there is no {}", to_text(name)));
  }
  if (setup_.server_links) return refused;
  for (const faults::Line& line : plan.lines) {
    if (!needs_server_links(line)) continue;
    refused.push_back(
        fmt::format("what servers say to each other is not seen here: {}", to_text(line)));
  }
  return refused;
}

// --- messages ---

// Each message is judged once: a message between two nodes of ours, as it leaves.
bool LiveWorld::judge(OurNode& node, bool outgoing, PeerId peer, const Bytes& message) {
  if (injector_.idle()) return true;
  // What a server said before this message is heard before it.
  if (!outgoing && injector_.watches_facts()) drain();
  const PeerId self = node.config.self;
  faults::Effects effects;
  injector_.on_message(now(), outgoing ? self : peer, outgoing ? peer : self, message, effects);
  take_effect(effects);
  return false;
}

bool LiveWorld::judge_between_servers(PeerId from, PeerId to, const Bytes& message) {
  if (injector_.idle()) return true;
  const auto is_server = [&](PeerId peer) {
    return std::ranges::any_of(
        servers_, [&](const auto& server) { return server->options.config.self == peer; });
  };
  if (!is_server(from) || !is_server(to)) return true;
  if (injector_.watches_facts()) drain();
  faults::Effects effects;
  injector_.on_message(now(), from, to, message, effects);
  // Mostly the message passes as it is: then its bytes need not be framed again.
  const auto same = std::ranges::find_if(effects.deliver, [&](const faults::Parcel& parcel) {
    return parcel.from == from && parcel.to == to && parcel.message == message;
  });
  const bool passes = same != effects.deliver.end() && same == effects.deliver.begin();
  if (passes) effects.deliver.erase(same);
  take_effect(effects);
  return passes;
}

void LiveWorld::deliver(const faults::Parcel& parcel) {
  for (const auto* nodes : {&clients_, &probes_}) {
    for (const auto& ours : *nodes) {
      if (!ours->node) continue;
      if (ours->config.self == parcel.from) return ours->node->send(parcel.to, parcel.message);
      if (ours->config.self == parcel.to) return ours->node->receive(parcel.from, parcel.message);
    }
  }
  // Between two servers: on the connection that either of them opened. If there is none any more,
  // the message is lost with it.
  for (const auto& server : servers_) {
    const PeerId self = server->options.config.self;
    if (!server->relay || (self != parcel.from && self != parcel.to)) continue;
    if (server->relay->deliver(parcel.from, parcel.to, parcel.message)) return;
  }
}

void LiveWorld::take_effect(const faults::Effects& effects) {
  for (const faults::Parcel& parcel : effects.deliver) deliver(parcel);
  for (const Order& order : effects.orders) {
    const bool at_once = order.kind == Order::Kind::crash || order.kind == Order::Kind::pause;
    OurServer* server = at_once ? server_of(order.node) : nullptr;
    const bool queued = std::ranges::any_of(
        orders_, [&](const Order& waiting) { return waiting.node == order.node; });
    if (server != nullptr && server->process && !queued && server->process->is_ready()) {
      server->process->signal(order.kind == Order::Kind::crash ? SIGKILL : SIGSTOP);
    }
    orders_.push_back(order);
  }
}

void LiveWorld::on_note(OurServer& server, Fact&& fact) {
  faults::Effects effects;
  injector_.on_fact(now(), server.options.config.self, fact, effects);
  server.facts.push_back(std::move(fact));
  if (!effects.empty()) take_effect(effects);
}

// --- nodes ---

void LiveWorld::tick() {
  if (carrying_out_) return;
  carrying_out_ = true;
  if (injector_.deadline() <= now()) {
    faults::Effects effects;
    injector_.on_time(now(), effects);
    take_effect(effects);
  }
  // Orders for one node are carried out one after the other.
  std::vector<Order> waiting;
  for (const Order& order : std::exchange(orders_, {})) {
    const bool blocked = std::ranges::any_of(
        waiting, [&](const Order& earlier) { return earlier.node == order.node; });
    if (blocked || carry_out(order) == Progress::wait) waiting.push_back(order);
  }
  orders_.insert(orders_.begin(), waiting.begin(), waiting.end());
  carrying_out_ = false;
}

LiveWorld::OurServer* LiveWorld::server_of(const NodeName& name) {
  for (const auto& server : servers_) {
    if (peer_of(name) == server->options.config.self) return server.get();
  }
  return nullptr;
}

std::optional<PeerId> LiveWorld::peer_of(const NodeName& name) const {
  const uint32_t index = name.index.value_or(0);
  switch (name.kind) {
    case NodeName::Kind::any:
      return std::nullopt;
    case NodeName::Kind::mgs:
      return cast_.mgs;
    case NodeName::Kind::mds:
      return cast_.mds;
    case NodeName::Kind::ost:
      return cast_.osts.at(index);
    case NodeName::Kind::client:
      return clients_.at(index - 1)->config.self;
    case NodeName::Kind::probe:
      return probes_.at(index - 1)->config.self;
  }
  CHECK(false, "no such kind of node");
}

LiveWorld::Progress LiveWorld::carry_out(const Order& order) {
  if (order.kind == Order::Kind::disconnect) {
    disconnect(order.node, order.other);
    return Progress::done;
  }
  const bool eviction = order.kind == Order::Kind::evict;
  if (OurServer* server = server_of(eviction ? order.other : order.node)) {
    return carry_out(order, *server);
  }
  carry_out_on_client(order);
  return Progress::done;
}

void LiveWorld::carry_out_on_client(const Order& order) {
  const uint32_t index = order.node.index.value() - 1;
  if (order.node.kind != NodeName::Kind::client || !clients_.at(index)->node) {
    return injector_.refused(order, "it is down");
  }
  switch (order.kind) {
    case Order::Kind::crash:
      return kill_client({index});
    case Order::Kind::pause:
      return clients_[index]->node->pause();
    case Order::Kind::resume:
      return clients_[index]->node->resume();
    default:
      CHECK(false, "an order that no client knows");
  }
}

LiveWorld::Progress LiveWorld::carry_out(const Order& order, OurServer& server) {
  using Of = Order::Kind;
  ServerProcess* process = server.process.get();
  const bool is_up = process != nullptr && !process->has_ended();
  // Who was told to end ends; who was started is waited for.
  if (is_up && (server.stopping || !process->is_ready())) return Progress::wait;
  if (order.kind == Of::start) {
    carry_out_start(order, server);
    return Progress::done;
  }
  if (!is_up && (faults::needs_running(order.kind) || order.kind == Of::evict)) {
    injector_.refused(order, "it is down");
    return Progress::done;
  }
  const auto say = [&](const std::string& line) {
    if (is_up) process->order(line);
  };
  switch (order.kind) {
    case Of::crash:
      process->kill();
      break;
    case Of::crash_before_commit:
      say(fmt::format("crash-before {}", order.nth));
      break;
    case Of::crash_after_commit:
      say(fmt::format("crash-after {}", order.nth));
      break;
    case Of::crash_at_write:
      say(fmt::format("crash-at-write {}", order.nth));
      break;
    case Of::stop:
      server.stopping = true;
      say("stop");
      break;
    case Of::pause:
      process->signal(SIGSTOP);
      break;
    case Of::resume:
      if (is_up) process->signal(SIGCONT);
      break;
    case Of::evict:
      say("evict " + client_uuid({order.node.index.value() - 1}));
      break;
    case Of::lose_clients:
      server.edits.push_back(TableEdit::lose);
      break;
    case Of::roll_back_clients:
      server.edits.push_back(TableEdit::roll_back);
      break;
    case Of::hold_commits:
      say("hold");
      break;
    case Of::release_commits:
      say("release");
      break;
    case Of::fill_disk:
      server.full = true;
      say("resize 0");
      break;
    case Of::free_disk:
      server.full = false;
      say(fmt::format("resize {}", server.options.config.capacity_bytes));
      break;
    case Of::jump_clock:
      say(fmt::format("jump-clock {}", order.by));
      break;
    case Of::start:
    case Of::disconnect:
      CHECK(false, "carried out elsewhere");
  }
  return Progress::done;
}

void LiveWorld::carry_out_start(const Order& order, OurServer& server) {
  if (server.process && !server.process->has_ended()) {
    return injector_.refused(order, "it runs already");
  }
  if (order.version) server.options.config.dialect = *order.version;
  spawn(server);
}

void LiveWorld::disconnect(const NodeName& one, const NodeName& other) {
  const PeerId peers[] = {*peer_of(one), *peer_of(other)};
  for (const int i : {0, 1}) {
    for (const auto* nodes : {&clients_, &probes_}) {
      for (const auto& ours : *nodes) {
        if (ours->node && ours->config.self == peers[i]) ours->node->drop(peers[1 - i]);
      }
    }
    for (const auto& server : servers_) {
      const bool is_it = server->relay && server->options.config.self == peers[i];
      if (is_it) server->relay->disconnect(peers[1 - i]);
    }
  }
}

// Changes a dead server's table as it was asked for, and remembers what the server will find.
void LiveWorld::edit_table(OurServer& server) {
  auto disk = DiskStore::open(server.options.store, false);
  CHECK(disk.has_value(), "the disk of a server that is down cannot be opened");
  for (const TableEdit edit : std::exchange(server.edits, {})) {
    reference::Persist change;
    for (const auto& [key, value] : disk->load()) {
      if (is_slot(key)) change.writes.push_back({key, std::nullopt});
    }
    if (edit == TableEdit::roll_back) {
      for (const auto& [key, value] : server.table) change.writes.push_back({key, value});
    }
    if (!change.writes.empty()) disk->commit({&change, 1});
  }
  server.table.clear();
  for (const auto& [key, value] : disk->load()) {
    if (is_slot(key)) server.table.emplace(key, value);
  }
}

void LiveWorld::spawn(OurServer& server) {
  server.stopping = false;
  if (!injector_.idle()) edit_table(server);
  server.process = std::make_unique<ServerProcess>(
      loop_, program_, server.options,
      ServerProcess::Handlers{
          .note = [this, &server](Fact&& fact) { on_note(server, std::move(fact)); },
          .refused = [this](std::string_view line) { refusals_.emplace_back(line); }});
  if (server.full) server.process->order("resize 0");
}

}  // namespace harness::live
