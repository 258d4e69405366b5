// A request or its reply is lost: sent again, it takes effect once.
#include "protocol/ptlrpc.h"
#include "suites/application.h"
#include "suites/errno.h"
#include "suites/suites.h"

namespace suites {
namespace {

namespace opcode = protocol::ptlrpc::opcode;
using faults::Part;
using harness::Fact;
using harness::kMds;

void lose_reply(Conformance& c, uint32_t operation) {
  c.world().add_rule({.part = Part::reply, .opcode = operation});
}
void lose_request(Conformance& c, uint32_t operation) {
  c.world().add_rule({.part = Part::request, .opcode = operation});
}

const Case kCases[] = {
    {.id = "resend.1",
     .requirement = "REPLAY-1",
     .sentence = "A mkdir whose reply was lost is answered from the slot, not executed again",
     .source = "semantics 1.6, A4",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           lose_reply(c, opcode::kMdsReint);

           EXPECT_EQ(a.mkdir("/d"), 0);
           EXPECT_EQ(c.world().struck(0), 1u);
           EXPECT_EQ(a.stat("/d").status, 0);
         }},
    {.id = "resend.1b",
     .requirement = "REPLAY-1",
     .sentence = "A mkdir whose request was lost is executed when it is sent again",
     .source = "semantics 1.6",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           lose_request(c, opcode::kMdsReint);

           EXPECT_EQ(a.mkdir("/d"), 0);
           EXPECT_EQ(c.world().struck(0), 1u);
           EXPECT_EQ(a.stat("/d").status, 0);
         }},
    {.id = "resend.2",
     .requirement = "REPLAY-1",
     .sentence = "An unlink whose reply was lost succeeds, and is no ENOENT",
     .source = "semantics 1.6",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           EXPECT_EQ(a.create("/f"), 0);
           lose_reply(c, opcode::kMdsReint);

           EXPECT_EQ(a.unlink("/f"), 0);
           EXPECT_EQ(c.world().struck(0), 1u);
           EXPECT_EQ(a.stat("/f").status, -kEnoent);
         }},
    {.id = "resend.3",
     .requirement = "REPLAY-1",
     .sentence = "A rename whose reply was lost succeeds once",
     .source = "semantics 1.6",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           a.put("/f", "content");
           lose_reply(c, opcode::kMdsReint);

           EXPECT_EQ(a.rename("/f", "/g"), 0);
           EXPECT_EQ(c.world().struck(0), 1u);
           EXPECT_EQ(a.get("/g"), "content");
         }},
    {.id = "resend.4",
     .requirement = "REPLAY-1",
     .sentence = "A link whose reply was lost adds one to the link count",
     .source = "semantics 1.6",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           EXPECT_EQ(a.create("/f"), 0);
           lose_reply(c, opcode::kMdsReint);

           EXPECT_EQ(a.link("/f", "/g"), 0);
           EXPECT_EQ(c.world().struck(0), 1u);
           EXPECT_EQ(a.stat("/f").attributes.nlink, 2u);
         }},
    {.id = "resend.5",
     .requirement = "OPEN-1",
     .sentence = "An exclusive create whose reply was lost succeeds and leaves one open handle",
     .source = "semantics 2.3",
     .needs = Needs::notes,
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           EXPECT_EQ(a.stat("/").status, 0);
           lose_reply(c, opcode::kLdlmEnqueue);
           const uint64_t fd = a.opened("/f", kCreate | kExclusive | kWrite);

           EXPECT_EQ(c.world().struck(0), 1u);
           EXPECT_EQ(c.count(kMds, Fact::Kind::opened), 1u);
           EXPECT_EQ(a.close(fd), 0);
         }},
    {.id = "resend.6",
     .requirement = "REPLAY-1",
     .sentence = "A close whose reply was lost succeeds",
     .source = "semantics 1.5, 2.5",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           const uint64_t fd = a.opened("/f", kCreate | kWrite);
           lose_reply(c, opcode::kMdsClose);

           EXPECT_EQ(a.close(fd), 0);
           EXPECT_EQ(c.world().struck(0), 1u);
         }},
    {.id = "resend.7",
     .requirement = "REPLAY-1",
     .sentence = "A failure whose reply was lost fails the same way again",
     .source = "semantics 1.4, 1.6",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           EXPECT_EQ(a.mkdir("/d"), 0);
           EXPECT_EQ(a.create("/d/f"), 0);
           lose_reply(c, opcode::kMdsReint);

           EXPECT_EQ(a.rmdir("/d"), -kEnotempty);
           EXPECT_EQ(c.world().struck(0), 1u);
           EXPECT_EQ(a.stat("/d/f").status, 0);
         }},
    {.id = "resend.8",
     .requirement = "DATA-13",
     .sentence = "A write whose reply was lost is in the file once it was sent again",
     .source = "semantics 1.6 (bulk takes a fresh xid)",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           Application& b = c.mount();
           lose_reply(c, opcode::kOstWrite);
           const uint64_t fd = a.opened("/f", kCreate | kWrite);
           EXPECT_EQ(a.write(fd, 0, "sent twice"), 10);
           EXPECT_EQ(a.fsync(fd), 0);
           EXPECT_EQ(a.close(fd), 0);

           EXPECT_EQ(c.world().struck(0), 1u);
           EXPECT_EQ(b.get("/f"), "sent twice");
         }},
    {.id = "resend.9",
     .requirement = "DATA-13",
     .sentence = "A read whose reply was lost gives the data when it is sent again",
     .source = "semantics 1.6",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           Application& b = c.mount();
           a.put("/f", "read twice");
           lose_reply(c, opcode::kOstRead);

           EXPECT_EQ(b.get("/f"), "read twice");
           EXPECT_EQ(c.world().struck(0), 1u);
         }},
    {.id = "resend.10",
     .requirement = "REPLAY-1",
     .sentence = "A setattr whose request arrives twice has taken effect once",
     .source = "semantics 1.3, 1.6",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           EXPECT_EQ(a.create("/f"), 0);
           lose_reply(c, opcode::kMdsReint);

           EXPECT_EQ(a.chmod("/f", 0640), 0);
           EXPECT_EQ(c.world().struck(0), 1u);
           EXPECT_EQ(a.stat("/f").attributes.mode & 07777u, 0640u);
         }},
    {.id = "resend.11",
     .requirement = "REPLAY-1",
     .sentence = "A create that was committed before the crash, but not answered, is answered from "
                 "the durable slot",
     .source = "semantics 1.6, A5",
     .needs = Needs::crash | Needs::notes,
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           EXPECT_EQ(a.create("/before"), 0);
           lose_reply(c, opcode::kMdsReint);
           Pending mkdir =
               a.begin({.kind = harness::Syscall::Kind::mkdir, .path = "/d", .mode = 0755});
           c.wait_for("the reply to be lost", [&] { return c.world().struck(0) == 1; });
           c.world().settle();
           c.restart(kMds);

           EXPECT_EQ(mkdir.status(), 0);
           EXPECT_EQ(a.stat("/d").status, 0);
           EXPECT_GE(c.count(kMds, Fact::Kind::reconstructed), 1u);
         }},
    {.id = "resend.12",
     .requirement = "REPLAY-1",
     .sentence = "A create that was neither committed nor answered before the crash is executed "
                 "anew",
     .source = "semantics 1.6",
     .needs = Needs::crash | Needs::hold_commits,
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           EXPECT_EQ(a.create("/before"), 0);
           c.world().settle();
           c.world().hold_commits(kMds);
           lose_reply(c, opcode::kMdsReint);
           Pending mkdir =
               a.begin({.kind = harness::Syscall::Kind::mkdir, .path = "/d", .mode = 0755});
           c.wait_for("the reply to be lost", [&] { return c.world().struck(0) == 1; });
           c.world().crash(kMds);
           c.world().release_commits(kMds);
           c.world().start(kMds);

           EXPECT_EQ(mkdir.status(), 0);
           EXPECT_EQ(a.stat("/d").status, 0);
         }},
    {.id = "resend.13",
     .requirement = "REPLAY-1",
     .sentence = "A create and its slot become durable together: with the one, the other is there",
     .source = "semantics 1.5",
     .needs = Needs::crash | Needs::hold_commits | Needs::notes,
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           EXPECT_EQ(a.create("/before"), 0);
           c.world().settle();
           c.world().hold_commits(kMds);
           lose_reply(c, opcode::kMdsReint);
           Pending mkdir =
               a.begin({.kind = harness::Syscall::Kind::mkdir, .path = "/d", .mode = 0755});
           c.wait_for("the reply to be lost", [&] { return c.world().struck(0) == 1; });
           const size_t before = c.count(kMds, Fact::Kind::committed);
           c.world().release_commits(kMds);
           c.wait_for("the create to be committed",
                      [&] { return c.count(kMds, Fact::Kind::committed) > before; });
           c.world().crash(kMds);
           c.world().start(kMds);

           EXPECT_EQ(mkdir.status(), 0);
           EXPECT_EQ(a.stat("/d").status, 0);
         }},
};

}  // namespace

std::span<const Case> resend_cases() { return kCases; }

}  // namespace suites
