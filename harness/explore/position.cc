#include "harness/explore/position.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "protocol/check.h"
#include "reference/import.h"

namespace harness::explore {
namespace {

using Kind = Decision::Kind;

// All that comes again and again but attempts to connect: where one is due, somebody is about to
// come back, and perhaps a server's recovery waits for it.
bool is_ping(const sim::Timer& timer) {
  return (timer.id.kind & reference::kPeriodic) != 0 &&
         timer.id.kind != reference::Import::kReconnectTimer;
}

// The first and the one after the last of a link's parcels.
std::pair<size_t, size_t> range_of(const Position& position, LinkKey link) {
  const auto range = std::ranges::equal_range(position.parcels, link, {}, &Parcel::link);
  const auto begin = static_cast<size_t>(range.begin() - position.parcels.begin());
  return {begin, begin + range.size()};
}

constexpr uint64_t meeting(NodeIndex a, NodeIndex b) {
  return uint64_t{1} << (8 * a + b) | uint64_t{1} << (8 * b + a);
}

struct Fixed {  // the part of every position that is as long, encoded
  Time now = 0, pings_since = 0;
  uint64_t met = 0;
  Budget left;
  uint8_t nodes = 0, clients = 0, parcels = 0, held = 0, checkers = 0;
  std::array<uint8_t, 4> reserved = {};
};
static_assert(sizeof(Fixed) == 40 && std::has_unique_object_representations_v<Fixed>);
static_assert(std::has_unique_object_representations_v<Parcel> && sizeof(Parcel) == 8);
static_assert(sizeof(Position::Client) == 4);

void put(std::vector<uint8_t>& out, const auto* items, size_t count) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(items);
  out.insert(out.end(), bytes, bytes + count * sizeof *items);
}

void take(const uint8_t*& from, auto& items, size_t count) {
  items.resize(count);
  if (count != 0) std::memcpy(items.begin(), from, count * sizeof *items.begin());
  from += count * sizeof *items.begin();
}

}  // namespace

Happening arrival_of(const Parcel& parcel) {
  const auto kind = parcel.message != 0 ? Happening::Kind::received : Happening::Kind::lost;
  return {kind, parcel.link.from, parcel.message};
}

void encode(const Position& position, std::vector<uint8_t>& out) {
  const Fixed fixed{position.now,
                    position.pings_since,
                    position.met,
                    position.left,
                    static_cast<uint8_t>(position.nodes.size()),
                    static_cast<uint8_t>(position.clients.size()),
                    static_cast<uint8_t>(position.parcels.size()),
                    static_cast<uint8_t>(position.held.size()),
                    static_cast<uint8_t>(position.checkers.size()),
                    {}};
  put(out, &fixed, 1);
  put(out, position.nodes.begin(), position.nodes.size());
  put(out, position.clients.begin(), position.clients.size());
  put(out, position.parcels.begin(), position.parcels.size());
  put(out, position.held.begin(), position.held.size());
  put(out, position.checkers.begin(), position.checkers.size());
}

Position decode(const uint8_t* bytes) {
  Fixed fixed;
  std::memcpy(&fixed, bytes, sizeof fixed);
  bytes += sizeof fixed;
  Position position;
  position.now = fixed.now;
  position.pings_since = fixed.pings_since;
  position.met = fixed.met;
  position.left = fixed.left;
  take(bytes, position.nodes, fixed.nodes);
  take(bytes, position.clients, fixed.clients);
  take(bytes, position.parcels, fixed.parcels);
  take(bytes, position.held, fixed.held);
  take(bytes, position.checkers, fixed.checkers);
  return position;
}

// --- what may happen ---

bool Rules::all_called(const Position& position, size_t client) const {
  const Script& script = cast_.scenario().clients[client];
  return position.clients[client].next >= script.prepared.size() + script.calls.size();
}

bool Rules::can_call(const Position& position, size_t client) const {
  const Position::Client& at = position.clients[client];
  return !all_called(position, client) && (at.waiting == 0 || cast_.call(client, at.next).beside);
}

