// Both sides of the commit: what is durable survives its server and its client, what is not does
// not, and an operation and the record of it are on the same side.
#include "faults/plan.h"
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

// A mkdir on an MDS that dies at its commit, right after or right before it is durable; no reply
// comes through, whether or not it left before the death. While the request that is sent again is
// held, another looks; then it arrives. All clients come back, so the recovery ends when they have.
void die_at_commit(Conformance& c, bool durable) {
  Application& a = worker(c);
  Application& b = worker(c);
  c.world().crash_at_commit(kMds, 1, durable);
  c.world().add_rule({.part = Part::reply, .opcode = opcode::kMdsReint, .times = faults::kAlways});
  Pending mkdir = a.begin({.kind = Kind::mkdir, .path = "/d", .mode = 0755});
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

// Opens and creates, again and again; the server dies at the nth commit from the beginning of each.
void open_and_die(Conformance& c, bool durable) {
  Application& a = worker(c);
  Application& b = worker(c);
  for (uint32_t nth = 1; nth <= 4; ++nth) {
    const std::string name = "/f" + std::to_string(nth);
    c.world().settle();
    c.world().crash_at_commit(kMds, nth, durable);
    Pending open = a.begin({.kind = Kind::open,
                            .path = name,
                            .flags = kCreate | kExclusive | kReadWrite,
                            .mode = 0755});
    // Fewer commits than that are made by some servers: others' work makes them.
    c.wait_for("the MDS to die or the open to end",
               [&] { return open.done() || !c.world().running(kMds); });
    for (int i = 0; c.world().running(kMds) && i < 8; ++i) {
      b.begin({.kind = Kind::mkdir, .path = name + "-" + std::to_string(i), .mode = 0755});
      c.world().settle();
    }
    ASSERT_FALSE(c.world().running(kMds)) << "it made no " << nth << " commits";
    c.world().start(kMds);

    EXPECT_EQ(open.status(), 0) << name;
    EXPECT_EQ(a.write(open.result().value, 0, "content"), 7);
    EXPECT_EQ(b.open(name, kRead | kExecute).status, -kEtxtbsy) << "the handle is not there";
    EXPECT_EQ(a.close(open.result().value), 0);
    EXPECT_EQ(b.get(name), "content");
    EXPECT_EQ(b.close(b.opened(name, kRead | kExecute)), 0) << "a handle is left";
  }
}

// The MDS dies as soon as the next transaction is on its disk, be others of the same request or
// not.
void die_at_next_write(Conformance& c) {
  c.world().arm(faults::parse_plan("plan \"torn\"\non time +0s: crash mds at write #1\n").value());
  c.world().settle();
}

// A change of the namespace, by a server that dies as soon as something of it is durable: then all
// of it is, and the record of it.
void die_in_the_middle(Conformance& c, const harness::Syscall& change) {
  Application& a = worker(c);
  EXPECT_EQ(a.create("/f"), 0);
  const uint64_t fd = a.opened("/open", kCreate | kWrite);
  c.world().settle();
  die_at_next_write(c);
  Pending pending = a.begin(change);
  c.wait_for("the MDS to die", [&] { return !c.world().running(kMds); });
  c.world().start(kMds);

  EXPECT_EQ(pending.status(), 0);
  EXPECT_EQ(a.stat("/f").status, -kEnoent);
  EXPECT_EQ(a.close(fd), 0) << "a replay failed, and the client with it";
}

// The same by a client that dies too, so that nobody asks again: all of it is done, or nothing.
void die_with_the_client(Conformance& c, const harness::Syscall& change) {
  Application& a = worker(c);
  Application& b = worker(c);
  EXPECT_EQ(a.create("/f"), 0);
  EXPECT_EQ(a.create("/g"), 0);
  c.world().settle();
  die_at_next_write(c);
  a.begin(change);
  c.wait_for("the MDS to die", [&] { return !c.world().running(kMds); });
  c.world().kill_client(a.id());
  c.world().start(kMds);
  c.world().evict(kMds, a.uuid());

  for (const std::string& name : b.list("/")) EXPECT_EQ(b.stat("/" + name).status, 0) << name;
  EXPECT_EQ(b.stat("/g").status, 0);
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
           Pending mkdir = a.begin({.kind = Kind::mkdir, .path = "/d", .mode = 0755});
           c.wait_for("the MDS to die", [&] { return !c.world().running(kMds); });
           c.world().start(kMds);

           EXPECT_EQ(mkdir.status(), 0);
         }},
    {.id = "boundary.4a",
     .requirement = "REPLAY-1",
     .sentence = "The server dies after one of the commits that an open makes which creates, "
                 "whichever: it is done once when it is asked for again",
     .source = "semantics 2.2 (split open in 1.8), 2.3",
     .needs = Needs::crash | Needs::crash_at_commit,
     .run = [](Conformance& c) { open_and_die(c, true); }},
    {.id = "boundary.4b",
     .requirement = "REPLAY-1",
     .sentence = "The server dies before one of the commits that an open makes which creates, "
                 "whichever: it is done once when it is asked for again",
     .source = "semantics 2.2 (split open in 1.8), 2.3",
     .needs = Needs::crash | Needs::crash_at_commit,
     .run = [](Conformance& c) { open_and_die(c, false); }},
    {.id = "boundary.5",
     .requirement = "CONN-1",
     .sentence = "The server dies before a new client's slot is durable: the client mounts when it "
                 "is back, and is known then",
     .source = "semantics 1.5 (new client)",
     .needs = Needs::crash | Needs::crash_at_commit,
     .run =
         [](Conformance& c) {
           Application& a = c.client();
           c.world().crash_at_commit(kMds, 1, false);
           Pending mount = a.begin({.kind = Kind::mount});
           c.wait_for("the MDS to die", [&] { return !c.world().running(kMds); });
           c.world().start(kMds);
           // The server has never heard of it: the mount may fail, the next one does not.
           if (mount.status() != 0) {
             EXPECT_EQ(a.mount(), 0);
           }
           EXPECT_EQ(a.mkdir("/d"), 0);
           c.world().settle();
           const uint64_t fd = a.opened("/f", kCreate | kWrite);
           c.restart(kMds);

           EXPECT_EQ(a.close(fd), 0);
           EXPECT_EQ(a.stat("/d").status, 0);
         }},
    {.id = "boundary.6",
     .requirement = "REPLAY-2",
     .sentence = "An OST dies at one commit after the other while a file is written: all of the "
                 "data is there in the end",
     .source = "semantics 1.6, 1.13",
     .needs = Needs::crash | Needs::crash_at_commit,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& b = worker(c);
           const std::string content(3'000'000, 'w');
           const auto alive = [&](uint32_t i) { return c.world().running(harness::ost(i)); };
           const auto finish = [&](Pending pending) {
             while (!pending.done()) {
               c.wait_for("an OST to die or the call to end",
                          [&] { return pending.done() || !alive(0) || !alive(1); });
               for (uint32_t i = 0; i < 2; ++i) {
                 if (!alive(i)) c.world().start(harness::ost(i));
               }
             }
             return pending.status();
           };
           for (uint32_t nth = 1; nth <= 3; ++nth) {
             const std::string name = "/f" + std::to_string(nth);
             const uint64_t fd = a.opened(name, kCreate | kWrite);
             for (uint32_t i = 0; i < 2; ++i) {
               c.world().crash_at_commit(harness::ost(i), nth, nth % 2 == 0);
             }
             const protocol::Bytes bytes(protocol::as_bytes(content));
             EXPECT_EQ(finish(a.begin({.kind = Kind::write, .fd = fd, .data = bytes})), 0);
             EXPECT_EQ(finish(a.begin({.kind = Kind::fsync, .fd = fd})), 0);
             // Those that have not died yet do so now.
             for (uint32_t i = 0; i < 2; ++i) c.restart(harness::ost(i));
             EXPECT_EQ(a.close(fd), 0);
             EXPECT_TRUE(b.get(name) == content) << name;
           }
         }},
    {.id = "boundary.7a",
     .requirement = "REPLAY-2",
     .sentence = "What an unlink removes and the record of it become durable together",
     .source = "semantics 1.5, 9.2 REPLAY-2",
     .needs = Needs::crash | Needs::crash_at_commit,
     .run = [](Conformance& c) { die_in_the_middle(c, {.kind = Kind::unlink, .path = "/f"}); }},
    {.id = "boundary.7b",
     .requirement = "REPLAY-2",
     .sentence = "The old name that a rename removes, the new one and the record of it become "
                 "durable together",
     .source = "semantics 1.5, 9.2 REPLAY-2",
     .needs = Needs::crash | Needs::crash_at_commit,
     .run =
         [](Conformance& c) {
           die_in_the_middle(c, {.kind = Kind::rename, .path = "/f", .target = "/g"});
         }},
    {.id = "boundary.8a",
     .requirement = "REPLAY-2",
     .sentence = "A crash in the middle of an unlink leaves no name without its file",
     .source = "semantics 1.5, 9.2 REPLAY-2",
     .needs = Needs::crash | Needs::crash_at_commit | Needs::evict,
     .run = [](Conformance& c) { die_with_the_client(c, {.kind = Kind::unlink, .path = "/f"}); }},
    {.id = "boundary.8b",
     .requirement = "REPLAY-2",
     .sentence =
         "A crash in the middle of a rename over a file leaves the name with one of the two",
     .source = "semantics 1.5, 9.2 REPLAY-2",
     .needs = Needs::crash | Needs::crash_at_commit | Needs::evict,
     .run =
         [](Conformance& c) {
           die_with_the_client(c, {.kind = Kind::rename, .path = "/f", .target = "/g"});
         }},
};

}  // namespace

std::span<const Case> boundary_cases() { return kCases; }

}  // namespace suites
