// Operations that failed or changed nothing before the crash change nothing in the recovery either,
// and do not come between those that did.
#include "protocol/operations_2_0.h"
#include "protocol/ptlrpc.h"
#include "suites/application.h"
#include "suites/errno.h"
#include "suites/peer.h"
#include "suites/recovery/barrier.h"
#include "suites/suites.h"

namespace suites {
namespace {

using faults::Part;
using harness::kMds;
using Kind = harness::Syscall::Kind;

constexpr uint32_t kDirectory = 0200000;  // O_DIRECTORY
constexpr uint32_t kNobody = 500;
constexpr Needs kNeeds = Needs::crash | Needs::hold_commits;

const Case kCases[] = {
    {.id = "failed.1",
     .requirement = "REPLAY-4",
     .sentence = "An open as a directory of a file that was just made fails, and is not replayed",
     .source = "semantics 1.4, 2.2",
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           barrier(c);
           a.put("/f", "content");
           EXPECT_EQ(a.open("/f", kRead | kDirectory).status, -kEnotdir);
           crash_at_barrier(c);

           EXPECT_EQ(a.get("/f"), "content");
           EXPECT_EQ(a.unlink("/f"), 0);
         }},
    {.id = "failed.2",
     .requirement = "REPLAY-4",
     .sentence = "An open that may not create makes no file, in replay neither",
     .source = "semantics 1.4, 2.2",
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           EXPECT_EQ(a.mkdir("/d", 0755), 0);
           barrier(c);
           EXPECT_EQ(a.create("/before"), 0);
           EXPECT_EQ(a.call({.kind = Kind::open,
                             .path = "/d/f",
                             .flags = kCreate | kWrite,
                             .mode = 0644,
                             .uid = kNobody,
                             .gid = kNobody})
                         .status,
                     -kEacces);
           EXPECT_EQ(a.create("/after"), 0);
           crash_at_barrier(c);

           EXPECT_TRUE(a.list("/d").empty());
           EXPECT_EQ(a.unlink("/before"), 0);
           EXPECT_EQ(a.unlink("/after"), 0);
         }},
    {.id = "failed.3",
     .requirement = "REPLAY-4",
     .sentence = "Removals, renames, links and creates that failed, each between two that did not, "
                 "leave those as they were",
     .source = "semantics 1.4",
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           EXPECT_EQ(a.mkdir("/d"), 0);
           EXPECT_EQ(a.create("/d/f"), 0);
           barrier(c);
           EXPECT_EQ(a.rmdir("/d"), -kEnotempty);
           EXPECT_EQ(a.create("/1"), 0);
           EXPECT_EQ(a.unlink("/missing"), -kEnoent);
           EXPECT_EQ(a.create("/2"), 0);
           EXPECT_EQ(a.rename("/missing", "/d"), -kEnoent);
           EXPECT_EQ(a.create("/3"), 0);
           EXPECT_EQ(a.link("/d/f", "/1"), -kEexist);
           EXPECT_EQ(a.open("/2", kCreate | kExclusive | kWrite).status, -kEexist);
           EXPECT_EQ(a.mkdir("/3"), -kEexist);
           crash_at_barrier(c);

           EXPECT_EQ(a.list("/").size(), 5u);
           EXPECT_EQ(a.stat("/d/f").attributes.nlink, 1u);
           for (const char* name : {"/1", "/2", "/3", "/d/f"}) EXPECT_EQ(a.unlink(name), 0) << name;
           EXPECT_EQ(a.rmdir("/d"), 0);
         }},
    {.id = "failed.4",
     .requirement = "REPLAY-1",
     .sentence =
         "A failure whose reply was lost when the server died fails again, or does what has "
         "become possible, but not both",
     .source = "semantics 1.6",
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& b = worker(c);
           EXPECT_EQ(a.mkdir("/d"), 0);
           EXPECT_EQ(b.create("/d/f"), 0);
           barrier(c);
           const size_t rule = c.lose(Part::reply, protocol::ptlrpc::opcode::kMdsReint);
           Pending removed = a.begin({.kind = Kind::rmdir, .path = "/d"});
           c.wait_for_loss(rule);
           crash_at_barrier(c);
           const int32_t status = removed.status();

           EXPECT_EQ(status, -kEnotempty);
           EXPECT_EQ(b.stat("/d/f").status, 0);
         }},
    {.id = "failed.5",
     .requirement = "REPLAY-4",
     .sentence = "Reading, looking and asking leave nothing to replay, and take nothing of what "
                 "there is",
     .source = "semantics 1.4",
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           a.put("/f", "content");
           barrier(c);
           EXPECT_EQ(a.mkdir("/d"), 0);
           EXPECT_EQ(a.get("/f"), "content");
           EXPECT_EQ(a.list("/").size(), 3u);
           EXPECT_EQ(a.getxattr("/f", "user.none").status, -kEnodata);
           EXPECT_EQ(a.chmod("/f", 0644), 0);  // as it was
           EXPECT_EQ(a.mkdir("/d/e"), 0);
           crash_at_barrier(c);

           EXPECT_EQ(a.stat("/d/e").status, 0);
           EXPECT_EQ(a.get("/f"), "content");
         }},
    {.id = "failed.6",
     .requirement = "REPLAY-7",
     .sentence = "A failed request, whose record has no transno, does not set back what the server "
                 "says is committed after a restart",
     .source = "semantics 1.4, 1.8 (went back in time), 9.2 REPLAY-7",
     .needs = Needs::crash,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& b = worker(c);
           Peer& peer = c.peer();
           peer.connect(kMds);
           EXPECT_EQ(a.create("/f"), 0);
           EXPECT_EQ(b.create("/g"), 0);
           c.world().settle();
           EXPECT_EQ(b.rmdir("/missing"), -kEnoent);
           EXPECT_EQ(b.open("/g", kCreate | kExclusive | kWrite).status, -kEexist);
           c.world().settle();
           const uint64_t told = peer.ping(kMds).message.body().last_committed;
           EXPECT_NE(told, 0u);
           const uint64_t handle = peer.handle(kMds);
           c.restart(kMds);
           const Answer again = peer.connect(kMds, {.handle = handle, .conn_cnt = 2});

           EXPECT_EQ(again.status(), 0);
           EXPECT_GE(again.message.body().last_committed, told);
         }},
};

}  // namespace

std::span<const Case> failed_cases() { return kCases; }

}  // namespace suites
