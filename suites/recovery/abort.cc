// An operator gives recovery up before the clients have replayed.
#include "suites/application.h"
#include "suites/errno.h"
#include "suites/recovery/barrier.h"
#include "suites/suites.h"

namespace suites {
namespace {

using harness::kMds;
using harness::ost;
using harness::ServerId;

constexpr Needs kNeeds = Needs::crash | Needs::hold_commits | Needs::abort_recovery;

// The server dies at its barrier, and its clients are given up as it returns.
void crash_and_abort(Conformance& c, ServerId server = kMds) {
  crash_at_barrier(c, server);
  c.world().abort_recovery(server);
}

const Case kCases[] = {
    {.id = "abort.1",
     .requirement = "REPLAY-2",
     .sentence = "What was to be replayed is lost, its client is evicted, and creates anew",
     .source = "semantics 1.9 (abort)",
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           for (int i = 0; i < 10; ++i) EXPECT_EQ(a.create("/old" + std::to_string(i)), 0);
           barrier(c);
           EXPECT_EQ(a.create("/lost"), 0);
           crash_and_abort(c);
           notice_eviction(a);

           EXPECT_EQ(a.stat("/lost").status, -kEnoent);
           for (int i = 0; i < 10; ++i) EXPECT_EQ(a.create("/new" + std::to_string(i)), 0);
           EXPECT_EQ(a.list("/").size(), 21u);
         }},
    {.id = "abort.2",
     .requirement = "REPLAY-7",
     .sentence = "After two aborts in a row nothing comes back that was lost",
     .source = "semantics 1.9 (abort), 9.2 REPLAY-7",
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           barrier(c);
           for (int i = 0; i < 10; ++i) EXPECT_EQ(a.mkdir("/d" + std::to_string(i)), 0);
           crash_and_abort(c);
           notice_eviction(a);
           EXPECT_EQ(a.rmdir("/d0"), -kEnoent);
           c.world().settle();
           c.restart(kMds);

           EXPECT_EQ(a.rmdir("/d1"), -kEnoent);
           EXPECT_EQ(a.list("/").size(), 1u);
         }},
    {.id = "abort.3",
     .requirement = "OPEN-3",
     .sentence = "A file without a name whose user was given up is destroyed; the user's close "
                 "succeeds",
     .source = "semantics 1.11 (close after eviction), 2.7",
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& b = worker(c);
           const uint64_t before = b.statfs().file_system.free;
           const uint64_t fd = a.opened("/f", kCreate | kReadWrite);
           EXPECT_EQ(a.write(fd, 0, "x"), 1);
           EXPECT_EQ(a.fsync(fd), 0);
           EXPECT_EQ(a.unlink("/f"), 0);
           barrier(c);
           crash_and_abort(c);
           notice_eviction(a);
           notice_eviction(b);

           EXPECT_EQ(a.close(fd), 0);
           EXPECT_EQ(a.stat("/f").status, -kEnoent);
           c.world().settle();
           c.expect_in_time("the space to be free again",
                            [&] { return b.statfs().file_system.free == before; });
         }},
    {.id = "abort.4",
     .requirement = "OPEN-3",
     .sentence =
         "A directory without a name whose user was given up is destroyed; the user's close "
         "succeeds",
     .source = "semantics 1.11 (close after eviction), 2.7",
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           EXPECT_EQ(a.mkdir("/d"), 0);
           const uint64_t fd = a.opened("/d", kRead);
           EXPECT_EQ(a.rmdir("/d"), 0);
           barrier(c);
           crash_and_abort(c);
           notice_eviction(a);

           EXPECT_EQ(a.close(fd), 0);
           EXPECT_EQ(a.mkdir("/d"), 0);
         }},
    {.id = "abort.5",
     .requirement = "EVICT-1",
     .sentence = "Clients that an OST gave up connect to it anew, read what was synced, and write",
     .source = "semantics 1.9 (abort), 1.11",
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           a.put("/f", "synced");
           const uint64_t fd = a.opened("/f", kWrite);
           EXPECT_EQ(a.fsync(fd), 0);
           EXPECT_EQ(a.close(fd), 0);
           for (uint32_t i = 0; i < 2; ++i) {
             barrier(c, ost(i));
             crash_and_abort(c, ost(i));
           }
           notice_eviction(a);

           EXPECT_EQ(a.get("/f"), "synced");
           a.put("/g", "after");
           EXPECT_EQ(a.get("/g"), "after");
         }},
};

}  // namespace

std::span<const Case> abort_cases() { return kCases; }

}  // namespace suites