bool Rules::all_up(const Position& position) const {
  for (NodeIndex i = 0; i < cast_.first_client(); ++i) {
    if (!ground_.node(position.nodes[i]).up()) return false;
  }
  return true;
}

bool Rules::aimed(Fault fault, NodeIndex from, NodeIndex to, uint32_t message) const {
  bool any = false;
  for (const Aim& aim : cast_.scenario().aims) {
    if (aim.fault != fault) continue;
    any = true;
    if ((aim.from != Aim::kAny && aim.from != from) || (aim.to != Aim::kAny && aim.to != to)) {
      continue;
    }
    if (aim.opcode == 0) return true;
    using enum record::Envelope::Kind;
    const record::Envelope envelope = record::read_envelope(ground_.message(message));
    if (envelope.kind == (aim.answers ? reply : request) && envelope.opcode == aim.opcode) {
      return true;
    }
  }
  return !any;
}

bool Rules::may_crash(const Position& position, NodeIndex node) const {
  if (!cast_.is_server(node) || cast_.role(node) == record::Role::mgs) return false;
  if (position.left.of(Fault::crash) == 0 || !aimed(Fault::crash, node, node, 0)) return false;
  const uint64_t starts = ground_.node(position.nodes[node]).config.incarnation;
  return std::ranges::none_of(cast_.scenario().aims, [&](const Aim& aim) {
    return aim.fault == Fault::crash && aim.to == node && starts > aim.most;
  });
}

bool Rules::slow(const Parcel& parcel) const {
  const std::vector<uint32_t>& opcodes = cast_.scenario().slow_opcodes;
  if (opcodes.empty() || parcel.message == 0) return false;
  const uint32_t opcode = record::read_envelope(ground_.message(parcel.message)).opcode;
  return std::ranges::find(opcodes, opcode) != opcodes.end();
}

std::optional<Decision> Rules::prompt(const Position& position) const {
  if (!cast_.scenario().prompt || impatient(position) || spoken(position)) return std::nullopt;
  for (size_t i = 0; i < position.parcels.size(); ++i) {
    const LinkKey link = position.parcels[i].link;
    if (i > 0 && position.parcels[i - 1].link == link) continue;
    const bool of_mgs =
        cast_.role(link.from) == record::Role::mgs || cast_.role(link.to) == record::Role::mgs;
    const bool between = cast_.is_server(link.from) && cast_.is_server(link.to);
    if (!of_mgs && !(between && cast_.scenario().prompt_osts)) continue;
    if (!of_mgs && slow(position.parcels[i])) continue;
    return Decision{.kind = Kind::deliver, .node = link.to, .link = link};
  }
  for (NodeIndex i = 0; i < position.nodes.size(); ++i) {
    if (!ground_.node(position.nodes[i]).committable() || may_crash(position, i)) continue;
    return Decision{.kind = Kind::commit, .node = i};
  }
  return std::nullopt;
}

void Rules::add_free(const Position& position, std::vector<Decision>& out) const {
  for (size_t i = 0; i < position.clients.size(); ++i) {
    if (!can_call(position, i)) continue;
    out.push_back({.kind = Kind::call, .node = static_cast<NodeIndex>(cast_.first_client() + i)});
  }
  for (size_t i = 0; i < position.parcels.size(); ++i) {
    const LinkKey link = position.parcels[i].link;
    if (i > 0 && position.parcels[i - 1].link == link) continue;
    out.push_back({.kind = Kind::deliver, .node = link.to, .link = link});
  }
  for (NodeIndex i = 0; i < position.nodes.size(); ++i) {
    if (ground_.node(position.nodes[i]).committable())
      out.push_back({.kind = Kind::commit, .node = i});
  }
  for (NodeIndex i = 0; i < position.nodes.size(); ++i) {
    if (!cast_.is_server(i) || ground_.node(position.nodes[i]).up()) continue;  // the dead stay so
    out.push_back({.kind = Kind::start, .node = i});
  }
  for (uint32_t i = 0; i < position.held.size(); ++i) {
    const LinkKey link = position.held[i].link;
    out.push_back({.kind = Kind::release, .node = link.to, .link = link, .which = i});
  }
}

