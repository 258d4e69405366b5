// EVICT-1 to EVICT-3, NEGO-1, GRANT-1, WIRE-1, LIVE-1.
#include <catch2/catch.hpp>

#include "harness/check/story.h"
#include "protocol/ptlrpc.h"

namespace harness::check {

namespace {

using record::Envelope;
constexpr auto kMds = Story::kMds, kOst = Story::kOst, kAlice = Story::kAlice;

Envelope request(uint64_t xid, uint64_t handle = 5) {
  Envelope envelope;
  envelope.kind = Envelope::Kind::request;
  envelope.xid = xid;
  envelope.handle = handle;
  return envelope;
}
Fact connected(uint64_t handle) {
  return {.kind = Fact::Kind::connected, .client = "alice", .handle = handle};
}
Fact evicted(std::string why) {
  return {.kind = Fact::Kind::evicted, .client = "alice", .text = std::move(why)};
}
Fact of(Fact::Kind kind, uint64_t handle = 0) {
  return {.kind = kind, .client = "alice", .handle = handle};
}

}  // namespace

TEST_CASE("EVICT-1: locks, opens and slot go at once, the next export is another") {
  Story base("EVICT-1");
  base.note(kMds, connected(5)).note(kMds, of(Fact::Kind::granted, 9));
  base.note(kMds, evicted("it was silent for too long"));
  Story kept = base;
  REQUIRE(kept.received(kMds, kAlice, request(1)).broken());
  base.note(kMds, of(Fact::Kind::cancelled, 9)).received(kMds, kAlice, request(1));
  REQUIRE_FALSE(base.broken());
  Story again = base;
  REQUIRE(again.note(kMds, connected(5)).broken());
  REQUIRE_FALSE(base.note(kMds, connected(6)).broken());
}

TEST_CASE("EVICT-2: nothing of before is sent, nothing dirty of before is written") {
  Story base("EVICT-2");
  Fact learned{.kind = Fact::Kind::reached, .client = "alice", .object = {kOst, 12345}};
  learned.text = "assay-OST0000_UUID import:evicted";
  base.sent(kAlice, kOst, request(7));
  base.note(kAlice, {.kind = Fact::Kind::dirtied, .client = "alice", .object = {3, 0}, .end = 10});
  base.note(kAlice, learned);
  Story resent = base, written = base, again = base, anew = base;
  REQUIRE(resent.sent(kAlice, kOst, request(7)).broken());
  REQUIRE_FALSE(base.sent(kAlice, kOst, request(8)).broken());
  Envelope connect = request(6);
  connect.conn_cnt = 1;
  connect.op_flags = protocol::ptlrpc::msg_connect_flag::kInitial;
  REQUIRE_FALSE(anew.sent(kAlice, kOst, connect).sent(kAlice, kOst, request(7)).broken());
  const Fact write{.kind = Fact::Kind::written, .client = "alice", .object = {3, 0}, .end = 10};
  REQUIRE(written.note(kOst, write).broken());
  again.note(kAlice, {.kind = Fact::Kind::dirtied, .client = "alice", .object = {3, 0}, .end = 10});
  REQUIRE_FALSE(again.note(kOst, write).broken());
}

TEST_CASE("EVICT-3: who was just heard is not silent, who was not called back owes no answer") {
  Story base("EVICT-3");
  base.at(10).note(kMds, connected(5));
  Story later = base, unasked = base, asked = base, steady = base;
  base.at(20).received(kMds, kAlice, request(1));
  REQUIRE(base.note(kMds, evicted("it was silent for too long")).broken());
  later.at(20).received(kMds, kAlice, request(1)).at(200);
  REQUIRE_FALSE(later.note(kMds, evicted("it was silent for too long")).broken());
  REQUIRE(unasked.note(kMds, evicted("lock callback not answered in time")).broken());
  asked.note(kMds, of(Fact::Kind::blocked, 9));
  REQUIRE_FALSE(asked.note(kMds, evicted("lock callback not answered in time")).broken());
  REQUIRE(steady.note(kMds, evicted("it missed the recovery window")).broken());
}

TEST_CASE("NEGO-1: the server's word is what the client holds") {
  const auto holds = [](uint64_t flags) {
    return Fact{.kind = Fact::Kind::connected, .client = "alice", .handle = 5, .start = flags};
  };
  Story story("NEGO-1");
  Fact ours = holds(3);
  ours.text = "MDT I1";
  REQUIRE_FALSE(story.note(kMds, holds(3)).note(kAlice, ours).broken());
}

TEST_CASE("GRANT-1: nobody believes in more than is accounted to it, nor is more given than free") {
  const auto account = [](int64_t bytes, uint64_t all, uint64_t free) {
    return Fact{
        .kind = Fact::Kind::grant, .client = "alice", .value = bytes, .start = all, .end = free};
  };
  const auto believed = [](int64_t bytes) {
    return Fact{.kind = Fact::Kind::grant_known, .client = "alice", .value = bytes};
  };
  Story story("GRANT-1");
  story.note(kOst, account(100, 100, 1000)).note(kAlice, believed(100));
  REQUIRE_FALSE(story.broken_at_rest());
  Story more = story;
  REQUIRE(more.note(kAlice, believed(101)).broken_at_rest());
  REQUIRE(story.note(kOst, account(100, 1001, 1000)).broken());
}

TEST_CASE("WIRE-1: a malformed request is refused, and no server stops by itself") {
  Envelope malformed;
  malformed.portal = protocol::ptlrpc::portal::kMdsRequest;
  malformed.xid = 7;
  Envelope error;
  error.kind = Envelope::Kind::reply;
  error.xid = 7;
  error.status = -71;
  Story story("WIRE-1");
  story.received(kMds, kAlice, malformed);
  Story refused = story, closed = story, executed = story;
  REQUIRE(story.broken_at_rest());
  REQUIRE_FALSE(refused.sent(kMds, kAlice, error).broken_at_rest());
  REQUIRE_FALSE(closed.tell(kMds, record::Dropped{Story::peer(kAlice)}).broken_at_rest());
  REQUIRE(executed.note(kMds, {.kind = Fact::Kind::executed, .xid = 7}).broken());
  REQUIRE(Story("WIRE-1").tell(kMds, record::Crashed{}).broken());
  REQUIRE_FALSE(Story("WIRE-1").crash(kMds).broken());
}

}  // namespace harness::check
