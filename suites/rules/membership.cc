// Who is in and who is out: evictions and their traces, silence, clients that depend on each other.
#include "protocol/ptlrpc.h"
#include "suites/application.h"
#include "suites/errno.h"
#include "suites/md_peer.h"
#include "suites/recovery/barrier.h"
#include "suites/suites.h"

namespace suites {
namespace {

namespace msg_connect_flag = protocol::ptlrpc::msg_connect_flag;
namespace opcode = protocol::ptlrpc::opcode;
using faults::Part;
using harness::kMds;
using harness::ost;
using Kind = harness::Syscall::Kind;

const Case kCases[] = {
    {.id = "membership.1",
     .requirement = "EVICT-1",
     .sentence = "A restarted server does not know a client that it had evicted",
     .source = "semantics 1.5, 1.11",
     .needs = Needs::crash | Needs::evict,
     .run =
         [](Conformance& c) {
           Peer& peer = c.peer();
           peer.connect(kMds);
           const uint64_t before = peer.handle(kMds);
           c.world().evict(kMds, peer.uuid());
           c.world().settle();
           c.restart(kMds);
           const Answer again =
               peer.connect(kMds, {.handle = before, .conn_cnt = 2, .op_flags = 0});

           EXPECT_EQ(again.status(), 0);
           EXPECT_EQ(again.message.body().op_flags & msg_connect_flag::kRecovering, 0u);
         }},
    {.id = "membership.2",
     .requirement = "EVICT-3",
     .sentence = "A client that is idle, but pings, is not evicted however long it is idle",
     .source = "semantics 1.11 (a), 1.12",
     .waits_long = true,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& b = worker(c);
           const uint64_t fd = a.opened("/f", kCreate | kReadWrite);
           EXPECT_EQ(a.flock(fd, kExclusiveLock, 0, 99), 0);
           c.world().pass(3 * c.silence_max());

           // Its lock is there still.
           const uint64_t other = b.opened("/f", kReadWrite);
           EXPECT_EQ(b.flock(other, kExclusiveLock, 0, 99), -kEagain);
           EXPECT_EQ(a.close(fd), 0);
           EXPECT_EQ(b.close(other), 0);
         }},
    {.id = "membership.3",
     .requirement = "EVICT-2",
     .sentence = "A write that was under way when its client was evicted is not sent again: the "
                 "client is told that it failed",
     .source = "semantics 1.11, 9.2 EVICT-2",
     .needs = Needs::evict,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& b = worker(c);
           a.put("/f", "before");
           const uint64_t fd = a.opened("/f", kReadWrite);
           EXPECT_EQ(a.fsync(fd), 0);
           EXPECT_EQ(a.write(fd, 0, "AFTER!"), 6);
           c.world().add_rule({.part = Part::request, .opcode = opcode::kOstWrite});
           Pending sync = a.begin({.kind = Kind::fsync, .fd = fd});
           c.wait_for("the write to be lost", [&] { return c.world().struck(0) == 1; });
           c.world().evict(ost(0), a.uuid());
           c.world().evict(ost(1), a.uuid());

           EXPECT_NE(sync.status(), 0);
           EXPECT_EQ(b.get("/f"), "before");
           EXPECT_EQ(a.close(fd), 0);
         }},
    {.id = "membership.3b",
     .requirement = "EVICT-2",
     .sentence = "What was dirty when a client learned of its eviction is never written",
     .source = "semantics 1.11, 9.2 EVICT-2",
     .needs = Needs::evict,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& b = worker(c);
           a.put("/f", "before");
           const uint64_t fd = a.opened("/f", kReadWrite);
           EXPECT_EQ(a.fsync(fd), 0);
           const uint64_t others[] = {a.opened("/g", kCreate | kReadWrite),
                                      a.opened("/h", kCreate | kReadWrite)};
           EXPECT_EQ(a.write(fd, 0, "AFTER!"), 6);
           c.world().evict(ost(0), a.uuid());
           c.world().evict(ost(1), a.uuid());
           // It learns it while it reads other files, on either OST.
           for (const uint64_t other : others) {
             static_cast<void>(a.call({.kind = Kind::read, .fd = other, .length = 1}));
           }

           EXPECT_NE(a.fsync(fd), 0);
           EXPECT_EQ(b.get("/f"), "before");
           EXPECT_EQ(a.close(fd), 0);
         }},
    {.id = "membership.4",
     .requirement = "REPLAY-4",
     .sentence = "What was answered is there after the crash, though it builds on another client's "
                 "operation whose answer was lost",
     .source = "semantics 1.6 (locks kept until a reply is acknowledged)",
     .needs = Needs::crash | Needs::hold_commits,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& b = worker(c);
           c.world().hold_commits(kMds);
           c.world().add_rule({.part = Part::reply, .opcode = opcode::kMdsReint});
           Pending mkdir = a.begin({.kind = Kind::mkdir, .path = "/d", .mode = 0755});
           c.wait_for("the reply to be lost", [&] { return c.world().struck(0) == 1; });
           Pending within = b.begin({.kind = Kind::mkdir, .path = "/d/e", .mode = 0755});
           c.world().settle();
           const bool answered = within.done() && within.status() == 0;
           crash_at_barrier(c);

           EXPECT_EQ(mkdir.status(), 0);
           EXPECT_EQ(b.stat("/d").status, 0);
           EXPECT_TRUE(!answered || b.stat("/d/e").status == 0);
         }},
    {.id = "membership.5",
     .requirement = "OPEN-3",
     .sentence = "Objects of a file that was removed by a client that died before it could destroy "
                 "them are destroyed after the MDS's restart",
     .source = "semantics 2.5 (unlink log), 2.7",
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
           EXPECT_EQ(a.close(fd), 0);
           c.world().add_rule({.part = Part::request, .opcode = opcode::kOstDestroy});
           EXPECT_EQ(a.unlink("/f"), 0);
           c.wait_for("the destroy to be lost", [&] { return c.world().struck(0) == 1; });
           c.world().kill_client(a.id());
           c.restart(kMds);
           EXPECT_EQ(b.mkdir("/after"), 0);
           c.drain();

           c.expect_in_time("the space to be free again",
                            [&] { return b.statfs().file_system.free == before; });
         }},
    {.id = "membership.6",
     .requirement = "ATOM-4",
     .sentence = "A file whose removal was not committed is there after the crash, with its data, "
                 "though its remover is gone",
     .source = "semantics 2.5 (H-DESTROY), 9.2 ATOM-4",
     .needs = Needs::crash | Needs::hold_commits,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& b = worker(c);
           a.put("/f", "still there");
           const uint64_t fd = a.opened("/f", kWrite);
           EXPECT_EQ(a.fsync(fd), 0);
           EXPECT_EQ(a.close(fd), 0);
           c.world().settle();
           c.world().hold_commits(kMds);
           EXPECT_EQ(a.unlink("/f"), 0);
           c.world().settle();
           c.world().kill_client(a.id());
           crash_at_barrier(c);

           EXPECT_EQ(b.get("/f"), "still there");
         }},
    {.id = "membership.7",
     .requirement = "OPEN-5",
     .sentence = "A file that is open for writing is not executed after the MDS's restart either",
     .source = "semantics 2.1, 9.2 OPEN-5",
     .needs = Needs::crash,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& b = worker(c);
           const uint64_t fd = a.opened("/f", kCreate | kWrite, 0755);
           c.world().settle();
           c.restart(kMds);
           EXPECT_EQ(a.mkdir("/after"), 0);

           EXPECT_EQ(b.open("/f", kRead | kExecute).status, -kEtxtbsy);
           EXPECT_EQ(a.close(fd), 0);
         }},
};

}  // namespace

std::span<const Case> membership_cases() { return kCases; }

}  // namespace suites
