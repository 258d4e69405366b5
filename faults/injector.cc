#include "faults/injector.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "protocol/check.h"
#include "protocol/lnet.h"

namespace faults {

using protocol::Bytes;
using reference::Fact;
using reference::kNever;
using reference::PeerId;
using reference::Time;

namespace {

std::string between(const NodeName& from, const NodeName& to) {
  return fmt::format("{}->{}", to_text(from), to_text(to));
}

std::string message_text(const Seen& seen) {
  if (!seen.name.empty()) return std::string(seen.name);
  return to_text(Operation{{seen.opcode}, {}});
}

// One byte of the ptlrpc message changed.
Bytes corrupted(const Bytes& message, const Fault& fault) {
  const size_t head = protocol::lnet::LnetHdr::kSize;
  if (message.size() <= head) return message;
  std::vector<uint8_t> bytes(message.view().begin(), message.view().end());
  bytes[head + fault.offset % (bytes.size() - head)] ^= fault.mask;
  return Bytes(std::move(bytes));
}

// Of the verbs that are one order to one node.
Order::Kind plain_order(Verb verb) {
  switch (verb) {
    case Verb::lose_clients:
      return Order::Kind::lose_clients;
    case Verb::roll_back_clients:
      return Order::Kind::roll_back_clients;
    case Verb::hold_commits:
      return Order::Kind::hold_commits;
    case Verb::release_commits:
      return Order::Kind::release_commits;
    case Verb::fill_disk:
      return Order::Kind::fill_disk;
    default:
      return Order::Kind::free_disk;
  }
}

Time later(Time now, Time by) { return by > kNever - now ? kNever : now + by; }

}  // namespace

std::string_view order_name(Order::Kind kind) {
  static constexpr std::array<std::string_view, 17> kNames = {"disconnect",
                                                              "crash",
                                                              "crash before commit",
                                                              "crash after commit",
                                                              "crash at write",
                                                              "stop",
                                                              "start",
                                                              "pause",
                                                              "resume",
                                                              "evict",
                                                              "lose clients",
                                                              "roll back clients",
                                                              "hold commits",
                                                              "release commits",
                                                              "fill disk",
                                                              "free disk",
                                                              "jump clock"};
  return kNames.at(static_cast<size_t>(kind));
}

// --- what it knows ---

void Injector::know(PeerId peer, NodeName name) {
  const auto known =
      std::ranges::equal_range(peers_, peer, {}, &std::pair<PeerId, NodeName>::first);
  if (std::ranges::find(known, name, &std::pair<PeerId, NodeName>::second) != known.end()) return;
  peers_.insert(known.end(), {peer, name});
}

void Injector::know_client(NodeName client, const std::string& uuid) {
  std::erase_if(clients_, [&](const auto& known) { return known.first == client; });
  clients_.emplace_back(client, uuid);
}

NodeName Injector::name_of(PeerId peer) const {
  const auto at = std::ranges::lower_bound(peers_, peer, {}, &std::pair<PeerId, NodeName>::first);
  return at != peers_.end() && at->first == peer ? at->second : kAnybody;
}

bool Injector::covers(const NodeName& pattern, PeerId peer) const {
  if (pattern == kAnybody) return true;
  const auto known =
      std::ranges::equal_range(peers_, peer, {}, &std::pair<PeerId, NodeName>::first);
  return std::ranges::any_of(known,
                             [&](const auto& entry) { return pattern.covers(entry.second); });
}

bool Injector::covers(const Link& link, PeerId from, PeerId to) const {
  return covers(link.from, from) && covers(link.to, to);
}

size_t Injector::arm(const Plan& plan, Time now) {
  const size_t first = armed_.size();
  if (!plan.lines.empty()) random_ = Random(plan.seed);
  live_ |= !plan.lines.empty();
  for (const Line& line : plan.lines) armed_.push_back({.line = line, .since = now});
  for (const Line& line : plan.lines) {
    const auto needs_facts = [](const Trigger& trigger) {
      return trigger.kind == Trigger::Kind::fact || trigger.kind == Trigger::Kind::point;
    };
    // What LNet alone carries has no opcode, and replies do not say all of their request.
    const auto needs_memory = [](const Trigger& trigger) {
      return trigger.kind == Trigger::Kind::message &&
             (trigger.part == Part::bulk || trigger.part == Part::data ||
              trigger.part == Part::ack ||
              (trigger.part != Part::request &&
               (trigger.sort != Sort::any || !trigger.operation.variant.empty())));
    };
    const std::optional<Trigger>& until = line.fault.until;
    watches_facts_ |= needs_facts(line.when) || (until && needs_facts(*until));
    remembers_ |= needs_memory(line.when) || (until && needs_memory(*until));
  }
  return first;
}

size_t Injector::arm(const Rule& rule, Time now) {
  Plan plan;
  Line& line = plan.lines.emplace_back();
  line.when.operation.opcodes = {rule.opcode};
  line.when.part = rule.part;
  line.when.count = {.first = rule.first, .times = rule.times};
  if (rule.client) line.when.link.from = name_of(*rule.client);
  if (rule.server) line.when.link.to = name_of(*rule.server);
  line.fault.part = rule.part;
  switch (rule.verdict) {
    case Verdict::drop:
      line.fault.verb = Verb::drop;
      break;
    case Verdict::hold:
      line.fault.verb = Verb::delay;
      break;
    case Verdict::duplicate:
      line.fault.verb = Verb::duplicate;
      break;
  }
  return arm(plan, now);
}

uint32_t Injector::times_struck(size_t line) const { return armed_.at(line).hits; }

// --- triggers ---

bool Injector::matches(const Trigger& trigger, const Seen& seen) const {
  if (trigger.kind == Trigger::Kind::transno) {
    return seen.part == Part::reply && seen.transno != 0 && seen.transno >= trigger.transno &&
           covers(trigger.node, seen.server);
  }
  if (trigger.kind != Trigger::Kind::message || trigger.part != seen.part) return false;
  if (!trigger.operation.covers(seen.opcode, seen.name)) return false;
  if (trigger.sort != Sort::any && trigger.sort != seen.sort) return false;
  return covers(trigger.link, seen.client, seen.server);
}

bool Injector::matches(const Trigger& trigger, NodeName node, const Fact& fact) const {
  if (!trigger.node.covers(node)) return false;
  if (trigger.kind == Trigger::Kind::point) {
    return fact.kind == Fact::Kind::reached && fact.text == trigger.text;
  }
  if (trigger.kind != Trigger::Kind::fact || fact.kind != trigger.fact) return false;
  if (trigger.client == kAnybody) return true;
  return std::ranges::any_of(clients_, [&](const auto& client) {
    return trigger.client.covers(client.first) && client.second == std::string_view(fact.client);
  });
}

bool Injector::strikes(Armed& armed) {
  if (armed.over) return false;
  // What comes once counts once, whatever its text says.
  const bool single =
      armed.line.when.kind == Trigger::Kind::time || armed.line.when.kind == Trigger::Kind::transno;
  const Count count = single ? Count{} : armed.line.when.count;
  const uint32_t last = count.times == kAlways ? kAlways : count.first + count.times - 1;
  // Beyond the last that can strike nothing is counted: two pasts that differ in nothing else are
  // the same. Of those that all strike it is enough to know that the first has come.
  const uint32_t worth_counting = last == kAlways ? count.first : last;
  if (last != kAlways && armed.seen == last) return false;
  if (armed.seen < worth_counting) ++armed.seen;
  if (armed.seen < count.first) return false;
  if (count.one_in != 1 && random_.below(count.one_in) != 0) return false;
  ++armed.hits;
  return true;
}

// --- events ---

void Injector::on_message(Time now, PeerId from, PeerId to, const Bytes& message, Effects& out) {
  const Parcel parcel{from, to, message};
  const std::optional<Seen> seen = exchanges_.read(from, to, message, remembers_);
  if (!seen) {
    if (!swallowed(now, parcel, 0)) out.deliver.push_back(parcel);
    return;
  }
  std::optional<uint32_t> decides;
  std::vector<uint32_t> fired;
  for (uint32_t i = 0; i < armed_.size(); ++i) {
    if (!matches(armed_[i].line.when, *seen) || !strikes(armed_[i])) continue;
    if (!is_of_message(armed_[i].line.fault.verb)) {
      fired.push_back(i);
    } else if (!decides) {
      decides = i;
    } else {
      --armed_[i].hits;  // what another line has decided is not its doing
    }
  }
  const size_t before = out.deliver.size();
  if (!swallowed(now, parcel, seen->xid)) {
    if (decides) {
      strike(now, *decides, *seen, parcel, out);
    } else {
      out.deliver.push_back(parcel);
    }
  }
  if (out.deliver.size() != before) {
    let_go(
        [&](const Held& held) {
          return held.passing && held.parcel.from == from && held.parcel.to == to;
        },
        out);
  }
  check_watches([&](const Trigger& trigger) { return matches(trigger, *seen); }, out);
  for (const uint32_t line : fired) fire(now, line, out);
}

void Injector::on_fact(Time now, PeerId peer, const Fact& fact, Effects& out) {
  if (!watches_facts_) return;
  const NodeName node = name_of(peer);
  check_watches([&](const Trigger& trigger) { return matches(trigger, node, fact); }, out);
  for (uint32_t i = 0; i < armed_.size(); ++i) {
    if (matches(armed_[i].line.when, node, fact) && strikes(armed_[i])) fire(now, i, out);
  }
}

Time Injector::deadline() const {
  Time at = agenda_.empty() ? kNever : agenda_.front().at;
  const auto consider = [&](const Armed& armed) {
    if (armed.line.when.kind == Trigger::Kind::time && armed.seen == 0 && !armed.over) {
      at = std::min(at, later(armed.since, armed.line.when.at));
    }
  };
  for (const Armed& armed : armed_) consider(armed);
  for (const Watch& watch : watches_) consider(watch.armed);
  for (const Held& held : held_) at = std::min(at, held.until);
  return at;
}

void Injector::on_time(Time now, Effects& out) {
  while (!agenda_.empty() && agenda_.front().at <= now) {
    const Appointment due = agenda_.front();
    agenda_.erase(agenda_.begin());
    if (const auto* order = std::get_if<Order>(&due.what)) {
      give(now, *order, out);
    } else {
      heal(std::get<Heal>(due.what));
    }
  }
  let_go([&](const Held& held) { return held.until <= now; }, out);
  const auto due = [&](const Armed& armed) {
    return armed.line.when.kind == Trigger::Kind::time && armed.seen == 0 &&
           later(armed.since, armed.line.when.at) <= now;
  };
  std::vector<uint64_t> over;
  for (const Watch& watch : watches_) {
    if (due(watch.armed)) over.push_back(watch.id);
  }
  for (const uint64_t id : over) end_watch(id, out);
  for (uint32_t i = 0; i < armed_.size(); ++i) {
    if (due(armed_[i]) && strikes(armed_[i])) fire(now, i, out);
  }
}

// --- messages ---

bool Injector::swallowed(Time now, const Parcel& parcel, uint64_t xid) {
  if (partitions_.empty()) return false;
  for (const Partition& partition : partitions_) {
    if (!covers(partition.link, parcel.from, parcel.to) &&
        !(partition.both_ways && covers(partition.link, parcel.to, parcel.from))) {
      continue;
    }
    note(now, partition.line, "lost in a partition",
         between(name_of(parcel.from), name_of(parcel.to)), xid);
    return true;
  }
  return false;
}

void Injector::strike(Time now, uint32_t index, const Seen& seen, const Parcel& parcel,
                      Effects& out) {
  const Fault& fault = armed_[index].line.fault;
  note(now, index,
       fmt::format("{} {} of {}", verb_name(fault.verb), part_name(fault.part), message_text(seen)),
       between(name_of(parcel.from), name_of(parcel.to)), seen.xid);
  Struck& struck = struck_.back();
  struck.opcode = seen.opcode;
  struck.operation = seen.name;
  struck.sort = seen.sort;
  struck.link = {name_of(seen.client), name_of(seen.server)};
  switch (fault.verb) {
    case Verb::duplicate:
      out.deliver.push_back(parcel);
      out.deliver.push_back(parcel);
      return;
    case Verb::corrupt:
      out.deliver.push_back({parcel.from, parcel.to, corrupted(parcel.message, fault)});
      return;
    case Verb::reorder:
      held_.push_back(
          {.parcel = parcel, .line = index, .until = later(now, kReorderMax), .passing = true});
      return;
    case Verb::delay:
      held_.push_back({.parcel = parcel,
                       .line = index,
                       .until = fault.duration ? later(now, *fault.duration) : kNever,
                       .watch = watch_for(fault.until, now)});
      return;
    default:
      CHECK(fault.verb == Verb::drop, "no fault of a message");
      return;
  }
}

template <class Pick>
void Injector::let_go(const Pick& pick, Effects& out) {
  for (size_t i = 0; i < held_.size();) {
    if (!pick(held_[i])) {
      ++i;
      continue;
    }
    out.deliver.push_back(std::move(held_[i].parcel));
    held_.erase(held_.begin() + static_cast<ptrdiff_t>(i));
  }
}

void Injector::release(Effects& out) {
  let_go([](const Held&) { return true; }, out);
}

void Injector::end(Time now, Effects& out) {
  // Who is still paused goes on; who was to be started later is started now.
  const std::vector<Appointment> left = std::exchange(agenda_, {});
  for (const Appointment& appointment : left) {
    if (const auto* order = std::get_if<Order>(&appointment.what)) give(now, *order, out);
  }
  release(out);
  partitions_.clear();
  watches_.clear();
  live_ = watches_facts_ = remembers_ = false;
  for (Armed& armed : armed_) armed.over = true;
}

// --- what ends what ---

uint64_t Injector::watch_for(const std::optional<Trigger>& trigger, Time now) {
  if (!trigger) return 0;
  Watch& watch = watches_.emplace_back();
  watch.id = ++watch_id_;
  watch.armed.line.when = *trigger;
  watch.armed.since = now;
  return watch.id;
}

template <class Matches>
void Injector::check_watches(const Matches& matches_now, Effects& out) {
  std::vector<uint64_t> over;
  for (Watch& watch : watches_) {
    if (matches_now(watch.armed.line.when) && strikes(watch.armed)) over.push_back(watch.id);
  }
  for (const uint64_t id : over) end_watch(id, out);
}

void Injector::end_watch(uint64_t id, Effects& out) {
  std::erase_if(watches_, [&](const Watch& watch) { return watch.id == id; });
  std::erase_if(partitions_, [&](const Partition& partition) { return partition.watch == id; });
  let_go([&](const Held& held) { return held.watch == id; }, out);
}

void Injector::heal(const Heal& heal) {
  std::erase_if(partitions_, [&](const Partition& partition) {
    return partition.link == heal.link && partition.both_ways == heal.both_ways;
  });
}

// --- nodes and links ---

void Injector::fire(Time now, uint32_t index, Effects& out) {
  const Fault fault = armed_[index].line.fault;
  Order order{.line = index, .node = fault.node};
  switch (fault.verb) {
    case Verb::drop:
    case Verb::delay:
    case Verb::duplicate:
    case Verb::reorder:
    case Verb::corrupt:
      CHECK(false, "a fault of a message without one");
      return;
    case Verb::release:
      note(now, index, std::string(verb_name(fault.verb)), "");
      return release(out);
    case Verb::disconnect:
      return give_disconnections(now, order, out);
    case Verb::partition:
      return begin_partition(now, index);
    case Verb::heal:
      note(now, index, "heal", between(fault.link.from, fault.link.to));
      return heal({fault.link, fault.both_ways});
    case Verb::crash:
      return give_crash(now, order, out);
    case Verb::restart:
    case Verb::upgrade:
    case Verb::downgrade:
      order.kind = Order::Kind::crash;
      return give_restart(now, order, fault.node, out);
    case Verb::failover:
      order.kind = Order::Kind::stop;
      return give_restart(now, order, fault.node, out);
    case Verb::start:
      order.kind = Order::Kind::start;
      order.version = fault.version;
      return give_each(now, order, fault.node, out);
    case Verb::pause:
      order.kind = Order::Kind::pause;
      give_each(now, order, fault.node, out);
      order.kind = Order::Kind::resume;
      for (const auto& [peer, name] : peers_) {
        if (!fault.node.covers(name)) continue;
        order.node = name;
        give_later(later(now, fault.duration.value_or(0)), order);
      }
      return;
    case Verb::evict:
      return give_evictions(now, index, out);
    case Verb::jump_clock:
      order.by = fault.duration.value_or(0);
      order.kind = Order::Kind::jump_clock;
      return give_each(now, order, fault.node, out);
    case Verb::lose_clients:
    case Verb::roll_back_clients:
    case Verb::hold_commits:
    case Verb::release_commits:
    case Verb::fill_disk:
    case Verb::free_disk:
      order.kind = plain_order(fault.verb);
      return give_each(now, order, fault.node, out);
  }
}

void Injector::give_disconnections(Time now, Order order, Effects& out) {
  const Link link = armed_[order.line].line.fault.link;
  order.kind = Order::Kind::disconnect;
  for (const auto& [peer, name] : peers_) {
    for (const auto& [other, other_name] : peers_) {
      if (peer == other || !link.covers(name, other_name)) continue;
      order.node = name;
      order.other = other_name;
      give(now, order, out);
    }
  }
}

void Injector::give_crash(Time now, Order order, Effects& out) {
  const Fault fault = armed_[order.line].line.fault;
  order.nth = fault.nth;
  switch (fault.moment) {
    case Moment::now:
      order.kind = Order::Kind::crash;
      break;
    case Moment::before_commit:
      order.kind = Order::Kind::crash_before_commit;
      break;
    case Moment::after_commit:
      order.kind = Order::Kind::crash_after_commit;
      break;
    case Moment::at_write:
      order.kind = Order::Kind::crash_at_write;
      break;
    case Moment::twice:
      order.kind = Order::Kind::crash;
      give_restart(now, order, fault.node, out);
      break;
  }
  give_each(now, order, fault.node, out);
}

void Injector::begin_partition(Time now, uint32_t index) {
  const Fault& fault = armed_[index].line.fault;
  note(now, index, fmt::format("partition{}", fault.both_ways ? " both ways" : ""),
       between(fault.link.from, fault.link.to));
  partitions_.push_back({.link = fault.link,
                         .both_ways = fault.both_ways,
                         .line = index,
                         .watch = watch_for(fault.until, now)});
  if (!fault.duration) return;
  const Appointment end{later(now, *fault.duration), Heal{fault.link, fault.both_ways}};
  agenda_.insert(std::ranges::upper_bound(agenda_, end.at, {}, &Appointment::at), end);
}

void Injector::give(Time now, const Order& order, Effects& out) {
  const bool two = order.kind == Order::Kind::disconnect || order.kind == Order::Kind::evict;
  note(now, order.line, std::string(order_name(order.kind)),
       two ? fmt::format("{} {} {}", to_text(order.node),
                         order.kind == Order::Kind::evict ? "from" : "and", to_text(order.other))
           : to_text(order.node));
  struck_.back().node = order.node;
  out.orders.push_back(order);
}

void Injector::give_each(Time now, Order order, const NodeName& to, Effects& out) {
  for (const auto& [peer, name] : peers_) {
    if (!to.covers(name)) continue;
    order.node = name;
    give(now, order, out);
  }
}

void Injector::give_restart(Time now, Order order, const NodeName& to, Effects& out) {
  const Fault& fault = armed_[order.line].line.fault;
  give_each(now, order, to, out);
  order.kind = Order::Kind::start;
  order.version = fault.verb == Verb::upgrade     ? Dialect::v2_0
                  : fault.verb == Verb::downgrade ? std::optional(Dialect::v1_8)
                                                  : fault.version;
  if (fault.duration.value_or(0) == 0) return give_each(now, order, to, out);
  for (const auto& [peer, name] : peers_) {
    if (!to.covers(name)) continue;
    order.node = name;
    give_later(later(now, *fault.duration), order);
  }
}

void Injector::give_later(Time at, const Order& order) {
  agenda_.insert(std::ranges::upper_bound(agenda_, at, {}, &Appointment::at), {at, order});
}

void Injector::give_evictions(Time now, uint32_t index, Effects& out) {
  const Fault fault = armed_[index].line.fault;
  Order order{.kind = Order::Kind::evict, .line = index};
  for (const auto& [peer, client] : peers_) {
    if (client.kind != NodeName::Kind::client || !fault.node.covers(client)) continue;
    for (const auto& [other, server] : peers_) {
      // An MGS keeps nothing of clients that an eviction could take; it is meant only by name.
      const bool meant = fault.server == kAnybody ? server.kind == NodeName::Kind::mds ||
                                                        server.kind == NodeName::Kind::ost
                                                  : fault.server.covers(server);
      if (!meant) continue;
      order.node = client;
      order.other = server;
      give(now, order, out);
    }
  }
}

void Injector::refused(const Order& order, std::string_view why) {
  for (size_t i = struck_.size(); i-- > 0;) {
    Struck& struck = struck_[i];
    if (struck.line != order.line || !struck.refused.empty()) continue;
    if (!struck.where.starts_with(to_text(order.node))) continue;
    struck.refused = why;
    return;
  }
}

void Injector::note(Time now, uint32_t line, std::string what, std::string where, uint64_t xid) {
  struck_.push_back({.line = line,
                     .at = now,
                     .what = std::move(what),
                     .where = std::move(where),
                     .xid = xid,
                     .verb = armed_[line].line.fault.verb,
                     .part = armed_[line].line.fault.part});
}

}  // namespace faults