void Rules::add_timers(const Position& position, std::vector<Decision>& out) const {
  Time earliest = reference::kNever;
  for (const uint32_t number : position.nodes) {
    for (const sim::Timer& timer : ground_.node(number).timers) {
      earliest = std::min(earliest, timer.at);
    }
  }
  if (earliest == reference::kNever) return;
  for (NodeIndex i = 0; i < position.nodes.size(); ++i) {
    for (const sim::Timer& timer : ground_.node(position.nodes[i]).timers) {
      if (timer.at == earliest) out.push_back({.kind = Kind::timer, .node = i, .timer = timer.id});
    }
  }
}

void Rules::add_link_faults(const Position& position, size_t at, std::vector<Decision>& out) const {
  const Parcel& first = position.parcels[at];
  if (first.message == 0) return;
  const auto add = [&](Kind kind) {
    const Decision decision{.kind = kind, .node = first.link.to, .link = first.link};
    if (!aimed(decision.fault(), first.link.from, first.link.to, first.message)) return;
    out.push_back(decision);
  };
  if (position.left.of(Fault::drop) != 0) add(Kind::drop);
  if (position.left.of(Fault::delay) != 0 && !position.held.full()) add(Kind::delay);
  if (position.left.of(Fault::duplicate) != 0) add(Kind::duplicate);
  if (position.left.of(Fault::reorder) != 0 && at + 1 < position.parcels.size()) {
    const Parcel& second = position.parcels[at + 1];
    if (second.link == first.link && second.message != 0) add(Kind::reorder);
  }
}

void Rules::add_faults(const Position& position, std::vector<Decision>& out) const {
  for (NodeIndex i = 0; i < cast_.first_client(); ++i) {
    if (!ground_.node(position.nodes[i]).up()) continue;
    if (!may_crash(position, i)) continue;  // the MGS takes no part in what is judged
    out.push_back({.kind = Kind::crash, .node = i});
  }
  for (size_t i = 0; i < position.parcels.size(); ++i) {
    if (i > 0 && position.parcels[i - 1].link == position.parcels[i].link) continue;
    add_link_faults(position, i, out);
  }
  for (NodeIndex i = cast_.first_client(); i < cast_.size(); ++i) {
    if (position.left.of(Fault::death) == 0 || !ground_.node(position.nodes[i]).up()) continue;
    if (aimed(Fault::death, i, i, 0)) out.push_back({.kind = Kind::die, .node = i});
  }
  if (position.left.of(Fault::evict) == 0) return;
  for (NodeIndex server = 1; server < cast_.first_client(); ++server) {
    if (!ground_.node(position.nodes[server]).up()) continue;
    for (size_t i = 0; i < position.clients.size(); ++i) {
      if (cast_.uuid(i).empty()) continue;
      const auto client = static_cast<uint8_t>(cast_.first_client() + i);
      if (!aimed(Fault::evict, client, server, 0)) continue;
      out.push_back({.kind = Kind::evict,
                     .node = server,
                     .link = {client, static_cast<uint8_t>(server), false}});
    }
  }
}

bool Rules::impatient(const Position& position) const {
  return position.now - began_ > cast_.scenario().patience;
}

bool Rules::spoken(const Position& position) const {
  for (size_t i = 0; i < position.clients.size(); ++i) {
    const bool last = cast_.scenario().clients[i].last;
    if (last && !position.clients[i].waiting && !can_call(position, i)) return true;
  }
  return false;
}

bool Rules::ended(const Position& position) const {
  if (impatient(position) || spoken(position)) return true;
  return position.held.empty() && at_rest(position) && (!waiting(position) || stuck(position));
}

