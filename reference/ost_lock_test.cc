#include <cerrno>

#include "reference/ost_probe.h"

namespace reference::ost_probe {

namespace flag = protocol::ldlm::lock_flag;

namespace {

constexpr uint64_t kFull = connect_flag::kFull20 | connect_flag::kSrvlock | connect_flag::kGrant;
constexpr uint32_t kPw = protocol::ldlm::lock_mode::kPw;
constexpr uint32_t kPr = protocol::ldlm::lock_mode::kPr;

struct Mounted : Talk {
  explicit Mounted(Dialect dialect = Dialect::v2_0, DefectSet defects = {})
      : Talk(dialect, defects) {
    connect(anna, kFull);
    connect(bert, kFull);
    create(*this, anna, 8);
  }
  Message called(const Client& who) const { return *Message::parse(who.callbacks.at(0).message); }
  std::optional<Message> glimpse(Client& who) {
    return enqueue(*this, who, 1, kPr, 0, kEof, flag::kHasIntent);
  }
  Client anna{"anna", 1};
  Client bert{"bert", 2};
};

uint64_t handle(const std::optional<Message>& reply) {
  return lock_in(reply).lock.lock_handle.cookie;
}

}  // namespace

TEST_CASE("OST locks: a lock brings the size along") {
  Mounted talk;
  write(talk, talk.anna, 1, 0, text("12345"));
  const auto reply = lock_in(enqueue(talk, talk.bert, 1, kPr, 0, 4095));
  REQUIRE(reply.lvb.size == 5);
  REQUIRE(reply.lock.lock_desc.granted_mode == kPr);
  REQUIRE((reply.lock.lock_flags & flag::kLockChanged) != 0);
}

TEST_CASE("OST locks: of an object that does not exist the size is an error") {
  Mounted talk;
  const auto reply = lock_in(enqueue(talk, talk.bert, 99, kPr, 0, 4095));
  REQUIRE((reply.lvb.blocks >> 32) == 0xffbadbad);
}

TEST_CASE("OST locks: conflict, callback, cancel, completion") {
  Mounted talk;
  const uint64_t held = handle(enqueue(talk, talk.anna, 1, kPw, 0, 10));
  const auto waiting = lock_in(enqueue(talk, talk.bert, 1, kPw, 0, 10));
  REQUIRE((waiting.lock.lock_flags & flag::kBlockGranted) != 0);
  REQUIRE(waiting.lock.lock_desc.granted_mode == 0);
  const Message blocking = talk.called(talk.anna);
  REQUIRE(blocking.body().opc == 104);
  REQUIRE(blocking.body().handle.cookie == 7001);
  talk.answer(talk.anna);
  write(talk, talk.anna, 1, 0, text("flushed"));
  REQUIRE(cancel(talk, talk.anna, held)->body().status == 0);
  const Message completion = talk.called(talk.bert);
  REQUIRE(completion.body().opc == 105);
  const auto said = ops::LdlmCpCallback::Request::decode(completion);
  REQUIRE(said->lvb.size == 7);
  REQUIRE(said->lock.lock_desc.granted_mode == kPw);
  talk.answer(talk.bert);
  REQUIRE(talk.timers.count({LockCallbacks::kTimer, 0}) == 0);
}

TEST_CASE("OST locks: a completion of 1.8 says what one of 2.0 says") {
  Mounted talk(Dialect::v1_8);
  const uint64_t held = handle(enqueue(talk, talk.anna, 1, kPw, 0, 10));
  enqueue(talk, talk.bert, 1, kPw, 0, 10);
  cancel(talk, talk.anna, held);
  REQUIRE(talk.called(talk.bert).buffer_count() == 3);
}

TEST_CASE("OST locks: with the planted defect the completion is lost") {
  Mounted talk(Dialect::v2_0, Defect::completion_lost);
  const uint64_t held = handle(enqueue(talk, talk.anna, 1, kPw, 0, 10));
  enqueue(talk, talk.bert, 1, kPw, 0, 10);
  cancel(talk, talk.anna, held);
  REQUIRE(talk.bert.callbacks.empty());
}

TEST_CASE("OST locks: who does not answer a callback is evicted, and the next has the lock") {
  Mounted talk;
  enqueue(talk, talk.anna, 1, kPw, 0, 10);
  enqueue(talk, talk.bert, 1, kPw, 0, 10);
  REQUIRE(talk.facts(Fact::Kind::evicted) == 0);
  talk.fire(LockCallbacks::kTimer);
  REQUIRE(talk.facts(Fact::Kind::evicted) == 1);
  REQUIRE(talk.called(talk.bert).body().opc == 105);
  REQUIRE(write(talk, talk.anna, 1, 0, text("x"))->body().status == -ENOTCONN);
}

TEST_CASE("OST locks: an answer alone is not enough, the cancel must come too") {
  Mounted talk;
  enqueue(talk, talk.anna, 1, kPw, 0, 10);
  enqueue(talk, talk.bert, 1, kPw, 0, 10);
  talk.answer(talk.anna);
  talk.fire(LockCallbacks::kTimer);
  REQUIRE(talk.facts(Fact::Kind::evicted) == 1);
}

TEST_CASE("OST locks: writing under the lock prolongs its time") {
  Mounted talk;
  enqueue(talk, talk.anna, 1, kPw, 0, kEof);
  enqueue(talk, talk.bert, 1, kPw, 0, 10);
  const Time before = talk.timers.at({LockCallbacks::kTimer, 0});
  talk.now += 50 * kSecond;
  write(talk, talk.anna, 1, 0, text("x"));
  REQUIRE(talk.timers.at({LockCallbacks::kTimer, 0}) == before + 50 * kSecond);
}

TEST_CASE("OST locks: a client that does not know the lock has given it up") {
  Mounted talk;
  enqueue(talk, talk.anna, 1, kPw, 0, 10);
  enqueue(talk, talk.bert, 1, kPw, 0, 10);
  talk.answer(talk.anna, -EINVAL);
  REQUIRE(talk.called(talk.bert).body().opc == 105);
  REQUIRE(talk.facts(Fact::Kind::evicted) == 0);
}

TEST_CASE("OST locks: a client that does not know this server is evicted") {
  Mounted talk;
  enqueue(talk, talk.anna, 1, kPw, 0, 10);
  enqueue(talk, talk.bert, 1, kPw, 0, 10);
  talk.answer(talk.anna, -ENOTCONN);
  REQUIRE(talk.facts(Fact::Kind::evicted) == 1);
}

TEST_CASE("OST locks: a cancel of nothing known says ESTALE, positive") {
  Mounted talk;
  REQUIRE(cancel(talk, talk.anna, 12345)->body().status == ESTALE);
}

TEST_CASE("OST locks: a glimpse that nobody resists is a lock") {
  Mounted talk;
  const auto reply = talk.glimpse(talk.anna);
  REQUIRE(reply->body().status == 0);
  REQUIRE(handle(reply) != 0);
  REQUIRE(talk.ost.locks().size() == 1);
}

TEST_CASE("OST locks: a glimpse asks the writer for the size in its cache") {
  Mounted talk;
  enqueue(talk, talk.anna, 1, kPw, 0, kEof);
  REQUIRE_FALSE(talk.glimpse(talk.bert));
  REQUIRE(talk.called(talk.anna).body().opc == 106);
  talk.answer(talk.anna, 0, protocol::ldlm::OstLvb{.size = 777});
  const auto reply = talk.reply_to(talk.bert, talk.bert.xid);
  REQUIRE(reply);
  REQUIRE(reply->body().status == 301);
  REQUIRE(lock_in(reply).lvb.size == 777);
  REQUIRE(talk.ost.locks().size() == 1);
}

TEST_CASE("OST locks: with the planted defect a glimpse asks nobody") {
  Mounted talk(Dialect::v2_0, Defect::glimpse_from_disk);
  enqueue(talk, talk.anna, 1, kPw, 0, kEof);
  const auto reply = talk.glimpse(talk.bert);
  REQUIRE(reply->body().status == 301);
  REQUIRE(lock_in(reply).lvb.size == 0);
}

TEST_CASE("OST locks: a writer that says nothing leaves what is on the disk") {
  Mounted talk;
  write(talk, talk.anna, 1, 0, text("disk"));
  enqueue(talk, talk.anna, 1, kPw, 0, kEof);
  talk.glimpse(talk.bert);
  talk.answer(talk.anna, -303);
  REQUIRE(lock_in(talk.reply_to(talk.bert, talk.bert.xid)).lvb.size == 4);
}

TEST_CASE("OST locks: when the writer is evicted the glimpse is answered from the disk") {
  Mounted talk;
  write(talk, talk.anna, 1, 0, text("disk"));
  enqueue(talk, talk.anna, 1, kPw, 0, kEof);
  talk.glimpse(talk.bert);
  talk.fire(LockCallbacks::kTimer);
  REQUIRE(lock_in(talk.reply_to(talk.bert, talk.bert.xid)).lvb.size == 4);
}

TEST_CASE("OST locks: user-space clients are neither asked nor given glimpse locks") {
  Talk talk(Dialect::v2_0);
  Client library{"library", 0x8000'0001};
  Client kernel{"kernel", 1};
  talk.connect(library, kFull, 0, protocol::ptlrpc::msg_connect_flag::kLibclient);
  talk.connect(kernel, kFull);
  create(talk, library, 2);
  const auto nothing = enqueue(talk, library, 1, kPr, 0, kEof, flag::kHasIntent);
  REQUIRE(nothing->body().status == 301);
  enqueue(talk, library, 1, kPw, 0, kEof);
  write(talk, library, 1, 0, text("appended"));
  const auto reply = enqueue(talk, kernel, 1, kPr, 0, kEof, flag::kHasIntent);
  REQUIRE(reply->body().status == 301);
  REQUIRE(lock_in(reply).lvb.size == 8);
  REQUIRE(library.callbacks.empty());
}

TEST_CASE("OST locks: a lock that nobody could ask for is refused") {
  Mounted talk;
  REQUIRE(enqueue(talk, talk.anna, 1, 3, 0, 10)->body().status == -EFAULT);
  REQUIRE(enqueue(talk, talk.anna, 1, kPw, 10, 0)->body().status == -EFAULT);
}

TEST_CASE("OST locks: after a restart locks are replayed, and callbacks wait until all are back") {
  Mounted talk;
  enqueue(talk, talk.anna, 1, kPw, 0, kEof);
  talk.crash_and_restart();
  for (Client* client : {&talk.anna, &talk.bert}) {
    ++client->conn_cnt;
    client->handle = 0;
    talk.connect(*client, kFull);
    talk.clients.pop_back();
  }
  const uint32_t done = msg_flag::kReqReplayDone;
  const auto replayed = [&](Client& who, uint32_t state) {
    const auto reply = enqueue(talk, who, 1, kPw, 0, kEof, flag::kReplay | state, {.flags = done});
    return reply;
  };
  replayed(talk.anna, flag::kBlockGranted);
  replayed(talk.bert, flag::kBlockWait);
  REQUIRE(talk.anna.callbacks.empty());
  for (Client* client : {&talk.anna, &talk.bert}) {
    talk.say<ops::ObdPing>(*client, {}, {.flags = done | msg_flag::kLockReplayDone, .portal = 28});
  }
  REQUIRE(talk.ost.locks().size() == 2);
  REQUIRE(talk.anna.callbacks.size() == 1);
  REQUIRE(talk.called(talk.anna).body().opc == 104);
}

}  // namespace reference::ost_probe
