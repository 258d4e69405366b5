// The MDS dies and comes back: replay, open handles, what was committed and what was not.
#include "protocol/ptlrpc.h"
#include "suites/application.h"
#include "suites/errno.h"
#include "suites/peer.h"
#include "suites/recovery/barrier.h"
#include "suites/suites.h"

namespace suites {
namespace {

using harness::Fact;
using harness::kMds;
using Kind = harness::Syscall::Kind;

const Case kCases[] = {
    {.id = "mds-recovery.1",
     .requirement = "REPLAY-4",
     .sentence = "A directory made after the last commit is there after the crash, replayed",
     .source = "semantics 1.6, 1.9, A3",
     .needs = Needs::crash | Needs::hold_commits,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           barrier(c);
           EXPECT_EQ(a.mkdir("/d"), 0);
           crash_at_barrier(c);

           EXPECT_EQ(a.stat("/d").status, 0);
           EXPECT_EQ(a.mkdir("/d/e"), 0);
         }},
    {.id = "mds-recovery.2",
     .requirement = "OPEN-2",
     .sentence = "A file created and open, neither of it committed, is open after the crash: its "
                 "handle works, and its data is there",
     .source = "semantics 2.4, 2.6, A3",
     .needs = Needs::crash | Needs::hold_commits,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& b = worker(c);
           barrier(c);
           const uint64_t fd = a.opened("/f", kCreate | kReadWrite);
           EXPECT_EQ(a.write(fd, 0, "before"), 6);
           crash_at_barrier(c);

           EXPECT_EQ(a.write(fd, 6, " after"), 6);
           EXPECT_EQ(a.close(fd), 0);
           EXPECT_EQ(b.get("/f"), "before after");
         }},
    {.id = "mds-recovery.3",
     .requirement = "OPEN-2",
     .sentence = "A file whose open was committed long ago is open after the crash, by one handle",
     .source = "semantics 2.4, 2.6",
     .needs = Needs::crash | Needs::notes,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           const uint64_t fd = a.opened("/f", kCreate | kReadWrite);
           EXPECT_EQ(a.mkdir("/later"), 0);
           c.world().settle();
           const size_t before = c.count(kMds, Fact::Kind::opened);
           const size_t closed = c.count(kMds, Fact::Kind::closed);
           c.restart(kMds);
           EXPECT_EQ(a.stat("/later").status, 0);

           EXPECT_EQ(c.count(kMds, Fact::Kind::opened), before + 1);
           EXPECT_EQ(a.close(fd), 0);
           EXPECT_EQ(c.count(kMds, Fact::Kind::closed), closed + 1);
         }},
    {.id = "mds-recovery.4",
     .requirement = "REPLAY-3",
     .sentence = "What two clients did after the last commit is replayed in the order in which it "
                 "was done",
     .source = "semantics 1.9",
     .needs = Needs::crash | Needs::hold_commits,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& b = worker(c);
           barrier(c);
           EXPECT_EQ(a.mkdir("/d"), 0);
           EXPECT_EQ(b.mkdir("/d/e"), 0);
           EXPECT_EQ(a.rename("/d/e", "/d/f"), 0);
           EXPECT_EQ(b.mkdir("/d/f/g"), 0);
           crash_at_barrier(c);

           EXPECT_EQ(a.stat("/d/f/g").status, 0);
           EXPECT_EQ(b.stat("/d/e").status, -kEnoent);
         }},
    {.id = "mds-recovery.5",
     .requirement = "REPLAY-9",
     .sentence = "A client that never comes back does not keep the others out for ever",
     .source = "semantics 1.9 (timer)",
     .needs = Needs::crash,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& gone = worker(c);
           EXPECT_EQ(gone.mkdir("/by-the-other"), 0);
           c.world().settle();
           c.world().kill_client(gone.id());
           c.restart(kMds);

           EXPECT_EQ(a.stat("/by-the-other").status, 0);
           EXPECT_EQ(a.mkdir("/d"), 0);
         }},
    {.id = "mds-recovery.6",
     .requirement = "OPEN-3",
     .sentence = "A file that was unlinked while open is still usable after the crash, and gone "
                 "after its close",
     .source = "semantics 2.6, 2.7",
     .needs = Needs::crash,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           const uint64_t before = a.statfs().file_system.free;
           const uint64_t fd = a.opened("/f", kCreate | kReadWrite);
           EXPECT_EQ(a.write(fd, 0, "orphan"), 6);
           EXPECT_EQ(a.fsync(fd), 0);
           EXPECT_EQ(a.unlink("/f"), 0);
           c.world().settle();
           c.restart(kMds);

           EXPECT_EQ(a.stat("/f").status, -kEnoent);
           EXPECT_EQ(a.read(fd, 0, 10), "orphan");
           EXPECT_EQ(a.close(fd), 0);
           c.world().settle();
           c.expect_in_time("the space to be free again",
                            [&] { return a.statfs().file_system.free == before; });
         }},
    {.id = "mds-recovery.7",
     .requirement = "REPLAY-4",
     .sentence = "Unlink, rename, link, symlink and chmod after the last commit are all replayed",
     .source = "semantics 1.6",
     .needs = Needs::crash | Needs::hold_commits,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           a.put("/gone", "x");
           a.put("/from", "moved");
           barrier(c);
           EXPECT_EQ(a.unlink("/gone"), 0);
           EXPECT_EQ(a.rename("/from", "/to"), 0);
           EXPECT_EQ(a.link("/to", "/also"), 0);
           EXPECT_EQ(a.symlink("/to", "/sym"), 0);
           EXPECT_EQ(a.chmod("/to", 0600), 0);
           crash_at_barrier(c);

           EXPECT_EQ(a.stat("/gone").status, -kEnoent);
           EXPECT_EQ(a.stat("/also").attributes.nlink, 2u);
           EXPECT_EQ(a.stat("/sym").attributes.mode & 07777u, 0600u);
           EXPECT_EQ(a.get("/also"), "moved");
         }},
    {.id = "mds-recovery.8",
     .requirement = "REPLAY-4",
     .sentence = "Two crashes in a row lose nothing that was answered",
     .source = "semantics 1.9, 9.2 REPLAY-7",
     .needs = Needs::crash | Needs::hold_commits,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           barrier(c);
           const uint64_t fd = a.opened("/f", kCreate | kWrite);
           EXPECT_EQ(a.mkdir("/d"), 0);
           crash_at_barrier(c);
           c.restart(kMds);

           EXPECT_EQ(a.stat("/d").status, 0);
           EXPECT_EQ(a.close(fd), 0);
           EXPECT_EQ(a.stat("/f").status, 0);
         }},
    {.id = "mds-recovery.9",
     .requirement = "REPLAY-2",
     .sentence = "What was not committed is lost with the client that would have replayed it",
     .source = "semantics 1.13, 9.2 REPLAY-2",
     .needs = Needs::crash | Needs::hold_commits,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& b = worker(c);
           EXPECT_EQ(a.mkdir("/committed"), 0);
           barrier(c);
           EXPECT_EQ(a.mkdir("/lost"), 0);
           c.world().kill_client(a.id());
           crash_at_barrier(c);

           EXPECT_EQ(b.stat("/committed").status, 0);
           EXPECT_EQ(b.stat("/lost").status, -kEnoent);
         }},
    {.id = "mds-recovery.10",
     .requirement = "REPLAY-2",
     .sentence = "What was committed stays, whoever dies",
     .source = "semantics 1.13",
     .needs = Needs::crash | Needs::hold_commits | Needs::release_commits,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& b = worker(c);
           barrier(c);
           EXPECT_EQ(a.mkdir("/kept"), 0);
           c.world().release_commits(kMds);
           c.world().settle();
           c.world().kill_client(a.id());
           c.restart(kMds);

           EXPECT_EQ(b.stat("/kept").status, 0);
         }},
    {.id = "mds-recovery.11",
     .requirement = "OPEN-2",
     .sentence = "A close after the crash of a file closed by nobody else takes its handle away",
     .source = "semantics 2.5, 2.6",
     .needs = Needs::crash,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           const uint64_t one = a.opened("/f", kCreate | kWrite);
           const uint64_t two = a.opened("/f", kRead);
           c.world().settle();
           c.restart(kMds);
           EXPECT_EQ(a.close(one), 0);
           EXPECT_EQ(a.close(two), 0);

           EXPECT_EQ(a.unlink("/f"), 0);
           EXPECT_EQ(a.stat("/f").status, -kEnoent);
         }},
    {.id = "mds-recovery.12",
     .requirement = "EVICT-1",
     .sentence = "An evicted client's open handle is dead; the client goes on with a fresh export",
     .source = "semantics 1.11, A6",
     .needs = Needs::evict | Needs::notes,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           const uint64_t fd = a.opened("/f", kCreate | kWrite);
           c.world().settle();
           const size_t closed = c.count(kMds, Fact::Kind::closed);
           c.world().evict(kMds, a.uuid());
           c.world().settle();
           EXPECT_EQ(c.count(kMds, Fact::Kind::closed), closed + 1);
           // The call that finds out fails with its requests; what follows works.
           static_cast<void>(a.stat("/f"));

           EXPECT_EQ(a.stat("/f").status, 0);
           EXPECT_EQ(a.close(fd), 0);
           EXPECT_EQ(a.mkdir("/d"), 0);
           EXPECT_EQ(c.count(kMds, Fact::Kind::closed), closed + 1);
         }},
    {.id = "mds-recovery.13",
     .requirement = "OPEN-3",
     .sentence = "An unlinked file whose only user does not come back is destroyed when recovery "
                 "ends",
     .source = "semantics 2.7",
     .needs = Needs::crash,
     .waits_long = true,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& b = worker(c);
           const uint64_t before = b.statfs().file_system.free;
           const uint64_t fd = a.opened("/f", kCreate | kWrite);
           EXPECT_EQ(a.write(fd, 0, std::string(1'000'000, 'x')), 1'000'000);
           EXPECT_EQ(a.fsync(fd), 0);
           EXPECT_EQ(b.unlink("/f"), 0);
           c.world().settle();
           c.world().kill_client(a.id());
           c.restart(kMds);
           EXPECT_EQ(b.mkdir("/after"), 0);
           c.drain();

           c.expect_in_time("the space to be free again",
                            [&] { return b.statfs().file_system.free == before; });
         }},
    {.id = "mds-recovery.14",
     .requirement = "REPLAY-9",
     .sentence = "A client that never comes back does not cost the others what they replay",
     .source = "semantics 1.9 (timer)",
     .needs = Needs::crash | Needs::hold_commits,
     .run =
         [](Conformance& c) {
           Peer& gone = c.peer();
           gone.connect(kMds);
           c.mount();
           Application& a = worker(c);
           barrier(c);
           EXPECT_EQ(a.mkdir("/d"), 0);
           crash_at_barrier(c);

           EXPECT_EQ(a.stat("/d").status, 0);
           EXPECT_EQ(a.mkdir("/d/e"), 0);
         }},
};

}  // namespace

std::span<const Case> mds_recovery_cases() { return kCases; }

}  // namespace suites
