// Both sides of the commit: what is durable survives its server and its client, what is not does
// not, and an operation and the record of it are on the same side.
#include "protocol/ptlrpc.h"
#include "suites/application.h"
#include "suites/errno.h"
#include "suites/suites.h"

namespace suites {
namespace {

namespace opcode = protocol::ptlrpc::opcode;
using faults::Part;
using harness::kMds;

// Has created something, so that a 2.0 client has its sequence of fids.
Application& worker(Conformance& c) {
  Application& application = c.mount();
  EXPECT_EQ(application.create("/first-of-" + application.uuid()), 0);
  c.world().settle();
  return application;
}

// A mkdir on an MDS that dies at its commit, right after or right before it is durable; no reply
// comes through, whether or not it left before the death. While the request that is sent again is
// held, another looks; then it arrives. All clients come back, so the recovery ends when they have.
void die_at_commit(Conformance& c, bool durable) {
  Application& a = worker(c);
  Application& b = worker(c);
  c.world().crash_at_commit(kMds, 1, durable);
  c.world().add_rule({.part = Part::reply, .opcode = opcode::kMdsReint, .times = faults::kAlways});
  Pending mkdir = a.begin({.kind = harness::Syscall::Kind::mkdir, .path = "/d", .mode = 0755});
  c.wait_for("the MDS to die", [&] { return !c.world().running(kMds); });
  c.world().add_rule({.part = Part::request,
                      .opcode = opcode::kMdsReint,
                      .times = faults::kAlways,
                      .verdict = faults::Verdict::hold});
  c.world().start(kMds);

  EXPECT_EQ(b.stat("/d").status, durable ? 0 : -kEnoent);
  c.wait_for("the request to be sent again", [&] { return c.world().struck(1) != 0; });
  c.world().end_faults();
  EXPECT_EQ(mkdir.status(), 0);
  EXPECT_EQ(b.stat("/d").status, 0);
}

const Case kCases[] = {
    {.id = "boundary.1",
     .requirement = "REPLAY-2",
     .sentence = "A crash right after the commit keeps the operation, and the request that is sent "
                 "again is answered, not executed",
     .source = "semantics 1.13",
     .needs = Needs::crash | Needs::crash_at_commit,
     .run = [](Conformance& c) { die_at_commit(c, true); }},
    {.id = "boundary.2",
     .requirement = "REPLAY-2",
     .sentence = "A crash right before the commit loses the operation, and the request that is "
                 "sent again is executed",
     .source = "semantics 1.13",
     .needs = Needs::crash | Needs::crash_at_commit,
     .run = [](Conformance& c) { die_at_commit(c, false); }},
    {.id = "boundary.3",
     .requirement = "REPLAY-1",
     .sentence = "An operation and the record of its client's request become durable together: "
                 "after a crash between two commits a resent mkdir is not executed twice",
     .source = "semantics 1.5, A5",
     .needs = Needs::crash | Needs::crash_at_commit,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           c.world().crash_at_commit(kMds, 1, true);
           c.world().add_rule({.part = Part::reply, .opcode = opcode::kMdsReint});
           Pending mkdir =
               a.begin({.kind = harness::Syscall::Kind::mkdir, .path = "/d", .mode = 0755});
           c.wait_for("the MDS to die", [&] { return !c.world().running(kMds); });
           c.world().start(kMds);

           EXPECT_EQ(mkdir.status(), 0);
         }},
};

}  // namespace

std::span<const Case> boundary_cases() { return kCases; }

}  // namespace suites
