#include "reference/locks.h"

#include <catch2/catch.hpp>
#include <cerrno>

#include "reference/defects.h"
#include "reference/digest.h"

using namespace reference;

namespace flag = protocol::ldlm::lock_flag;
using Kind = EnqueueResult::Kind;

namespace {

constexpr ExportId kAnna = 1;
constexpr ExportId kBert = 2;
constexpr ExportId kCarl = 3;

// Two clients and a namespace; what a step caused is in `effects` until the next.
struct Talk {
  explicit Talk(DefectSet defects = {}) : locks(config(defects)) {}
  static Config config(DefectSet defects) {
    Config made;
    made.defects = defects;
    return made;
  }
  EnqueueResult extent(ExportId who, LockMode mode, uint64_t start, uint64_t end,
                       uint32_t flags = 0, uint64_t gid = 0) {
    return ask(LockType::extent, who, mode, {.start = start, .end = end, .gid = gid}, flags);
  }
  EnqueueResult bits(ExportId who, LockMode mode, uint64_t which, uint32_t flags = 0) {
    return ask(LockType::ibits, who, mode, {.bits = which}, flags);
  }
  EnqueueResult flock(ExportId who, uint32_t pid, LockMode mode, uint64_t start, uint64_t end,
                      uint32_t flags = 0, uint64_t file = 7) {
    resource.name[0] = file;
    return ask(LockType::flock, who, mode, {.start = start, .end = end, .pid = pid}, flags);
  }
  EnqueueResult ask(LockType type, ExportId who, LockMode mode, LockPolicy policy, uint32_t flags) {
    effects = {};
    LockRequest request{resource, type, mode, policy, flags, who, PeerId{who, 0}, ++cookie, false};
    const EnqueueResult result = locks.enqueue(request, effects);
    locks.invariants();
    return result;
  }
  void cancel(LockHandle handle) {
    effects = {};
    REQUIRE(locks.cancel(handle, effects));
    locks.invariants();
  }
  const LockPolicy& policy(LockHandle handle) const { return locks.find(handle)->policy; }

  Locks locks;
  LockEffects effects;
  ResourceId resource{{7, 0, 0, 0}};
  uint64_t cookie = 100;
};

}  // namespace

TEST_CASE("An extent lock without neighbours grows to the whole object") {
  Talk talk;
  const auto first = talk.extent(kAnna, LockMode::pw, 4096, 8191);
  REQUIRE(first.kind == Kind::granted);
  REQUIRE(first.flags == flag::kLockChanged);
  REQUIRE(talk.policy(first.handle).start == 0);
  REQUIRE(talk.policy(first.handle).end == kEof);
}

TEST_CASE("A conflict calls the holder back once, and cancelling grants to who waits") {
  Talk talk;
  const auto held = talk.extent(kAnna, LockMode::pw, 0, kEof);
  const auto wanted = talk.extent(kBert, LockMode::pw, 0, 4095);
  REQUIRE(wanted.kind == Kind::waiting);
  REQUIRE(wanted.flags == flag::kBlockGranted);
  REQUIRE(talk.effects.blocking.size() == 1);
  REQUIRE(talk.effects.blocking[0].holder == held.handle);
  REQUIRE(talk.effects.blocking[0].client_handle == 101);
  REQUIRE(talk.extent(kCarl, LockMode::pr, 0, 4095).kind == Kind::waiting);
  REQUIRE(talk.effects.blocking.empty());

  talk.cancel(held.handle);
  REQUIRE(talk.effects.granted.size() == 1);
  REQUIRE(talk.effects.granted[0].handle == wanted.handle);
  REQUIRE(talk.effects.granted[0].waited);
  // Carl waits for Bert's by now, who is told along with the completion.
  REQUIRE(talk.locks.find(wanted.handle)->blocking_sent);
  REQUIRE(talk.effects.blocking.empty());
}

TEST_CASE("A waiting writer holds back readers that come later") {
  Talk talk;
  const auto reader = talk.extent(kAnna, LockMode::pr, 0, kEof);
  const auto writer = talk.extent(kBert, LockMode::pw, 0, kEof);
  const auto late = talk.extent(kCarl, LockMode::pr, 0, kEof);
  REQUIRE(late.kind == Kind::waiting);
  talk.cancel(reader.handle);
  REQUIRE(talk.locks.find(writer.handle)->holds());
  REQUIRE_FALSE(talk.locks.find(late.handle)->holds());
}

