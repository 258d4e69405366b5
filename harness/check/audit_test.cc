// What an audit's counts tell the checkers, and the table that reports show.
#include "harness/check/audit.h"

#include <catch2/catch.hpp>

#include "harness/check/story.h"
#include "reference/counts.h"

namespace harness::check {

namespace {

namespace count = reference::count;
using reference::counted;
constexpr auto kMds = Story::kMds, kOst = Story::kOst, kAlice = Story::kAlice, kBob = Story::kBob;

Fact objects(std::string_view what, uint64_t first, uint64_t last, std::string_view by = "") {
  Fact fact = counted(what, last - first + 1, by);
  fact.start = first;
  fact.end = last;
  return fact;
}
Fact named(std::string_view what, std::string_view by, uint8_t type, int64_t times) {
  Fact fact = counted(what, static_cast<uint64_t>(times), by);
  fact.type = type;
  return fact;
}

}  // namespace

TEST_CASE("OPEN-1, OPEN-5: as many files are open as were told of") {
  const Fact open{.kind = Fact::Kind::opened,
                  .client = "alice",
                  .xid = 1,
                  .object = {7, 1},
                  .handle = 5,
                  .value = 2,
                  .start = 1,
                  .end = 1};
  Story opens("OPEN-1"), writers("OPEN-5");
  for (Story* story : {&opens, &writers}) story->note(kMds, open);
  Story right = opens, as_writer = writers;
  REQUIRE_FALSE(right.note(kMds, counted(count::kOpenFiles, 1)).broken());
  REQUIRE(opens.note(kMds, counted(count::kOpenFiles, 2)).broken());
  REQUIRE_FALSE(as_writer.note(kMds, counted(count::kWriters, 1)).broken());
  REQUIRE(writers.note(kMds, counted(count::kWriters, 0)).broken());
}

TEST_CASE("OPEN-2: client and server count the same open files") {
  Story story("OPEN-2");
  story.note(kMds, counted(count::kOpenFiles, 1))
      .note(kMds, counted(count::kOpenFiles, 1, "alice"));
  Story less = story;
  REQUIRE_FALSE(story.note(kAlice, counted(count::kHeldOpen, 1, "alice")).broken_at_rest());
  REQUIRE(less.note(kAlice, counted(count::kHeldOpen, 0, "alice")).broken_at_rest());
  Story none("OPEN-2");
  none.note(kAlice, counted(count::kHeldOpen, 1, "alice"));
  REQUIRE_FALSE(none.broken_at_rest());  // the server does not know it: it was evicted
}

TEST_CASE("OPEN-3: no orphan is left that nobody has open") {
  Story story("OPEN-3");
  REQUIRE_FALSE(story.note(kMds, counted(count::kClosedOrphans, 0)).broken());
  REQUIRE(story.note(kMds, counted(count::kClosedOrphans, 1)).broken());
}

TEST_CASE("LOCK-4, LOCK-5: waiting locks, and those that a client has") {
  Story waiting("LOCK-4");
  REQUIRE_FALSE(waiting.note(kOst, counted(count::kWaiting, 0)).broken());
  REQUIRE(waiting.note(kOst, counted(count::kWaiting, 1)).broken());
  Story held("LOCK-5");
  Fact of_ost = counted(count::kHeldLocks, 2, "alice");
  of_ost.xid = 1;
  held.note(kOst, counted(count::kLocks, 2, "alice")).note(kAlice, of_ost);
  REQUIRE_FALSE(held.broken_at_rest());
  held.note(kOst, counted(count::kLocks, 1, "alice"));
  REQUIRE(held.broken_at_rest());
}

TEST_CASE("GRANT-1: both ends of an account, and its sum") {
  Story story("GRANT-1");
  story.note(kOst, counted(count::kGrants, 10)).note(kOst, counted(count::kGrants, 10, "alice"));
  Story greedy = story, leaked("GRANT-1");
  REQUIRE_FALSE(story.note(kAlice, counted(count::kHeldGrant, 10, "alice")).broken_at_rest());
  REQUIRE(greedy.note(kAlice, counted(count::kHeldGrant, 11, "alice")).broken_at_rest());
  REQUIRE(leaked.note(kOst, counted(count::kGrants, 10)).broken_at_rest());
}

TEST_CASE("EVICT-1: the slots on the disk are those of known clients") {
  Story story("EVICT-1");
  story.note(kMds, counted(count::kSlots, 1));
  Story more = story;
  REQUIRE_FALSE(story.note(kMds, counted(count::kDiskSlots, 1)).broken());
  REQUIRE(more.note(kMds, counted(count::kDiskSlots, 2)).broken());
}

TEST_CASE("ATOM-4, REPLAY-4: a file's objects are there, and are those that clients know") {
  Story there("ATOM-4"), known("REPLAY-4");
  for (Story* story : {&there, &known}) {
    story->note(kMds, objects(count::kStripes, 3, 3)).note(kMds, objects(count::kReady, 4, 30));
    story->note(kOst, objects(count::kObjects, 3, 30));
  }
  REQUIRE_FALSE(there.broken_at_rest());
  REQUIRE(there.note(kMds, objects(count::kStripes, 2, 2)).broken_at_rest());
  REQUIRE_FALSE(known.note(kAlice, objects(count::kHeldStripes, 3, 3, "alice")).broken_at_rest());
  Story evicted = known;
  evicted.note(kAlice, objects(count::kHeldStripes, 4, 4, "alice"));
  REQUIRE_FALSE(evicted.broken_at_rest());
  known.note(kMds, counted(count::kOpenFiles, 1, "alice"));
  REQUIRE(known.note(kAlice, objects(count::kHeldStripes, 4, 4, "alice")).broken_at_rest());
}

TEST_CASE("ATOM-5: an object that a file had is a file's, doomed, made in advance, or gone") {
  Story base("ATOM-5");
  const auto laid = [](uint64_t id, uint64_t transno) {
    return Fact{.kind = Fact::Kind::layout_set, .transno = transno, .start = id};
  };
  base.note(kMds, laid(1, 5)).note(kMds, laid(2, 6));
  const auto count_them = [](Story& story) {
    story.note(kMds, objects(count::kStripes, 2, 2)).note(kMds, objects(count::kReady, 3, 30));
  };
  Story doomed = base, gone = base, lost = base;
  count_them(base);
  REQUIRE(base.note(kOst, objects(count::kObjects, 1, 30)).broken_at_rest());
  doomed.note(kMds, objects(count::kUnlinkLog, 1, 1));
  count_them(doomed);
  REQUIRE_FALSE(doomed.note(kOst, objects(count::kObjects, 1, 30)).broken_at_rest());
  count_them(gone);
  REQUIRE_FALSE(gone.note(kOst, objects(count::kObjects, 2, 30)).broken_at_rest());
  // The crash has taken the file, whose maker does not come back.
  lost.note(kMds, {.kind = Fact::Kind::started, .transno = 4}).note(kMds, laid(2, 6));
  count_them(lost);
  REQUIRE_FALSE(lost.note(kOst, objects(count::kObjects, 1, 30)).broken_at_rest());
}

TEST_CASE("MGS-1: logs name each target once, and clients know what they name") {
  constexpr record::NodeIndex kMgs = 20;
  constexpr uint8_t kMdt = 0, kTarget = 1;
  const auto logs = [&](int64_t times) {
    Story story("MGS-1");
    story.start(kMgs, record::Role::mgs);
    story.note(kMgs, named(count::kNamed, "assay-client", kMdt, 1));
    story.note(kMgs, named(count::kNamed, "assay-MDT0000", kTarget, 1));
    if (times != 0) story.note(kMgs, named(count::kNamed, "assay-client", kTarget, times));
    return story;
  };
  Story right = logs(1);
  REQUIRE_FALSE(right.broken_at_rest());
  REQUIRE(logs(0).broken_at_rest());
  REQUIRE(logs(2).broken_at_rest());
  right.note(kAlice, named(count::kKnown, "alice", kMdt, 1));
  REQUIRE(right.broken_at_rest());
  right.note(kAlice, named(count::kKnown, "alice", kTarget, 1));
  REQUIRE_FALSE(right.broken_at_rest());
}

TEST_CASE("The table has totals of servers, and sums of clients") {
  Audit audit;
  const auto tell = [&](record::NodeIndex node, record::What what) {
    audit.on({.node = node, .what = std::move(what)});
  };
  tell(1, record::Started{{record::Role::mds, 0, {}}, reference::Dialect::v2_0});
  tell(2, record::Started{{record::Role::client, 0, {}}, reference::Dialect::v2_0});
  tell(1, record::Noted{counted(count::kOpenFiles, 3)});
  tell(1, record::Noted{counted(count::kOpenFiles, 3, "alice")});
  tell(1, record::Noted{counted(count::kOrphans, 0)});
  tell(2, record::Noted{counted(count::kHeldLocks, 1, "alice")});
  tell(2, record::Noted{counted(count::kHeldLocks, 2, "alice")});
  tell(0, record::Quiesced{});
  REQUIRE(audit.lines() == std::vector<std::string>{"mds: 3 open files", "client1: 3 locks held"});
  tell(1, record::Noted{counted(count::kOpenFiles, 0)});
  REQUIRE(audit.lines() == std::vector<std::string>{"mds: nothing"});
}

}  // namespace harness::check
