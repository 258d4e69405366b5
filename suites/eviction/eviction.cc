// Clients that are put out: because they do not answer, because they are silent, because somebody
// wants it. Nobody waits for them for ever, nothing of theirs has an effect afterwards, and they
// come back.
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
using harness::Fact;
using harness::kMds;
using harness::ost;
using harness::ServerId;
using Kind = harness::Syscall::Kind;

constexpr ServerId kOsts[] = {ost(0), ost(1)};

// The next callback of this kind from the server is lost.
void lose_callback(Conformance& c, uint32_t operation, ServerId server) {
  c.world().add_rule({.opcode = operation, .client = c.address(server)});
}

void evict_from_osts(Conformance& c, const Application& a) {
  for (const ServerId server : kOsts) c.world().evict(server, a.uuid());
  c.world().settle();
}

// One client has looked a file up, another changes it; a message between the server and the first
// is lost, whoever sends it, again and again.
void lose_and_change_mode(Conformance& c, bool callback) {
  Application& a = worker(c);
  Application& b = worker(c);
  EXPECT_EQ(a.create("/f", 0644), 0);
  EXPECT_EQ(a.stat("/f").status, 0);
  if (callback) {
    lose_callback(c, opcode::kLdlmBlCallback, kMds);
  } else {
    c.lose(Part::request, opcode::kLdlmCancel, kMds, 2);
  }

  // While cancels of locks of its own are lost, it is this client that is evicted.
  int32_t status = b.chmod("/f", 0777);
  for (int i = 0; status != 0 && i < 2; ++i) status = b.chmod("/f", 0777);
  EXPECT_EQ(status, 0);
  notice_eviction(a);
  EXPECT_EQ(a.stat("/f").attributes.mode & 07777u, 0777u);
  EXPECT_EQ(a.unlink("/f"), 0);
}

// One client has read a file, another writes to it; a message between the OST and the first is
// lost.
void lose_and_write(Conformance& c, bool callback) {
  Application& a = worker(c);
  Application& b = worker(c);
  a.put("/f", "before");
  EXPECT_EQ(a.get("/f"), "before");
  for (const ServerId server : kOsts) {
    if (callback) {
      lose_callback(c, opcode::kLdlmBlCallback, server);
    } else {
      c.lose(Part::request, opcode::kLdlmCancel, server, 3);
    }
  }
  const uint64_t fd = b.opened("/f", kReadWrite);
  EXPECT_EQ(b.write(fd, 0, "after!"), 6);
  EXPECT_EQ(b.fsync(fd), 0);
  EXPECT_EQ(b.close(fd), 0);

  const uint64_t reader = a.opened("/f", kRead);
  notice_eviction(a);
  EXPECT_EQ(a.read(reader, 0, 6), "after!");
  EXPECT_EQ(a.close(reader), 0);
}

// Read by a client that an OST then evicts: what it had in its cache is not what it reads next.
void evict_reader(Conformance& c, bool lose_connect) {
  Application& a = worker(c);
  Application& b = worker(c);
  a.put("/f", "before");
  const uint64_t fd = a.opened("/f", kReadWrite);
  EXPECT_EQ(a.fsync(fd), 0);
  EXPECT_EQ(a.read(fd, 0, 6), "before");
  evict_from_osts(c, a);
  if (lose_connect) {
    for (const ServerId server : kOsts) c.lose(Part::reply, opcode::kOstConnect, server);
  }
  b.put("/f", "after!");
  notice_eviction(a);

  EXPECT_EQ(a.read(fd, 0, 6), "after!");
  EXPECT_EQ(a.close(fd), 0);
}

