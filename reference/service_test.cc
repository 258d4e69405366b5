#include <catch2/catch.hpp>

#include "protocol/checksum.h"
#include "reference/digest.h"
#include "reference/service_probe.h"

namespace reference::probe {

namespace {

// A target of the dialect with Alice mounted, her slot durable.
struct Mounted : Target {
  explicit Mounted(Dialect dialect, DefectSet defects = {})
      : Target([&] {
          Config chosen = config_of(dialect);
          chosen.defects = defects;
          return chosen;
        }()) {
    alice = mount(kAlice, "alice");
    commit();
  }
  std::vector<Answer> make(uint64_t xid, uint32_t flags = 0) {
    return say(kAlice, {.opcode = opcode::kMdsReint, .xid = xid, .flags = flags, .handle = alice});
  }
  uint64_t alice = 0;
};

}  // namespace

TEST_CASE("Service: bytes that are no message get an error, and nothing else happens") {
  Mounted target(Dialect::v2_0);
  const uint64_t before = digest_of(target.service);
  const auto answers =
      target.say_bytes(kAlice, portal_of::kMdsRequest, 5, Bytes(std::vector<uint8_t>(16, 0xff)));
  REQUIRE(answers.size() == 1);
  REQUIRE(answers[0].body().type == 4712);
  REQUIRE(answers[0].body().status == -EPROTO);
  REQUIRE(digest_of(target.service) == before);
}

TEST_CASE("Service: no export, no service") {
  Mounted target(Dialect::v2_0);
  const auto answers = target.say(kAlice, {.opcode = opcode::kMdsGetattr, .xid = 5, .handle = 77});
  REQUIRE(answers[0].body().status == -ENOTCONN);
  REQUIRE(answers[0].body().timeout == 0);
}

TEST_CASE("Service: a packet of an older connection has no effect and no answer") {
  Mounted target(Dialect::v2_0);
  target.connect(kAlice, {.conn_cnt = 2, .handle = target.alice, .op_flags = 0});
  REQUIRE(target.make(5).empty());
  REQUIRE(target.done.empty());
}

TEST_CASE("Service: with the planted defect an older connection's packet is executed") {
  Mounted target(Dialect::v2_0, Defect::old_connection_accepted);
  target.connect(kAlice, {.conn_cnt = 2, .handle = target.alice, .op_flags = 0});
  REQUIRE(target.make(5).size() == 1);
}

TEST_CASE("Service: a modification has the next transno, and its slot in the same transaction") {
  Mounted target(Dialect::v2_0);
  const auto first = target.make(5);
  REQUIRE(first[0].body().transno == 1);
  REQUIRE(first[0].body().last_committed == 0);
  REQUIRE(first[0].body().last_xid == 5);
  REQUIRE(target.make(6)[0].body().transno == 2);
  target.commit();
  const auto ping =
      target.say(kAlice, {.opcode = opcode::kObdPing, .xid = 7, .handle = target.alice});
  REQUIRE(ping[0].body().last_committed == 2);
  REQUIRE(target.disk.contains("made/6"));
  ClientSlot slot;
  std::memcpy(&slot, target.disk.at(slot_key(0)).data(), sizeof slot);
  REQUIRE(slot.last_transno == 2);
  REQUIRE(slot.last_xid == 6);
}

TEST_CASE("Service: a resent request is answered from the slot and not executed again") {
  Mounted target(Dialect::v2_0);
  const auto first = target.make(5);
  const auto again = target.make(5, msg_flag::kResent);
  REQUIRE(again[0].body().transno == first[0].body().transno);
  REQUIRE(target.done.size() == 1);
}

TEST_CASE("Service: a resent request that was never seen is new") {
  Mounted target(Dialect::v2_0);
  REQUIRE(target.make(5, msg_flag::kResent)[0].body().transno == 1);
}

TEST_CASE("Service: with the planted defect a resent create is executed twice") {
  Mounted target(Dialect::v2_0, Defect::resent_create_executed_twice);
  target.make(5);
  REQUIRE(target.make(5, msg_flag::kResent)[0].body().transno == 2);
}

TEST_CASE("Service: the last xid again without saying so is refused") {
  Mounted target(Dialect::v2_0);
  target.make(5);
  REQUIRE(target.make(5)[0].body().status == -ENOTCONN);
  REQUIRE(target.done.size() == 1);
}

TEST_CASE("Service: requests come in any order of xids, each of them once") {
  Mounted target(Dialect::v2_0);
  target.make(7);
  REQUIRE(target.make(6)[0].body().transno == 2);
  const auto again = target.make(7);
  REQUIRE(again[0].body().status == -ENOTCONN);
  REQUIRE(again[0].body().timeout != 0);  // its export is there: the estimate counts
  REQUIRE(target.make(6)[0].body().status == -ENOTCONN);
  REQUIRE(target.done.size() == 2);
}

TEST_CASE("Service: of many requests each of the last sixteen is known again") {
  Mounted target(Dialect::v2_0);
  for (uint64_t pair = 10; pair < 30; pair += 2) {  // two threads, the second is first
    target.make(pair + 1);
    target.make(pair);
  }
  for (uint64_t xid = 14; xid < 30; ++xid) {
    REQUIRE(target.make(xid)[0].body().status == -ENOTCONN);
  }
  REQUIRE(target.done.size() == 20);
}

TEST_CASE("Service: the slot survives a crash, and with it the answer") {
  Mounted target(Dialect::v2_0);
  target.make(5);
  target.commit();
  target.crash_and_restart();
  const uint64_t handle =
      target.connect(kAlice, {.conn_cnt = 2, .op_flags = 0})[0].body().handle.cookie;
  target.say(kAlice, {.opcode = opcode::kObdPing,
                      .xid = 6,
                      .flags = msg_flag::kReqReplayDone | msg_flag::kLockReplayDone,
                      .handle = handle,
                      .conn_cnt = 2});
  REQUIRE(target.ended == 1);
  const auto again = target.say(kAlice, {.opcode = opcode::kMdsReint,
                                         .xid = 5,
                                         .flags = msg_flag::kResent,
                                         .handle = handle,
                                         .conn_cnt = 2});
  REQUIRE(again[0].body().transno == 1);
  REQUIRE(target.done.size() == 1);
}

TEST_CASE("Service: with the planted defect a crash between operation and slot loses the slot") {
  Mounted target(Dialect::v2_0, Defect::slot_outside_transaction);
  target.make(5);
  REQUIRE(target.commit_first().writes.size() == 1);
  target.crash_and_restart();
  REQUIRE(target.disk.contains("made/5"));
  REQUIRE(target.service.exports()[0].slot.last_xid == 0);
}

TEST_CASE("Service 2.0: an operation that wrote nothing gets a number, and writes no slot") {
  Mounted target(Dialect::v2_0);
  const auto closed =
      target.say(kAlice, {.opcode = opcode::kMdsClose, .xid = 5, .handle = target.alice});
  REQUIRE(closed[0].body().transno == 1);
  target.commit();
  REQUIRE(target.service.last_committed() == 0);
  REQUIRE(target.service.find(target.alice)->slot.last_close_xid == 0);
  target.make(6);
  target.commit();
  REQUIRE(target.service.last_committed() == 2);
}

TEST_CASE("Service 1.8: an operation that wrote nothing writes its slot, in the close group") {
  Mounted target(Dialect::v1_8);
  target.say(kAlice, {.opcode = opcode::kMdsClose, .xid = 5, .handle = target.alice});
  target.commit();
  REQUIRE(target.service.last_committed() == 1);
  const ClientSlot& slot = target.service.find(target.alice)->slot;
  REQUIRE(slot.last_close_xid == 5);
  REQUIRE(slot.last_close_transno == 1);
  REQUIRE(slot.last_xid == 0);
}

TEST_CASE("Service 1.8: a failed operation is in the slot, without a transno") {
  Mounted target(Dialect::v1_8);
  target.make(4);
  target.reint_status = -EEXIST;
  const auto failed = target.make(5);
  REQUIRE(failed[0].body().transno == 0);
  REQUIRE(failed[0].body().type == 4712);
  target.reint_status = 0;
  const auto again = target.make(5, msg_flag::kResent);
  REQUIRE(again[0].body().status == -EEXIST);
  REQUIRE(again[0].body().transno == 0);
  REQUIRE(target.service.find(target.alice)->slot.last_transno == 1);
}

TEST_CASE("Service 2.0: a failed operation leaves no trace, and its reply is an ordinary one") {
  Mounted target(Dialect::v2_0);
  target.reint_status = -EEXIST;
  const auto failed = target.make(5);
  REQUIRE(failed[0].body().type == 4713);
  REQUIRE(failed[0].body().status == -EEXIST);
  REQUIRE(failed[0].body().transno == 0);
  REQUIRE(target.service.find(target.alice)->slot.last_xid == 0);
  REQUIRE(target.service.last_transno() == 0);
}

TEST_CASE("Service 1.8: five errors keep the ordinary type") {
  Mounted target(Dialect::v1_8);
  target.reint_status = -ENOENT;
  REQUIRE(target.make(5)[0].body().type == 4713);
}

TEST_CASE("Service: while a client's slot is not durable its transactions wait for the disk") {
  Target target(config_of(Dialect::v2_0));
  const uint64_t alice = target.mount(kAlice, "alice");
  REQUIRE(target.say(kAlice, {.opcode = opcode::kMdsReint, .xid = 5, .handle = alice}).empty());
  REQUIRE(target.say(kAlice, {.opcode = opcode::kMdsGetattr, .xid = 6, .handle = alice}).size() ==
          1);
  const auto released = target.commit();
  REQUIRE(released.size() == 1);
  REQUIRE(released[0].xid == 5);
  REQUIRE(released[0].body().transno == 1);
  REQUIRE(released[0].body().last_committed == 1);
}

TEST_CASE("Service: an answer may wait for all that was done before it") {
  Mounted target(Dialect::v2_0);
  target.make(5);
  REQUIRE(
      target.say(kAlice, {.opcode = opcode::kMdsSync, .xid = 6, .handle = target.alice}).empty());
  REQUIRE(target.commit()[0].xid == 6);
  REQUIRE(
      target.say(kAlice, {.opcode = opcode::kMdsSync, .xid = 7, .handle = target.alice}).size() ==
      1);
}

TEST_CASE("Service: replies say how long the service takes, at the offset behind early replies") {
  Mounted target(Dialect::v2_0);
  const auto answers = target.say(
      kAlice, {.opcode = opcode::kMdsGetattr, .xid = 5, .handle = target.alice, .lm_flags = 3});
  REQUIRE(answers[0].offset == 192);
  REQUIRE(answers[0].body().service_time == 1);
  REQUIRE(answers[0].body().timeout == 5);
  REQUIRE(answers[0].message.header().flags == 0);
}

TEST_CASE("Service: an error to a client with an export says it too") {
  Mounted target(Dialect::v1_8);
  target.reint_status = -EEXIST;
  const auto failed = target.make(5);
  REQUIRE(failed[0].body().type == 4712);
  REQUIRE(failed[0].body().timeout == 5);
}

TEST_CASE("Service: an early reply goes out before the client's time is up") {
  Mounted target(Dialect::v2_0);
  target.say(kAlice, {.opcode = opcode::kMdsStatfs,
                      .xid = 5,
                      .handle = target.alice,
                      .lm_flags = 1,
                      .timeout = 20});
  REQUIRE(target.timer(Service::kEarlyReplyTimer) == target.now + 15 * kSecond);
  target.now += 15 * kSecond;
  const auto early = target.fire({.kind = Service::kEarlyReplyTimer});
  REQUIRE(early.size() == 1);
  REQUIRE(early[0].offset == 0);
  REQUIRE(early[0].xid == 5);
  REQUIRE(early[0].body().timeout == 45);
  REQUIRE(early[0].message.header().cksum == protocol::crc32(early[0].message.buffer(0).first(88)));
  REQUIRE(target.timer(Service::kEarlyReplyTimer) == target.now + 25 * kSecond);
  target.now += 3 * kSecond;
  const auto final = target.let_go();
  REQUIRE(final[0].offset == 192);
  REQUIRE(final[0].body().service_time == 18);
  REQUIRE(target.timer(Service::kEarlyReplyTimer) == kNever);
}

TEST_CASE("Service: between 2.0 peers an early reply's checksum covers the whole body") {
  Mounted target(Dialect::v2_0);
  target.say(kAlice, {.opcode = opcode::kMdsStatfs,
                      .xid = 5,
                      .handle = target.alice,
                      .lm_flags = 3,
                      .timeout = 20});
  target.now += 15 * kSecond;
  const auto early = target.fire({.kind = Service::kEarlyReplyTimer});
  REQUIRE(early[0].message.header().cksum == protocol::crc32(early[0].message.buffer(0)));
}

TEST_CASE("Service: no early reply for a client that does not know them") {
  Mounted target(Dialect::v2_0);
  target.say(kAlice, {.opcode = opcode::kMdsStatfs, .xid = 5, .handle = target.alice});
  REQUIRE(target.timer(Service::kEarlyReplyTimer) == kNever);
}

TEST_CASE("Service 1.8: the answer's body is as long as the request's") {
  Mounted older(Dialect::v1_8);
  const auto short_one = older.say(
      kAlice, {.opcode = opcode::kObdPing, .xid = 5, .handle = older.alice, .body_length = 88});
  REQUIRE(short_one[0].message.body_length() == 88);
  Mounted newer(Dialect::v2_0);
  const auto whole = newer.say(
      kAlice, {.opcode = opcode::kObdPing, .xid = 5, .handle = newer.alice, .body_length = 88});
  REQUIRE(whole[0].message.body_length() == 152);
}

TEST_CASE("Service: the same request twice while it runs is one request") {
  Mounted target(Dialect::v2_0);
  const Say statfs{.opcode = opcode::kMdsStatfs, .xid = 5, .handle = target.alice};
  target.say(kAlice, statfs);
  target.say(kAlice, statfs);
  REQUIRE(target.parked.size() == 1);
}

TEST_CASE("Service: a parked request of a client that is gone is answered to nobody") {
  Mounted target(Dialect::v2_0);
  target.say(kAlice, {.opcode = opcode::kMdsStatfs, .xid = 5, .handle = target.alice});
  target.evict("alice");
  REQUIRE(target.let_go().empty());
}

TEST_CASE("Service: an opcode that no handler knows") {
  Mounted target(Dialect::v2_0);
  const auto answers = target.say(kAlice, {.opcode = 999, .xid = 5, .handle = target.alice});
  REQUIRE(answers[0].body().status == -524);
  REQUIRE(answers[0].body().type == 4712);
}

TEST_CASE("Service: a copy is a service of its own") {
  Mounted target(Dialect::v2_0);
  Service copy = target.service;
  target.make(5);
  REQUIRE(copy.last_transno() == 0);
  REQUIRE(digest_of(copy) != digest_of(target.service));
}

}  // namespace reference::probe
