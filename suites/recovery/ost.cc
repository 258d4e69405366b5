// An OST dies and comes back: dirty pages, writes in flight, locks, objects.
#include "protocol/ptlrpc.h"
#include "suites/application.h"
#include "suites/errno.h"
#include "suites/suites.h"

namespace suites {
namespace {

namespace opcode = protocol::ptlrpc::opcode;
using faults::Part;
using harness::ost;
using Kind = harness::Syscall::Kind;

void restart_osts(Conformance& c) {
  for (const harness::ServerId server : c.osts()) c.restart(server);
}

const Case kCases[] = {
    {.id = "ost-recovery.1",
     .requirement = "ATOM-3",
     .sentence = "Data that was synced is there after the OSTs' crash",
     .source = "semantics 1.13 (sync journal)",
     .needs = Needs::crash,
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           Application& b = c.mount();
           a.put("/f", "durable");
           const uint64_t fd = a.opened("/f", kWrite);
           EXPECT_EQ(a.fsync(fd), 0);
           EXPECT_EQ(a.close(fd), 0);
           restart_osts(c);

           EXPECT_EQ(b.get("/f"), "durable");
         }},
    {.id = "ost-recovery.2",
     .requirement = "ATOM-3",
     .sentence = "Dirty pages outlive the OSTs' crash and are written afterwards",
     .source = "semantics 3.4, 3.10",
     .needs = Needs::crash,
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           Application& b = c.mount();
           const uint64_t fd = a.opened("/f", kCreate | kWrite);
           EXPECT_EQ(a.write(fd, 0, "dirty"), 5);
           c.world().settle();
           restart_osts(c);

           EXPECT_EQ(a.fsync(fd), 0);
           EXPECT_EQ(b.get("/f"), "dirty");
           EXPECT_EQ(a.close(fd), 0);
         }},
    {.id = "ost-recovery.3",
     .requirement = "DATA-13",
     .sentence = "Writes in flight when the OST dies are sent again, and are in the file",
     .source = "semantics 1.6, 1.13",
     .needs = Needs::crash,
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           Application& b = c.mount();
           const std::string content(3'000'000, 'w');
           const uint64_t fd = a.opened("/f", kCreate | kWrite);
           c.world().add_rule({.part = Part::reply, .opcode = opcode::kOstWrite});
           EXPECT_EQ(a.write(fd, 0, content), 3'000'000);
           Pending sync = a.begin({.kind = Kind::fsync, .fd = fd});
           c.wait_for("a write whose reply is lost", [&] { return c.world().struck(0) == 1; });
           restart_osts(c);

           EXPECT_EQ(sync.status(), 0);
           EXPECT_EQ(a.close(fd), 0);
           EXPECT_TRUE(b.get("/f") == content);
         }},
    {.id = "ost-recovery.4",
     .requirement = "LOCK-5",
     .sentence = "Locks are replayed: after the OSTs' crash a reader still makes the holder of "
                 "dirty pages write them",
     .source = "semantics 3.10",
     .needs = Needs::crash,
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           Application& b = c.mount();
           const uint64_t fd = a.opened("/f", kCreate | kWrite);
           EXPECT_EQ(a.write(fd, 0, "under a replayed lock"), 21);
           c.world().settle();
           restart_osts(c);

           EXPECT_EQ(b.get("/f"), "under a replayed lock");
           EXPECT_EQ(a.close(fd), 0);
         }},
    {.id = "ost-recovery.5",
     .requirement = "OST-1",
     .sentence = "Objects that were precreated and not used are not given out twice after a crash",
     .source = "rpc-formats, OST CREATE; semantics 2.5",
     .needs = Needs::crash,
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           a.put("/one", "one");
           a.put("/two", "two");
           restart_osts(c);
           a.put("/three", "three");
           a.put("/four", "four");

           EXPECT_EQ(a.get("/one"), "one");
           EXPECT_EQ(a.get("/two"), "two");
           EXPECT_EQ(a.get("/three"), "three");
           EXPECT_EQ(a.get("/four"), "four");
         }},
    {.id = "ost-recovery.6",
     .requirement = "OST-2",
     .sentence = "A truncation whose reply was lost with the OST has taken effect afterwards",
     .source = "semantics 1.6, 3.7",
     .needs = Needs::crash,
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           Application& b = c.mount();
           a.put("/f", "0123456789");
           c.world().add_rule({.part = Part::reply, .opcode = opcode::kOstPunch});
           Pending cut = a.begin({.kind = Kind::truncate, .path = "/f", .offset = 3});
           c.wait_for("a punch whose reply is lost", [&] { return c.world().struck(0) == 1; });
           restart_osts(c);

           EXPECT_EQ(cut.status(), 0);
           EXPECT_EQ(b.get("/f"), "012");
         }},
    {.id = "ost-recovery.7",
     .requirement = "EVICT-2",
     .sentence = "Dirty data of a client that the OST evicted is never written, and the client is "
                 "told",
     .source = "semantics 1.11, 9.2 EVICT-2",
     .needs = Needs::evict,
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           Application& b = c.mount();
           a.put("/f", "before");
           const uint64_t sync = a.opened("/f", kReadWrite);
           EXPECT_EQ(a.fsync(sync), 0);
           EXPECT_EQ(a.write(sync, 0, "LOST!!"), 6);
           for (const harness::ServerId server : c.osts()) c.world().evict(server, a.uuid());
           c.world().settle();

           EXPECT_NE(a.call({.kind = Kind::fsync, .fd = sync}).status, 0);
           EXPECT_EQ(b.get("/f"), "before");
           EXPECT_EQ(a.close(sync), 0);
         }},
    {.id = "ost-recovery.8",
     .requirement = "RECOVERY-1",
     .sentence = "MDS and OSTs all dying together lose nothing that was synced",
     .source = "semantics 1.13",
     .needs = Needs::crash,
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           const uint64_t fd = a.opened("/f", kCreate | kReadWrite);
           EXPECT_EQ(a.write(fd, 0, "survives"), 8);
           EXPECT_EQ(a.fsync(fd), 0);
           c.world().settle();
           c.restart(harness::kMds);
           restart_osts(c);

           EXPECT_EQ(a.read(fd, 0, 10), "survives");
           EXPECT_EQ(a.close(fd), 0);
           EXPECT_EQ(a.get("/f"), "survives");
         }},
};

}  // namespace

std::span<const Case> ost_recovery_cases() { return kCases; }

}  // namespace suites
