// REPLAY-1 to REPLAY-9, ORDER-1.
#include <catch2/catch.hpp>
#include <cerrno>

#include "harness/check/story.h"
#include "protocol/ldlm.h"
#include "protocol/ptlrpc.h"

namespace harness::check {

namespace {

namespace msg_flag = protocol::ptlrpc::msg_flag;
using record::Envelope;
constexpr auto kMds = Story::kMds, kAlice = Story::kAlice, kBob = Story::kBob;

Fact executed(uint64_t xid, uint64_t transno, uint32_t flags = 0, std::string_view who = "alice") {
  return {.kind = Fact::Kind::executed,
          .flags = flags,
          .conn_cnt = 1,
          .client = who,
          .xid = xid,
          .transno = transno,
          .start = 1};
}
Fact committed(uint64_t transno) { return {.kind = Fact::Kind::committed, .transno = transno}; }
Fact started(uint64_t transno) { return {.kind = Fact::Kind::started, .transno = transno}; }
Fact slot(uint64_t transno, std::string_view who = "alice", uint64_t close = 0) {
  return {.kind = Fact::Kind::slot_found, .client = who, .transno = transno, .end = close};
}
Fact recovery(uint64_t next) { return {.kind = Fact::Kind::recovery_began, .transno = next}; }
Fact recovered() { return {.kind = Fact::Kind::recovery_ended}; }
Fact evicted(std::string_view who, std::string why = "why") {
  return {.kind = Fact::Kind::evicted, .client = who, .text = std::move(why)};
}
Fact connected(uint64_t handle, uint32_t conn_cnt, std::string_view who = "alice",
               uint64_t flags = 0) {
  return {.kind = Fact::Kind::connected,
          .conn_cnt = conn_cnt,
          .client = who,
          .handle = handle,
          .start = flags};
}
Envelope request(uint64_t xid, uint64_t handle, uint32_t conn_cnt, uint32_t flags = 0,
                 uint64_t transno = 0) {
  Envelope envelope;
  envelope.kind = Envelope::Kind::request;
  envelope.xid = xid;
  envelope.handle = handle;
  envelope.conn_cnt = conn_cnt;
  envelope.flags = flags;
  envelope.transno = transno;
  return envelope;
}
Envelope reply(uint64_t xid, uint64_t transno, int32_t status = 0) {
  Envelope envelope;
  envelope.kind = Envelope::Kind::reply;
  envelope.xid = xid;
  envelope.transno = transno;
  envelope.status = status;
  return envelope;
}
Story restarted(std::string_view property, uint64_t committed_transno) {
  Story story(property);
  story.note(kMds, started(committed_transno)).note(kMds, slot(committed_transno));
  story.note(kMds, recovery(committed_transno + 1));
  return story;
}

}  // namespace

TEST_CASE("REPLAY-1: twice is once too often, but for what a crash lost") {
  Story twice("REPLAY-1");
  twice.note(kMds, executed(7, 101)).note(kMds, executed(7, 102));
  REQUIRE(twice.broken());
  REQUIRE(twice.witness().back() == twice.last());
  Story lost("REPLAY-1");
  lost.note(kMds, executed(7, 101)).crash(kMds).note(kMds, started(100));
  lost.note(kMds, executed(7, 101, msg_flag::kReplay));
  REQUIRE_FALSE(lost.broken());
  Story durable("REPLAY-1");
  durable.note(kMds, executed(7, 101)).crash(kMds).note(kMds, started(101));
  durable.note(kMds, executed(7, 102, msg_flag::kResent));
  REQUIRE(durable.broken());
}

TEST_CASE("REPLAY-1: to 1.8 what failed has failed; a crash forgets it") {
  Envelope failure = reply(7, 0, -EEXIST);
  failure.opcode = protocol::ptlrpc::opcode::kMdsReint;
  Story newer("REPLAY-1");
  newer.sent(kMds, kAlice, failure).note(kMds, executed(7, 101, msg_flag::kResent));
  REQUIRE_FALSE(newer.broken());
  Story story("REPLAY-1");
  story.start(kMds, record::Role::mds, reference::Dialect::v1_8).sent(kMds, kAlice, failure);
  Story other = story, lost = story;
  REQUIRE_FALSE(other.note(kMds, executed(7, 101, 0, "bob")).broken());
  lost.crash(kMds).note(kMds, started(100)).note(kMds, executed(7, 101, msg_flag::kResent));
  REQUIRE_FALSE(lost.broken());
  REQUIRE(story.note(kMds, executed(7, 101, msg_flag::kResent)).broken());
}

TEST_CASE("REPLAY-2: commits go up, nothing committed is gone, slots show what is durable") {
  REQUIRE(Story("REPLAY-2").note(kMds, committed(2)).note(kMds, committed(1)).broken());
  REQUIRE_FALSE(Story("REPLAY-2").note(kMds, committed(1)).note(kMds, committed(2)).broken());
  REQUIRE(Story("REPLAY-2").note(kMds, committed(2)).note(kMds, started(1)).broken());
  Story shown("REPLAY-2");
  shown.note(kMds, executed(7, 5)).crash(kMds).note(kMds, started(5)).note(kMds, slot(5));
  REQUIRE_FALSE(shown.note(kMds, recovery(6)).broken());
  Story behind("REPLAY-2");
  behind.note(kMds, executed(7, 5)).note(kMds, committed(5)).crash(kMds);
  REQUIRE(behind.note(kMds, started(5)).note(kMds, slot(4)).broken());
  Story missing("REPLAY-2");
  missing.note(kMds, executed(7, 5)).note(kMds, committed(5)).crash(kMds);
  missing.note(kMds, started(5)).note(kMds, slot(9, "bob"));
  REQUIRE(missing.note(kMds, recovery(6)).broken());
}

TEST_CASE("REPLAY-3: replays run in order, each once, and keep their number") {
  Story ordered = restarted("REPLAY-3", 10);
  ordered.note(kMds, executed(1, 11, msg_flag::kReplay));
  ordered.note(kMds, executed(2, 12, msg_flag::kReplay, "bob"));
  REQUIRE_FALSE(ordered.broken());
  REQUIRE(ordered.note(kMds, executed(3, 12, msg_flag::kReplay)).broken());
  Story numbered = restarted("REPLAY-3", 10);
  numbered.received(kMds, kAlice, request(1, 5, 2, msg_flag::kReplay, 11));
  Story wrong = numbered, renumbered = numbered;
  REQUIRE(renumbered.note(kMds, executed(1, 12, msg_flag::kReplay)).broken());
  REQUIRE_FALSE(numbered.sent(kMds, kAlice, reply(1, 11)).broken());
  REQUIRE(wrong.sent(kMds, kAlice, reply(1, 12)).broken());
}

TEST_CASE("REPLAY-4: what was answered is durable or replayed") {
  Story base("REPLAY-4");
  base.note(kMds, executed(7, 11)).received(kAlice, kMds, reply(7, 11)).crash(kMds);
  base.note(kMds, started(10)).note(kMds, slot(10)).note(kMds, recovery(11));
  Story replayed = base, evicted_one = base, lost = base;
  replayed.note(kMds, executed(7, 11, msg_flag::kReplay));
  REQUIRE_FALSE(replayed.note(kMds, recovered()).broken());
  REQUIRE_FALSE(evicted_one.note(kMds, evicted("alice")).note(kMds, recovered()).broken());
  Story committed_past = lost;
  REQUIRE(lost.note(kMds, recovered()).broken());
  REQUIRE(committed_past.note(kMds, committed(12)).broken());

  Story closed("REPLAY-4");
  Fact close = executed(7, 11);
  close.opcode = protocol::ptlrpc::opcode::kMdsClose;
  closed.note(kMds, close).received(kAlice, kMds, reply(7, 11)).crash(kMds);
  closed.note(kMds, started(10)).note(kMds, slot(10)).note(kMds, recovery(11));
  REQUIRE_FALSE(closed.note(kMds, recovered()).broken());
}

TEST_CASE("REPLAY-5: nothing but replays while requests are replayed") {
  Story story = restarted("REPLAY-5", 10);
  story.note(kMds, executed(1, 11, msg_flag::kReplay));
  REQUIRE_FALSE(story.broken());
  Story after = story;
  REQUIRE(story.note(kMds, executed(2, 12)).broken());
  after.note(kMds, {.kind = Fact::Kind::replays_ended}).note(kMds, executed(2, 12));
  REQUIRE_FALSE(after.broken());
  Story lock = restarted("REPLAY-5", 10);
  lock.note(kMds, {.kind = Fact::Kind::granted, .flags = protocol::ldlm::lock_flag::kReplay});
  REQUIRE(lock.broken());
}

TEST_CASE("REPLAY-6: what came over an older connection has no effect") {
  Story base("REPLAY-6");
  base.note(kMds, connected(5, 2));
  Story newer = base, gone = base;
  REQUIRE(base.received(kMds, kAlice, request(7, 5, 1)).note(kMds, executed(7, 1)).broken());
  newer.received(kMds, kAlice, request(7, 5, 2));
  Fact of_newer = executed(7, 1);
  of_newer.conn_cnt = 2;
  REQUIRE_FALSE(newer.note(kMds, of_newer).broken());
  Story overtaken = newer;
  REQUIRE(overtaken.note(kMds, connected(5, 3)).note(kMds, of_newer).broken());
  gone.note(kMds, evicted("alice")).received(kMds, kAlice, request(7, 5, 2));
  REQUIRE(gone.note(kMds, of_newer).broken());
}

TEST_CASE("REPLAY-7: a number that survives is given once") {
  Story durable("REPLAY-7");
  durable.note(kMds, executed(1, 5)).note(kMds, committed(5)).note(kMds, started(4));
  REQUIRE(durable.note(kMds, executed(2, 5)).broken());
  Story kept("REPLAY-7");
  kept.note(kMds, executed(1, 5));
  Story unheard = kept;
  kept.received(kAlice, kMds, reply(1, 5)).note(kMds, started(4));
  unheard.note(kMds, started(4));
  REQUIRE_FALSE(unheard.note(kMds, executed(9, 5, 0, "bob")).broken());
  Story doubled("REPLAY-7");
  doubled.note(kMds, executed(1, 5)).note(kMds, executed(1, 6));
  doubled.received(kAlice, kMds, reply(1, 5)).received(kAlice, kMds, reply(1, 6));
  doubled.note(kMds, started(4));
  REQUIRE_FALSE(doubled.note(kMds, executed(9, 6, 0, "bob")).broken());
  Story lost = kept;
  REQUIRE(kept.note(kMds, executed(9, 5, 0, "bob")).broken());
  lost.note(kMds, evicted("alice")).note(kMds, executed(9, 5, 0, "bob"));
  REQUIRE_FALSE(lost.broken());
}

TEST_CASE("REPLAY-8: a replay that met another version is not executed, its client is evicted") {
  Story base("REPLAY-8");
  base.note(kMds, slot(10)).note(kMds, slot(10, "bob")).note(kMds, recovery(11));
  base.note(kMds, connected(5, 2, "alice", protocol::ptlrpc::connect_flag::kVbr));
  Envelope replay = request(7, 5, 2, msg_flag::kReplay, 11);
  replay.versions = {3, 0, 0, 0};
  base.received(kMds, kAlice, replay);
  Story same = base, failed = base, innocent = base, open = base;
  Fact found = executed(7, 11, msg_flag::kReplay);
  found.versions = {3, 0, 0, 0};
  REQUIRE_FALSE(same.note(kMds, found).note(kMds, recovered()).broken());
  found.versions = {4, 0, 0, 0};
  REQUIRE(base.note(kMds, found).broken());
  failed.sent(kMds, kAlice, reply(7, 0, -EOVERFLOW));
  Story all_back = failed;
  failed.note(kMds, evicted("bob", "it missed the recovery window"));
  Story kept = failed;
  failed.note(kMds, evicted("alice", "a replay met another version"));
  REQUIRE_FALSE(failed.note(kMds, recovered()).broken());
  REQUIRE(kept.note(kMds, recovered()).broken());
  all_back.note(kMds, connected(6, 2, "bob"));
  all_back.note(kMds, evicted("alice", "a replay met another version"));
  all_back.note(kMds, {.kind = Fact::Kind::slot_erased, .client = "alice"});
  REQUIRE_FALSE(all_back.broken());
  REQUIRE(all_back.note(kMds, recovered()).broken());
  REQUIRE(innocent.note(kMds, evicted("alice", "a replay met another version")).broken());
  Fact other{.kind = Fact::Kind::reached, .client = "alice", .xid = 7, .transno = 11};
  other.text = reference::kReplayVersion;
  open.note(kMds, evicted("bob", "it missed the recovery window"));
  open.note(kMds, other).note(kMds, evicted("alice", "a replay met another version"));
  REQUIRE_FALSE(open.note(kMds, recovered()).broken());
}

TEST_CASE("REPLAY-9: no gap is skipped while somebody may still fill it") {
  Story base("REPLAY-9");
  base.note(kMds, started(10)).note(kMds, slot(10)).note(kMds, slot(9, "bob"));
  base.note(kMds, connected(5, 2)).note(kMds, connected(6, 2, "bob"));
  base.received(kMds, kAlice, request(7, 5, 2, msg_flag::kReplay, 13));
  const Fact skipped{.kind = Fact::Kind::gap_skipped, .transno = 13, .value = 11};
  Story done = base, gone = base;
  REQUIRE(base.note(kMds, skipped).broken());
  done.received(kMds, kBob, request(8, 6, 2, msg_flag::kReqReplayDone));
  REQUIRE_FALSE(done.note(kMds, skipped).broken());
  REQUIRE_FALSE(gone.note(kMds, evicted("bob")).note(kMds, skipped).broken());
}

TEST_CASE("ORDER-1: replies seen in the order of xids mean effects in that order") {
  Story base("ORDER-1");
  base.note(kMds, executed(7, 1)).received(kAlice, kMds, reply(7, 1));
  base.note(kMds, executed(8, 2)).received(kAlice, kMds, reply(8, 2));
  REQUIRE_FALSE(base.broken());
  REQUIRE(base.note(kMds, executed(7, 3, msg_flag::kResent)).broken());
  Story crossed("ORDER-1");
  crossed.note(kMds, executed(8, 1)).note(kMds, executed(7, 2));
  Story either = crossed;
  crossed.received(kAlice, kMds, reply(7, 2)).received(kAlice, kMds, reply(8, 1));
  REQUIRE(crossed.broken());
  either.received(kAlice, kMds, reply(8, 1)).received(kAlice, kMds, reply(7, 2));
  REQUIRE_FALSE(either.broken());
}

}  // namespace harness::check