const Case kCases[] = {
    {.id = "eviction.1",
     .requirement = "LOCK-4",
     .sentence = "A blocking callback of the MDS is lost: who waits for the lock gets it all the "
                 "same",
     .source = "semantics 1.11 (b), 3.4",
     .run = [](Conformance& c) { lose_and_change_mode(c, true); }},
    {.id = "eviction.2",
     .requirement = "LOCK-4",
     .sentence =
         "A blocking callback of an OST is lost: who waits for the lock gets it all the same",
     .source = "semantics 1.11 (b), 3.4",
     .run = [](Conformance& c) { lose_and_write(c, true); }},
    {.id = "eviction.3",
     .requirement = "LOCK-4",
     .sentence =
         "A lock on the MDS is called back, and its cancels are lost: who waits for it gets "
         "it all the same",
     .source = "semantics 1.11 (b), 3.4, 3.5",
     .run = [](Conformance& c) { lose_and_change_mode(c, false); }},
    {.id = "eviction.4",
     .requirement = "LOCK-4",
     .sentence = "A lock on an OST is called back, and its cancels are lost: who waits for it gets "
                 "it all the same",
     .source = "semantics 1.11 (b), 3.4, 3.5",
     .run = [](Conformance& c) { lose_and_write(c, false); }},
    {.id = "eviction.5",
     .requirement = "LOCK-2",
     .sentence = "A client that an OST evicted does not read from its cache what others have "
                 "overwritten since",
     .source = "semantics 1.11, 9.2 LOCK-2",
     .needs = Needs::evict,
     .run = [](Conformance& c) { evict_reader(c, false); }},
    {.id = "eviction.6",
     .requirement = "LOCK-2",
     .sentence = "The reply to the CONNECT after an eviction is lost: the client still learns that "
                 "it was evicted",
     .source = "semantics 1.8, 1.11; 1.2 C11",
     .needs = Needs::evict,
     .run = [](Conformance& c) { evict_reader(c, true); }},
    {.id = "eviction.7",
     .requirement = "EVICT-3",
     .sentence = "A client of which nothing is heard any more is evicted by all servers",
     .source = "semantics 1.11 (a)",
     .needs = Needs::notes,
     .run =
         [](Conformance& c) {
           Application& gone = worker(c);
           const std::string uuid = gone.uuid();
           c.world().settle();
           c.world().kill_client(gone.id());
           const auto evicted = [&](ServerId server) {
             for (const Fact& fact : c.world().facts(server)) {
               if (fact.kind == Fact::Kind::evicted && fact.client == uuid) return true;
             }
             return false;
           };

           c.expect("the eviction from the MDS", [&] { return evicted(kMds); });
           c.expect("the eviction from the OSTs",
                    [&] { return evicted(ost(0)) && evicted(ost(1)); });
         }},
    {.id = "eviction.8",
     .requirement = "EVICT-1",
     .sentence = "A client with two descriptors is evicted: both closes succeed",
     .source = "semantics 1.11, 2.4",
     .needs = Needs::evict,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           const uint64_t one = a.opened("/f", kCreate | kReadWrite);
           const uint64_t two = a.opened("/f", kReadWrite);
           c.world().evict(kMds, a.uuid());
           c.world().settle();
           notice_eviction(a);

           EXPECT_EQ(a.close(one), 0);
           EXPECT_EQ(a.close(two), 0);
           EXPECT_EQ(a.stat("/f").status, 0);
         }},
    {.id = "eviction.9",
     .requirement = "EVICT-1",
     .sentence =
         "An eviction from the MDS takes no data: what is dirty is written, what is written "
         "stays",
     .source = "semantics 1.11 (data belongs to the OSTs)",
     .needs = Needs::evict,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& b = worker(c);
           const uint64_t fd = a.opened("/f", kCreate | kReadWrite);
           EXPECT_EQ(a.write(fd, 0, "dirty"), 5);
           c.world().evict(kMds, a.uuid());
           c.world().settle();
           notice_eviction(a);

           EXPECT_EQ(a.close(fd), 0);
           EXPECT_EQ(b.get("/f"), "dirty");
           EXPECT_EQ(a.stat("/f").attributes.size, 5u);
         }},
    {.id = "eviction.10",
     .requirement = "OPEN-3",
     .sentence = "A file that its evicted user had open is destroyed with its last name, and a "
                 "restart of the MDS finds nothing of it",
     .source = "semantics 1.11, 2.7",
     .needs = Needs::evict | Needs::crash,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& b = worker(c);
           const uint64_t before = b.statfs().file_system.free;
           const uint64_t fd = a.opened("/f", kCreate | kWrite);
           EXPECT_EQ(a.write(fd, 0, std::string(1'000'000, 'x')), 1'000'000);
           EXPECT_EQ(a.fsync(fd), 0);
           EXPECT_EQ(a.unlink("/f"), 0);
           c.world().evict(kMds, a.uuid());
           c.world().settle();
           c.restart(kMds);
           EXPECT_EQ(b.mkdir("/after"), 0);
           static_cast<void>(a.close(fd));
           c.world().settle();

           c.expect_in_time("the space to be free again",
                            [&] { return b.statfs().file_system.free == before; });
         }},
    {.id = "eviction.15",
     .requirement = "LOCK-10",
     .sentence = "What an evicted client had locked by fcntl others may lock",
     .source = "semantics 1.11, 3.9",
     .needs = Needs::evict,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& b = worker(c);
           const uint64_t fa = a.opened("/f", kCreate | kReadWrite);
           const uint64_t fb = b.opened("/f", kReadWrite);
           EXPECT_EQ(a.flock(fa, kExclusiveLock, 0, 99), 0);
           EXPECT_EQ(b.flock(fb, kExclusiveLock, 0, 99), -kEagain);
           c.world().evict(kMds, a.uuid());
           c.world().settle();

           EXPECT_EQ(b.flock(fb, kExclusiveLock, 0, 99), 0);
           EXPECT_EQ(b.close(fb), 0);
         }},
    {.id = "eviction.17",
     .requirement = "EVICT-1",
     .sentence = "Ten evictions in a row, from the MDS and from the OSTs: the client always comes "
                 "back, and nothing that it synced is lost",
     .source = "semantics 1.11",
     .needs = Needs::evict,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& b = worker(c);
           for (int i = 0; i < 10; ++i) {
             const std::string name = "/f" + std::to_string(i);
             const uint64_t fd = a.opened(name, kCreate | kWrite);
             EXPECT_EQ(a.write(fd, 0, name), static_cast<int64_t>(name.size()));
             EXPECT_EQ(a.fsync(fd), 0);
             EXPECT_EQ(a.close(fd), 0);
             if (i % 2 == 0) {
               c.world().evict(kMds, a.uuid());
               c.world().settle();
             } else {
               evict_from_osts(c, a);
             }
             notice_eviction(a);
             EXPECT_EQ(a.get(name), name);
             EXPECT_EQ(b.get(name), name);
           }
         }},
    {.id = "eviction.18",
     .requirement = "EVICT-3",
     .sentence =
         "A client that gives a lock back slowly, but in time, is not evicted: it still has "
         "its dirty data and its connection",
     .source = "semantics 1.11 (b), 3.4; Lustre's replay-single 68",
     .needs = Needs::notes,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& b = worker(c);
           const uint64_t fd = a.opened("/f", kCreate | kReadWrite);
           for (int i = 0; i < 2; ++i) {
             EXPECT_EQ(a.write(fd, 0, "slowly"), 6);
             c.world().settle();
             for (const ServerId server : kOsts) {
               c.world().add_rule({.opcode = opcode::kLdlmCancel,
                                   .server = c.address(server),
                                   .verdict = Verdict::hold});
             }
             Pending stat = b.begin({.kind = Kind::stat, .path = "/f"});
             const uint64_t reader = b.opened("/f", kRead);
             Pending read = b.begin({.kind = Kind::read, .fd = reader, .length = 6});
             c.world().settle();
             c.world().end_faults();
             EXPECT_EQ(stat.status(), 0);
             EXPECT_EQ(read.status(), 0);
             EXPECT_EQ(read.result().data.size(), 6u);
             EXPECT_EQ(b.close(reader), 0);
           }

           EXPECT_EQ(c.count(ost(0), Fact::Kind::evicted), 0u);
           EXPECT_EQ(c.count(ost(1), Fact::Kind::evicted), 0u);
           EXPECT_EQ(a.close(fd), 0);
         }},
    {.id = "eviction.19",
     .requirement = "GRANT-1",
     .sentence = "A client owes an OST grant and is evicted: it does not give it back out of what "
                 "it gets afterwards",
     .source = "semantics 1.11, 1.5 (grant); rpc-formats, obdo (o_dropped)",
     .needs = Needs::evict,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           const uint64_t fd = a.opened("/f", kCreate | kReadWrite);
           EXPECT_EQ(a.write(fd, 0, "dirty"), 5);
           EXPECT_EQ(a.truncate("/f", 0), 0);  // what was dirty is told with the next write
           for (const ServerId server : kOsts) c.world().evict(server, a.uuid());
           notice_eviction(a);

           EXPECT_EQ(a.write(fd, 0, "again"), 5);
           EXPECT_EQ(a.fsync(fd), 0);
           EXPECT_EQ(a.close(fd), 0);
         }},
    {.id = "eviction.20",
     .requirement = "EVICT-3",
     .sentence = "A CANCEL that is lost is sent again: who waits gets the lock, and its holder is "
                 "not evicted",
     .source = "semantics 3.4, 3.5, 1.11 (b)",
     .needs = Needs::notes,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& b = worker(c);
           const uint64_t fd = a.opened("/f", kCreate | kReadWrite);
           EXPECT_EQ(a.write(fd, 0, "held"), 4);
           c.world().settle();
           for (const ServerId server : kOsts) {
             c.lose(Part::request, opcode::kLdlmCancel, server);
           }
           const uint64_t reader = b.opened("/f", kRead);
           EXPECT_EQ(b.read(reader, 0, 4), "held");

           EXPECT_GT(c.world().struck(0) + c.world().struck(1), 0u);
           EXPECT_EQ(c.count(ost(0), Fact::Kind::evicted), 0u);
           EXPECT_EQ(c.count(ost(1), Fact::Kind::evicted), 0u);
           EXPECT_EQ(a.close(fd), 0);
           EXPECT_EQ(b.close(reader), 0);
         }},
};

}  // namespace

std::span<const Case> eviction_cases() { return kCases; }

}  // namespace suites
