#include "harness/sim/node.h"

#include <algorithm>

#include "harness/client_table.h"
#include "protocol/check.h"
#include "reference/counts.h"
#include "reference/digest.h"

namespace harness::sim {

namespace {

AnyMachine build(const Node& node) {
  const reference::Store& store = node.disk.durable.read();
  switch (node.kind) {
    case Kind::inbox:
      return Shared(Inbox{});
    case Kind::mgs:
      return Shared(reference::Mgs(node.config, store));
    case Kind::mds:
      return Shared(reference::Mds(node.config, store));
    case Kind::ost:
      return Shared(reference::Ost(node.config, store));
    case Kind::client:
      return Shared(reference::Client(node.config, store));
  }
  CHECK(false, "a node of no kind");
}

void apply(reference::Store& store, const reference::Persist& transaction) {
  for (const reference::Write& write : transaction.writes) {
    if (write.value) {
      store.insert_or_assign(write.key, *write.value);
    } else {
      store.erase(write.key);
    }
  }
}

template <class Machine>
constexpr Kind kKind = Kind::inbox;
template <>
constexpr Kind kKind<reference::Mgs> = Kind::mgs;
template <>
constexpr Kind kKind<reference::Mds> = Kind::mds;
template <>
constexpr Kind kKind<reference::Ost> = Kind::ost;
template <>
constexpr Kind kKind<reference::Client> = Kind::client;

template <class... Fs>
struct Visit : Fs... {
  using Fs::operator()...;
};

}  // namespace

template <class T>
uint64_t Shared<T>::digest() const {
  if (!box_->digest) {
    if constexpr (std::same_as<T, reference::Store>) {
      box_->digest = reference::digest_of(box_->value);
    } else {
      box_->digest = reference::digest_of(std::tuple<Kind, const T&>(kKind<T>, box_->value));
    }
  }
  return *box_->digest;
}
template class Shared<reference::Store>;

void Happened::clear() {
  sent.clear();
  wrote.clear();
  said.clear();
  answered.clear();
  dropped.clear();
}

void Node::start(Time now, NodeIndex self, Happened& happened) {
  CHECK(!up(), "started twice");
  ++config.incarnation;
  machine = build(*this);
  happened.actions.clear();
  std::visit(
      Visit{[](std::monostate&) {}, [](Shared<Inbox>&) {},
            [&](auto& started) { started.write().start(now + clock_ahead, happened.actions); }},
      machine);
  carry_out(self, happened);
}

void Node::crash() {
  machine = {};
  disk.pending.clear();
  timers.clear();
  paused = false;
}

void Node::step(Time now, const reference::Event& event, NodeIndex self, Happened& happened) {
  if (!up()) return;
  happened.actions.clear();
  std::visit(Visit{[](std::monostate&) {},
                   [&](Shared<Inbox>& inbox) {
                     if (const auto* received = std::get_if<reference::Received>(&event)) {
                       inbox.write().entries.push_back({received->from, received->message});
                     } else if (const auto* lost = std::get_if<reference::PeerLost>(&event)) {
                       inbox.write().entries.push_back({lost->peer, std::nullopt});
                     }
                   },
                   [&](auto& shared) {
                     auto& stepped = shared.write();
                     stepped.step(now + clock_ahead, event, happened.actions);
                     stepped.invariants();
                   }},
             machine);
  carry_out(self, happened);
}

void Node::commit(Time now, NodeIndex self, Happened& happened) {
  CHECK(!disk.pending.empty());
  const std::shared_ptr<const reference::Persist> transaction = disk.pending.front();
  disk.pending.erase(disk.pending.begin());
  apply(disk.durable.write(), *transaction);
  step(now, reference::Durable{transaction->id}, self, happened);
}

void Node::fire(Time now, reference::TimerId timer, NodeIndex self, Happened& happened) {
  const auto at = std::ranges::find(timers, timer, &Timer::id);
  CHECK(at != timers.end(), "a timer that was not set");
  timers.erase(at);
  step(now, reference::TimerFired{timer}, self, happened);
}

void Node::carry_out(NodeIndex self, Happened& happened) {
  // Notes of a step come before its messages.
  for (reference::Action& action : happened.actions) {
    if (auto* note = std::get_if<reference::Note>(&action)) {
      happened.said.push_back({self, std::move(note->fact)});
    }
  }
  for (reference::Action& action : happened.actions) {
    std::visit(Visit{[&](reference::Send& send) {
                       happened.sent.push_back({self, send.to, std::move(send.message)});
                     },
                     [&](reference::Drop& drop) { happened.dropped.push_back({self, drop.peer}); },
                     [&](reference::SetTimer& set) { set_timer(set); },
                     [&](reference::Persist& persist) {
                       happened.wrote.push_back(self);
                       disk.pending.push_back(
                           std::make_shared<const reference::Persist>(std::move(persist)));
                     },
                     [&](reference::Answer& answer) {
                       happened.answered.push_back({self, answer.id, std::move(answer.result)});
                     },
                     [](reference::Note&) {}},
               action);
  }
}

void Node::set_timer(const reference::SetTimer& set) {
  const auto at = std::ranges::lower_bound(timers, set.timer, {}, &Timer::id);
  const bool there = at != timers.end() && at->id == set.timer;
  const Time due = set.at == reference::kNever ? reference::kNever : set.at - clock_ahead;
  if (due == reference::kNever) {
    if (there) timers.erase(at);
  } else if (there) {
    at->at = due;
  } else {
    timers.insert(at, {due, set.timer});
  }
}

std::vector<reference::Fact> Node::audit() const {
  if (!up()) return {};
  using Counts = std::vector<reference::Fact>;
  Counts counts = std::visit(Visit{[](const std::monostate&) { return Counts{}; },
                                   [](const Shared<Inbox>&) { return Counts{}; },
                                   [](const auto& shared) { return shared.read().audit(); }},
                             machine);
  if (kind == Kind::mds || kind == Kind::ost) {
    const size_t slots = client_table(disk.durable.read()).size();
    counts.push_back(reference::counted(reference::count::kDiskSlots, slots));
  }
  return counts;
}

bool Node::recovering() const {
  if (const auto* mds = as<reference::Mds>()) return mds->service().recovering();
  if (const auto* ost = as<reference::Ost>()) return ost->service().recovering();
  return false;
}

void Node::let_machine_go() {
  std::visit(Visit{[](std::monostate&) {}, [](auto& shared) { shared = {}; }}, machine);
}

bool Node::has_machine() const {
  return std::visit(Visit{[](const std::monostate&) { return false; },
                          [](const auto& shared) { return !shared.empty(); }},
                    machine);
}

uint64_t Node::digest(Time now) const {
  reference::Digest digest;
  digest.add(std::visit(Visit{[](const std::monostate&) { return uint64_t{0}; },
                              [](const auto& shared) { return shared.digest(); }},
                        machine));
  digest.add(disk.durable.digest());
  digest.add(std::tuple(disk.held, paused, clock_ahead));
  for (const auto& transaction : disk.pending) {
    digest.add(transaction->id);
    for (const reference::Write& write : transaction->writes) {
      digest.add(write.key);
      digest.add(write.value);
    }
  }
  for (const Timer& timer : timers) {
    digest.add(timer.at - now);
    digest.add(timer.id);
  }
  digest.add(config.incarnation);
  digest.add(config.dialect);
  return digest.value();
}

}  // namespace harness::sim
