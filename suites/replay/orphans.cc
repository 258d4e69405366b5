// Files that are open and have no name any more, over the MDS's crash: which of the steps were
// committed and which are replayed makes no difference to what is there in the end.
#include <array>

#include "protocol/ptlrpc.h"
#include "suites/application.h"
#include "suites/errno.h"
#include "suites/recovery/barrier.h"
#include "suites/suites.h"

namespace suites {
namespace {

namespace opcode = protocol::ptlrpc::opcode;
using harness::kMds;

// One step of a story about the files /f1 and /f2 and what is open of them.
struct Step {
  enum class Kind : uint8_t { open, close, unlink, create, barrier, crash };
  Kind kind;
  int which = 0;
};
constexpr Step open(int which) { return {Step::Kind::open, which}; }
constexpr Step close(int which) { return {Step::Kind::close, which}; }
constexpr Step unlink(int which) { return {Step::Kind::unlink, which}; }
// Another file, /other1 or /other2.
constexpr Step create(int which) { return {Step::Kind::create, which}; }
constexpr Step kBarrier{Step::Kind::barrier};
constexpr Step kCrash{Step::Kind::crash};  // at the barrier

std::string path(int which) { return "/f" + std::to_string(which); }
std::string other(int which) { return "/other" + std::to_string(which); }

struct Story {
  Application& a;
  std::array<uint64_t, 3> fds = {};
  std::array<bool, 3> unlinked = {}, created = {};

