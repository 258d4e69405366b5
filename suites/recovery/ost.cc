// An OST dies and comes back: dirty pages, writes in flight, locks, objects.
#include <algorithm>

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
    {.id = "ost-recovery.9",
     .requirement = "ATOM-3",
     .sentence = "Ten files that were written and closed are there after the OSTs' crash, written "
                 "back before it or after",
     .source = "semantics 1.13, 3.10",
     .needs = Needs::crash,
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           for (int i = 0; i < 10; ++i) {
             a.put("/f" + std::to_string(i), "tag-" + std::to_string(i));
             if (i == 4) c.world().settle();
           }
           restart_osts(c);

           for (int i = 0; i < 10; ++i) {
             EXPECT_EQ(a.get("/f" + std::to_string(i)), "tag-" + std::to_string(i));
           }
         }},
    {.id = "ost-recovery.10",
     .requirement = "DATA-13",
     .sentence = "Reads in flight when the OST dies give the data when it is back",
     .source = "semantics 1.6, 1.7 (RECOVER)",
     .needs = Needs::crash,
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           Application& b = c.mount();
           const std::string content(3'000'000, 'r');
           a.put("/f", content);
           const uint64_t synced = a.opened("/f", kWrite);
           EXPECT_EQ(a.fsync(synced), 0);
           EXPECT_EQ(a.close(synced), 0);
           const uint64_t fd = b.opened("/f", kRead);
           const size_t rules[] = {c.lose(Part::reply, opcode::kOstRead, ost(0)),
                                   c.lose(Part::reply, opcode::kOstRead, ost(1))};
           Pending read = b.begin({.kind = Kind::read, .fd = fd, .length = 4'000'000});
           c.wait_for("a read whose reply is lost",
                      [&] { return c.world().struck(rules[0]) + c.world().struck(rules[1]) > 0; });
           restart_osts(c);

           EXPECT_EQ(read.status(), 0);
           EXPECT_EQ(read.result().data.size(), content.size());
           EXPECT_EQ(b.close(fd), 0);
         }},
    {.id = "ost-recovery.11",
     .requirement = "LIVE-1",
     .sentence = "Data is written and read while the MDS is down",
     .source = "semantics 1.7 (each import of its own)",
     .needs = Needs::crash,
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           Application& b = c.mount();
           const uint64_t fa = a.opened("/f", kCreate | kReadWrite);
           const uint64_t fb = b.opened("/f", kReadWrite);
           c.world().settle();
           c.world().crash(harness::kMds);
           EXPECT_EQ(a.write(fa, 0, "while it is down"), 16);
           EXPECT_EQ(b.read(fb, 0, 16), "while it is down");
           EXPECT_EQ(b.write(fb, 0, "While"), 5);
           EXPECT_EQ(a.read(fa, 0, 16), "While it is down");
           c.world().start(harness::kMds);

           EXPECT_EQ(a.close(fa), 0);
           EXPECT_EQ(b.close(fb), 0);
           EXPECT_EQ(a.stat("/f").attributes.size, 16u);
         }},
    {.id = "ost-recovery.12",
     .requirement = "LIVE-1",
     .sentence = "With one OST down, what is on the other is read; the rest waits for it",
     .source = "semantics 1.7 (each import of its own)",
     .needs = Needs::crash,
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           std::vector<Pending> reads;
           std::vector<uint64_t> fds;
           for (int i = 0; i < 4; ++i) {
             const std::string name = "/f" + std::to_string(i);
             a.put(name, name);
             fds.push_back(a.opened(name, kReadWrite));
             EXPECT_EQ(a.fsync(fds.back()), 0);
           }
           Application& b = c.mount();
           fds.clear();
           for (int i = 0; i < 4; ++i) fds.push_back(b.opened("/f" + std::to_string(i), kRead));
           c.world().settle();
           c.world().crash(ost(1));
           for (const uint64_t fd : fds) {
             reads.push_back(b.begin({.kind = Kind::read, .fd = fd, .length = 10}));
           }
           c.expect("a read from the OST that is up", [&] {
             return std::ranges::any_of(reads, [](const Pending& read) { return read.done(); });
           });
           c.world().start(ost(1));

           for (Pending& read : reads) {
             EXPECT_EQ(read.status(), 0);
             EXPECT_EQ(read.result().data.size(), 3u);
           }
         }},
    {.id = "ost-recovery.13",
     .requirement = "REPLAY-9",
     .sentence = "An OST dies again while it waits for a client that is lost; the other goes on",
     .source = "semantics 1.9",
     .needs = Needs::crash | Needs::notes,
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           Application& lost = c.mount();
           for (int i = 0; i < 5; ++i) a.put("/f" + std::to_string(i), "mine");
           lost.put("/theirs", "theirs");
           c.world().settle();
           c.world().kill_client(lost.id());
           restart_osts(c);
           const size_t before = c.count(ost(0), harness::Fact::Kind::connected);
           c.world().run_until(
               [&] { return c.count(ost(0), harness::Fact::Kind::connected) > before; });
           restart_osts(c);

           for (int i = 0; i < 5; ++i) EXPECT_EQ(a.get("/f" + std::to_string(i)), "mine");
           Application& anew = c.mount();
           anew.put("/theirs", "anew");
           EXPECT_EQ(a.get("/theirs"), "anew");
         }},
    {.id = "ost-recovery.14",
     .requirement = "LIVE-1",
     .sentence = "A client mounts while an OST is down and the MDS has just restarted: its calls "
                 "wait for the OST and succeed",
     .source = "semantics 1.7, 1.9",
     .needs = Needs::crash,
     .run =
         [](Conformance& c) {
           c.world().settle();
           c.world().crash(ost(0));
           c.restart(harness::kMds);
           Application& a = c.client();
           Pending mount = a.begin({.kind = Kind::mount});
           c.world().settle();
           c.world().start(ost(0));

           EXPECT_EQ(mount.status(), 0);
           for (int i = 0; i < 4; ++i) a.put("/f" + std::to_string(i), "content");
           for (int i = 0; i < 4; ++i) EXPECT_EQ(a.unlink("/f" + std::to_string(i)), 0);
         }},
    {.id = "ost-recovery.15",
     .requirement = "DATA-13",
     .sentence = "An OST loses every request to write for a long time: the writer waits, and its "
                 "data is there when they come through",
     .source = "semantics 1.6, 1.7",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           Application& b = c.mount();
           const uint64_t fd = a.opened("/f", kCreate | kWrite);
           EXPECT_EQ(a.write(fd, 0, "at last"), 7);
           constexpr uint32_t kTimes = 4;
           for (uint32_t i = 0; i < 2; ++i)
             c.lose(Part::request, opcode::kOstWrite, ost(i), kTimes);
           EXPECT_EQ(a.fsync(fd), 0);

           EXPECT_EQ(c.world().struck(0) + c.world().struck(1), kTimes);
           EXPECT_EQ(b.get("/f"), "at last");
           EXPECT_EQ(a.close(fd), 0);
         }},
};

}  // namespace

std::span<const Case> ost_recovery_cases() { return kCases; }

}  // namespace suites
