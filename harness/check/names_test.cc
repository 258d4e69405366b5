// ATOMIC-NAMES and ATOMIC-DATA.
#include <fcntl.h>

#include <catch2/catch.hpp>
#include <cerrno>

#include "harness/check/story.h"
#include "protocol/ptlrpc.h"

namespace harness::check {

namespace {

using Kind = reference::Syscall::Kind;
constexpr auto kMds = Story::kMds, kAlice = Story::kAlice, kBob = Story::kBob;

reference::Syscall call(Kind kind, std::string path, std::string target = "", uint32_t flags = 0) {
  reference::Syscall made;
  made.kind = kind;
  made.path = std::move(path);
  made.target = std::move(target);
  made.flags = flags;
  return made;
}
reference::Result ended(int32_t status, uint64_t inode = 0, uint64_t fd = 0) {
  reference::Result result;
  result.status = status;
  result.value = fd;
  result.attributes.ino = inode;
  return result;
}
// A call that begins and ends with nothing beside it.
Story& at_once(Story& story, record::NodeIndex client, const reference::Syscall& what,
               const reference::Result& how) {
  static reference::OrderId order = 100;
  ++order;
  return story.begin(client, order, what).end(client, order, how);
}

}  // namespace

TEST_CASE("ATOMIC-NAMES: what was made is there until it is removed") {
  Story story("ATOMIC-NAMES");
  at_once(story, kAlice, call(Kind::mkdir, "/a"), ended(0));
  Story absent = story, removed = story;
  at_once(story, kBob, call(Kind::stat, "/a"), ended(0, 7));
  REQUIRE_FALSE(story.broken_at_rest());
  at_once(absent, kBob, call(Kind::stat, "/a"), ended(-ENOENT));
  REQUIRE(absent.broken_at_rest());
  at_once(removed, kAlice, call(Kind::rmdir, "/a"), ended(0));
  at_once(removed, kBob, call(Kind::stat, "/a"), ended(-ENOENT));
  REQUIRE_FALSE(removed.broken_at_rest());
}

TEST_CASE("ATOMIC-NAMES: who gets to a name went through the directories above it") {
  Story story("ATOMIC-NAMES");
  at_once(story, kAlice, call(Kind::mkdir, "/a"), ended(0));
  at_once(story, kAlice, call(Kind::mkdir, "/a/b"), ended(0));
  Story beside = story, behind = story;
  at_once(behind, kAlice, call(Kind::rename, "/a", "/c"), ended(0));
  Story moved = behind;
  at_once(moved, kBob, call(Kind::stat, "/c/b"), ended(0, 7));
  REQUIRE_FALSE(moved.broken_at_rest());
  at_once(behind, kBob, call(Kind::stat, "/a/b"), ended(0, 7));
  REQUIRE(behind.broken_at_rest());
  beside.begin(kBob, 1, call(Kind::stat, "/a/b"));
  at_once(beside, kAlice, call(Kind::rename, "/a", "/c"), ended(0));
  REQUIRE_FALSE(beside.end(kBob, 1, ended(0, 7)).broken_at_rest());
}

TEST_CASE("ATOMIC-NAMES: who does not know yet that it was evicted sees what was there before") {
  Story story("ATOMIC-NAMES");
  at_once(story, kAlice, call(Kind::mkdir, "/a"), ended(0));
  story.note(kMds, {.kind = Fact::Kind::started, .value = 1});
  story.note(kMds, {.kind = Fact::Kind::evicted, .client = "bob"});
  at_once(story, kAlice, call(Kind::rmdir, "/a"), ended(0));
  Story aware = story;
  aware.note(kBob, {.kind = Fact::Kind::connected, .client = "bob", .text = "a-MDT0000 I1"});
  at_once(aware, kBob, call(Kind::stat, "/a"), ended(0, 7));
  REQUIRE(aware.broken_at_rest());
  at_once(story, kBob, call(Kind::stat, "/a"), ended(0, 7));
  REQUIRE_FALSE(story.broken_at_rest());
}

TEST_CASE("ATOMIC-NAMES: a new file system is empty, if nobody else works on it") {
  const auto made_twice = [](int64_t mounts, bool probed) {
    Story story("ATOMIC-NAMES");
    story.note(kMds, {.kind = Fact::Kind::started, .value = mounts});
    if (probed) story.start(21, record::Role::probe);
    at_once(story, kAlice, call(Kind::mkdir, "/a"), ended(-EEXIST));
    return story.broken_at_rest();
  };
  REQUIRE(made_twice(1, false));
  REQUIRE_FALSE(made_twice(2, false));
  REQUIRE_FALSE(made_twice(1, true));
}

TEST_CASE(
    "ATOMIC-NAMES: one of two exclusive creates succeeds, at any moment of a rename one name") {
  constexpr uint32_t kExclusive = O_CREAT | O_EXCL;
  Story both("ATOMIC-NAMES");
  at_once(both, kAlice, call(Kind::stat, "/b"), ended(-ENOENT));
  both.begin(kAlice, 1, call(Kind::open, "/a", "", kExclusive));
  both.begin(kBob, 2, call(Kind::open, "/a", "", kExclusive));
  both.end(kAlice, 1, ended(0, 7));
  Story one = both;
  REQUIRE(both.end(kBob, 2, ended(0, 8)).broken_at_rest());
  REQUIRE_FALSE(one.end(kBob, 2, ended(-EEXIST)).broken_at_rest());

  Story moved = one;
  moved.end(kBob, 2, ended(-EEXIST)).begin(kAlice, 3, call(Kind::rename, "/a", "/b"));
  at_once(moved, kBob, call(Kind::stat, "/b"), ended(0, 7));
  Story gone = moved;
  at_once(moved, kBob, call(Kind::stat, "/a"), ended(0, 7));
  REQUIRE(moved.end(kAlice, 3, ended(0)).broken_at_rest());
  at_once(gone, kBob, call(Kind::stat, "/a"), ended(-ENOENT));
  REQUIRE_FALSE(gone.end(kAlice, 3, ended(0)).broken_at_rest());
}

TEST_CASE(
    "ATOMIC-NAMES: what failed for no reason may have happened, but not after the next call") {
  Story story("ATOMIC-NAMES");
  at_once(story, kAlice, call(Kind::mkdir, "/a"), ended(0));
  at_once(story, kAlice, call(Kind::rmdir, "/a"), ended(-EIO));
  Story gone = story;
  at_once(story, kBob, call(Kind::stat, "/a"), ended(0, 7));
  REQUIRE_FALSE(story.broken_at_rest());
  at_once(gone, kBob, call(Kind::stat, "/a"), ended(-ENOENT));
  REQUIRE_FALSE(gone.broken_at_rest());
  Story late = story;
  at_once(late, kAlice, call(Kind::stat, "/c"), ended(-ENOENT));
  at_once(late, kBob, call(Kind::stat, "/a"), ended(0, 7));
  at_once(late, kBob, call(Kind::stat, "/a"), ended(-ENOENT));
  REQUIRE(late.broken_at_rest());
}

TEST_CASE("ATOMIC-DATA: what was written is read, unless its client lost it") {
  Story story("ATOMIC-DATA");
  at_once(story, kAlice, call(Kind::open, "/a", "", O_CREAT), ended(0, 7, 3));
  at_once(story, kBob, call(Kind::open, "/a"), ended(0, 7, 4));
  reference::Syscall write = call(Kind::write, "");
  write.fd = 3;
  write.data = protocol::Bytes(protocol::as_bytes("new"));
  reference::Result written = ended(0);
  written.value = 3;
  at_once(story, kAlice, write, written);
  reference::Syscall read = call(Kind::read, "");
  read.fd = 4;
  read.length = 3;
  reference::Result got = ended(0);
  Story stale = story, lost = story, foreign = story;
  got.data = write.data;
  at_once(story, kBob, read, got);
  REQUIRE_FALSE(story.broken_at_rest());
  got.data = {};
  at_once(stale, kBob, read, got);
  REQUIRE(stale.broken_at_rest());
  record::Envelope peers;
  peers.kind = record::Envelope::Kind::request;
  peers.opcode = protocol::ptlrpc::opcode::kOstWrite;
  foreign.start(21, record::Role::probe).sent(21, Story::kOst, peers);
  at_once(foreign, kBob, read, got);
  REQUIRE_FALSE(foreign.broken_at_rest());
  lost.note(kMds, {.kind = Fact::Kind::evicted, .client = "alice"});
  at_once(lost, kBob, read, got);
  REQUIRE_FALSE(lost.broken_at_rest());
}

}  // namespace harness::check