void Rules::audit(Position& position) const {
  if (!position.held.empty() || !at_rest(position) || waiting(position)) return;
  for (NodeIndex i = 0; i < position.nodes.size() && !position.broken; ++i) {
    step(position, i, {Happening::Kind::audit});
  }
}

// For a call to end, or for clients to come back to a server that was restarted: one that was idle
// learns of that by its next ping.
bool Rules::waiting(const Position& position) const {
  return std::ranges::any_of(position.clients, &Position::Client::waiting) ||
         std::ranges::any_of(position.nodes,
                             [&](uint32_t number) { return ground_.recovering(number); });
}

bool Rules::stuck(const Position& position) const {
  constexpr int kRounds = 2;  // in the first one a client may learn that it is not known any more
  return position.pings_since != reference::kNever && only_pings_left(position) &&
         position.now - position.pings_since >= kRounds * cast_.scenario().timing.ping_interval;
}

bool Rules::only_pings_left(const Position& position) const {
  return std::ranges::all_of(position.nodes, [&](uint32_t number) {
    return std::ranges::all_of(ground_.node(number).timers, is_ping);
  });
}

// Before the decision is done.
void Rules::keep_quiet(Position& position, const Decision& decision) const {
  if (decision.kind == Kind::deliver) return;
  if (decision.kind != Kind::timer || !position.held.empty() || !only_pings_left(position)) {
    position.pings_since = reference::kNever;
  } else if (position.pings_since == reference::kNever) {
    position.pings_since = position.now;
  }
}

bool Rules::at_rest(const Position& position) const {
  for (size_t i = 0; i < position.clients.size(); ++i) {
    if (can_call(position, i)) return false;
  }
  if (!position.parcels.empty() || !all_up(position)) return false;
  return std::ranges::all_of(position.nodes, [&](uint32_t number) {
    const sim::Node& node = ground_.node(number);
    return !node.committable() && std::ranges::all_of(node.timers, is_ping);
  });
}

void Rules::enabled(const Position& position, std::vector<Decision>& out) const {
  out.clear();
  if (ended(position)) return;
  if (const auto first = prompt(position)) return out.push_back(*first);
  add_free(position, out);
  const bool time = std::ranges::all_of(out, [&](const Decision& decision) {
    if (decision.kind != Kind::call) return decision.kind == Kind::release;
    return cast_.scenario().clients[decision.node - cast_.first_client()].unhurried;
  });
  if (time && (waiting(position) || !at_rest(position))) add_timers(position, out);
  add_faults(position, out);
}

// --- doing it ---

void Rules::push(Position& position, const Parcel& parcel) const {
  position.met |= meeting(parcel.link.from, parcel.link.to);
  position.parcels.insert(range_of(position, parcel.link).second, parcel);
}

const Stepped& Rules::step(Position& position, NodeIndex self, const Happening& happening) const {
  const Stepped& stepped = ground_.step(self, position.nodes[self], happening, position.now);
  position.broken = ground_.judge(position.checkers, stepped);
  position.nodes[self] = stepped.after;
  const auto me = static_cast<uint8_t>(self);
  for (const NodeIndex peer : stepped.dropped) {
    if (!ground_.node(position.nodes[peer]).up()) continue;
    push(position, {0, {me, static_cast<uint8_t>(peer), false}});
  }
  for (const Stepped::Post& post : stepped.posts) {
    const auto to = static_cast<uint8_t>(post.to);
    if (ground_.node(position.nodes[post.to]).up()) {
      push(position, {post.message, {me, to, post.bulk}});
    } else {
      push(position, {0, {to, me, false}});
    }
  }
  for (const Stepped::Ended& ended : stepped.ended) {
    const size_t client = self - cast_.first_client();
    Position::Client& caller = position.clients[client];
    if (caller.waiting == 0 || ended.call >= caller.next) continue;
    --caller.waiting;
    const Call& call = cast_.call(client, ended.call);
    if (call.call.kind != reference::Syscall::Kind::open) continue;
    CHECK(ended.value < 256);
    caller.files[call.slot] = ended.status == 0 ? static_cast<uint8_t>(ended.value) : uint8_t{0};
  }
  return stepped;
}

