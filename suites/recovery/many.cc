// Two of the cluster fail, one after the other or at once, in every combination of MDS, OST and
// client; in the end the file system is whole and the clients that live use it.
#include "suites/application.h"
#include "suites/errno.h"
#include "suites/recovery/barrier.h"
#include "suites/suites.h"

namespace suites {
namespace {

using harness::kMds;
using harness::kMgs;
using harness::ost;
using Kind = harness::Syscall::Kind;

std::string numbered(std::string_view prefix, int i) {
  return std::string(prefix) + std::to_string(i);
}

// The client creates, writes, reads and removes, on all OSTs.
void expect_works(Application& a) {
  for (int i = 0; i < 4; ++i) a.put(numbered("/of-" + a.uuid() + "-", i), "works");
  for (int i = 0; i < 4; ++i) {
    const std::string name = numbered("/of-" + a.uuid() + "-", i);
    EXPECT_EQ(a.get(name), "works");
    EXPECT_EQ(a.unlink(name), 0);
  }
}

// Something that is under way while servers are down, and ends when they are back.
Pending begin_stat(Application& a, std::string_view path) {
  return a.begin({.kind = Kind::stat, .path = std::string(path)});
}
Pending begin_statfs(Application& a) { return a.begin({.kind = Kind::statfs}); }

const Case kCases[] = {
    {.id = "many.1",
     .requirement = "LIVE-1",
     .sentence = "All servers fail, one after the other",
     .source = "semantics 1.7, 1.9",
     .needs = Needs::crash,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           a.put("/f", "kept");
           for (const harness::ServerId server : {kMds, ost(0), ost(1)}) {
             c.restart(server);
             EXPECT_EQ(a.get("/f"), "kept");
           }
           expect_works(a);
         }},
    {.id = "many.2",
     .requirement = "LIVE-1",
     .sentence = "The MDS fails, then an OST; the OST is back first",
     .source = "semantics 1.7, 1.9",
     .needs = Needs::crash,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           a.put("/f", "kept");
           c.world().settle();
           c.world().crash(kMds);
           Pending waiting = begin_statfs(a);
           c.world().crash(ost(0));
           c.world().start(ost(0));
           c.world().start(kMds);

           EXPECT_EQ(waiting.status(), 0);
           EXPECT_EQ(a.get("/f"), "kept");
           expect_works(a);
         }},
    {.id = "many.3",
     .requirement = "LIVE-1",
     .sentence = "The MDS fails, then a client",
     .source = "semantics 1.9, 1.11",
     .needs = Needs::crash,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& gone = worker(c);
           gone.put("/f", "kept");
           const uint64_t fd = gone.opened("/f", kReadWrite);
           EXPECT_EQ(gone.fsync(fd), 0);
           c.restart(kMds);
           EXPECT_EQ(gone.stat("/f").status, 0);
           c.world().kill_client(gone.id());

           EXPECT_EQ(a.get("/f"), "kept");
           expect_works(a);
           expect_works(c.mount());
         }},
    {.id = "many.4",
     .requirement = "LIVE-1",
     .sentence = "An OST fails, then the MDS; the OST is back first",
     .source = "semantics 1.7, 1.9",
     .needs = Needs::crash,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           a.put("/f", "kept");
           c.world().settle();
           c.world().crash(ost(0));
           Pending one = begin_statfs(a);
           c.world().crash(kMds);
           Pending two = begin_stat(a, "/f");
           c.world().start(ost(0));
           c.world().start(kMds);

           EXPECT_EQ(one.status(), 0);
           EXPECT_EQ(two.status(), 0);
           EXPECT_EQ(a.get("/f"), "kept");
           expect_works(a);
         }},
    {.id = "many.5",
     .requirement = "LIVE-1",
     .sentence = "Two OSTs fail, and are back one after the other",
     .source = "semantics 1.7, 1.9",
     .needs = Needs::crash,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           a.put("/f", "kept");
           a.put("/g", "kept too");
           c.world().settle();
           c.world().crash(ost(0));
           Pending one = begin_statfs(a);
           c.world().crash(ost(1));
           Pending two = begin_statfs(a);
           c.world().start(ost(0));
           c.world().start(ost(1));

           EXPECT_EQ(one.status(), 0);
           EXPECT_EQ(two.status(), 0);
           EXPECT_EQ(a.get("/f"), "kept");
           EXPECT_EQ(a.get("/g"), "kept too");
           expect_works(a);
         }},
    {.id = "many.6",
     .requirement = "LIVE-1",
     .sentence = "An OST fails, and a client while it is down",
     .source = "semantics 1.9, 1.11",
     .needs = Needs::crash,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& gone = worker(c);
           gone.put("/f", "kept");
           const uint64_t fd = gone.opened("/f", kReadWrite);
           EXPECT_EQ(gone.fsync(fd), 0);
           c.world().settle();
           c.world().crash(ost(0));
           Pending waiting = begin_statfs(a);
           c.world().kill_client(gone.id());
           c.world().start(ost(0));

           EXPECT_EQ(waiting.status(), 0);
           EXPECT_EQ(a.get("/f"), "kept");
           expect_works(a);
           expect_works(c.mount());
         }},
    {.id = "many.7",
     .requirement = "LIVE-1",
     .sentence = "A client fails, then the MDS",
     .source = "semantics 1.9, 1.11",
     .needs = Needs::crash,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& gone = worker(c);
           EXPECT_EQ(gone.create("/f"), 0);
           c.world().settle();
           c.world().kill_client(gone.id());
           EXPECT_EQ(a.unlink("/f"), 0);
           EXPECT_EQ(a.create("/g"), 0);
           c.restart(kMds);

           EXPECT_EQ(a.unlink("/g"), 0);
           expect_works(a);
           expect_works(c.mount());
         }},
    {.id = "many.8",
     .requirement = "LIVE-1",
     .sentence = "A client fails, then an OST",
     .source = "semantics 1.9, 1.11",
     .needs = Needs::crash,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& gone = worker(c);
           gone.put("/f", "dirty, perhaps");
           c.world().settle();
           c.world().kill_client(gone.id());
           EXPECT_EQ(a.unlink("/f"), 0);
           c.world().crash(ost(0));
           Pending waiting = begin_statfs(a);
           c.world().start(ost(0));

           EXPECT_EQ(waiting.status(), 0);
           expect_works(a);
           expect_works(c.mount());
         }},
    {.id = "many.9",
     .requirement = "LIVE-1",
     .sentence = "Two clients fail, one after the other, and others go on with their files",
     .source = "semantics 1.11",
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           for (int i = 0; i < 2; ++i) {
             Application& gone = worker(c);
             gone.put(numbered("/f", i), "theirs");
             const uint64_t fd = gone.opened(numbered("/f", i), kReadWrite);
             EXPECT_EQ(gone.write(fd, 0, "dirty"), 5);
             c.world().kill_client(gone.id());
             EXPECT_EQ(a.list("/").size(), static_cast<size_t>(3 + i));
             EXPECT_EQ(a.unlink(numbered("/f", i)), 0);
             expect_works(a);
           }
           expect_works(c.mount());
         }},
    {.id = "many.10",
     .requirement = "LIVE-1",
     .sentence =
         "Servers fail one after the other under a load, three times around: no call fails, "
         "nothing is lost",
     .source = "semantics 1.6, 1.7, 1.9",
     .needs = Needs::crash,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& b = worker(c);
           const harness::ServerId servers[] = {kMds, ost(0), ost(1)};
           for (int i = 0; i < 9; ++i) {
             const std::string name = numbered("/f", i);
             const uint64_t fd = a.opened(name, kCreate | kReadWrite);
             EXPECT_EQ(a.write(fd, 0, name), static_cast<int64_t>(name.size()));
             c.restart(servers[i % 3]);
             EXPECT_EQ(b.get(name), name);
             EXPECT_EQ(a.close(fd), 0);
             EXPECT_EQ(b.rename(name, name + "-moved"), 0);
           }

           for (int i = 0; i < 9; ++i) {
             EXPECT_EQ(a.get(numbered("/f", i) + "-moved"), numbered("/f", i));
           }
         }},
    {.id = "many.11",
     .requirement = "LIVE-1",
     .sentence = "The MGS fails: clients that are there go on, one that comes waits for it",
     .source = "semantics A1; architecture 3",
     .needs = Needs::crash,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           c.world().settle();
           c.world().crash(kMgs);
           expect_works(a);
           Application& late = c.client();
           Pending mount = late.begin({.kind = Kind::mount});
           expect_works(a);
           c.world().start(kMgs);

           EXPECT_EQ(mount.status(), 0);
           expect_works(late);
         }},
};

}  // namespace

std::span<const Case> many_cases() { return kCases; }

}  // namespace suites
