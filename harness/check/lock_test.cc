// LOCK-1 to LOCK-7.
#include <catch2/catch.hpp>

#include "harness/check/story.h"
#include "protocol/ldlm.h"
#include "reference/lock_modes.h"

namespace harness::check {

namespace {

using reference::LockMode;
using reference::LockType;
constexpr auto kMds = Story::kMds, kOst = Story::kOst, kAlice = Story::kAlice, kBob = Story::kBob;
constexpr uint32_t kReplayed = protocol::ldlm::lock_flag::kReplay;

Fact lock(uint64_t handle, LockMode mode, uint64_t start, uint64_t end,
          std::string_view who = "alice", uint32_t flags = 0) {
  return {.kind = Fact::Kind::granted,
          .type = static_cast<uint8_t>(LockType::extent),
          .flags = flags,
          .client = who,
          .object = {50, 0},
          .handle = handle,
          .value = static_cast<int64_t>(mode),
          .start = start,
          .end = end};
}
Fact waiting(uint64_t handle, LockMode mode) {
  Fact fact = lock(handle, mode, 0, 10);
  fact.kind = Fact::Kind::waiting;
  return fact;
}
Fact io(Fact::Kind kind, std::string_view who, uint64_t start = 0, uint64_t end = 10) {
  return {.kind = kind, .client = who, .object = {50, 0}, .start = start, .end = end};
}
Fact cancelled(uint64_t handle) { return {.kind = Fact::Kind::cancelled, .handle = handle}; }

}  // namespace

TEST_CASE("LOCK-1: incompatible locks are not granted on one range") {
  Story base("LOCK-1");
  base.note(kOst, lock(1, LockMode::pw, 0, 10));
  Story beside = base, after = base, replayed = base;
  REQUIRE(base.note(kOst, lock(2, LockMode::pr, 10, 20, "bob")).broken());
  REQUIRE_FALSE(beside.note(kOst, lock(2, LockMode::pr, 11, 20, "bob")).broken());
  after.note(kOst, cancelled(1));
  REQUIRE_FALSE(after.note(kOst, lock(2, LockMode::pr, 0, 20, "bob")).broken());
  REQUIRE_FALSE(replayed.note(kOst, lock(2, LockMode::pr, 0, 20, "bob", kReplayed)).broken());
}

TEST_CASE("LOCK-2: a lock that was given up is not used") {
  Story story("LOCK-2");
  story.note(kAlice, {.kind = Fact::Kind::lock_used, .handle = 1});
  story.note(kAlice, {.kind = Fact::Kind::lock_lost, .handle = 1});
  Story other = story;
  REQUIRE(story.note(kAlice, {.kind = Fact::Kind::lock_used, .handle = 1}).broken());
  REQUIRE_FALSE(other.note(kAlice, {.kind = Fact::Kind::lock_used, .handle = 2}).broken());
}

TEST_CASE("LOCK-3: dirty data is written before somebody else gets the lock") {
  Story base("LOCK-3");
  base.note(kAlice, io(Fact::Kind::dirtied, "alice"));
  Story written = base, gone = base, discarded = base, beside = base;
  const Fact granted = lock(2, LockMode::pr, 0, 20, "bob");
  REQUIRE(base.note(kOst, granted).broken());
  REQUIRE_FALSE(written.note(kOst, io(Fact::Kind::written, "alice")).note(kOst, granted).broken());
  gone.note(kOst, {.kind = Fact::Kind::evicted, .client = "alice"});
  REQUIRE_FALSE(gone.note(kOst, granted).broken());
  gone.note(kAlice, io(Fact::Kind::dirtied, "alice"));  // it has not learned of it yet
  REQUIRE_FALSE(gone.note(kOst, granted).broken());
  gone.note(kAlice,
            {.kind = Fact::Kind::connected, .client = "alice", .text = "fs-OST0000_UUID I2"});
  gone.note(kAlice, io(Fact::Kind::dirtied, "alice"));
  REQUIRE(gone.note(kOst, granted).broken());
  discarded.note(kAlice, io(Fact::Kind::discarded, "alice"));
  REQUIRE_FALSE(discarded.note(kOst, granted).broken());
  REQUIRE_FALSE(beside.note(kOst, lock(2, LockMode::pr, 10, 20, "bob")).broken());
}

TEST_CASE("LOCK-4: nobody waits for ever") {
  Story story("LOCK-4");
  story.note(kOst, lock(1, LockMode::pw, 0, 10, "bob")).note(kOst, waiting(2, LockMode::pr));
  Story granted = story, behind("LOCK-4");
  REQUIRE(story.broken_at_rest());
  granted.note(kOst, cancelled(1)).note(kOst, lock(2, LockMode::pr, 0, 10));
  REQUIRE_FALSE(granted.broken_at_rest());
  behind.note(kOst, lock(1, LockMode::group, 0, 10, "bob"));
  REQUIRE_FALSE(behind.note(kOst, waiting(2, LockMode::pr)).broken_at_rest());
}

TEST_CASE("LOCK-5: replayed locks of honest clients go together") {
  const Fact over{.kind = Fact::Kind::recovery_ended};
  Story base("LOCK-5");
  base.note(kMds, lock(1, LockMode::pw, 0, 10, "alice", kReplayed));
  Story liar = base, beside = base;
  REQUIRE(
      base.note(kMds, lock(2, LockMode::pw, 0, 10, "bob", kReplayed)).note(kMds, over).broken());
  liar.note(kMds, lock(2, LockMode::pw, 0, 10, "a probe", kReplayed));
  REQUIRE_FALSE(liar.note(kMds, over).broken());
  beside.note(kMds, lock(2, LockMode::pw, 11, 20, "bob", kReplayed));
  REQUIRE_FALSE(beside.note(kMds, over).broken());
}

TEST_CASE("LOCK-6: under a group lock only its group reads and writes") {
  Story base("LOCK-6");
  base.note(kOst, lock(1, LockMode::group, 0, 10));
  REQUIRE_FALSE(base.note(kOst, io(Fact::Kind::written, "alice")).broken());
  Story after = base;
  REQUIRE(base.note(kOst, io(Fact::Kind::read, "bob")).broken());
  REQUIRE_FALSE(after.note(kOst, cancelled(1)).note(kOst, io(Fact::Kind::read, "bob")).broken());
}

TEST_CASE("LOCK-7: a size is no smaller than what was written before") {
  using Kind = reference::Syscall::Kind;
  const auto call = [](Kind kind, uint64_t fd = 0) {
    reference::Syscall made;
    made.kind = kind;
    made.path = "/a";
    made.fd = fd;
    return made;
  };
  reference::Result file;
  file.value = 3;
  file.attributes.fid_seq = 1;
  Story base("LOCK-7");
  base.begin(kAlice, 1, call(Kind::open)).end(kAlice, 1, file);
  Story unaware = base;
  unaware.note(kOst, {.kind = Fact::Kind::evicted, .client = "alice"});
  reference::Syscall write = call(Kind::write, 3);
  write.data = protocol::Bytes(protocol::as_bytes("0123456789"));
  base.begin(kAlice, 2, write);
  Story during = base;
  base.end(kAlice, 2, {});
  Story shorter = base;
  reference::Result small = file;
  small.attributes.size = 9;
  Story lazy = base;
  reference::Syscall of_mds = call(Kind::stat);
  of_mds.flags = reference::kStatDontSync;
  REQUIRE_FALSE(lazy.begin(kBob, 3, of_mds).end(kBob, 3, small).broken());
  base.begin(kBob, 3, call(Kind::stat));
  Story large = base;
  REQUIRE(base.end(kBob, 3, small).broken());
  small.attributes.size = 10;
  REQUIRE_FALSE(large.end(kBob, 3, small).broken());
  small.attributes.size = 0;
  during.begin(kBob, 3, call(Kind::stat)).end(kAlice, 2, {});
  REQUIRE_FALSE(during.end(kBob, 3, small).broken());
  shorter.begin(kBob, 3, call(Kind::truncate)).end(kBob, 3, {});
  REQUIRE_FALSE(shorter.begin(kBob, 4, call(Kind::stat)).end(kBob, 4, small).broken());
  unaware.begin(kAlice, 2, write).end(kAlice, 2, {});
  REQUIRE_FALSE(unaware.begin(kBob, 3, call(Kind::stat)).end(kBob, 3, small).broken());
  unaware.note(kAlice,
               {.kind = Fact::Kind::connected, .client = "alice", .text = "fs-OST0000_UUID"});
  unaware.begin(kAlice, 4, write).end(kAlice, 4, {});
  REQUIRE(unaware.begin(kBob, 5, call(Kind::stat)).end(kBob, 5, small).broken());
}

TEST_CASE("LOCK-4: who waits for a flock waits for its holder, and no longer") {
  const auto flock = [](uint64_t handle, std::string_view who, Fact::Kind kind) {
    Fact fact = lock(handle, LockMode::pw, 0, 10, who);
    fact.kind = kind;
    fact.type = static_cast<uint8_t>(LockType::flock);
    return fact;
  };
  Story story("LOCK-4");
  story.note(kMds, flock(1, "alice", Fact::Kind::granted));
  story.note(kMds, flock(2, "bob", Fact::Kind::waiting));
  REQUIRE_FALSE(story.broken_at_rest());
  story.note(kMds, cancelled(1));
  REQUIRE(story.broken_at_rest());
}

TEST_CASE("LIVE-1: a flock that is asked for waits as long as another client has it") {
  using reference::Syscall;
  const auto flock = [](uint32_t how) {
    return Syscall{.kind = Syscall::Kind::flock, .flags = how, .fd = 3, .length = 10};
  };
  Story story("LIVE-1");
  for (const auto client : {kAlice, kBob}) {
    reference::Result opened{.value = 3};
    opened.attributes.fid_seq = 7;
    story.begin(client, 1, {.kind = Syscall::Kind::open}).end(client, 1, opened);
  }
  story.begin(kAlice, 2, flock(1)).end(kAlice, 2, {});
  story.begin(kBob, 2, flock(1));
  REQUIRE_FALSE(story.broken_at_rest());
  story.begin(kAlice, 3, flock(2)).end(kAlice, 3, {});
  REQUIRE(story.broken_at_rest());
}

TEST_CASE("LOCK-7: a size is no larger than what was cut before") {
  using Kind = reference::Syscall::Kind;
  const auto call = [](Kind kind, uint64_t size = 0) {
    reference::Syscall made;
    made.kind = kind;
    made.path = "/a";
    made.offset = size;
    return made;
  };
  reference::Result larger, cut;
  larger.attributes.size = 7;
  cut.attributes.size = 3;
  Story base("LOCK-7");
  base.begin(kAlice, 1, call(Kind::truncate, 3));
  Story beside = base, during = base;
  base.end(kAlice, 1, {});
  Story after = base, same = base;
  REQUIRE(base.begin(kBob, 2, call(Kind::stat)).end(kBob, 2, larger).broken());
  REQUIRE_FALSE(same.begin(kBob, 2, call(Kind::stat)).end(kBob, 2, cut).broken());
  after.begin(kBob, 2, call(Kind::stat)).begin(kAlice, 3, call(Kind::write));
  REQUIRE_FALSE(after.end(kBob, 2, larger).broken());
  beside.begin(kBob, 2, call(Kind::write)).end(kBob, 2, {}).end(kAlice, 1, {});
  REQUIRE_FALSE(beside.begin(kBob, 3, call(Kind::stat)).end(kBob, 3, larger).broken());
  during.begin(kBob, 2, call(Kind::stat)).end(kAlice, 1, {});
  REQUIRE_FALSE(during.end(kBob, 2, larger).broken());
}

}  // namespace harness::check
