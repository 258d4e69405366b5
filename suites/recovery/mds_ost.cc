// The MDS and its OSTs: objects are destroyed, and only those that should be, whoever dies between
// the unlink and its end; new files get objects of their own.
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
using harness::ost;
using Kind = harness::Syscall::Kind;

std::string numbered(std::string_view prefix, int i) {
  return std::string(prefix) + std::to_string(i);
}

constexpr uint32_t kSync = 04010000;  // O_SYNC

// Files with data on both OSTs, written through.
void fill(Application& a, std::string_view prefix, int files) {
  for (int i = 0; i < files; ++i) {
    const uint64_t fd = a.opened(numbered(prefix, i), kCreate | kWrite | kSync);
    EXPECT_EQ(a.write(fd, 0, std::string(10'000, 'x')), 10'000);
    EXPECT_EQ(a.close(fd), 0);
  }
}

void remove(Application& a, std::string_view prefix, int first, int last) {
  for (int i = first; i < last; ++i) EXPECT_EQ(a.unlink(numbered(prefix, i)), 0) << i;
}

uint64_t free_space(Application& a) { return a.statfs().file_system.free; }

// Destroying goes on after the call that caused it has ended.
void expect_free(Conformance& c, Application& a, uint64_t before) {
  c.expect_in_time("the space that nobody uses to be free again",
                   [&] { return free_space(a) == before; });
}

void restart_osts(Conformance& c) {
  c.restart(ost(0));
  c.restart(ost(1));
}

constexpr Needs kBarrier = Needs::crash | Needs::hold_commits;

const Case kCases[] = {
    {.id = "mds-ost.1",
     .requirement = "ATOM-5",
     .sentence = "A client removes a file and dies before it has destroyed the objects: they go "
                 "when the MDS and the OSTs meet again",
     .source = "semantics 2.5 (unlink log), A10",
     .needs = Needs::crash | Needs::evict,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& b = worker(c);
           const uint64_t before = free_space(b);
           fill(a, "/f", 1);
           for (uint32_t i = 0; i < 2; ++i) c.lose(Part::request, opcode::kOstDestroy, ost(i));
           EXPECT_EQ(a.unlink("/f0"), 0);
           c.world().settle();
           c.world().kill_client(a.id());
           c.restart(kMds);
           c.world().evict(kMds, a.uuid());  // nobody waits for it
           EXPECT_EQ(b.stat("/f0").status, -kEnoent);
           restart_osts(c);
           for (uint32_t i = 0; i < 2; ++i) c.world().evict(ost(i), a.uuid());

           expect_free(c, b, before);
         }},
    {.id = "mds-ost.2",
     .requirement = "ATOM-5",
     .sentence = "The reply to an unlink is lost, and its client with it: the objects go all the "
                 "same",
     .source = "semantics 2.5 (unlink log), A10",
     .needs = Needs::crash | Needs::evict,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& b = worker(c);
           const uint64_t before = free_space(b);
           fill(a, "/f", 1);
           const size_t rule = c.lose(Part::reply, opcode::kMdsReint);
           a.begin({.kind = Kind::unlink, .path = "/f0"});
           c.wait_for_loss(rule);
           c.world().settle();
           c.world().kill_client(a.id());
           c.restart(kMds);
           c.world().evict(kMds, a.uuid());  // nobody waits for it
           for (uint32_t i = 0; i < 2; ++i) c.world().evict(ost(i), a.uuid());

           EXPECT_EQ(b.stat("/f0").status, -kEnoent);
           expect_free(c, b, before);
         }},
    {.id = "mds-ost.3",
     .requirement = "ATOM-5",
     .sentence = "Many files are removed, some before the MDS dies, some behind its barrier, some "
                 "afterwards: their space is free in the end",
     .source = "semantics 2.5 (unlink log), 1.6",
     .needs = kBarrier,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           const uint64_t before = free_space(a);
           fill(a, "/f", 30);
           remove(a, "/f", 0, 10);
           barrier(c);
           remove(a, "/f", 10, 20);
           crash_at_barrier(c);
           remove(a, "/f", 20, 30);

           EXPECT_EQ(a.list("/").size(), 1u);
           expect_free(c, a, before);
         }},
    {.id = "mds-ost.4",
     .requirement = "ATOM-5",
     .sentence = "The OSTs die behind their barriers, with destroys that they had answered: the "
                 "space is free in the end, twice in a row",
     .source = "semantics 2.5 (a record is cancelled when the destroy is committed)",
     .needs = kBarrier,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           const uint64_t before = free_space(a);
           fill(a, "/f", 20);
           for (int i = 0; i < 2; ++i) {
             c.world().settle();
             for (uint32_t k = 0; k < 2; ++k) c.world().hold_commits(ost(k));
             remove(a, "/f", 10 * i, 10 * i + 10);
             c.world().settle();
             for (uint32_t k = 0; k < 2; ++k) crash_at_barrier(c, ost(k));
           }

           EXPECT_EQ(a.list("/").size(), 1u);
           expect_free(c, a, before);
         }},
    {.id = "mds-ost.5",
     .requirement = "ATOM-5",
     .sentence = "The reply to an unlink is lost, and the OSTs die before it is asked for again",
     .source = "semantics 1.6, 2.5",
     .needs = Needs::crash,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           const uint64_t before = free_space(a);
           fill(a, "/f", 1);
           const size_t rule = c.lose(Part::reply, opcode::kMdsReint);
           Pending removed = a.begin({.kind = Kind::unlink, .path = "/f0"});
           c.wait_for_loss(rule);
           restart_osts(c);

           EXPECT_EQ(removed.status(), 0);
           EXPECT_EQ(a.stat("/f0").status, -kEnoent);
           expect_free(c, a, before);
         }},
    {.id = "mds-ost.6",
     .requirement = "LIVE-1",
     .sentence = "An OST returns, and the MDS's first wish for objects is lost: files are created",
     .source = "rpc-formats, OST CREATE; semantics 2.2",
     .needs = Needs::crash,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           fill(a, "/old", 4);
           for (uint32_t i = 0; i < 2; ++i) c.lose(Part::request, opcode::kOstCreate, ost(i));
           restart_osts(c);

           fill(a, "/new", 20);
           remove(a, "/new", 0, 20);
           remove(a, "/old", 0, 4);
         }},
    {.id = "mds-ost.7",
     .requirement = "LIVE-1",
     .sentence = "While the MDS recovers, its wish for objects is lost: it recovers, and files are "
                 "created",
     .source = "semantics 1.9 stage 4; rpc-formats, OST CREATE",
     .needs = kBarrier,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           barrier(c);
           fill(a, "/old", 4);
           for (uint32_t i = 0; i < 2; ++i) c.lose(Part::request, opcode::kOstCreate, ost(i));
           crash_at_barrier(c);

           fill(a, "/new", 20);
           EXPECT_EQ(a.list("/").size(), 25u);
         }},
    {.id = "mds-ost.8",
     .requirement = "LIVE-1",
     .sentence =
         "An OST is down when the MDS returns: files are created on the other, and those on "
         "it removed when it is back",
     .source = "semantics 1.9 stage 4, 2.5",
     .needs = kBarrier,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           barrier(c);
           fill(a, "/old", 10);
           c.world().crash(ost(0));
           crash_at_barrier(c);
           for (int i = 0; i < 10; ++i) EXPECT_EQ(a.create(numbered("/new", i)), 0);
           c.world().start(ost(0));

           remove(a, "/old", 0, 10);
           remove(a, "/new", 0, 10);
           EXPECT_EQ(a.list("/").size(), 1u);
         }},
    {.id = "mds-ost.9",
     .requirement = "OST-1",
     .sentence = "MDS and OSTs die together behind their barriers: the files that are replayed and "
                 "those made afterwards have objects of their own",
     .source = "semantics 2.4, 2.6; rpc-formats, OST CREATE",
     .needs = kBarrier,
     .run =
         [](Conformance& c) {
           constexpr int kFiles = 70;  // more than one batch of precreated objects
           Application& a = worker(c);
           c.world().settle();
           c.world().hold_commits(kMds);
           for (uint32_t i = 0; i < 2; ++i) c.world().hold_commits(ost(i));
           for (int i = 0; i < kFiles; ++i) EXPECT_EQ(a.create(numbered("/old", i)), 0);
           c.world().crash(kMds);
           for (uint32_t i = 0; i < 2; ++i) crash_at_barrier(c, ost(i));
           c.world().release_commits(kMds);
           c.world().start(kMds);
           for (int i = 0; i < 8; ++i) a.put(numbered("/new", i), numbered("new", i));
           for (int i = 0; i < kFiles; ++i) a.put(numbered("/old", i), numbered("old", i));

           for (int i = 0; i < kFiles; ++i) {
             EXPECT_EQ(a.get(numbered("/old", i)), numbered("old", i));
           }
           for (int i = 0; i < 8; ++i) EXPECT_EQ(a.get(numbered("/new", i)), numbered("new", i));
         }},
    {.id = "mds-ost.10",
     .requirement = "ATOM-5",
     .sentence =
         "A file is removed while its OST is down and the MDS has just restarted: its space "
         "is free when the OST is back, though the client has gone",
     .source = "semantics 2.5 (unlink log)",
     .needs = Needs::crash | Needs::evict,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           const uint64_t before = free_space(a);
           fill(a, "/f", 4);
           for (uint32_t i = 0; i < 2; ++i) c.world().crash(ost(i));
           c.restart(kMds);
           remove(a, "/f", 0, 4);
           c.world().settle();
           c.world().kill_client(a.id());
           for (uint32_t i = 0; i < 2; ++i) {
             c.world().start(ost(i));
             c.world().evict(ost(i), a.uuid());
           }

           Application& b = c.mount();
           expect_free(c, b, before);
         }},
    {.id = "mds-ost.11",
     .requirement = "ATOM-5",
     .sentence = "What a lost client created behind the barrier leaves no objects behind, and its "
                 "data is in nobody's file",
     .source = "semantics 2.4, 1.9 stage 4 (MDS-OST sync); rpc-formats, OST CREATE",
     .needs = kBarrier | Needs::evict,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& lost = worker(c);
           EXPECT_EQ(lost.mkdir("/d"), 0);
           fill(a, "/old", 2);
           remove(a, "/old", 0, 2);
           c.drain();
           const uint64_t before = free_space(a);
           barrier(c);
           fill(lost, "/d/f", 30);
           c.world().kill_client(lost.id());
           crash_at_barrier(c);
           c.world().evict(kMds, lost.uuid());
           EXPECT_EQ(a.stat("/d/f0").status, -kEnoent);
           c.world().settle();

           expect_free(c, a, before);
           for (int i = 0; i < 4; ++i) EXPECT_EQ(a.create(numbered("/new", i)), 0);
           for (int i = 0; i < 4; ++i) EXPECT_EQ(a.get(numbered("/new", i)), "");
         }},
    {.id = "mds-ost.12",
     .requirement = "OST-1",
     .sentence =
         "Recovery is given up: the objects of files that were lost are not given to others "
         "with their data",
     .source = "rpc-formats, OST CREATE; semantics 1.9 (abort)",
     .needs = kBarrier | Needs::abort_recovery,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& b = worker(c);
           barrier(c);
           fill(a, "/lost", 10);
           crash_at_barrier(c);
           c.world().abort_recovery(kMds);
           notice_eviction(a);
           notice_eviction(b);

           EXPECT_EQ(a.stat("/lost0").status, -kEnoent);
           for (int i = 0; i < 10; ++i) EXPECT_EQ(a.create(numbered("/new", i)), 0);
           for (int i = 0; i < 10; ++i) EXPECT_EQ(b.get(numbered("/new", i)), "");
         }},
    {.id = "mds-ost.13",
     .requirement = "ATOM-5",
     .sentence = "An OST's word that its destroys are durable is lost, and it dies: destroying "
                 "again does no harm",
     .source = "semantics 2.5, A10 (LOG_CANCEL)",
     .needs = Needs::crash,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           const uint64_t before = free_space(a);
           fill(a, "/f", 4);
           c.lose(Part::request, opcode::kObdLogCancel, kMds, faults::kAlways);
           remove(a, "/f", 0, 4);
           c.world().settle();
           restart_osts(c);
           c.restart(kMds);

           fill(a, "/g", 4);
           remove(a, "/g", 0, 4);
           expect_free(c, a, before);
         }},
    {.id = "mds-ost.14",
     .requirement = "LIVE-1",
     .sentence = "The OSTs come and go ten times; files are created, read and removed in between",
     .source = "semantics 1.7, 1.9",
     .needs = Needs::crash,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           for (int i = 0; i < 10; ++i) {
             a.put(numbered("/f", i), numbered("content", i));
             c.restart(ost(static_cast<uint32_t>(i) % 2));
             EXPECT_EQ(a.get(numbered("/f", i)), numbered("content", i));
             if (i > 0) {
               EXPECT_EQ(a.unlink(numbered("/f", i - 1)), 0);
             }
           }
           EXPECT_EQ(a.list("/").size(), 2u);
         }},
    {.id = "mds-ost.15",
     .requirement = "REPLAY-4",
     .sentence = "OSTs die with objects that files have got: they have them again before anybody "
                 "writes, though the MDS's first wish is lost",
     .source = "semantics 3.10, 1.9; rpc-formats, OST CREATE",
     .needs = kBarrier,
     .run =
         [](Conformance& c) {
           constexpr int kFiles = 70;  // more than one batch of precreated objects
           Application& a = worker(c);
           c.world().settle();
           for (uint32_t i = 0; i < 2; ++i) c.world().hold_commits(ost(i));
           std::vector<uint64_t> open;
           for (int i = 0; i < kFiles; ++i) {
             open.push_back(a.opened(numbered("/f", i), kCreate | kReadWrite));
           }
           for (uint32_t i = 0; i < 2; ++i) {
             c.lose(Part::request, opcode::kOstCreate, ost(i));
             crash_at_barrier(c, ost(i));
           }

           for (const uint64_t fd : open) {
             EXPECT_EQ(a.write(fd, 0, "here"), 4);
             EXPECT_EQ(a.fsync(fd), 0);
           }
         }},
};

}  // namespace

std::span<const Case> mds_ost_cases() { return kCases; }

}  // namespace suites
