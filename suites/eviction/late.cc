// A client is put out while something of it is under way: what comes too late has no effect, and
// nothing is left behind.
#include "protocol/ptlrpc.h"
#include "suites/application.h"
#include "suites/errno.h"
#include "suites/recovery/barrier.h"
#include "suites/suites.h"

namespace suites {
namespace {

namespace opcode = protocol::ptlrpc::opcode;
using faults::Part;
using faults::Verdict;
using harness::kMds;
using harness::ost;
using harness::ServerId;
using Kind = harness::Syscall::Kind;

constexpr ServerId kOsts[] = {ost(0), ost(1)};

void evict_from_osts(Conformance& c, const Application& a) {
  for (const ServerId server : kOsts) c.world().evict(server, a.uuid());
  c.world().settle();
}

const Case kCases[] = {
    {.id = "eviction.11",
     .requirement = "EVICT-1",
     .sentence = "A client is evicted before it gets the answer to its open: no handle is left "
                 "behind",
     .source = "semantics 1.11, 2.2 (export gone meanwhile)",
     .needs = Needs::evict,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& b = worker(c);
           EXPECT_EQ(a.create("/f", 0755), 0);
           c.world().settle();
           const size_t rule = c.lose(Part::reply, opcode::kLdlmEnqueue);
           Pending open = a.begin({.kind = Kind::open, .path = "/f", .flags = kWrite});
           c.wait_for_loss(rule);
           c.world().evict(kMds, a.uuid());
           if (open.status() == 0) {
             EXPECT_EQ(a.close(open.result().value), 0);
           }

           // Executed by nobody while it is open for writing (OPEN-5).
           EXPECT_EQ(b.close(b.opened("/f", kRead | kExecute)), 0);
         }},
    {.id = "eviction.12",
     .requirement = "EVICT-1",
     .sentence = "An answer to an open that comes after the eviction leaves the client with a "
                 "descriptor that it can close, or none",
     .source = "semantics 1.11",
     .needs = Needs::evict,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& b = worker(c);
           EXPECT_EQ(a.create("/f", 0755), 0);
           c.world().settle();
           c.world().add_rule({.part = Part::reply,
                               .opcode = opcode::kLdlmEnqueue,
                               .server = c.address(kMds),
                               .verdict = Verdict::hold});
           Pending open = a.begin({.kind = Kind::open, .path = "/f", .flags = kWrite});
           c.wait_for_loss(0);
           c.world().evict(kMds, a.uuid());
           c.world().end_faults();
           if (open.status() == 0) {
             EXPECT_EQ(a.close(open.result().value), 0);
           }

           EXPECT_EQ(b.close(b.opened("/f", kRead | kExecute)), 0);
           notice_eviction(a);
           EXPECT_EQ(a.unlink("/f"), 0);
         }},
    {.id = "eviction.13",
     .requirement = "REPLAY-6",
     .sentence = "A change that was on its way when its client was evicted is not made any more",
     .source = "semantics 1.11, 9.2 REPLAY-6",
     .needs = Needs::evict,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& b = worker(c);
           c.world().settle();
           c.world().add_rule({.part = Part::request,
                               .opcode = opcode::kMdsReint,
                               .client = std::nullopt,
                               .server = c.address(kMds),
                               .verdict = Verdict::hold});
           Pending mkdir = a.begin({.kind = Kind::mkdir, .path = "/d", .mode = 0755});
           c.wait_for_loss(0);
           c.world().evict(kMds, a.uuid());
           c.world().settle();
           c.world().end_faults();
           const int32_t status = mkdir.status();

           // Refused, or asked again by a client that had not been told of its eviction's cause.
           EXPECT_EQ(b.stat("/d").status, status == 0 ? 0 : -kEnoent);
         }},
    {.id = "eviction.14",
     .requirement = "REPLAY-6",
     .sentence = "A write that was on its way when its client was evicted is not done any more",
     .source = "semantics 1.11, 9.2 REPLAY-6, EVICT-2",
     .needs = Needs::evict,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& b = worker(c);
           a.put("/f", "before");
           const uint64_t fd = a.opened("/f", kWrite);
           EXPECT_EQ(a.fsync(fd), 0);
           c.world().add_rule({.part = Part::request,
                               .opcode = opcode::kOstWrite,
                               .times = 2,
                               .verdict = Verdict::hold});
           EXPECT_EQ(a.write(fd, 0, "late!!"), 6);
           Pending sync = a.begin({.kind = Kind::fsync, .fd = fd});
           c.wait_for_loss(0);
           evict_from_osts(c, a);
           c.world().end_faults();

           EXPECT_NE(sync.status(), 0);
           EXPECT_EQ(b.get("/f"), "before");
           static_cast<void>(a.close(fd));
         }},
    {.id = "eviction.16",
     .requirement = "LOCK-4",
     .sentence = "A client is evicted while it waits for a lock: it does not get it later and keep "
                 "others out",
     .source = "semantics 1.11, 3.3 (failed export)",
     .needs = Needs::evict,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& holder = worker(c);
           const uint64_t fd = holder.opened("/f", kCreate | kReadWrite);
           EXPECT_EQ(holder.write(fd, 0, "holder"), 6);
           for (const ServerId server : kOsts) {
             c.world().add_rule({.opcode = opcode::kLdlmBlCallback,
                                 .client = c.address(server),
                                 .verdict = Verdict::hold});
           }
           const uint64_t waiter = a.opened("/f", kReadWrite);
           Pending write = a.begin({.kind = Kind::write,
                                    .fd = waiter,
                                    .data = protocol::Bytes(protocol::as_bytes("waiter"))});
           c.wait_for("the callback",
                      [&] { return c.world().struck(0) + c.world().struck(1) > 0; });
           evict_from_osts(c, a);
           c.world().end_faults();
           static_cast<void>(write.status());
           static_cast<void>(a.close(waiter));

           EXPECT_EQ(holder.write(fd, 6, " again"), 6);
           EXPECT_EQ(holder.fsync(fd), 0);
           EXPECT_EQ(holder.close(fd), 0);
         }},
};

}  // namespace

std::span<const Case> late_eviction_cases() { return kCases; }

}  // namespace suites
