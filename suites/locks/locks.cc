// Extent, inode-bit and flock locks, as far as applications see them.
#include "protocol/ptlrpc.h"
#include "suites/application.h"
#include "suites/errno.h"
#include "suites/suites.h"

namespace suites {
namespace {

namespace opcode = protocol::ptlrpc::opcode;
using harness::Fact;
using harness::ost;

const Case kCases[] = {
    {.id = "locks.1",
     .requirement = "LOCK-3",
     .sentence = "Before a conflicting lock is granted, what its holder had cached is written",
     .source = "semantics 3.5, A7",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           Application& b = c.mount();
           const uint64_t fa = a.opened("/f", kCreate | kReadWrite);
           EXPECT_EQ(a.write(fa, 0, "first"), 5);
           const uint64_t fb = b.opened("/f", kReadWrite);
           EXPECT_EQ(b.write(fb, 5, "second"), 6);

           EXPECT_EQ(a.read(fa, 0, 100), "firstsecond");
           EXPECT_EQ(a.close(fa), 0);
           EXPECT_EQ(b.close(fb), 0);
         }},
    {.id = "locks.2",
     .requirement = "LOCK-2",
     .sentence = "A page that another client has overwritten is not read from the cache again",
     .source = "semantics 3.4, 9.2 LOCK-2",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           Application& b = c.mount();
           a.put("/f", "before");
           const uint64_t fd = b.opened("/f", kRead);
           EXPECT_EQ(b.read(fd, 0, 10), "before");
           const uint64_t writer = a.opened("/f", kWrite);
           EXPECT_EQ(a.write(writer, 0, "after!"), 6);

           EXPECT_EQ(b.read(fd, 0, 10), "after!");
           EXPECT_EQ(a.close(writer), 0);
           EXPECT_EQ(b.close(fd), 0);
         }},
    {.id = "locks.3",
     .requirement = "LOCK-8",
     .sentence = "Readers share: a second reader makes nobody give up a lock",
     .source = "semantics 3.2",
     .needs = Needs::notes,
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           Application& b = c.mount();
           a.put("/f", "shared");
           EXPECT_EQ(a.get("/f"), "shared");
           EXPECT_EQ(b.get("/f"), "shared");
           const size_t before =
               c.count(ost(0), Fact::Kind::blocked) + c.count(ost(1), Fact::Kind::blocked);
           EXPECT_EQ(a.get("/f"), "shared");
           EXPECT_EQ(b.get("/f"), "shared");

           EXPECT_EQ(c.count(ost(0), Fact::Kind::blocked) + c.count(ost(1), Fact::Kind::blocked),
                     before);
         }},
    {.id = "locks.4",
     .requirement = "LOCK-4",
     .sentence =
         "A client that is gone for good does not keep others waiting for its lock for ever",
     .source = "semantics 3.4, 1.11 (b)",
     .needs = Needs::crash,
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           Application& b = c.mount();
           const uint64_t fd = a.opened("/f", kCreate | kWrite);
           EXPECT_EQ(a.write(fd, 0, "lost with its client"), 20);
           c.world().kill_client(a.id());

           const uint64_t writer = b.opened("/f", kReadWrite);
           EXPECT_EQ(b.write(writer, 0, "b's"), 3);
           EXPECT_EQ(b.read(writer, 0, 3), "b's");
           EXPECT_EQ(b.close(writer), 0);
         }},
    {.id = "locks.5",
     .requirement = "LOCK-9",
     .sentence = "A name that another client moved away is not found in the cache",
     .source = "semantics 3.1 (LOOKUP lock)",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           Application& b = c.mount();
           a.put("/f", "content");
           EXPECT_EQ(b.stat("/f").status, 0);
           EXPECT_EQ(a.rename("/f", "/g"), 0);

           EXPECT_EQ(b.stat("/f").status, -kEnoent);
           EXPECT_EQ(b.stat("/g").status, 0);
         }},
    {.id = "locks.6",
     .requirement = "LOCK-10",
     .sentence = "A flock range excludes another client's, until it is unlocked",
     .source = "semantics 3.9",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           Application& b = c.mount();
           const uint64_t fa = a.opened("/f", kCreate | kReadWrite);
           const uint64_t fb = b.opened("/f", kReadWrite);
           EXPECT_EQ(a.flock(fa, kExclusiveLock, 0, 99), 0);
           EXPECT_EQ(b.flock(fb, kExclusiveLock, 50, 149), -kEagain);
           EXPECT_EQ(b.flock(fb, kExclusiveLock, 100, 149), 0);
           EXPECT_EQ(a.flock(fa, kUnlock, 0, 99), 0);

           EXPECT_EQ(b.flock(fb, kExclusiveLock, 50, 99), 0);
           EXPECT_EQ(a.close(fa), 0);
           EXPECT_EQ(b.close(fb), 0);
         }},
    {.id = "locks.7",
     .requirement = "LOCK-10",
     .sentence = "Unlocking the middle of a flock range leaves its two ends locked",
     .source = "semantics 3.9",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           Application& b = c.mount();
           const uint64_t fa = a.opened("/f", kCreate | kReadWrite);
           const uint64_t fb = b.opened("/f", kReadWrite);
           EXPECT_EQ(a.flock(fa, kExclusiveLock, 0, 99), 0);
           EXPECT_EQ(a.flock(fa, kUnlock, 40, 59), 0);

           EXPECT_EQ(b.flock(fb, kShared, 0, 39), -kEagain);
           EXPECT_EQ(b.flock(fb, kShared, 40, 59), 0);
           EXPECT_EQ(b.flock(fb, kShared, 60, 99), -kEagain);
           EXPECT_EQ(a.close(fa), 0);
           EXPECT_EQ(b.close(fb), 0);
         }},
    {.id = "locks.8",
     .requirement = "LOCK-1",
     .sentence = "Many conflicting writes of two clients end, and each place holds one of them",
     .source = "semantics 9.2 LOCK-1, LOCK-4",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           Application& b = c.mount();
           const uint64_t fa = a.opened("/f", kCreate | kReadWrite);
           const uint64_t fb = b.opened("/f", kReadWrite);
           for (uint64_t i = 0; i < 20; ++i) {
             Pending one =
                 a.begin({.kind = harness::Syscall::Kind::write,
                          .fd = fa,
                          .offset = i * 100,
                          .data = protocol::Bytes(protocol::as_bytes(std::string(200, 'a')))});
             Pending two =
                 b.begin({.kind = harness::Syscall::Kind::write,
                          .fd = fb,
                          .offset = i * 100 + 50,
                          .data = protocol::Bytes(protocol::as_bytes(std::string(200, 'b')))});
             EXPECT_EQ(one.status(), 0);
             EXPECT_EQ(two.status(), 0);
           }
           const std::string content = a.read(fa, 0, 10'000);

           EXPECT_EQ(content.size(), 19 * 100 + 250u);
           EXPECT_EQ(content.find_first_not_of("ab"), std::string::npos);
           EXPECT_EQ(content, b.read(fb, 0, 10'000));
           EXPECT_EQ(a.close(fa), 0);
           EXPECT_EQ(b.close(fb), 0);
         }},
    {.id = "locks.9",
     .requirement = "EVICT-1",
     .sentence = "An evicted client's locks are gone: another takes its ranges at once",
     .source = "semantics 1.11",
     .needs = Needs::evict,
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           Application& b = c.mount();
           const uint64_t fa = a.opened("/f", kCreate | kWrite);
           EXPECT_EQ(a.write(fa, 0, "dirty"), 5);
           for (const harness::ServerId server : c.osts()) c.world().evict(server, a.uuid());
           c.world().settle();
           const uint64_t fb = b.opened("/f", kReadWrite);
           EXPECT_EQ(b.write(fb, 0, "clean"), 5);

           EXPECT_EQ(b.read(fb, 0, 5), "clean");
           EXPECT_EQ(b.close(fb), 0);
         }},
};

}  // namespace

std::span<const Case> lock_cases() { return kCases; }

}  // namespace suites
