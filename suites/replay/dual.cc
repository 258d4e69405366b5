// Two clients' work after the last commit, replayed.
#include "protocol/ptlrpc.h"
#include "suites/application.h"
#include "suites/errno.h"
#include "suites/recovery/barrier.h"
#include "suites/suites.h"

namespace suites {
namespace {

namespace opcode = protocol::ptlrpc::opcode;
using faults::Part;
using harness::kMds;
using Kind = harness::Syscall::Kind;

constexpr uint32_t kRegular = 0100000;
constexpr Needs kNeeds = Needs::crash | Needs::hold_commits;

// A reply is lost, the request is sent again and answered; then the server dies before its commit.
void resend_then_replay(Conformance& c, uint32_t operation, const harness::Syscall& call) {
  Application& a = worker(c);
  Application& b = worker(c);
  barrier(c);
  const size_t rule = c.lose(Part::reply, operation);
  Pending pending = a.begin(call);
  c.wait_for_loss(rule);
  EXPECT_EQ(pending.status(), 0);
  crash_at_barrier(c);

  EXPECT_EQ(b.stat(call.path).status, 0);
  EXPECT_EQ(a.unlink(call.path), 0);
}

// Both clients replay, and nothing of what the server answers comes through for some time.
void lose_replies_of_replays(Conformance& c, uint32_t times) {
  Application& a = worker(c);
  Application& b = worker(c);
  EXPECT_EQ(a.mknod("/gone", kRegular | 0644), 0);
  barrier(c);
  EXPECT_EQ(a.mknod("/f1", kRegular | 0644), 0);
  EXPECT_EQ(b.mknod("/f2", kRegular | 0644), 0);
  EXPECT_EQ(a.unlink("/gone"), 0);
  EXPECT_EQ(b.mknod("/f3", kRegular | 0644), 0);
  EXPECT_EQ(a.mknod("/f4", kRegular | 0644), 0);
  const size_t rule = c.lose(Part::reply, opcode::kMdsReint, kMds, times);
  crash_at_barrier(c);
  c.wait_for_loss(rule, times);

  for (const char* name : {"/f1", "/f2", "/f3", "/f4"}) EXPECT_EQ(a.unlink(name), 0) << name;
  EXPECT_EQ(b.stat("/gone").status, -kEnoent);
}

const Case kCases[] = {
    {.id = "dual.1",
     .requirement = "REPLAY-4",
     .sentence = "What one client created is there for the other after the crash, which may remove "
                 "it",
     .source = "semantics 1.6, 1.9",
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& b = worker(c);
           EXPECT_EQ(a.create("/a"), 0);
           barrier(c);
           EXPECT_EQ(b.create("/b"), 0);
           EXPECT_EQ(a.mkdir("/d"), 0);
           crash_at_barrier(c);

           EXPECT_EQ(b.unlink("/a"), 0);
           EXPECT_EQ(a.unlink("/b"), 0);
           EXPECT_EQ(b.rmdir("/d"), 0);
           EXPECT_EQ(a.stat("/a").status, -kEnoent);
           EXPECT_EQ(b.stat("/b").status, -kEnoent);
           EXPECT_EQ(a.stat("/d").status, -kEnoent);
         }},
    {.id = "dual.2",
     .requirement = "REPLAY-4",
     .sentence = "A mkdir that failed because the name was there is not done in replay; what the "
                 "other made in that directory is",
     .source = "semantics 1.4 (a failed operation has no transno)",
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& b = worker(c);
           EXPECT_EQ(a.mkdir("/d"), 0);
           barrier(c);
           EXPECT_EQ(a.mkdir("/d"), -kEexist);
           EXPECT_EQ(b.mkdir("/d/e"), 0);
           crash_at_barrier(c);

           EXPECT_EQ(a.rmdir("/d/e"), 0);
           EXPECT_EQ(a.rmdir("/d"), 0);
           EXPECT_EQ(b.stat("/d").status, -kEnoent);
         }},
    {.id = "dual.3",
     .requirement = "OPEN-3",
     .sentence = "One client has a file open that the other unlinked; its close is replayed",
     .source = "semantics 2.6, 2.7",
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& b = worker(c);
           a.put("/f", "x");
           const uint64_t fd = b.opened("/f", kRead);
           EXPECT_EQ(a.unlink("/f"), 0);
           barrier(c);
           EXPECT_EQ(b.close(fd), 0);
           crash_at_barrier(c);

           EXPECT_EQ(b.stat("/f").status, -kEnoent);
           EXPECT_EQ(a.create("/f"), 0);
         }},
    {.id = "dual.4",
     .requirement = "OPEN-3",
     .sentence = "Both clients have an unlinked file open; one close is replayed, the other comes "
                 "after the crash",
     .source = "semantics 2.6, 2.7",
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& b = worker(c);
           a.put("/f", "both");
           const uint64_t fb = b.opened("/f", kRead);
           const uint64_t fa = a.opened("/f", kRead);
           EXPECT_EQ(a.unlink("/f"), 0);
           barrier(c);
           EXPECT_EQ(b.close(fb), 0);
           crash_at_barrier(c);

           EXPECT_EQ(a.read(fa, 0, 4), "both");
           EXPECT_EQ(a.close(fa), 0);
           EXPECT_EQ(b.stat("/f").status, -kEnoent);
         }},
    {.id = "dual.5",
     .requirement = "REPLAY-4",
     .sentence = "A create that was answered only when it was sent again is replayed all the same",
     .source = "semantics 1.6 (the slot's transno goes into the answer)",
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           resend_then_replay(c, opcode::kMdsReint,
                              {.kind = Kind::mknod, .path = "/f", .mode = kRegular | 0644});
         }},
    {.id = "dual.6",
     .requirement = "REPLAY-4",
     .sentence = "An open that was answered only when it was sent again is replayed all the same",
     .source = "semantics 2.3, 2.6",
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           resend_then_replay(c, opcode::kLdlmEnqueue,
                              {.kind = Kind::open,
                               .path = "/f",
                               .flags = kCreate | kExclusive | kWrite,
                               .mode = 0644});
         }},
    {.id = "dual.7",
     .requirement = "REPLAY-3",
     .sentence = "The reply to the first replay is lost: creates and an unlink of two clients are "
                 "each executed once, in their order",
     .source = "semantics 1.7 (REPLAY), 1.9",
     .needs = kNeeds,
     .run = [](Conformance& c) { lose_replies_of_replays(c, 1); }},
    {.id = "dual.8",
     .requirement = "REPLAY-3",
     .sentence = "Both clients lose several replies to their replays, and finish",
     .source = "semantics 1.7 (REPLAY), 1.9",
     .needs = kNeeds,
     .run = [](Conformance& c) { lose_replies_of_replays(c, 3); }},
    {.id = "dual.9a",
     .requirement = "OPEN-2",
     .sentence = "The replay of an open is lost on the way; the file is open in the end",
     .source = "semantics 2.6",
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           barrier(c);
           EXPECT_EQ(a.mknod("/f", kRegular | 0644), 0);
           const uint64_t fd = a.opened("/f", kReadWrite);
           const size_t rule = c.lose(Part::request, opcode::kLdlmEnqueue);
           crash_at_barrier(c);
           c.wait_for_loss(rule);

           EXPECT_EQ(a.stat("/f").status, 0);
           EXPECT_EQ(a.close(fd), 0);
           EXPECT_EQ(a.unlink("/f"), 0);
         }},
    {.id = "dual.9b",
     .requirement = "OPEN-2",
     .sentence = "The replay of a close is lost on the way; the file is closed in the end",
     .source = "semantics 2.5, 2.6",
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& b = worker(c);
           EXPECT_EQ(a.mknod("/f", kRegular | 0755), 0);
           const uint64_t fd = a.opened("/f", kWrite);
           barrier(c);
           EXPECT_EQ(a.close(fd), 0);
           const size_t rule = c.lose(Part::request, opcode::kMdsClose);
           crash_at_barrier(c);
           c.wait_for_loss(rule);

           // Executed by nobody while it is open for writing (OPEN-5).
           EXPECT_EQ(b.close(b.opened("/f", kRead | kExecute)), 0);
           EXPECT_EQ(a.unlink("/f"), 0);
         }},
    {.id = "dual.10",
     .requirement = "OPEN-3",
     .sentence = "Two clients each created and opened the same file, unlinked since: both have it "
                 "open after the crash",
     .source = "semantics 2.6, 2.7",
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& b = worker(c);
           const uint64_t fa = a.opened("/f", kCreate | kReadWrite);
           const uint64_t fb = b.opened("/f", kCreate | kReadWrite);
           EXPECT_EQ(a.write(fa, 0, "shared"), 6);
           EXPECT_EQ(a.unlink("/f"), 0);
           barrier(c);
           crash_at_barrier(c);

           EXPECT_EQ(a.close(fa), 0);
           EXPECT_EQ(b.read(fb, 0, 6), "shared");
           EXPECT_EQ(b.close(fb), 0);
           EXPECT_EQ(a.stat("/f").status, -kEnoent);
         }},
    {.id = "dual.11",
     .requirement = "ORDER-1",
     .sentence =
         "A request that is sent again after the crash comes behind what another client did "
         "in the meantime, and behind all replays",
     .source = "semantics 1.6, 9.2 ORDER-1",
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& b = worker(c);
           EXPECT_EQ(a.create("/f", 0600), 0);
           barrier(c);
           EXPECT_EQ(a.chmod("/f", 0601), 0);
           const size_t rule = c.lose(Part::request, opcode::kMdsReint);
           Pending last = a.begin({.kind = Kind::chmod, .path = "/f", .mode = 0603});
           c.wait_for_loss(rule);
           EXPECT_EQ(b.chmod("/f", 0602), 0);
           crash_at_barrier(c);

           EXPECT_EQ(last.status(), 0);
           EXPECT_EQ(b.stat("/f").attributes.mode & 07777u, 0603u);
         }},
    {.id = "dual.12",
     .requirement = "ORDER-1",
     .sentence = "A request whose reply was lost is not done again over what another client did "
                 "after it",
     .source = "semantics 1.6, 9.2 ORDER-1",
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& b = worker(c);
           EXPECT_EQ(a.create("/f", 0600), 0);
           c.world().settle();
           const size_t rule = c.lose(Part::reply, opcode::kMdsReint);
           Pending first = a.begin({.kind = Kind::chmod, .path = "/f", .mode = 0601});
           c.wait_for_loss(rule);
           EXPECT_EQ(b.chmod("/f", 0602), 0);

           EXPECT_EQ(first.status(), 0);
           EXPECT_EQ(b.stat("/f").attributes.mode & 07777u, 0602u);
         }},
    {.id = "dual.13",
     .requirement = "REPLAY-1",
     .sentence = "A create whose reply was lost, and whose file another client removed meanwhile, "
                 "succeeded: it is not made again",
     .source = "semantics 1.6",
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& b = worker(c);
           c.world().settle();
           const size_t rule = c.lose(Part::reply, opcode::kMdsReint);
           Pending made = a.begin({.kind = Kind::mkdir, .path = "/d", .mode = 0755});
           c.wait_for_loss(rule);
           EXPECT_EQ(b.rmdir("/d"), 0);

           EXPECT_EQ(made.status(), 0);
           EXPECT_EQ(b.stat("/d").status, -kEnoent);
         }},
    {.id = "dual.14",
     .requirement = "REPLAY-1",
     .sentence = "An unlink whose reply was lost does not remove the file that another client has "
                 "made under that name since",
     .source = "semantics 1.6",
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& b = worker(c);
           EXPECT_EQ(a.mknod("/f", kRegular | 0644), 0);
           c.world().settle();
           const size_t rule = c.lose(Part::reply, opcode::kMdsReint);
           Pending removed = a.begin({.kind = Kind::unlink, .path = "/f"});
           c.wait_for_loss(rule);
           EXPECT_EQ(b.mkdir("/f"), 0);

           EXPECT_EQ(removed.status(), 0);
           EXPECT_EQ(b.stat("/f").status, 0);
         }},
    {.id = "dual.15",
     .requirement = "REPLAY-1",
     .sentence = "A rename whose reply was lost does not move the next file of that name",
     .source = "semantics 1.6",
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& b = worker(c);
           a.put("/f", "first");
           c.world().settle();
           const size_t rule = c.lose(Part::reply, opcode::kMdsReint);
           Pending moved = a.begin({.kind = Kind::rename, .path = "/f", .target = "/g"});
           c.wait_for_loss(rule);
           EXPECT_EQ(b.mkdir("/f"), 0);

           EXPECT_EQ(moved.status(), 0);
           EXPECT_EQ(b.get("/g"), "first");
           EXPECT_EQ(b.stat("/f").status, 0);
         }},
};

}  // namespace

std::span<const Case> dual_cases() { return kCases; }

}  // namespace suites
