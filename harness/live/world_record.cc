// LiveWorld: what its servers tell, and when nothing is left to happen.
#include <fmt/format.h>

#include <optional>
#include <utility>

#include "harness/live/world.h"

namespace harness::live {

using faults::Order;

namespace {

record::Role role_of(Role role) {
  switch (role) {
    case Role::mgs:
      return record::Role::mgs;
    case Role::mds:
      return record::Role::mds;
    case Role::ost:
      break;
  }
  return record::Role::ost;
}

bool kills(Order::Kind kind) {
  return kind == Order::Kind::stop || kind == Order::Kind::crash ||
         kind == Order::Kind::crash_before_commit || kind == Order::Kind::crash_after_commit ||
         kind == Order::Kind::crash_at_write;
}

}  // namespace

ServerProcess::Handlers LiveWorld::handlers_of(OurServer& server) {
  const PeerId self = server.options.config.self;
  ServerProcess::Handlers handlers;
  handlers.note = [this, &server](Fact&& fact) { on_note(server, std::move(fact)); };
  handlers.refused = [this](std::string_view line) { refusals_.emplace_back(line); };
  handlers.ended = [this, &server] { on_ended(server); };
  if (!chronicle_.on()) return handlers;
  handlers.saw = [this, &server](PeerId from, uint64_t digest) { on_saw(server, from, digest); };
  handlers.sent = [this, self](PeerId to, Bytes&& message) { chronicle_.sent(self, to, message); };
  handlers.lost = [this, self](PeerId peer) { chronicle_.lost(self, peer); };
  handlers.dropped = [this, self](PeerId peer) { chronicle_.dropped(self, peer); };
  handlers.turns = [this, self] { chronicle_.turns(self); };
  handlers.committed = [this, self](uint64_t count) { chronicle_.committed(self, count); };
  return handlers;
}

void LiveWorld::on_note(OurServer& server, Fact&& fact) {
  if (chronicle_.on()) chronicle_.noted(server.options.config.self, fact);
  heard(server.options.config.self, fact);
  server.facts.push_back(std::move(fact));
}

// Its sender is heard first: as far as that it sent the message.
void LiveWorld::on_saw(OurServer& server, PeerId from, uint64_t digest) {
  const PeerId self = server.options.config.self;
  const auto known = [&] { return chronicle_.has(from, self, digest); };
  for (const auto& sender : servers_) {
    if (known() || sender->options.config.self != from || !sender->process) continue;
    sender->process->hear_until(known);
  }
  chronicle_.received(self, from, digest);
}

void LiveWorld::on_ended(OurServer& server) {
  if (chronicle_.on()) chronicle_.crashed(server.options.config.self, server.doom);
}

void LiveWorld::tell_started(const OurServer& server) {
  chronicle_.started({role_of(server.id.role), server.id.index, server.options.config.self},
                     server.options.config.dialect);
}

// What is done to it, but for its death, which is told when it comes.
void LiveWorld::tell_order(OurServer& server, const Order& order) {
  std::string what(faults::order_name(order.kind));
  if (kills(order.kind)) {
    server.doom = std::move(what);
  } else if (order.kind != Order::Kind::start) {
    chronicle_.faulted(server.options.config.self, std::move(what));
  }
}

// --- the end of a run ---

void LiveWorld::end_dooms() {
  for (const auto& server : servers_) {
    for (const char* line : {"crash-before 0", "crash-after 0", "crash-at-write 0", "release"}) {
      order(server->id, line);
    }
    if (std::exchange(server->full, false)) {
      order(server->id, fmt::format("resize {}", server->options.config.capacity_bytes));
    }
    start(server->id);
  }
}

bool LiveWorld::servers_at_rest(uint64_t& events) {
  bool rest = true;
  for (const auto& server : servers_) {
    order(server->id, "rest");
    const ServerProcess::Rest said = server->process->rest();
    rest = rest && running(server->id) && said.at_rest;
    events += said.events;
  }
  return rest;
}

// Twice nothing but what is periodic is left, and between the two nobody saw anything: then nothing
// was on the way either.
bool LiveWorld::quiesce() {
  if (!chronicle_.on()) return false;
  end_faults();
  run_until([this] { return orders_done(); });
  end_dooms();
  const Time limit = now() + kPatience;
  std::optional<uint64_t> before;
  while (true) {
    for (bool more = true; more && now() < limit; more = run_for(kQuiet)) {
    }
    drain();
    uint64_t events = 0;
    const bool ours = ours_at_rest(events);
    const bool rest = servers_at_rest(events) && ours;
    const bool late = now() >= limit;
    if (rest && before == events && (late || calls_ended())) break;
    if (now() >= limit + kPatience) return false;
    before = rest ? std::optional(events) : std::nullopt;
  }
  for (const auto& server : servers_) order(server->id, "audit");
  drain();
  audit_ours();
  chronicle_.quiesced();
  return calls_ended();
}

}  // namespace harness::live
