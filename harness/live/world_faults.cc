// LiveWorld: faults on our servers and on what they say to each other.
#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <utility>

#include "harness/client_table.h"
#include "harness/live/store.h"
#include "harness/live/world.h"
#include "protocol/check.h"
#include "reference/client.h"

namespace harness::live {

using faults::NodeName;
using faults::Order;
using faults::Trigger;

namespace {

bool may_be_between_servers(const faults::Link& link) {
  return link.from.may_be_server() && link.to.may_be_server();
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

// Of orders that a server carries out by itself.
std::string control_line(const Order& order) {
  switch (order.kind) {
    case Order::Kind::crash_before_commit:
      return fmt::format("crash-before {}", order.nth);
    case Order::Kind::crash_after_commit:
      return fmt::format("crash-after {}", order.nth);
    case Order::Kind::crash_at_write:
      return fmt::format("crash-at-write {}", order.nth);
    case Order::Kind::stop:
      return "stop";
    case Order::Kind::hold_commits:
      return "hold";
    case Order::Kind::release_commits:
      return "release";
    case Order::Kind::jump_clock:
      return fmt::format("jump-clock {}", order.by);
    default:
      CHECK(false, "an order of another kind");
  }
}

}  // namespace

std::vector<std::string> LiveWorld::cannot(const faults::Plan& plan) const {
  std::vector<std::string> refused = World::cannot(plan);
  if (setup_.server_links) return refused;
  for (const faults::Line& line : plan.lines) {
    if (!needs_server_links(line)) continue;
    refused.push_back(
        fmt::format("what servers say to each other is not seen here: {}", to_text(line)));
  }
  return refused;
}

// --- messages between servers ---

bool LiveWorld::judge_between_servers(PeerId from, PeerId to, const Bytes& message) {
  if (injector().idle()) return true;
  const auto is_server = [&](PeerId peer) {
    return std::ranges::any_of(
        servers_, [&](const auto& server) { return server->options.config.self == peer; });
  };
  if (!is_server(from) || !is_server(to)) return true;
  if (injector().watches_facts() || chronicle_.on()) drain();
  faults::Effects effects;
  injector().on_message(now(), from, to, message, effects);
  const faults::Parcel struck{from, to, message};
  chronicle_.strikes(injector(), &struck);
  // Mostly the message passes as it is: then its bytes need not be framed again.
  const auto same = std::ranges::find_if(effects.deliver, [&](const faults::Parcel& parcel) {
    return parcel.from == from && parcel.to == to && parcel.message == message;
  });
  const bool passes = same != effects.deliver.end() && same == effects.deliver.begin();
  if (passes) effects.deliver.erase(same);
  take_effect(effects);
  return passes;
}

// On the connection that either of them opened. If there is none any more, the message is lost with
// it.
void LiveWorld::deliver_between_servers(const faults::Parcel& parcel) {
  for (const auto& server : servers_) {
    const PeerId self = server->options.config.self;
    if (!server->relay || (self != parcel.from && self != parcel.to)) continue;
    if (server->relay->deliver(parcel.from, parcel.to, parcel.message)) return;
  }
}

void LiveWorld::disconnect(ServerId id, PeerId peer) {
  OurServer& server = find(id);
  if (server.relay) server.relay->disconnect(peer);
}

// --- servers ---

// Nothing that a server does may come before its death.
void LiveWorld::begin(const Order& order, ServerId id) {
  const bool crashes = order.kind == Order::Kind::crash;
  if (!crashes && order.kind != Order::Kind::pause) return;
  OurServer& server = find(id);
  if (!server.process || !server.process->is_ready() || server.process->has_ended()) return;
  if (crashes) server.doom = "crash";
  server.process->signal(crashes ? SIGKILL : SIGSTOP);
  server.dying = crashes;
}

LiveWorld::Progress LiveWorld::carry_out(const Order& order, ServerId id) {
  OurServer& server = find(id);
  using Of = Order::Kind;
  ServerProcess* process = server.process.get();
  if (order.kind == Of::crash && std::exchange(server.dying, false)) {
    process->kill();
    return Progress::done;
  }
  const bool is_up = process != nullptr && !process->has_ended();
  // Who was told to end ends; who was started is waited for.
  if (is_up && (server.stopping || !process->is_ready())) return Progress::wait;
  if (order.kind == Of::start) {
    carry_out_start(order, server);
    return Progress::done;
  }
  if (!is_up && (faults::needs_running(order.kind) || order.kind == Of::evict)) {
    injector().refused(order, "it is down");
    return Progress::done;
  }
  const auto say = [&](const std::string& line) {
    if (is_up) process->order(line);
  };
  tell_order(server, order);
  switch (order.kind) {
    case Of::crash:
      process->kill();
      break;
    case Of::pause:
      process->signal(SIGSTOP);
      break;
    case Of::resume:
      if (is_up) process->signal(SIGCONT);
      break;
    case Of::evict:
      say("evict " + uuid_of(order.node));
      break;
    case Of::lose_clients:
      server.edits.push_back(TableEdit::lose);
      break;
    case Of::roll_back_clients:
      server.edits.push_back(TableEdit::roll_back);
      break;
    case Of::fill_disk:
      server.full = true;
      say("resize 0");
      break;
    case Of::free_disk:
      server.full = false;
      say(fmt::format("resize {}", server.options.config.capacity_bytes));
      break;
    default:
      server.stopping = order.kind == Of::stop;
      say(control_line(order));
      break;
  }
  return Progress::done;
}

void LiveWorld::carry_out_start(const Order& order, OurServer& server) {
  if (server.process && !server.process->has_ended()) {
    return injector().refused(order, "it runs already");
  }
  if (order.version) server.options.config.dialect = *order.version;
  spawn(server);
}

// Changes a dead server's table as it was asked for, and remembers what the server will find.
void LiveWorld::edit_table(OurServer& server) {
  auto disk = DiskStore::open(server.options.store, false);
  CHECK(disk.has_value(), "the disk of a server that is down cannot be opened");
  const reference::Store before = disk->load();
  reference::Store after = before;
  for (const TableEdit edit : std::exchange(server.edits, {})) {
    replace_client_table(after, edit == TableEdit::lose ? reference::Store{} : server.table);
  }
  server.table = client_table(after);
  reference::Persist change;
  for (const auto& [key, value] : before) {
    if (!after.contains(key)) change.writes.push_back({key, std::nullopt});
  }
  for (const auto& [key, value] : after) {
    const auto was = before.find(key);
    if (was == before.end() || was->second != value) change.writes.push_back({key, value});
  }
  if (!change.writes.empty()) disk->commit({&change, 1});
}

void LiveWorld::spawn(OurServer& server) {
  server.stopping = false;
  if (injector().lines() != 0) edit_table(server);
  server.process.reset();
  server.doom.clear();
  tell_started(server);
  server.process =
      std::make_unique<ServerProcess>(loop_, program_, server.options, handlers_of(server));
  if (server.full) server.process->order("resize 0");
}

}  // namespace harness::live
