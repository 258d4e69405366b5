// The recovery window: clients that come early, late, in the middle, or never; silence; a server
// that dies again while it recovers; an operator who gives up.
#include "suites/application.h"
#include "suites/errno.h"
#include "suites/recovery/barrier.h"
#include "suites/suites.h"

namespace suites {
namespace {

using harness::Fact;
using harness::kMds;
using Kind = harness::Syscall::Kind;

constexpr uint32_t kRegular = 0100000;
constexpr int kFiles = 25;
constexpr Needs kNeeds = Needs::crash | Needs::hold_commits;

std::string numbered(std::string_view prefix, int i) {
  return std::string(prefix) + std::to_string(i);
}

void make_files(Application& a, std::string_view directory) {
  for (int i = 0; i < kFiles; ++i) {
    EXPECT_EQ(a.mknod(numbered(std::string(directory) + "/f", i), kRegular | 0644), 0) << i;
  }
}

void expect_files(Application& a, const std::string& directory, size_t count) {
  EXPECT_EQ(a.list(directory).size(), count) << directory;
}

// The server dies once more when it has executed so many replays.
void crash_in_replay(Conformance& c, size_t replays) {
  const size_t before = c.count(kMds, Fact::Kind::executed);
  c.wait_for("some replays",
             [&] { return c.count(kMds, Fact::Kind::executed) >= before + replays; });
  c.restart(kMds);
}

const Case kCases[] = {
    {.id = "window.1",
     .requirement = "REPLAY-9",
     .sentence = "A client that never returns is given up: the others' work is there, its own is "
                 "not, and it may come anew",
     .source = "semantics 1.9 (timer), 1.10",
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& lost = worker(c);
           EXPECT_EQ(lost.mkdir("/theirs"), 0);
           EXPECT_EQ(a.mkdir("/mine"), 0);
           barrier(c);
           make_files(a, "/mine");
           EXPECT_EQ(lost.create("/theirs/f"), 0);
           c.world().kill_client(lost.id());
           crash_at_barrier(c);

           expect_files(a, "/mine", kFiles);
           expect_files(a, "/theirs", 0);
           Application& anew = c.mount();
           EXPECT_EQ(anew.create("/theirs/f"), 0);
         }},
    {.id = "window.2",
     .requirement = "REPLAY-9",
     .sentence = "In 1.8 what was done in a directory behind a lost client's create there is lost "
                 "too, what was done before it is replayed",
     .source = "semantics 1.10; Lustre's replay-dual 14a of 1.8",
     .needs = kNeeds | Needs::only_1_8,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& lost = worker(c);
           Application& watcher = worker(c);
           EXPECT_EQ(a.mkdir("/d"), 0);
           barrier(c);
           make_files(a, "/d");
           EXPECT_EQ(lost.create("/d/theirs"), 0);
           EXPECT_EQ(a.create("/d/after"), 0);
           c.world().kill_client(lost.id());
           crash_at_barrier(c);

           expect_files(watcher, "/d", kFiles);
           EXPECT_EQ(watcher.stat("/d/after").status, -kEnoent);
           notice_eviction(a);
           EXPECT_EQ(a.create("/d/after"), 0);
         }},
    {.id = "window.3",
     .requirement = "REPLAY-8",
     .sentence = "In 2.0 creates of two clients in one directory do not depend on each other: one "
                 "client's are replayed, the lost one's are not there",
     .source = "semantics 1.10; Lustre's replay-vbr 11a, 11b of 2.0",
     .needs = kNeeds | Needs::only_2_0,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& lost = worker(c);
           EXPECT_EQ(a.mkdir("/d"), 0);
           for (int i = 0; i < kFiles; ++i) {
             EXPECT_EQ(lost.mknod(numbered("/d/old", i), kRegular | 0644), 0);
           }
           barrier(c);
           for (int i = 0; i < kFiles; ++i) {
             EXPECT_EQ(a.create(numbered("/d/f", i)), 0);
             EXPECT_EQ(lost.create(numbered("/d/theirs", i)), 0);
             EXPECT_EQ(lost.unlink(numbered("/d/old", i)), 0);
           }
           c.world().kill_client(lost.id());
           crash_at_barrier(c);

           expect_files(a, "/d", 2 * kFiles);
           for (int i = 0; i < kFiles; ++i) EXPECT_EQ(a.unlink(numbered("/d/f", i)), 0) << i;
           EXPECT_EQ(a.stat("/d/theirs0").status, -kEnoent);
         }},
    {.id = "window.4",
     .requirement = "REPLAY-4",
     .sentence = "The server dies again while it waits for a client that is lost: nothing of the "
                 "other's is",
     .source = "semantics 1.9",
     .needs = kNeeds | Needs::notes,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& lost = worker(c);
           EXPECT_EQ(lost.mkdir("/theirs"), 0);
           EXPECT_EQ(a.mkdir("/mine"), 0);
           barrier(c);
           make_files(a, "/mine");
           EXPECT_EQ(lost.create("/theirs/f"), 0);
           c.world().kill_client(lost.id());
           const size_t connected = c.count(kMds, Fact::Kind::connected);
           crash_at_barrier(c);
           c.wait_for("a client in recovery",
                      [&] { return c.count(kMds, Fact::Kind::connected) > connected; });
           c.restart(kMds);

           expect_files(a, "/mine", kFiles);
           EXPECT_EQ(c.mount().mkdir("/d"), 0);
         }},
    {.id = "window.5",
     .requirement = "REPLAY-4",
     .sentence =
         "The server dies again after each of the first five replays, and in the end all of "
         "them were done once",
     .source = "semantics 1.9, 9.2 REPLAY-1, REPLAY-4",
     .needs = kNeeds | Needs::notes,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& b = worker(c);
           EXPECT_EQ(a.mkdir("/mine"), 0);
           EXPECT_EQ(b.mkdir("/theirs"), 0);
           barrier(c);
           make_files(a, "/mine");
           make_files(b, "/theirs");
           crash_at_barrier(c);
           for (size_t replays = 1; replays <= 5; ++replays) crash_in_replay(c, replays);

           expect_files(a, "/theirs", kFiles);
           expect_files(b, "/mine", kFiles);
           EXPECT_EQ(a.unlink("/mine/f0"), 0);
         }},
    {.id = "window.6",
     .requirement = "LIVE-1",
     .sentence = "Three failovers under a load of creates, writes and unlinks: none of its calls "
                 "fails",
     .source = "semantics 1.6, 1.7",
     .needs = Needs::crash,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           for (int i = 0; i < 30; ++i) {
             a.put(numbered("/load", i), numbered("content", i));
             if (i % 10 == 5) c.restart(kMds);
             EXPECT_EQ(a.get(numbered("/load", i)), numbered("content", i));
             if (i % 2 == 0) {
               EXPECT_EQ(a.unlink(numbered("/load", i)), 0);
             }
           }

           EXPECT_EQ(a.list("/").size(), 16u);
         }},
    {.id = "window.7",
     .requirement = "REPLAY-9",
     .sentence = "When all are lost, what they had not committed is, and new clients are served",
     .source = "semantics 1.9 (timer)",
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           Application& one = worker(c);
           Application& two = worker(c);
           barrier(c);
           EXPECT_EQ(two.create("/f"), 0);
           EXPECT_EQ(one.create("/f-2"), 0);
           c.world().kill_client(one.id());
           crash_at_barrier(c);
           c.world().kill_client(two.id());

           Application& a = c.mount();
           EXPECT_EQ(a.stat("/f").status, -kEnoent);
           EXPECT_EQ(a.stat("/f-2").status, -kEnoent);
           EXPECT_EQ(a.create("/f"), 0);
         }},
    {.id = "window.8",
     .requirement = "REPLAY-9",
     .sentence = "A client that is lost in the middle of its replays does not hold up the others",
     .source = "semantics 1.9",
     .needs = kNeeds | Needs::notes,
     .waits_long = true,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& lost = worker(c);
           EXPECT_EQ(lost.mkdir("/theirs"), 0);
           EXPECT_EQ(a.mkdir("/mine"), 0);
           barrier(c);
           make_files(lost, "/theirs");
           make_files(a, "/mine");
           const size_t before = c.count(kMds, Fact::Kind::executed);
           crash_at_barrier(c);
           c.wait_for("some replays",
                      [&] { return c.count(kMds, Fact::Kind::executed) > before + 3; });
           c.world().kill_client(lost.id());

           expect_files(a, "/mine", kFiles);
           EXPECT_EQ(a.create("/theirs/mine"), 0);
         }},
    {.id = "window.9",
     .requirement = "LIVE-1",
     .sentence = "An idle client and a busy one return, and then nobody says anything: recovery "
                 "ends by itself",
     .source = "semantics 1.9",
     .needs = kNeeds | Needs::notes,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           worker(c);
           barrier(c);
           EXPECT_EQ(a.mkdir("/d"), 0);
           const size_t ended = c.count(kMds, Fact::Kind::recovery_ended);
           crash_at_barrier(c);
           c.expect("the end of recovery",
                    [&] { return c.count(kMds, Fact::Kind::recovery_ended) > ended; });

           EXPECT_EQ(a.stat("/d").status, 0);
         }},
    {.id = "window.10",
     .requirement = "LIVE-1",
     .sentence = "A client is lost, and the others say nothing: recovery ends by its timer",
     .source = "semantics 1.9 (timer)",
     .needs = kNeeds | Needs::notes,
     .waits_long = true,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& lost = worker(c);
           barrier(c);
           EXPECT_EQ(a.mkdir("/d"), 0);
           c.world().kill_client(lost.id());
           const size_t ended = c.count(kMds, Fact::Kind::recovery_ended);
           crash_at_barrier(c);
           c.expect("the end of recovery",
                    [&] { return c.count(kMds, Fact::Kind::recovery_ended) > ended; });

           EXPECT_EQ(a.stat("/d").status, 0);
         }},
    {.id = "window.11",
     .requirement = "REPLAY-5",
     .sentence = "What a client begins while the server recovers is done after the replays of all",
     .source = "semantics 1.3, 9.2 REPLAY-5",
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& b = worker(c);
           barrier(c);
           EXPECT_EQ(b.mkdir("/d"), 0);
           c.world().crash(kMds);
           c.world().release_commits(kMds);
           Pending removed = a.begin({.kind = Kind::rmdir, .path = "/d"});
           c.world().start(kMds);

           EXPECT_EQ(removed.status(), 0);
           EXPECT_EQ(b.stat("/d").status, -kEnoent);
         }},
    {.id = "window.12",
     .requirement = "CONN-12",
     .sentence = "A client that wants to mount while the server recovers waits, and mounts then",
     .source = "semantics 1.2 C22, 1.7 (EBUSY)",
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& lost = worker(c);
           barrier(c);
           EXPECT_EQ(a.mkdir("/d"), 0);
           c.world().kill_client(lost.id());
           crash_at_barrier(c);

           Application& fresh = c.mount();
           EXPECT_EQ(fresh.stat("/d").status, 0);
         }},
    {.id = "window.13",
     .requirement = "REPLAY-9",
     .sentence = "A client is lost three times in a row, and each time the others go on",
     .source = "semantics 1.9 (timer)",
     .needs = kNeeds,
     .waits_long = true,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           for (int i = 0; i < 3; ++i) {
             Application& lost = worker(c);
             EXPECT_EQ(a.mkdir(numbered("/mine", i)), 0);
             EXPECT_EQ(lost.mkdir(numbered("/theirs", i)), 0);
             barrier(c);
             EXPECT_EQ(a.create(numbered("/mine", i) + "/f"), 0);
             EXPECT_EQ(lost.create(numbered("/theirs", i) + "/f"), 0);
             c.world().kill_client(lost.id());
             crash_at_barrier(c);
             EXPECT_EQ(a.unlink(numbered("/mine", i) + "/f"), 0);
             EXPECT_EQ(a.rmdir(numbered("/theirs", i)), 0);
           }
         }},
};

}  // namespace

std::span<const Case> window_cases() { return kCases; }

}  // namespace suites
