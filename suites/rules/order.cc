// Several requests of one client: under way together, overtaking each other, torn by a crash, with
// somebody else in between.
#include "protocol/mds.h"
#include "protocol/ptlrpc.h"
#include "suites/application.h"
#include "suites/errno.h"
#include "suites/md_peer.h"
#include "suites/object_peer.h"
#include "suites/recovery/barrier.h"
#include "suites/suites.h"

namespace suites {
namespace {

namespace opcode = protocol::ptlrpc::opcode;
namespace open_flag = protocol::mds::open_flag;
using faults::Part;
using harness::kMds;
using harness::ost;
using Kind = harness::Syscall::Kind;

void lose_reply(Conformance& c, uint32_t operation) {
  c.world().add_rule({.part = Part::reply, .opcode = operation});
}

// A file with an object on the first OST, made by a peer that keeps it open; the object.
uint64_t object_on_first(MdPeer& maker) {
  for (int i = 0; i < 8; ++i) {
    const Opened file =
        maker.open("file" + std::to_string(i), open_flag::kCreat | open_flag::kFmodeWrite);
    EXPECT_EQ(file.status, 0);
    if (const auto object = object_in(file.md.view())) return *object;
  }
  ADD_FAILURE() << "no file has an object on the first OST";
  return 0;
}

const Case kCases[] = {
    {.id = "order.1",
     .requirement = "REPLAY-1",
     .sentence = "A close beside it does not make the server forget a modification whose reply was "
                 "lost: both kinds have their place in the slot",
     .source = "semantics 1.5",
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& b = worker(c);
           const uint64_t fd = a.opened("/open", kCreate | kWrite);
           EXPECT_EQ(b.unlink("/open"), 0);  // so that the close changes something in 2.0, too
           lose_reply(c, opcode::kMdsReint);
           Pending mkdir = a.begin({.kind = Kind::mkdir, .path = "/d", .mode = 0755});
           c.wait_for("the reply to be lost", [&] { return c.world().struck(0) == 1; });
           EXPECT_EQ(a.close(fd), 0);

           EXPECT_EQ(mkdir.status(), 0);
         }},
    {.id = "order.2",
     .requirement = "REPLAY-1",
     .sentence = "A failure whose reply was lost stays one, though another client has removed its "
                 "reason meanwhile",
     .source = "semantics 1.4 (1.8 records failures in the slot)",
     .needs = Needs::only_1_8,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& b = worker(c);
           EXPECT_EQ(a.mkdir("/d"), 0);
           EXPECT_EQ(b.create("/d/f"), 0);
           lose_reply(c, opcode::kMdsReint);
           Pending rmdir = a.begin({.kind = Kind::rmdir, .path = "/d"});
           c.wait_for("the reply to be lost", [&] { return c.world().struck(0) == 1; });
           EXPECT_EQ(b.unlink("/d/f"), 0);

           EXPECT_EQ(rmdir.status(), -kEnotempty);
         }},
    {.id = "order.3",
     .requirement = "REPLAY-2",
     .sentence = "A rename is durable as a whole or not at all",
     .source = "semantics 1.5, 1.13",
     .needs = Needs::crash | Needs::crash_at_commit,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           a.put("/f", "content");
           c.world().settle();
           c.world().crash_at_commit(kMds, 1, true);
           lose_reply(c, opcode::kMdsReint);
           Pending rename = a.begin({.kind = Kind::rename, .path = "/f", .target = "/g"});
           c.wait_for("the MDS to die", [&] { return !c.world().running(kMds); });
           c.world().start(kMds);

           EXPECT_EQ(rename.status(), 0);
           EXPECT_EQ(a.get("/g"), "content");
           EXPECT_EQ(a.stat("/f").status, -kEnoent);
         }},
    {.id = "order.4",
     .requirement = "REPLAY-4",
     .sentence = "A truncation that was answered and not committed is replayed to its OST",
     .source = "semantics 1.13, 3.10",
     .needs = Needs::crash | Needs::hold_commits,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& b = worker(c);
           a.put("/f", "0123456789");
           const uint64_t fd = a.opened("/f", kWrite);
           EXPECT_EQ(a.fsync(fd), 0);
           EXPECT_EQ(a.close(fd), 0);
           c.world().settle();
           for (const uint32_t i : {0u, 1u}) c.world().hold_commits(ost(i));
           EXPECT_EQ(a.truncate("/f", 3), 0);
           for (const uint32_t i : {0u, 1u}) {
             c.world().crash(ost(i));
             c.world().release_commits(ost(i));
             c.world().start(ost(i));
           }

           EXPECT_EQ(b.get("/f"), "012");
         }},
    {.id = "order.5",
     .requirement = "ORDER-1",
     .sentence = "Two modifications at once of one client have one effect each, though the reply "
                 "to the first is lost",
     .source = "semantics 1.6 (one modification in flight)",
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           lose_reply(c, opcode::kMdsReint);
           Pending one = a.begin({.kind = Kind::mkdir, .path = "/one", .mode = 0755});
           Pending two = a.begin({.kind = Kind::mkdir, .path = "/two", .mode = 0755});

           EXPECT_EQ(one.status(), 0);
           EXPECT_EQ(two.status(), 0);
         }},
    {.id = "order.6",
     .requirement = "ORDER-1",
     .sentence = "A write that arrives late does not move back the times that its client has set "
                 "since",
     .source = "semantics 3.7",
     .run =
         [](Conformance& c) {
           MdPeer maker(c);
           maker.connect();
           const uint64_t object = object_on_first(maker);
           ObjectPeer client(c);
           EXPECT_EQ(client.write_lockless(object, 0, "first", 1000).status(), 0);
           const uint64_t earlier = client.peer().last_xid() + 1;
           client.peer().ping(ost(0));
           EXPECT_EQ(client.set_mtime(object, 5000).status(), 0);
           EXPECT_EQ(client.write_lockless(object, 0, "late", 1500, earlier).status(), 0);

           EXPECT_EQ(client.mtime_of(object), 5000u);
         }},
    {.id = "order.7",
     .requirement = "OPEN-1",
     .sentence = "A create whose reply was lost answers with its own file, though another has its "
                 "name by now",
     .source = "semantics 1.6, 2.3 (2.0: by the FID that the client chose)",
     .needs = Needs::only_2_0,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& b = worker(c);
           lose_reply(c, opcode::kLdlmEnqueue);
           Pending open =
               a.begin({.kind = Kind::open, .path = "/f", .flags = kCreate | kWrite, .mode = 0644});
           c.wait_for("the reply to be lost", [&] { return c.world().struck(0) == 1; });
           c.world().settle();
           EXPECT_EQ(b.rename("/f", "/g"), 0);
           b.put("/f", "another");
           EXPECT_EQ(open.status(), 0);
           const uint64_t fd = open.result().value;
           EXPECT_EQ(a.write(fd, 0, "a's own"), 7);
           EXPECT_EQ(a.close(fd), 0);

           EXPECT_EQ(b.get("/g"), "a's own");
           EXPECT_EQ(b.get("/f"), "another");
         }},
};

}  // namespace

std::span<const Case> order_cases() { return kCases; }

}  // namespace suites
