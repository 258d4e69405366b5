#include <catch2/catch.hpp>

#include "reference/service_probe.h"

namespace reference::probe {

namespace {
constexpr uint32_t kAgain = 0;  // op flags of a reconnect
}

TEST_CASE("CONNECT: a new client gets a handle, the flags both know, and a slot") {
  Target target(config_of(Dialect::v2_0));
  const auto answers = target.connect(kAlice, {});
  REQUIRE(answers.size() == 1);
  const Answer& answer = answers[0];
  REQUIRE(answer.to == kAlice);
  REQUIRE(answer.portal == portal_of::kMdcReply);
  REQUIRE(answer.offset == 0);
  REQUIRE(answer.body().type == 4713);
  REQUIRE(answer.body().status == 0);
  REQUIRE(answer.body().handle.cookie != 0);
  REQUIRE(answer.body().op_flags == op_flag::kReplayable);
  REQUIRE(answer.message.header().secflvr == 1u << 24);
  const auto data = protocol::decode<protocol::ptlrpc::ObdConnectData>(answer.message.buffer(1));
  REQUIRE(data);
  REQUIRE(data->connect_flags == Target::Wish{}.flags);
  REQUIRE(data->version == 0x02000000);
  REQUIRE(data->ibits_known == 7);
  target.commit();
  REQUIRE(target.disk.contains(slot_key(0)));
}

TEST_CASE("CONNECT C1: another target's name, or one that must not start") {
  Target target(config_of(Dialect::v2_0));
  REQUIRE(target.connect(kAlice, {.target = "assay-MDT0001_UUID"})[0].body().status == -ENODEV);
  REQUIRE(target.connect(kAlice, {.target = "assay-MDT0000"})[0].body().status == 0);
}

TEST_CASE("CONNECT C3: a uuid that is not there") {
  Target target(config_of(Dialect::v2_0));
  const auto answers = target.connect(kAlice, {.uuid = ""});
  REQUIRE(answers[0].body().status == -EINVAL);
  REQUIRE(answers[0].body().type == 4712);
}

TEST_CASE("CONNECT C4: a library client of any release that speaks the dialect is let in") {
  // 2.0.0, 2.1.6, 2.2.0
  const uint32_t version = GENERATE(0x02000001u, 0x02010600u, 0x02020000u);
  Target target(config_of(Dialect::v2_0));
  const auto answers = target.connect(
      kAlice, {.op_flags = op_flag::kInitial | op_flag::kLibclient, .version = version});
  REQUIRE(answers[0].body().status == 0);
}

TEST_CASE("CONNECT C4: a library client of another version is told ours") {
  Target target(config_of(Dialect::v2_0));
  const auto answers = target.connect(
      kAlice, {.op_flags = op_flag::kInitial | op_flag::kLibclient, .version = 0x01080900});
  REQUIRE(answers[0].body().status == -EPROTO);
  REQUIRE(answers[0].body().timeout == 0);
  const auto data =
      protocol::decode<protocol::ptlrpc::ObdConnectData>(answers[0].message.buffer(1));
  REQUIRE(data);
  REQUIRE(data->connect_flags == connect_flag::kVersion);
  REQUIRE(data->version == 0x02000000);
}

TEST_CASE("CONNECT C7: an MDS replaces itself") {
  Target target(config_of(Dialect::v2_0), TargetKind::ost);
  const Target::Wish wish{.target = "assay-OST0000_UUID", .flags = connect_flag::kMds};
  const uint64_t first = target.connect(kAlice, wish)[0].body().handle.cookie;
  Target::Wish anew = wish;
  anew.client_handle = 0xb0b;
  const auto answers = target.connect(kAlice, anew);
  REQUIRE(answers[0].body().status == 0);
  REQUIRE(answers[0].body().handle.cookie != first);
  REQUIRE(target.gone.size() == 1);
  REQUIRE(target.gone[0].export_id == first);
  REQUIRE(target.gone[0].evicted);
}

TEST_CASE("CONNECT C8: the same uuid from another node") {
  Target target(config_of(Dialect::v2_0));
  REQUIRE(target.mount(kAlice, "alice") != 0);
  REQUIRE(target.connect(kBob, {.conn_cnt = 2})[0].body().status == -EALREADY);
}

TEST_CASE("CONNECT C11: the same client comes back, an impostor does not") {
  Target target(config_of(Dialect::v2_0));
  const uint64_t handle = target.mount(kAlice, "alice");
  const auto back =
      target.connect(kAlice, {.conn_cnt = 2, .handle = handle, .op_flags = kAgain, .lm_flags = 1});
  REQUIRE(back[0].body().status == 0);
  REQUIRE(back[0].body().handle.cookie == handle);
  REQUIRE(back[0].body().op_flags == (op_flag::kReconnect | op_flag::kReplayable));
  REQUIRE(back[0].offset == 192);
  const auto other = target.connect(kAlice, {.client_handle = 5, .conn_cnt = 3});
  REQUIRE(other[0].body().status == -EALREADY);
  REQUIRE(other[0].body().handle.cookie == 0);
}

TEST_CASE("CONNECT C13, C14: requests of the client still run") {
  Target target(config_of(Dialect::v2_0));
  const uint64_t handle = target.mount(kAlice, "alice");
  REQUIRE(target.say(kAlice, {.opcode = opcode::kMdsStatfs, .xid = 5, .handle = handle}).empty());
  const auto without = target.connect(kAlice, {.conn_cnt = 2, .op_flags = kAgain});
  REQUIRE(without[0].body().status == -EBUSY);
  REQUIRE(target.aborted.empty());
  const auto with = target.connect(kAlice, {.conn_cnt = 3, .handle = handle, .op_flags = kAgain});
  REQUIRE(with[0].body().status == -EBUSY);
  REQUIRE(target.aborted.size() == 1);
  REQUIRE(target.aborted[0].export_id == handle);
  REQUIRE(target.let_go().size() == 1);
  REQUIRE(target.connect(kAlice, {.conn_cnt = 4, .handle = handle, .op_flags = kAgain})[0]
              .body()
              .status == 0);
}

TEST_CASE("CONNECT C15: a first connection of a client that is known") {
  Target target(config_of(Dialect::v2_0));
  REQUIRE(target.mount(kAlice, "alice") != 0);
  REQUIRE(target.connect(kAlice, {.conn_cnt = 1})[0].body().status == -EALREADY);
}

TEST_CASE("CONNECT C25: a late duplicate of an older CONNECT") {
  Target target(config_of(Dialect::v2_0));
  const uint64_t handle = target.mount(kAlice, "alice");
  target.connect(kAlice, {.conn_cnt = 3, .handle = handle, .op_flags = kAgain});
  const auto late = target.connect(kAlice, {.conn_cnt = 2, .handle = handle, .op_flags = kAgain});
  REQUIRE(late[0].body().status == -EALREADY);
  REQUIRE(target.service.find(handle)->conn_cnt == 3);
}

TEST_CASE("CONNECT: a 2.0 MDT wants FID, a 1.8 one does not") {
  Target newer(config_of(Dialect::v2_0));
  REQUIRE(newer.connect(kAlice, {.flags = connect_flag::kVersion})[0].body().status == -EBADE);
  Target older(config_of(Dialect::v1_8));
  const auto answers = older.connect(kAlice, {});
  REQUIRE(answers[0].body().status == 0);
  REQUIRE(answers[0].message.header().secflvr == 0);
  const auto data =
      protocol::decode<protocol::ptlrpc::ObdConnectData>(answers[0].message.buffer(1));
  REQUIRE(data);
  REQUIRE((data->connect_flags & connect_flag::kFid) == 0);
}

TEST_CASE("Eviction: the handle is dead, the slot goes, a new CONNECT starts afresh") {
  Target target(config_of(Dialect::v2_0));
  const uint64_t handle = target.mount(kAlice, "alice");
  target.evict("alice");
  REQUIRE(target.gone.size() == 1);
  REQUIRE(target.gone[0].uuid == "alice");
  const auto refused =
      target.say(kAlice, {.opcode = opcode::kMdsGetattr, .xid = 9, .handle = handle});
  REQUIRE(refused.size() == 1);
  REQUIRE(refused[0].body().status == -ENOTCONN);
  REQUIRE(refused[0].body().type == 4712);
  target.commit();
  REQUIRE_FALSE(target.disk.contains(slot_key(0)));
  const auto again = target.connect(kAlice, {.conn_cnt = 2, .handle = handle, .op_flags = kAgain});
  REQUIRE(again[0].body().op_flags == op_flag::kReplayable);
  REQUIRE(again[0].body().handle.cookie != handle);
}

TEST_CASE("Eviction: with the planted defect the handle goes on to work") {
  Config config = config_of(Dialect::v2_0);
  config.defects = Defect::evicted_handle_accepted;
  Target target(config);
  const uint64_t handle = target.mount(kAlice, "alice");
  target.evict("alice");
  REQUIRE(target.gone.empty());
  REQUIRE(target.say(kAlice, {.opcode = opcode::kMdsGetattr, .xid = 9, .handle = handle})[0]
              .body()
              .status == 0);
}

TEST_CASE("Eviction: whoever is silent for six ping intervals") {
  Target target(config_of(Dialect::v2_0));
  const uint64_t alice = target.mount(kAlice, "alice");
  const uint64_t bob = target.mount(kBob, "bob");
  target.now = target.timer(Service::kPingTimer);
  target.say(kAlice, {.opcode = opcode::kObdPing, .xid = 5, .handle = alice});
  target.fire({.kind = Service::kPingTimer});
  REQUIRE(target.service.find(alice) != nullptr);
  REQUIRE(target.service.find(bob) == nullptr);
  REQUIRE(target.timer(Service::kPingTimer) ==
          target.now + target.config.timing.ping_evict_timeout);
}

TEST_CASE("DISCONNECT: answered, the slot goes, the last transno stays") {
  Target target(config_of(Dialect::v2_0));
  const uint64_t handle = target.mount(kAlice, "alice");
  target.commit();
  target.say(kAlice, {.opcode = opcode::kMdsReint, .xid = 5, .handle = handle});
  const auto bye =
      target.say(kAlice, {.opcode = opcode::kMdsDisconnect, .xid = 6, .handle = handle});
  REQUIRE(bye.size() == 1);
  REQUIRE(bye[0].body().status == 0);
  REQUIRE(target.gone.size() == 1);
  REQUIRE_FALSE(target.gone[0].evicted);
  target.commit();
  target.crash_and_restart();
  REQUIRE_FALSE(target.service.recovering());
  REQUIRE(target.service.last_transno() == 1);
  REQUIRE(target.service.mount_count() == 2);
}

}  // namespace reference::probe