  void tell(Conformance& c, const Step& step) {
    const auto which = static_cast<size_t>(step.which);
    switch (step.kind) {
      case Step::Kind::open:
        fds[which] = a.opened(path(step.which), kCreate | kReadWrite);
        EXPECT_EQ(a.write(fds[which], 0, "content"), 7);
        return;
      case Step::Kind::close:
        EXPECT_EQ(a.close(fds[which]), 0) << path(step.which);
        return;
      case Step::Kind::unlink:
        EXPECT_EQ(a.unlink(path(step.which)), 0);
        unlinked[which] = true;
        return;
      case Step::Kind::create:
        EXPECT_EQ(a.create(other(step.which)), 0);
        created[which] = true;
        return;
      case Step::Kind::barrier:
        return barrier(c);
      case Step::Kind::crash:
        return crash_at_barrier(c);
    }
  }
};

// Tells the story. In the end the unlinked names are gone and so is the space of their files, the
// others are there.
void tell(Conformance& c, std::initializer_list<Step> steps) {
  Story story{worker(c)};
  Application& a = story.a;
  const uint64_t before = a.statfs().file_system.free;
  for (const Step& step : steps) story.tell(c, step);

  for (int which = 1; which <= 2; ++which) {
    const auto at = static_cast<size_t>(which);
    if (story.unlinked[at]) {
      EXPECT_EQ(a.stat(path(which)).status, -kEnoent) << path(which);
    }
    if (story.created[at]) {
      EXPECT_EQ(a.unlink(other(which)), 0) << other(which);
    }
  }
  c.expect_in_time("the space that nobody uses to be free again",
                   [&] { return a.statfs().file_system.free == before; });
}

constexpr Needs kNeeds = Needs::crash | Needs::hold_commits;

const Case kCases[] = {
    {.id = "orphans.1",
     .requirement = "OPEN-3",
     .sentence = "Opened and unlinked before the last commit, closed after it",
     .source = "semantics 2.6, 2.7",
     .needs = kNeeds,
     .run = [](Conformance& c) { tell(c, {open(1), unlink(1), kBarrier, close(1), kCrash}); }},
    {.id = "orphans.2",
     .requirement = "OPEN-3",
     .sentence = "Opened and unlinked before the last commit; after it another file is made, and "
                 "the first closed",
     .source = "semantics 2.6, 2.7",
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           tell(c, {open(1), unlink(1), kBarrier, create(1), close(1), kCrash, create(2)});
         }},
    {.id = "orphans.3",
     .requirement = "OPEN-2",
     .sentence = "Opened after the last commit and closed after the replay, then unlinked",
     .source = "semantics 2.6",
     .needs = kNeeds,
     .run = [](Conformance& c) { tell(c, {kBarrier, open(1), kCrash, close(1), unlink(1)}); }},
    {.id = "orphans.4",
     .requirement = "OPEN-3",
     .sentence = "Opened, unlinked and closed after the last commit, with another file in between",
     .source = "semantics 2.6, 2.7",
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           tell(c, {kBarrier, open(1), unlink(1), create(1), close(1), kCrash, create(2)});
         }},
    {.id = "orphans.5",
     .requirement = "OPEN-3",
     .sentence = "Opened and unlinked after the last commit, closed after the replay",
     .source = "semantics 2.6, 2.7",
     .needs = kNeeds,
     .run = [](Conformance& c) { tell(c, {kBarrier, open(1), unlink(1), kCrash, close(1)}); }},
    {.id = "orphans.6",
     .requirement = "OPEN-3",
     .sentence = "Opened and unlinked after the last commit, and another file made; closed after "
                 "the replay",
     .source = "semantics 2.6, 2.7",
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           tell(c, {kBarrier, open(1), unlink(1), create(1), kCrash, close(1), create(2)});
         }},
    {.id = "orphans.7",
     .requirement = "OPEN-3",
     .sentence = "Opened before the last commit, unlinked after it, closed after the replay",
     .source = "semantics 2.6, 2.7",
     .needs = kNeeds,
     .run = [](Conformance& c) { tell(c, {open(1), kBarrier, unlink(1), kCrash, close(1)}); }},
    {.id = "orphans.8",
     .requirement = "OPEN-3",
     .sentence = "Opened before the last commit; after it unlinked, and another file made; closed "
                 "after the replay",
     .source = "semantics 2.6, 2.7",
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           tell(c, {open(1), kBarrier, unlink(1), create(1), kCrash, close(1), create(2)});
         }},
    {.id = "orphans.9",
     .requirement = "OPEN-3",
     .sentence = "Opened before the last commit, unlinked only after the replay",
     .source = "semantics 2.6, 2.7",
     .needs = kNeeds,
     .run = [](Conformance& c) { tell(c, {open(1), kBarrier, kCrash, unlink(1), close(1)}); }},
    {.id = "orphans.10",
     .requirement = "OPEN-3",
     .sentence = "Opened and unlinked before the last commit, closed after the replay",
     .source = "semantics 2.6, 2.7",
     .needs = kNeeds,
     .run = [](Conformance& c) { tell(c, {open(1), unlink(1), kBarrier, kCrash, close(1)}); }},
    {.id = "orphans.11",
     .requirement = "OPEN-3",
     .sentence = "Two opened and unlinked after the last commit; one closed before the crash, one "
                 "after it",
     .source = "semantics 2.6, 2.7",
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           tell(c, {kBarrier, open(1), open(2), unlink(1), unlink(2), close(2), kCrash, close(1)});
         }},
    {.id = "orphans.12",
     .requirement = "OPEN-3",
     .sentence = "Two opened and unlinked after the last commit, both closed after the replay",
     .source = "semantics 2.6, 2.7",
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           tell(c, {kBarrier, open(1), open(2), unlink(1), unlink(2), kCrash, close(1), close(2)});
         }},
    {.id = "orphans.13",
     .requirement = "OPEN-3",
     .sentence = "Two opened before the last commit and unlinked after it; one closed before the "
                 "crash, one after it",
     .source = "semantics 2.6, 2.7",
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           tell(c, {open(1), open(2), kBarrier, unlink(1), unlink(2), close(2), kCrash, close(1)});
         }},
    {.id = "orphans.14",
     .requirement = "OPEN-3",
     .sentence = "Two opened before the last commit and unlinked after it, both closed after the "
                 "replay",
     .source = "semantics 2.6, 2.7",
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           tell(c, {open(1), open(2), kBarrier, unlink(1), unlink(2), kCrash, close(1), close(2)});
         }},
    {.id = "orphans.15",
     .requirement = "OPEN-3",
     .sentence = "Two opened and unlinked before the last commit, both closed after the replay",
     .source = "semantics 2.6, 2.7",
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           tell(c, {open(1), open(2), unlink(1), unlink(2), kBarrier, kCrash, close(1), close(2)});
         }},
    {.id = "orphans.16",
     .requirement = "OPEN-3",
     .sentence = "Two opened, one unlinked before the last commit and one after it",
     .source = "semantics 2.6, 2.7",
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           tell(c, {open(1), open(2), unlink(1), kBarrier, unlink(2), kCrash, close(1), close(2)});
         }},
    {.id = "orphans.17",
     .requirement = "OPEN-3",
     .sentence = "A file without a name that two have open is gone after the second close, however "
                 "often the server dies in between",
     .source = "semantics 2.7, 9.2 REPLAY-7",
     .needs = Needs::crash | Needs::hold_commits,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& b = worker(c);
           const uint64_t before = a.statfs().file_system.free;
           const uint64_t fa = a.opened("/f", kCreate | kReadWrite);
           EXPECT_EQ(a.write(fa, 0, "two users"), 9);
           const uint64_t fb = b.opened("/f", kCreate | kReadWrite);
           EXPECT_EQ(a.unlink("/f"), 0);
           for (int i = 0; i < 2; ++i) {
             barrier(c);
             crash_at_barrier(c);
             EXPECT_EQ(b.read(fb, 0, 9), "two users");
           }
           EXPECT_EQ(a.close(fa), 0);
           c.restart(kMds);
           EXPECT_EQ(b.read(fb, 0, 9), "two users");
           EXPECT_EQ(b.close(fb), 0);
           c.world().settle();

           EXPECT_EQ(a.stat("/f").status, -kEnoent);
           c.expect_in_time("the space to be free again",
                            [&] { return a.statfs().file_system.free == before; });
         }},
    {.id = "orphans.18",
     .requirement = "OPEN-3",
     .sentence = "One client with a file without a name open twice has both handles after the "
                 "crash",
     .source = "semantics 2.6, 2.7",
     .needs = Needs::crash | Needs::hold_commits,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           const uint64_t one = a.opened("/f", kCreate | kReadWrite);
           const uint64_t two = a.opened("/f", kCreate | kRead);
           EXPECT_EQ(a.write(one, 0, "twice"), 5);
           EXPECT_EQ(a.unlink("/f"), 0);
           barrier(c);
           crash_at_barrier(c);

           EXPECT_EQ(a.close(one), 0);
           EXPECT_EQ(a.read(two, 0, 5), "twice");
           EXPECT_EQ(a.close(two), 0);
           EXPECT_EQ(a.stat("/f").status, -kEnoent);
         }},
    {.id = "orphans.19",
     .requirement = "OPEN-3",
     .sentence = "A directory without a name that is open is destroyed after its close, though the "
                 "server died in between",
     .source = "semantics 2.7",
     .needs = Needs::crash | Needs::hold_commits,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           EXPECT_EQ(a.mkdir("/d"), 0);
           const uint64_t fd = a.opened("/d", kRead);
           EXPECT_EQ(a.rmdir("/d"), 0);
           barrier(c);
           crash_at_barrier(c);

           EXPECT_EQ(a.stat("/d").status, -kEnoent);
           EXPECT_EQ(a.close(fd), 0);
           EXPECT_EQ(a.mkdir("/d"), 0);
         }},
    {.id = "orphans.20",
     .requirement = "OPEN-3",
     .sentence =
         "The reply to the last close of an unlinked file is lost, and then the server dies: "
         "the file is gone all the same",
     .source = "semantics 2.5, 2.6 (CLOSING), 2.7",
     .needs = Needs::crash,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           const uint64_t before = a.statfs().file_system.free;
           for (const uint32_t flags : {kCreate | kWrite, kWrite}) {
             if ((flags & kCreate) == 0) {
               EXPECT_EQ(a.create("/f"), 0);
             }
             const uint64_t fd = a.opened("/f", flags);
             EXPECT_EQ(a.write(fd, 0, "x"), 1);
             EXPECT_EQ(a.fsync(fd), 0);
             EXPECT_EQ(a.unlink("/f"), 0);
             const size_t rule = c.lose(faults::Part::reply, opcode::kMdsClose);
             Pending close = a.begin({.kind = harness::Syscall::Kind::close, .fd = fd});
             c.wait_for_loss(rule);
             c.world().settle();
             c.restart(kMds);

             EXPECT_EQ(close.status(), 0);
             EXPECT_EQ(a.stat("/f").status, -kEnoent);
           }
           c.world().settle();
           c.expect_in_time("the space to be free again",
                            [&] { return a.statfs().file_system.free == before; });
         }},
};

}  // namespace

std::span<const Case> orphan_cases() { return kCases; }

}  // namespace suites