TEST_CASE("Growth ends at the neighbours") {
  Talk talk;
  // Replayed, so that they stay as small as they are.
  const uint32_t replayed = flag::kReplay | flag::kBlockGranted;
  talk.extent(kAnna, LockMode::pw, 0, 4095, replayed);
  talk.extent(kAnna, LockMode::pw, 1u << 20, (1u << 20) + 4095, replayed);
  const auto between = talk.extent(kBert, LockMode::pw, 65536, 69631);
  REQUIRE(between.kind == Kind::granted);
  REQUIRE(talk.policy(between.handle).start == 4096);
  REQUIRE(talk.policy(between.handle).end == (1u << 20) - 1);
}

TEST_CASE("A lock that waits for nobody else goes when its owner is evicted") {
  Talk talk;
  talk.extent(kAnna, LockMode::pw, 0, kEof);
  const auto waiting = talk.extent(kBert, LockMode::pw, 0, kEof);
  talk.effects = {};
  talk.locks.cancel_owner(kAnna, talk.effects);
  talk.locks.invariants();
  REQUIRE(talk.effects.gone.size() == 1);
  REQUIRE(talk.locks.find(waiting.handle)->holds());
  talk.locks.cancel_owner(kBert, talk.effects);
  REQUIRE(talk.locks.resources().empty());
}

TEST_CASE("Group locks of one group go together, others wait without a time limit") {
  Talk talk;
  talk.extent(kAnna, LockMode::group, 0, kEof, 0, 42);
  const auto other = talk.extent(kBert, LockMode::group, 0, kEof, 0, 43);
  REQUIRE(other.kind == Kind::waiting);
  REQUIRE((other.flags & flag::kNoTimeout) != 0);
  const auto reader = talk.extent(kBert, LockMode::pr, 0, 10);
  REQUIRE(reader.kind == Kind::waiting);
  const auto same = talk.extent(kCarl, LockMode::group, 0, kEof, 0, 42);
  REQUIRE(same.kind == Kind::granted);
  const auto impatient = talk.extent(kCarl, LockMode::pw, 0, 10, flag::kBlockNowait);
  REQUIRE(impatient.kind == Kind::refused);
  REQUIRE(impatient.status == -EWOULDBLOCK);
  const auto& waiting = talk.locks.resource(talk.resource)->waiting;
  REQUIRE(waiting[0].handle == other.handle);
  REQUIRE(waiting[1].handle == reader.handle);
}

TEST_CASE("Inodebits conflict where they meet") {
  Talk talk;
  const auto lookup = talk.bits(kAnna, LockMode::pr, 1);
  REQUIRE(talk.bits(kBert, LockMode::ex, 2).kind == Kind::granted);
  const auto both = talk.bits(kBert, LockMode::ex, 3);
  REQUIRE(both.kind == Kind::waiting);
  REQUIRE(talk.effects.blocking.size() == 2);
  REQUIRE(talk.effects.blocking[0].holder == lookup.handle);
}

TEST_CASE("A lock that is cancelled on block is gone at once") {
  Talk talk;
  const auto idle = talk.bits(kAnna, LockMode::pr, 1, flag::kCancelOnBlock);
  const auto wanted = talk.bits(kBert, LockMode::ex, 1);
  REQUIRE(wanted.kind == Kind::granted);
  REQUIRE(talk.effects.blocking.size() == 1);
  REQUIRE(talk.effects.blocking[0].cancelled);
  REQUIRE(talk.locks.find(idle.handle) == nullptr);
}

TEST_CASE("A resent enqueue finds the lock that its first copy made") {
  Talk talk;
  const auto first = talk.extent(kAnna, LockMode::pw, 0, 10);
  LockRequest again{
      talk.resource, LockType::extent, LockMode::pw, {.start = 0, .end = 10}, 0, kAnna,
      PeerId{},      talk.cookie,      true};
  const auto second = talk.locks.enqueue(again, talk.effects);
  REQUIRE(second.kind == Kind::granted);
  REQUIRE(second.handle == first.handle);
  REQUIRE(talk.locks.size() == 1);
}

TEST_CASE("Replayed locks are trusted, and those that wait are looked at after recovery") {
  Talk talk;
  const auto waits = talk.extent(kBert, LockMode::pw, 0, 10, flag::kReplay | flag::kBlockWait);
  const auto holds = talk.extent(kAnna, LockMode::pw, 0, 10, flag::kReplay | flag::kBlockGranted);
  REQUIRE(waits.kind == Kind::waiting);
  REQUIRE(holds.kind == Kind::granted);
  talk.effects = {};
  talk.locks.reprocess_all(talk.effects);
  REQUIRE(talk.effects.blocking.size() == 1);
  REQUIRE(talk.effects.blocking[0].holder == holds.handle);
  talk.cancel(holds.handle);
  REQUIRE(talk.locks.find(waits.handle)->holds());
}

