#include "fuzz/server.h"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "fuzz/used_world.h"
#include "protocol/check.h"

namespace fuzz {

using harness::Role;
using harness::fuzzing::Script;
using harness::fuzzing::Session;
using harness::fuzzing::Step;
using harness::sim::SimWorld;
using reference::Dialect;
using reference::PeerId;

namespace {

// Addresses of the fuzzing clients: none of the simulated world's own.
constexpr uint64_t kFirstClient = (uint64_t{0x00020000} << 32) | 0x0a00'00f0;
constexpr uint32_t kClients = 3;

Role role_of(uint8_t number) { return static_cast<Role>(number % 3); }
Dialect dialect_of(uint8_t number) { return number % 6 < 3 ? Dialect::v1_8 : Dialect::v2_0; }

std::string target_uuid(Role role) {
  switch (role) {
    case Role::mgs:
      return "MGS";
    case Role::mds:
      return "assay-MDT0000_UUID";
    case Role::ost:
      return "assay-OST0000_UUID";
  }
  CHECK(false, "no such role");
}

template <class... Fs>
struct Visit : Fs... {
  using Fs::operator()...;
};

void change(harness::sim::AnyMachine& any, auto&& how) {
  using harness::sim::Inbox, harness::sim::Shared;
  std::visit(Visit{[](std::monostate&) {}, [](Shared<Inbox>&) {},
                   [&](auto& machine) { how(machine.write()); }},
             any);
}

}  // namespace

const Server& Server::started(uint8_t number) {
  static std::array<std::optional<Server>, kServers> servers;
  std::optional<Server>& server = servers[number % kServers];
  if (!server) server = Server(number % kServers);
  return *server;
}

Server::Server(uint8_t number)
    : session_(dialect_of(number), role_of(number), {}, target_uuid(role_of(number))) {
  const std::unique_ptr<SimWorld> world = used_world(dialect_of(number));
  const harness::sim::Node& node =
      world->cluster().node(world->node_of({.role = role_of(number), .index = 0}));
  config_ = node.config;
  machine_ = node.machine;
  disk_ = node.disk.durable.read();
  timers_ = node.timers;
  now_ = world->now();
  CHECK(node.disk.pending.empty());
  session_ = Session(config_.dialect, role_of(number), config_.self, target_uuid(role_of(number)));
  for (uint32_t i = 0; i < kClients; ++i) {
    session_.add_peer({kFirstClient + i, reference::kLnetPid});
  }
  const harness::Cast& cast = world->cast();
  for (const PeerId peer : {cast.mgs, cast.mds, cast.osts[0], cast.osts[1]}) {
    if (peer != config_.self) session_.add_peer(peer);
  }
  run(Step{.kind = Step::Kind::connect, .peer = 0, .place = 0x20});
  run(Step{.kind = Step::Kind::connect, .peer = 1, .place = 0x20});
  CHECK(session_.handle(Step{.peer = 0}) != 0 && session_.handle(Step{.peer = 1}) != 0,
        "a client is not let in");
  commit(pending_.size());
}

void Server::step(const reference::Event& event) {
  reference::Actions actions;
  change(machine_, [&](auto& machine) {
    machine.step(now_, event, actions);
    machine.invariants();
  });
  carry_out(std::move(actions));
}

void Server::carry_out(reference::Actions actions) {
  for (reference::Action& action : actions) {
    std::visit(Visit{[&](const reference::Send& send) { session_.heard(send.to, send.message); },
                     [&](reference::Persist& persist) { pending_.push_back(std::move(persist)); },
                     [&](const reference::SetTimer& set) {
                       const auto at = std::ranges::lower_bound(timers_, set.timer, {},
                                                                &harness::sim::Timer::id);
                       const bool there = at != timers_.end() && at->id == set.timer;
                       if (set.at == reference::kNever) {
                         if (there) timers_.erase(at);
                       } else if (there) {
                         at->at = set.at;
                       } else {
                         timers_.insert(at, {set.at, set.timer});
                       }
                     },
                     [](const auto&) {}},
               action);
  }
}

void Server::commit(size_t transactions) {
  transactions = std::min(transactions, pending_.size());
  if (transactions == 0) return;
  for (size_t i = 0; i < transactions; ++i) {
    for (const reference::Write& write : pending_[i].writes) {
      if (write.value) {
        disk_.insert_or_assign(write.key, *write.value);
      } else {
        disk_.erase(write.key);
      }
    }
  }
  const reference::CommitId last = pending_[transactions - 1].id;
  pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(transactions));
  step(reference::Durable{last});
}

void Server::fire(size_t which) {
  if (timers_.empty()) return;
  const auto at = timers_.begin() + static_cast<std::ptrdiff_t>(which % timers_.size());
  const harness::sim::Timer timer = *at;
  timers_.erase(at);
  now_ = std::max(now_, timer.at);
  step(reference::TimerFired{timer.id});
}

void Server::restart() {
  pending_.clear();
  timers_.clear();
  ++config_.incarnation;
  session_.server_restarted();
  reference::Actions actions;
  change(machine_, [&](auto& machine) {
    machine = std::remove_reference_t<decltype(machine)>(config_, disk_);
    machine.start(now_, actions);
    machine.invariants();
  });
  carry_out(std::move(actions));
}

void Server::run(const Step& step) {
  switch (step.kind) {
    case Step::Kind::lost:
      return this->step(reference::PeerLost{session_.peer(step)});
    case Step::Kind::commit:
      return commit(size_t{step.place} + 1);
    case Step::Kind::timer:
      return fire(step.place);
    case Step::Kind::restart:
      return restart();
    case Step::Kind::request:
    case Step::Kind::answer:
    case Step::Kind::bulk:
    case Step::Kind::lnet:
    case Step::Kind::connect:
      if (std::optional<protocol::Bytes> message = session_.message(step)) {
        this->step(reference::Received{session_.peer(step), *std::move(message)});
      }
  }
}

void Server::run(const Script& script) {
  for (const Step& step : script) run(step);
  commit(pending_.size());
}

}  // namespace fuzz
