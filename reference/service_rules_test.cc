// Rules of connection and recovery that shipped servers have compiled out or do at unmounting, and
// replies that locks depend on.
#include <catch2/catch.hpp>

#include "reference/service_probe.h"

namespace reference::probe {

namespace {

constexpr uint32_t kAgain = 0;  // op flags of a reconnect

// Alice and Bob worked on a 1.8 target that recovers delayed clients; it crashed, Bob is back and
// has replayed, and the window ended without Alice.
struct Delayed : Target {
  Delayed()
      : Target([] {
          Config chosen = config_of(Dialect::v1_8);
          chosen.delayed_recovery = true;
          return chosen;
        }()) {
    const uint64_t first = mount(kAlice, "alice");
    const uint64_t second = mount(kBob, "bob");
    commit();
    say(kAlice, {.opcode = opcode::kMdsReint, .xid = 11, .handle = first});
    say(kBob, {.opcode = opcode::kMdsReint, .xid = 12, .handle = second});
    crash_and_restart();
    done.clear();
    bob = back(kBob, "bob")[0].body().handle.cookie;
    say(kBob, {.opcode = opcode::kMdsReint,
               .xid = 12,
               .flags = msg_flag::kReplay,
               .transno = 2,
               .handle = bob,
               .conn_cnt = 2});
    now = timer(Service::kRecoveryTimer);
    fire({.kind = Service::kRecoveryTimer});
  }
  std::vector<Answer> back(PeerId who, const std::string& uuid,
                           uint64_t flags = connect_flag::kVersion | connect_flag::kVbr) {
    return connect(who, {.uuid = uuid, .conn_cnt = 2, .op_flags = kAgain, .flags = flags});
  }
  std::vector<Answer> last_ping(PeerId who, uint64_t handle) {
    return say(who, {.opcode = opcode::kObdPing,
                     .xid = 70,
                     .flags = msg_flag::kLastReplay,
                     .handle = handle,
                     .conn_cnt = 2});
  }
  std::vector<Answer> alice_replays(uint64_t handle, std::array<uint64_t, 4> versions = {}) {
    return say(kAlice, {.opcode = opcode::kMdsReint,
                        .xid = 11,
                        .flags = msg_flag::kReplay,
                        .transno = 1,
                        .handle = handle,
                        .conn_cnt = 2,
                        .versions = versions});
  }
  uint64_t bob = 0;
};

}  // namespace

TEST_CASE("CONNECT C2: the operator has the target refuse, for a while") {
  Target target(config_of(Dialect::v2_0));
  target.service.hold_connects(true);
  REQUIRE(target.connect(kAlice, {})[0].body().status == -EAGAIN);
  target.service.hold_connects(false);
  REQUIRE(target.connect(kAlice, {})[0].body().status == 0);
}

TEST_CASE("CONNECT C1: a target that is unmounted is no target, and serves nobody") {
  Target target(config_of(Dialect::v2_0));
  const uint64_t handle = target.mount(kAlice, "alice");
  target.unmount(false);
  REQUIRE(target.connect(kBob, {.uuid = "bob"})[0].body().status == -ENODEV);
  const auto stat = target.say(kAlice, {.opcode = opcode::kMdsGetattr, .xid = 9, .handle = handle});
  REQUIRE(stat[0].body().status == -ENODEV);
}

TEST_CASE("Unmounting is a failover: clients recover afterwards, with what they did on the disk") {
  Target target(config_of(Dialect::v2_0));
  const uint64_t handle = target.mount(kAlice, "alice");
  target.commit();
  target.say(kAlice, {.opcode = opcode::kMdsReint, .xid = 11, .handle = handle});
  REQUIRE(target.unmount(false).empty());
  target.commit();
  target.crash_and_restart();
  REQUIRE(target.service.recovering());
  REQUIRE(target.service.last_committed() == 1);
  const auto back = target.connect(kAlice, {.conn_cnt = 2, .handle = handle, .op_flags = kAgain});
  REQUIRE(back[0].body().op_flags == (op_flag::kRecovering | op_flag::kReplayable));
}

TEST_CASE("Unmounting by force: no client is known afterwards, and transnos go on") {
  Target target(config_of(Dialect::v2_0));
  const uint64_t handle = target.mount(kAlice, "alice");
  target.commit();
  target.say(kAlice, {.opcode = opcode::kMdsReint, .xid = 11, .handle = handle});
  target.unmount(true);
  target.commit();
  target.crash_and_restart();
  REQUIRE_FALSE(target.service.recovering());
  REQUIRE(target.service.last_transno() == 1);
}

TEST_CASE("Delayed recovery 1.8: who misses the window is kept, and others go on") {
  Delayed target;
  REQUIRE(target.gone.empty());
  REQUIRE(target.service.has_delayed());
  target.last_ping(kBob, target.bob);
  REQUIRE(target.ended == 1);
  REQUIRE(target.service.exports().size() == 2);
}

TEST_CASE("Delayed recovery 1.8, C16: not while the others recover") {
  Delayed target;
  REQUIRE(target.back(kAlice, "alice")[0].body().status == -EBUSY);
}

TEST_CASE("Delayed recovery 1.8, C10: a client that knows no versions is lost") {
  Delayed target;
  target.last_ping(kBob, target.bob);
  const auto refused = target.back(kAlice, "alice", connect_flag::kVersion);
  REQUIRE(refused[0].body().status == -ENODEV);
  REQUIRE(target.gone.size() == 1);
  REQUIRE_FALSE(target.service.has_delayed());
}

TEST_CASE("Delayed recovery 1.8, C21: it replays by itself, under versions, without locks") {
  Delayed target;
  target.last_ping(kBob, target.bob);
  const auto back = target.back(kAlice, "alice");
  REQUIRE(back[0].body().op_flags ==
          (op_flag::kDelayed | op_flag::kRecovering | op_flag::kReplayable));
  const uint64_t alice = back[0].body().handle.cookie;
  const auto replayed = target.alice_replays(alice);
  REQUIRE(replayed[0].body().status == 0);
  REQUIRE(replayed[0].body().transno == 1);
  REQUIRE(replayed[0].body().flags == msg_flag::kVersionReplay);
  REQUIRE(target.last_ping(kAlice, alice)[0].body().status == 0);
  REQUIRE_FALSE(target.service.has_delayed());
  REQUIRE(target.ended == 2);
}

TEST_CASE("Delayed recovery 1.8: whose objects have changed since is evicted at its end") {
  Delayed target;
  target.last_ping(kBob, target.bob);
  const uint64_t alice = target.back(kAlice, "alice")[0].body().handle.cookie;
  target.versions_now = {2};
  REQUIRE(target.alice_replays(alice, {1})[0].body().status == -EOVERFLOW);
  REQUIRE(target.last_ping(kAlice, alice)[0].body().status == -ENOTCONN);
  REQUIRE(target.gone.size() == 1);
}

TEST_CASE("Delayed recovery is off by default: who misses the window is evicted") {
  Target target(config_of(Dialect::v1_8));
  target.mount(kAlice, "alice");
  target.mount(kBob, "bob");
  target.commit();
  target.crash_and_restart();
  target.connect(kBob, {.uuid = "bob", .conn_cnt = 2, .op_flags = kAgain});
  target.now = target.timer(Service::kRecoveryTimer);
  target.fire({.kind = Service::kRecoveryTimer});
  REQUIRE(target.gone.size() >= 1);
  REQUIRE(target.gone[0].uuid == "alice");
}

TEST_CASE("A difficult reply asks for an ACK, and is taken when that comes") {
  Target target(config_of(Dialect::v2_0));
  target.difficult = true;
  const uint64_t handle = target.mount(kAlice, "alice");
  target.commit();
  const auto said = target.say(kAlice, {.opcode = opcode::kMdsReint, .xid = 11, .handle = handle});
  REQUIRE(said[0].transfer != 0);
  REQUIRE(target.taken.empty());
  target.acknowledge(said[0]);
  REQUIRE(target.taken.size() == 1);
  REQUIRE(target.taken[0].xid == 11);
}

TEST_CASE("A difficult reply is taken when what it tells of is durable") {
  Target target(config_of(Dialect::v2_0));
  target.difficult = true;
  const uint64_t handle = target.mount(kAlice, "alice");
  target.commit();
  target.say(kAlice, {.opcode = opcode::kMdsReint, .xid = 11, .handle = handle});
  target.commit();
  REQUIRE(target.taken.size() == 1);
}

TEST_CASE("A difficult reply that is sent again stands in for the first") {
  Target target(config_of(Dialect::v2_0));
  target.difficult = true;
  const uint64_t handle = target.mount(kAlice, "alice");
  target.commit();
  target.say(kAlice, {.opcode = opcode::kMdsReint, .xid = 11, .handle = handle});
  const auto again = target.say(
      kAlice,
      {.opcode = opcode::kMdsReint, .xid = 11, .flags = msg_flag::kResent, .handle = handle});
  REQUIRE(again[0].transfer != 0);
  REQUIRE(target.taken.empty());
  target.acknowledge(again[0]);
  REQUIRE(target.taken.size() == 1);
}

TEST_CASE("The transno of a replay that fails is not given again") {
  Target target(config_of(Dialect::v1_8));
  target.mount(kAlice, "alice");
  target.commit();
  target.crash_and_restart();
  const auto back = target.connect(kAlice, {.conn_cnt = 2, .op_flags = kAgain});
  const uint64_t alice = back[0].body().handle.cookie;
  target.reint_status = -ENOENT;
  target.say(kAlice, {.opcode = opcode::kMdsReint,
                      .xid = 11,
                      .flags = msg_flag::kReplay,
                      .transno = 1,
                      .handle = alice,
                      .conn_cnt = 2});
  target.say(kAlice, {.opcode = opcode::kObdPing,
                      .xid = 70,
                      .flags = msg_flag::kLastReplay,
                      .handle = alice,
                      .conn_cnt = 2});
  target.reint_status = 0;
  const auto fresh =
      target.say(kAlice, {.opcode = opcode::kMdsReint, .xid = 12, .handle = alice, .conn_cnt = 2});
  REQUIRE(fresh[0].body().transno == 2);
}

}  // namespace reference::probe