TEST_CASE("Converting upwards waits for nobody: it fails") {
  Talk talk;
  const auto first = talk.bits(kAnna, LockMode::pr, 1);
  const auto second = talk.bits(kBert, LockMode::pr, 1);
  REQUIRE(talk.locks.convert(first.handle, LockMode::ex, talk.effects) == EDEADLK);
  REQUIRE(talk.locks.convert(12345, LockMode::ex, talk.effects) == EINVAL);
  talk.cancel(second.handle);
  REQUIRE(talk.locks.convert(first.handle, LockMode::ex, talk.effects) == 0);
}

TEST_CASE("A resource holds locks of one type") {
  Talk talk;
  talk.bits(kAnna, LockMode::pr, 1);
  REQUIRE(talk.extent(kBert, LockMode::pr, 0, 1).status == -EPROTO);
}

TEST_CASE("Flocks of one owner merge, and unlocking the middle splits") {
  Talk talk;
  talk.flock(kAnna, 1, LockMode::pw, 0, 9);
  const auto whole = talk.flock(kAnna, 1, LockMode::pw, 10, 29);
  REQUIRE(talk.locks.size() == 1);
  REQUIRE(talk.policy(whole.handle).start == 0);
  const auto cut = talk.flock(kAnna, 1, LockMode::nl, 10, 19);
  REQUIRE(cut.kind == Kind::answered);
  const auto& held = talk.locks.resource(talk.resource)->granted;
  REQUIRE(held.size() == 2);
  REQUIRE(held[0].policy.end == 9);
  REQUIRE(held[1].policy.start == 20);
  talk.flock(kAnna, 1, LockMode::nl, 0, kEof);
  REQUIRE(talk.locks.resources().empty());
}

TEST_CASE("A flock that must not wait fails, a tested one is described") {
  Talk talk;
  talk.flock(kAnna, 1, LockMode::pw, 0, 9);
  REQUIRE(talk.flock(kBert, 1, LockMode::pw, 5, 5, flag::kBlockNowait).status == -EAGAIN);
  const auto tested = talk.flock(kBert, 1, LockMode::pw, 5, 5, flag::kTestLock);
  REQUIRE(tested.kind == Kind::answered);
  REQUIRE(tested.flags == (flag::kTestLock | flag::kLockChanged));
  REQUIRE(tested.description.policy_data.end == 9);
  REQUIRE(tested.description.req_mode == protocol::ldlm::lock_mode::kPw);
  const auto free = talk.flock(kBert, 1, LockMode::pw, 50, 55, flag::kTestLock);
  REQUIRE(free.description.req_mode == protocol::ldlm::lock_mode::kNl);
  REQUIRE(talk.locks.size() == 1);
}

TEST_CASE("Unlocking lets a waiting flock in, without calling anybody back") {
  Talk talk;
  talk.flock(kAnna, 1, LockMode::pw, 0, 9);
  const auto waiting = talk.flock(kBert, 1, LockMode::pr, 0, 4);
  REQUIRE(waiting.kind == Kind::waiting);
  REQUIRE(talk.effects.blocking.empty());
  talk.flock(kAnna, 1, LockMode::nl, 0, 4);
  REQUIRE(talk.effects.granted.size() == 1);
  REQUIRE(talk.effects.granted[0].handle == waiting.handle);
}

TEST_CASE("A circle of waiting flocks over two files is a deadlock") {
  Talk talk;
  talk.flock(kAnna, 1, LockMode::pw, 0, 9, 0, 7);
  talk.flock(kBert, 1, LockMode::pw, 0, 9, 0, 8);
  REQUIRE(talk.flock(kAnna, 1, LockMode::pw, 0, 9, 0, 8).kind == Kind::waiting);
  REQUIRE(talk.flock(kBert, 1, LockMode::pw, 0, 9, 0, 7).status == -EDEADLK);
  REQUIRE(talk.flock(kBert, 2, LockMode::pw, 0, 9, 0, 7).kind == Kind::waiting);
}

TEST_CASE("The planted defect grants what conflicts") {
  Talk talk(Defect::conflicting_extents_granted);
  talk.extent(kAnna, LockMode::pw, 0, kEof);
  REQUIRE(talk.extent(kBert, LockMode::pw, 0, 10).kind == Kind::granted);
}

TEST_CASE("Equal histories make equal namespaces") {
  Talk first;
  Talk second;
  first.extent(kAnna, LockMode::pw, 0, 10);
  REQUIRE(digest_of(first.locks) != digest_of(second.locks));
  second.extent(kAnna, LockMode::pw, 0, 10);
  REQUIRE(digest_of(first.locks) == digest_of(second.locks));
}