void Rules::receive(Position& position, const Parcel& parcel, const Stepped*& stepped) const {
  stepped = &step(position, parcel.link.to, arrival_of(parcel));
}

void Rules::crash(Position& position, NodeIndex node) const {
  const bool loses = cast_.scenario().crash_loses && cast_.is_server(node);
  const auto gone = [&](auto& parcels) {
    for (size_t i = parcels.size(); i > 0; --i) {
      const LinkKey link = parcels[i - 1].link;
      if (link.to == node || (loses && link.from == node)) parcels.erase(i - 1);
    }
  };
  gone(position.parcels);
  gone(position.held);
  for (uint8_t peer = 0; peer < position.nodes.size(); ++peer) {
    if ((position.met >> (8 * node + peer) & 1) == 0) continue;
    if (!ground_.node(position.nodes[peer]).up()) continue;
    push(position, {0, {static_cast<uint8_t>(node), peer, false}});
  }
}

// Its next.
Happening Rules::call_of(const Position& position, size_t client) const {
  const Position::Client& caller = position.clients[client];
  const uint64_t fd = cast_.call(client, caller.next).call.fd;
  const uint32_t file = fd < kSlots ? caller.files[fd] : 0;
  return {Happening::Kind::call, static_cast<NodeIndex>(client),
          uint32_t{caller.next} | file << 16};
}

const Stepped& Rules::call(Position& position, size_t client) const {
  const Happening happening = call_of(position, client);
  ++position.clients[client].next;
  ++position.clients[client].waiting;
  return step(position, static_cast<NodeIndex>(cast_.first_client() + client), happening);
}

const Stepped& Rules::apply(Position& position, const Decision& decision) const {
  const NodeIndex node = decision.node;
  keep_quiet(position, decision);
  if (decision.is_fault()) --position.left.of(decision.fault());
  const Stepped* stepped = nullptr;
  switch (decision.kind) {
    case Kind::call:
      return call(position, node - cast_.first_client());
    case Kind::deliver: {
      const size_t at = range_of(position, decision.link).first;
      const Parcel parcel = position.parcels[at];
      position.parcels.erase(at);
      receive(position, parcel, stepped);
      return *stepped;
    }
    case Kind::commit:
      return step(position, node, {Happening::Kind::commit});
    case Kind::start:
      return step(position, node, {Happening::Kind::start});
    case Kind::release: {
      const Parcel parcel = position.held[decision.which];
      position.held.erase(decision.which);
      receive(position, parcel, stepped);
      return *stepped;
    }
    case Kind::timer: {
      const auto& timers = ground_.node(position.nodes[node]).timers;
      const auto at = std::ranges::find(timers, decision.timer, &sim::Timer::id);
      CHECK(at != timers.end());
      position.now = std::max(position.now, at->at);
      return step(position, node,
                  {Happening::Kind::timer, 0, static_cast<uint32_t>(at - timers.begin())});
    }
    case Kind::crash: {
      const Stepped& crashed = step(position, node, {Happening::Kind::crash});
      crash(position, node);
      return crashed;
    }
    case Kind::die: {
      const Stepped& died = step(position, node, {Happening::Kind::crash});
      crash(position, node);
      Position::Client& client = position.clients[node - cast_.first_client()];
      const Script& script = cast_.scenario().clients[node - cast_.first_client()];
      client.next = static_cast<uint8_t>(script.prepared.size() + script.calls.size());
      client.waiting = 0;
      return died;
    }
    case Kind::drop:
    case Kind::delay:
    case Kind::duplicate:
    case Kind::reorder:
      return strike(position, decision);
    case Kind::evict:
      return step(position, node,
                  {Happening::Kind::evict,
                   static_cast<NodeIndex>(decision.link.from - cast_.first_client())});
  }
  CHECK(false, "no such decision");
}

