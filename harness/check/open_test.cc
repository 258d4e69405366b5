// OPEN-1 to OPEN-5.
#include <catch2/catch.hpp>

#include "harness/check/story.h"

namespace harness::check {

namespace {

constexpr auto kMds = Story::kMds, kOst = Story::kOst, kAlice = Story::kAlice;
using Kind = reference::Syscall::Kind;

Fact opened(uint64_t handle, uint64_t xid, uint64_t count, uint32_t mode = 1,
            uint64_t writers = 0) {
  return {.kind = Fact::Kind::opened,
          .client = "alice",
          .xid = xid,
          .object = {1, 2},
          .handle = handle,
          .value = mode,
          .start = count,
          .end = writers};
}
Fact closed(uint64_t handle, uint64_t count = 0) {
  return {.kind = Fact::Kind::closed, .object = {1, 2}, .handle = handle, .start = count};
}
Fact inode(Fact::Kind kind) { return {.kind = kind, .object = {1, 2}}; }

// Alice has a file open, as fd 3.
Story holding(std::string_view property) {
  Story story(property);
  reference::Syscall call;
  call.kind = Kind::open;
  call.path = "/a";
  reference::Result result;
  result.value = 3;
  result.attributes.fid_seq = 1;
  result.attributes.fid_oid = 2;
  story.begin(kAlice, 1, call).note(kMds, opened(9, 7, 1)).end(kAlice, 1, result);
  return story;
}
Story& close(Story& story) {
  reference::Syscall call;
  call.kind = Kind::close;
  call.fd = 3;
  return story.begin(kAlice, 2, call);
}

}  // namespace

TEST_CASE("OPEN-1: one request opens once, and counts are right") {
  Story twice("OPEN-1");
  REQUIRE(twice.note(kMds, opened(9, 7, 1)).note(kMds, opened(10, 7, 2)).broken());
  Story two("OPEN-1");
  REQUIRE_FALSE(two.note(kMds, opened(9, 7, 1)).note(kMds, opened(10, 8, 2)).broken());
  REQUIRE_FALSE(two.note(kMds, closed(9, 1)).broken());
  REQUIRE(two.note(kMds, closed(10, 1)).broken());
}

TEST_CASE("OPEN-2: what is open is open after recovery") {
  Story base = holding("OPEN-2");
  base.crash(kMds);
  Story again = base, gone = base, left = base;
  const Fact over{.kind = Fact::Kind::recovery_ended};
  REQUIRE(base.note(kMds, over).broken());
  REQUIRE_FALSE(again.note(kMds, opened(19, 7, 1)).note(kMds, over).broken());
  gone.note(kMds, {.kind = Fact::Kind::evicted, .client = "alice"});
  REQUIRE_FALSE(gone.note(kMds, over).broken());
  REQUIRE_FALSE(close(left).note(kMds, over).broken());
}

TEST_CASE("OPEN-3: an open file is not destroyed, one that nobody has open is") {
  Story base = holding("OPEN-3");
  base.note(kMds, {.kind = Fact::Kind::layout_set, .object = {1, 2}, .start = 50});
  base.note(kMds, inode(Fact::Kind::inode_orphaned));
  Story destroyed = base, object = base, over = base;
  REQUIRE(destroyed.note(kMds, inode(Fact::Kind::inode_destroyed)).broken());
  REQUIRE(
      object
          .note(kOst,
                {.kind = Fact::Kind::object_destroyed, .object = {50, 0}, .start = 50, .end = 50})
          .broken());
  REQUIRE_FALSE(base.broken_at_rest());
  close(over).note(kMds, closed(9));
  Story kept = over;
  REQUIRE_FALSE(over.note(kMds, inode(Fact::Kind::inode_destroyed)).broken_at_rest());
  Story undone = holding("OPEN-3");
  Fact orphaned = inode(Fact::Kind::inode_orphaned);
  orphaned.transno = 11;
  undone.note(kMds, orphaned).crash(kMds).start(kMds, record::Role::mds);
  Story durable = undone;
  undone.note(kMds, {.kind = Fact::Kind::started, .transno = 10});
  REQUIRE_FALSE(undone.broken_at_rest());
  durable.note(kMds, {.kind = Fact::Kind::started, .transno = 11});
  REQUIRE(durable.broken_at_rest());
  REQUIRE(kept.broken_at_rest());
}

TEST_CASE("OPEN-5: nobody executes what is written") {
  Story base("OPEN-5");
  base.note(kMds, opened(9, 7, 1, 2, 1));
  Story recovering = base, wrong = base;
  REQUIRE(base.note(kMds, opened(10, 8, 2, 4, 1)).broken());
  recovering.note(kMds, {.kind = Fact::Kind::recovery_began});
  REQUIRE_FALSE(recovering.note(kMds, opened(10, 8, 2, 4, 1)).broken());
  REQUIRE(wrong.note(kMds, opened(10, 8, 2, 2, 1)).broken());
}

TEST_CASE("OPEN-4: a volatile file has no name, and lives as long as it is open") {
  const reference::ObjectName file{9, 1};
  const auto told = [&](Fact::Kind kind) {
    return Fact{.kind = kind, .object = file, .handle = 5};
  };
  Story story("OPEN-4");
  Fact made = told(Fact::Kind::inode_made);
  made.transno = 7;
  made.text = reference::kVolatile;
  story.note(Story::kMds, made).note(Story::kMds, told(Fact::Kind::opened));
  REQUIRE(story.broken_at_rest());  // with a name
  story.note(Story::kMds, told(Fact::Kind::inode_orphaned));
  REQUIRE_FALSE(story.broken_at_rest());
  Story early = story, lost = story;
  story.note(Story::kMds, told(Fact::Kind::closed));
  REQUIRE(story.broken_at_rest());
  story.note(Story::kMds, told(Fact::Kind::inode_destroyed));
  REQUIRE_FALSE(story.broken_at_rest());
  REQUIRE(early.note(Story::kMds, told(Fact::Kind::inode_destroyed)).broken());
  lost.crash(Story::kMds).note(Story::kMds, {.kind = Fact::Kind::started, .transno = 6});
  REQUIRE_FALSE(lost.broken_at_rest());
}

}  // namespace harness::check
