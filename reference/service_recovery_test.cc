#include <catch2/catch.hpp>

#include "reference/service_probe.h"

namespace reference::probe {

namespace {

// Two clients that worked on a target of the dialect, which then crashed: Alice has xids 11, 13 …
// with transnos 1, 3 …, Bob 12, 14 … with 2, 4 …; nothing of it is durable but their slots.
struct Crashed : Target {
  explicit Crashed(Dialect dialect, DefectSet defects = {})
      : Target([&] {
          Config chosen = config_of(dialect);
          chosen.defects = defects;
          return chosen;
        }()) {
    const uint64_t first = mount(kAlice, "alice");
    const uint64_t second = mount(kBob, "bob");
    commit();
    for (uint64_t i = 1; i <= 4; ++i) {
      const bool odd = i % 2 == 1;
      say(odd ? kAlice : kBob,
          {.opcode = opcode::kMdsReint, .xid = 10 + i, .handle = odd ? first : second});
    }
    crash_and_restart();
    done.clear();
  }
  std::vector<Answer> reconnect(PeerId who, const std::string& uuid, uint64_t transno = 0) {
    auto answers = connect(who, {.uuid = uuid,
                                 .conn_cnt = 2,
                                 .op_flags = transno != 0 ? op_flag::kTransno : 0,
                                 .transno = transno});
    (who == kAlice ? alice : bob) = answers[0].body().handle.cookie;
    return answers;
  }
  std::vector<Answer> replay(PeerId who, uint64_t transno, uint32_t more_flags = 0) {
    return say(who, {.opcode = opcode::kMdsReint,
                     .xid = 10 + transno,
                     .flags = msg_flag::kReplay | more_flags,
                     .transno = transno,
                     .handle = who == kAlice ? alice : bob,
                     .conn_cnt = 2});
  }
  std::vector<Answer> lock(PeerId who, uint64_t xid, uint32_t flags) {
    std::vector<uint8_t> request(104);
    request[1] = 0x01;  // lock_flags: LDLM_FL_REPLAY, 0x100
    return say(who,
               {.opcode = opcode::kLdlmEnqueue,
                .xid = xid,
                .flags = flags,
                .handle = who == kAlice ? alice : bob,
                .conn_cnt = 2},
               {request});
  }
  std::vector<Answer> last_ping(PeerId who, uint64_t xid) {
    return say(
        who, {.opcode = opcode::kObdPing,
              .xid = xid,
              .flags = msg_flag::kLastReplay | msg_flag::kReqReplayDone | msg_flag::kLockReplayDone,
              .handle = who == kAlice ? alice : bob,
              .conn_cnt = 2});
  }
  std::vector<Answer> window_ends() {
    now = timer(Service::kRecoveryTimer);
    return fire({.kind = Service::kRecoveryTimer});
  }
  uint64_t alice = 0, bob = 0;
};

using Dones = std::vector<Done>;

}  // namespace

TEST_CASE("Recovery: a client of before is told so, a new one must wait") {
  Crashed target(Dialect::v2_0);
  REQUIRE(target.service.recovering());
  const auto back = target.reconnect(kAlice, "alice");
  REQUIRE(back[0].body().op_flags == (op_flag::kRecovering | op_flag::kReplayable));
  const auto stranger = target.connect({kAlice.nid + 5, kLnetPid}, {.uuid = "carol"});
  REQUIRE(stranger[0].body().status == -EBUSY);
}

TEST_CASE("Recovery: only what recovery needs is permitted") {
  Crashed target(Dialect::v2_0);
  target.reconnect(kAlice, "alice");
  const auto stat = target.say(
      kAlice, {.opcode = opcode::kMdsGetattr, .xid = 50, .handle = target.alice, .conn_cnt = 2});
  REQUIRE(stat[0].body().status == -EAGAIN);
  REQUIRE(stat[0].body().type == 4712);
  REQUIRE(stat[0].body().timeout == 0);
  const auto ping = target.say(
      kAlice, {.opcode = opcode::kObdPing, .xid = 51, .handle = target.alice, .conn_cnt = 2});
  REQUIRE(ping[0].body().status == 0);
}

TEST_CASE("Recovery: a modification that is no replay has to wait") {
  Crashed target(Dialect::v2_0);
  target.reconnect(kAlice, "alice");
  const auto fresh = target.say(
      kAlice, {.opcode = opcode::kMdsReint, .xid = 50, .handle = target.alice, .conn_cnt = 2});
  REQUIRE(fresh[0].body().status == -EAGAIN);
  REQUIRE(target.done.empty());
}

TEST_CASE("Recovery 2.0: waits for all clients, replays in the order of transno over all") {
  Crashed target(Dialect::v2_0);
  target.reconnect(kAlice, "alice", 1);
  REQUIRE(target.replay(kAlice, 1).empty());
  target.reconnect(kBob, "bob", 2);
  REQUIRE(target.done == Dones{{11, 1}});
  REQUIRE(target.replay(kAlice, 3).empty());
  const auto both = target.replay(kBob, 2);
  REQUIRE(both.size() == 2);
  REQUIRE(both[0].xid == 12);
  REQUIRE(both[0].body().transno == 2);
  REQUIRE(both[1].xid == 13);
  REQUIRE(target.replay(kBob, 4).size() == 1);
  REQUIRE(target.done == Dones{{11, 1}, {12, 2}, {13, 3}, {14, 4}});
}

TEST_CASE("Recovery 2.0: lock replays wait until all requests of all clients are replayed") {
  Crashed target(Dialect::v2_0);
  target.reconnect(kAlice, "alice", 1);
  target.reconnect(kBob, "bob", 2);
  target.replay(kAlice, 1);
  REQUIRE(target.lock(kAlice, 60, msg_flag::kReqReplayDone).empty());
  const auto replayed = target.replay(kBob, 2);
  REQUIRE(replayed.size() == 1);
  const auto locks = target.lock(kBob, 61, msg_flag::kReqReplayDone);
  REQUIRE(locks.size() == 2);
  REQUIRE(locks[0].xid == 60);
}

TEST_CASE("Recovery 2.0: ends when all have pinged, and they are answered in order") {
  Crashed target(Dialect::v2_0);
  target.reconnect(kAlice, "alice");
  target.reconnect(kBob, "bob");
  REQUIRE(target.last_ping(kBob, 71).empty());
  REQUIRE(target.service.recovering());
  const auto pings = target.last_ping(kAlice, 70);
  REQUIRE(pings.size() == 2);
  REQUIRE(pings[0].xid == 71);
  REQUIRE(pings[1].xid == 70);
  REQUIRE(target.ended == 1);
  REQUIRE_FALSE(target.service.recovering());
  REQUIRE(target.timer(Service::kRecoveryTimer) == kNever);
  REQUIRE(target.mount({kAlice.nid + 5, kLnetPid}, "carol") != 0);
}

TEST_CASE("Recovery 1.8: the next transno is replayed before all clients are back") {
  Crashed target(Dialect::v1_8);
  target.reconnect(kAlice, "alice");
  REQUIRE(target.replay(kAlice, 1).size() == 1);
  REQUIRE(target.replay(kAlice, 3).empty());
  REQUIRE(target.lock(kAlice, 60, 0).size() == 1);
}

TEST_CASE("Recovery 1.8: a gap is skipped when everybody who still replays has queued") {
  Crashed target(Dialect::v1_8);
  target.reconnect(kAlice, "alice");
  target.reconnect(kBob, "bob");
  REQUIRE(target.replay(kAlice, 3).empty());
  const auto answers = target.replay(kBob, 4);
  REQUIRE(answers.size() == 2);
  REQUIRE(answers[0].xid == 13);
  REQUIRE(target.done == Dones{{13, 3}, {14, 4}});
  REQUIRE(target.last_ping(kAlice, 70).empty());
  REQUIRE(target.last_ping(kBob, 71).size() == 2);
  REQUIRE(target.service.last_transno() == 4);
}

TEST_CASE("Recovery: with the planted defect replays are executed as they come") {
  Crashed target(Dialect::v2_0, Defect::replay_executed_unordered);
  target.reconnect(kAlice, "alice");
  target.replay(kAlice, 3);
  target.replay(kAlice, 1);
  REQUIRE(target.done == Dones{{13, 3}, {11, 1}});
}

TEST_CASE("Recovery: a replay that waits already is one replay") {
  Crashed target(Dialect::v2_0);
  target.reconnect(kAlice, "alice");
  target.replay(kAlice, 1);
  target.replay(kAlice, 1, msg_flag::kResent);
  const auto answers = target.reconnect(kBob, "bob");
  REQUIRE(answers.size() == 2);
  REQUIRE(answers[1].xid == 11);
  REQUIRE(target.done == Dones{{11, 1}});
}

TEST_CASE("Recovery: a replay whose answer was lost is answered from the slot") {
  Crashed target(Dialect::v2_0);
  target.reconnect(kAlice, "alice", 1);
  target.reconnect(kBob, "bob", 2);
  REQUIRE(target.replay(kAlice, 1).size() == 1);
  const auto again = target.replay(kAlice, 1, msg_flag::kResent);
  REQUIRE(again.size() == 1);
  REQUIRE(again[0].body().transno == 1);
  REQUIRE(target.done == Dones{{11, 1}});
}

TEST_CASE("Recovery: a replay that the network doubles runs once") {
  Crashed target(Dialect::v1_8);
  target.reconnect(kAlice, "alice");
  target.reconnect(kBob, "bob");
  REQUIRE(target.replay(kAlice, 1)[0].body().status == 0);
  REQUIRE(target.replay(kAlice, 1)[0].body().status == -ENOTCONN);
  REQUIRE(target.done.size() == 1);
}

TEST_CASE("Recovery: who misses the window is evicted, the others go on") {
  Crashed target(Dialect::v2_0);
  target.reconnect(kAlice, "alice", 1);
  target.replay(kAlice, 3);
  REQUIRE(target.timer(Service::kRecoveryTimer) == target.now + target.config.timing.recovery_soft);
  const auto answers = target.window_ends();
  REQUIRE(target.gone.size() == 1);
  REQUIRE(target.gone[0].uuid == "bob");
  REQUIRE(answers.size() == 1);
  REQUIRE(target.done == Dones{{13, 3}});
  target.last_ping(kAlice, 70);
  REQUIRE(target.ended == 1);
}

TEST_CASE("Recovery 1.8: replies after a skipped gap say VERSION_REPLAY") {
  Crashed target(Dialect::v1_8);
  target.reconnect(kAlice, "alice");
  REQUIRE(target.replay(kAlice, 3).empty());
  const auto answers = target.window_ends();
  REQUIRE(answers.size() == 1);
  REQUIRE(answers[0].body().flags == msg_flag::kVersionReplay);
}

TEST_CASE("Recovery: who connects and then does nothing is evicted too, at the next end") {
  Crashed target(Dialect::v2_0);
  target.reconnect(kAlice, "alice");
  target.reconnect(kBob, "bob");
  target.window_ends();
  REQUIRE(target.gone.size() == 2);
  REQUIRE(target.ended == 1);
}

TEST_CASE("Recovery: never beyond the hard limit") {
  Crashed target(Dialect::v2_0);
  target.reconnect(kAlice, "alice");
  const Time began = target.now;
  target.now += target.config.timing.recovery_soft - kSecond;
  target.say(kAlice, {.opcode = opcode::kMdsReint,
                      .xid = 11,
                      .flags = msg_flag::kReplay,
                      .transno = 1,
                      .handle = target.alice,
                      .conn_cnt = 2,
                      .timeout = 100'000});
  // Bob is given up in time for alice to finish before it.
  const Time hard = began + target.config.timing.recovery_hard;
  REQUIRE(target.timer(Service::kRecoveryTimer) == hard - target.config.timing.obd_timeout / 2);
  target.window_ends();
  REQUIRE(target.ended == 0);
  REQUIRE(target.timer(Service::kRecoveryTimer) == hard);
  target.window_ends();
  REQUIRE(target.ended == 1);
}

TEST_CASE("Recovery: the operator aborts: unfinished clients are evicted, replays refused") {
  Crashed target(Dialect::v2_0);
  target.reconnect(kAlice, "alice");
  target.replay(kAlice, 1);
  const auto answers = target.abort_recovery();
  REQUIRE(answers.size() == 1);
  REQUIRE(answers[0].xid == 11);
  REQUIRE(answers[0].body().status == -ENOTCONN);
  REQUIRE(target.gone.size() == 2);
  REQUIRE(target.ended == 1);
  REQUIRE(target.done.empty());
}

TEST_CASE("Recovery: a client that leaves is not waited for") {
  Crashed target(Dialect::v2_0);
  target.reconnect(kAlice, "alice");
  target.reconnect(kBob, "bob");
  target.last_ping(kAlice, 70);
  const auto answers = target.say(
      kBob, {.opcode = opcode::kMdsDisconnect, .xid = 80, .handle = target.bob, .conn_cnt = 2});
  REQUIRE(answers.size() == 2);
  REQUIRE(target.ended == 1);
}

TEST_CASE("Recovery VBR: a replay over another version fails, and its client is evicted") {
  Crashed target(Dialect::v2_0);
  target.reconnect(kAlice, "alice");
  target.reconnect(kBob, "bob");
  target.versions_now = {7, 9};
  target.last_ping(kBob, 70);
  const auto refused = target.say(kAlice, {.opcode = opcode::kMdsReint,
                                           .xid = 11,
                                           .flags = msg_flag::kReplay,
                                           .transno = 1,
                                           .handle = target.alice,
                                           .conn_cnt = 2,
                                           .versions = {7, 8}});
  REQUIRE(refused[0].body().status == -EOVERFLOW);
  REQUIRE(target.done.empty());
  const auto pings = target.last_ping(kAlice, 71);
  REQUIRE(pings.size() == 2);
  REQUIRE(target.gone.size() == 1);
  REQUIRE(target.gone[0].uuid == "alice");
}

TEST_CASE("Recovery VBR: equal versions replay, and come back in the reply") {
  Crashed target(Dialect::v2_0);
  target.reconnect(kAlice, "alice");
  target.reconnect(kBob, "bob");
  target.versions_now = {7, 8};
  target.last_ping(kBob, 70);
  const auto replayed = target.say(kAlice, {.opcode = opcode::kMdsReint,
                                            .xid = 11,
                                            .flags = msg_flag::kReplay,
                                            .transno = 1,
                                            .handle = target.alice,
                                            .conn_cnt = 2,
                                            .versions = {7, 8}});
  REQUIRE(replayed[0].body().status == 0);
  REQUIRE(replayed[0].body().pre_versions == std::array<uint64_t, 4>{7, 8, 0, 0});
}

TEST_CASE("Recovery: a crash in the middle of it starts it anew") {
  Crashed target(Dialect::v2_0);
  target.reconnect(kAlice, "alice", 1);
  target.reconnect(kBob, "bob", 2);
  target.replay(kAlice, 1);
  target.commit();
  target.crash_and_restart();
  REQUIRE(target.service.recovering());
  REQUIRE(target.service.last_committed() == 1);
  target.connect(kAlice, {.uuid = "alice", .conn_cnt = 3, .op_flags = 0});
  REQUIRE(target.service.exports().size() == 2);
}

TEST_CASE("Change of version: the slots are erased, every client is evicted, both ways") {
  Crashed target(Dialect::v1_8);
  target.config.dialect = Dialect::v2_0;
  target.crash_and_restart();
  REQUIRE_FALSE(target.service.recovering());
  const auto fresh = target.connect(kAlice, {.uuid = "alice", .conn_cnt = 2, .op_flags = 0});
  REQUIRE(fresh[0].body().op_flags == op_flag::kReplayable);
  target.commit();
  target.crash_and_restart();
  REQUIRE(target.service.recovering());
  target.config.dialect = Dialect::v1_8;
  target.crash_and_restart();
  REQUIRE_FALSE(target.service.recovering());
}

TEST_CASE("Change of version: an OST's clients recover as ever") {
  Target target(config_of(Dialect::v1_8), TargetKind::ost);
  target.connect(kAlice, {.target = "assay-OST0000_UUID"});
  target.commit();
  target.config.dialect = Dialect::v2_0;
  target.crash_and_restart();
  REQUIRE(target.service.recovering());
}

}  // namespace reference::probe