// A fault on a link's oldest message; its record comes first.
const Stepped& Rules::strike(Position& position, const Decision& decision) const {
  const size_t at = range_of(position, decision.link).first;
  const Parcel parcel = position.parcels[at];
  const auto told = [&](Happening::Kind kind) -> const Stepped& {
    return step(position, decision.link.to, {kind, decision.link.from, parcel.message});
  };
  switch (decision.kind) {
    case Kind::drop: {
      const Stepped& stepped = told(Happening::Kind::drop);
      position.parcels.erase(at);
      return stepped;
    }
    case Kind::delay: {
      const Stepped& stepped = told(Happening::Kind::delay);
      position.parcels.erase(at);
      const auto place = std::ranges::upper_bound(position.held, parcel.link, {}, &Parcel::link);
      position.held.insert(static_cast<size_t>(place - position.held.begin()), parcel);
      return stepped;
    }
    case Kind::duplicate: {
      const Stepped& stepped = told(Happening::Kind::duplicate);
      position.parcels.insert(at, parcel);
      return stepped;
    }
    case Kind::reorder: {
      const Stepped& stepped = told(Happening::Kind::reorder);
      std::swap(position.parcels[at], position.parcels[at + 1]);
      return stepped;
    }
    default:
      CHECK(false, "no fault on a message");
  }
}

// --- the root ---

// Lets happen what can for nothing, and timers if asked, until the client's call has ended or
// nothing is left.
bool Rules::settle(Position& position, bool timers, size_t client) const {
  constexpr int kStepsMax = 100'000;
  std::vector<Decision> choices;
  const auto waits = [&] {
    return client < position.clients.size() && position.clients[client].waiting != 0;
  };
  for (int steps = 0; steps < kStepsMax; ++steps) {
    if (timers && !waits()) return true;
    choices.clear();
    add_free(position, choices);
    std::erase_if(choices, [](const Decision& decision) {
      return decision.kind != Kind::deliver && decision.kind != Kind::commit;
    });
    if (choices.empty() && timers) add_timers(position, choices);
    if (choices.empty()) return true;
    const Stepped& stepped = apply(position, choices.front());
    const bool refused = std::ranges::any_of(
        stepped.ended, [](const Stepped::Ended& ended) { return ended.status < 0; });
    if (!stepped.failed.empty() || refused) return false;
  }
  return false;
}

std::expected<Position, std::string> Rules::root(Cast& cast) {
  Position position;
  position.left = cast.scenario().budget;
  position.checkers = ground_.checking();
  const size_t clients = cast.scenario().clients.size();
  for (NodeIndex i = 0; i < cast.size(); ++i) {
    position.nodes.push_back(ground_.add(i, cast.make(i)));
  }
  for (size_t i = 0; i < clients; ++i) position.clients.push_back({});
  for (NodeIndex i = 0; i < cast.size(); ++i) {
    const Stepped& stepped = step(position, i, {Happening::Kind::start});
    if (!stepped.failed.empty()) return std::unexpected(stepped.failed);
  }
  settle(position, false, clients);
  for (size_t i = 0; i < clients; ++i) {
    for (size_t n = 0; n < cast.scenario().clients[i].prepared.size(); ++n) {
      if (!call(position, i).failed.empty() || !settle(position, true, i) ||
          position.clients[i].waiting != 0) {
        return std::unexpected("a prepared call does not end well");
      }
    }
  }
  if (!settle(position, false, clients)) return std::unexpected("nothing settles");
  for (size_t i = 0; i < clients; ++i) {
    const auto node = static_cast<NodeIndex>(cast.first_client() + i);
    cast.set_uuid(i, ground_.node(position.nodes[node]).as<reference::Client>()->uuid());
  }
  for (size_t i = 0; i < clients; ++i) {
    const bool begun = cast.scenario().clients[i].begun && can_call(position, i);
    if (begun && !call(position, i).failed.empty()) return std::unexpected("a call fails");
  }
  began_ = position.now;
  return position;
}

}  // namespace harness::explore
