// What one client does another sees at once: names, attributes, sizes, times, contents.
#include "protocol/ptlrpc.h"
#include "suites/application.h"
#include "suites/errno.h"
#include "suites/recovery/barrier.h"
#include "suites/suites.h"

namespace suites {
namespace {

namespace opcode = protocol::ptlrpc::opcode;
using faults::Verdict;
using harness::ost;
using Kind = harness::Syscall::Kind;

constexpr uint32_t kPermissions = 07777, kFifo = 0010000;
constexpr int64_t kPast = 1'000'000'000;

const Case kCases[] = {
    {.id = "coherence.1",
     .requirement = "LOCK-2",
     .sentence = "A file that one client creates, changes and removes is so for another that had "
                 "looked each time",
     .source = "semantics 3.1, 3.4",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           Application& b = c.mount();
           EXPECT_EQ(b.stat("/f").status, -kEnoent);
           EXPECT_EQ(a.create("/f", 0644), 0);
           EXPECT_EQ(b.stat("/f").attributes.mode & kPermissions, 0644u);
           EXPECT_EQ(b.chmod("/f", 0777), 0);
           EXPECT_EQ(a.stat("/f").attributes.mode & kPermissions, 0777u);
           EXPECT_EQ(b.unmount(), 0);
           EXPECT_EQ(b.mount(), 0);
           EXPECT_EQ(b.stat("/f").attributes.mode & kPermissions, 0777u);
           EXPECT_EQ(b.unlink("/f"), 0);

           EXPECT_EQ(a.stat("/f").status, -kEnoent);
         }},
    {.id = "coherence.2",
     .requirement = "LOCK-2",
     .sentence =
         "The mode of a directory, and of the root, is changed back and forth by two clients",
     .source = "semantics 3.1, 3.4",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           Application& b = c.mount();
           EXPECT_EQ(a.mkdir("/d", 0755), 0);
           for (const char* path : {"/d", "/"}) {
             for (const uint32_t mode : {0777u, 0755u, 0700u}) {
               EXPECT_EQ(a.chmod(path, mode), 0);
               EXPECT_EQ(b.stat(path).attributes.mode & kPermissions, mode) << path;
               EXPECT_EQ(b.chmod(path, mode | 05), 0);
               EXPECT_EQ(a.stat(path).attributes.mode & kPermissions, mode | 05) << path;
             }
           }
         }},
    {.id = "coherence.3",
     .requirement = "LOCK-2",
     .sentence = "A symbolic link that one client makes another reads, and the next one of that "
                 "name, too",
     .source = "semantics 3.1",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           Application& b = c.mount();
           EXPECT_EQ(a.symlink("this/is/good", "/s"), 0);
           EXPECT_EQ(b.readlink("/s").data.size(), 12u);
           EXPECT_EQ(a.unlink("/s"), 0);
           EXPECT_EQ(a.symlink("and so is this", "/s"), 0);
           EXPECT_EQ(b.readlink("/s").data.size(), 14u);
         }},
    {.id = "coherence.4",
     .requirement = "LOCK-7",
     .sentence =
         "A file that one client has open is truncated by another: the first sees the size, "
         "and writes behind it",
     .source = "semantics 3.6, 3.7",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           Application& b = c.mount();
           const uint64_t fd = a.opened("/f", kCreate | kReadWrite);
           EXPECT_EQ(a.write(fd, 0, "0123456789"), 10);
           EXPECT_EQ(b.truncate("/f", 3), 0);
           EXPECT_EQ(a.read(fd, 0, 10), "012");
           EXPECT_EQ(a.stat("/f").attributes.size, 3u);
           EXPECT_EQ(a.write(fd, 5, "x"), 1);

           EXPECT_EQ(b.get("/f"), std::string("012\0\0x", 6));
           EXPECT_EQ(a.close(fd), 0);
         }},
    {.id = "coherence.5",
     .requirement = "OPEN-3",
     .sentence = "A directory, and a node, that one client has open another removes",
     .source = "semantics 2.7",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           Application& b = c.mount();
           EXPECT_EQ(a.mkdir("/d"), 0);
           EXPECT_EQ(a.mknod("/p", kFifo | 0644), 0);
           const uint64_t fd = a.opened("/d", kRead);
           EXPECT_EQ(a.stat("/p").status, 0);
           EXPECT_EQ(b.rmdir("/d"), 0);
           EXPECT_EQ(b.unlink("/p"), 0);

           EXPECT_EQ(a.close(fd), 0);
           EXPECT_EQ(a.stat("/d").status, -kEnoent);
           EXPECT_EQ(a.stat("/p").status, -kEnoent);
           EXPECT_EQ(b.mkdir("/d"), 0);
         }},
    {.id = "coherence.6",
     .requirement = "LOCK-2",
     .sentence =
         "Two clients add a byte in turn, at the end or at its place: all of them are there",
     .source = "semantics 3.4, 3.5",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           Application& b = c.mount();
           const std::string letters = "abcdefghijkl";
           a.put("/appended", "");
           a.put("/written", "");
           for (size_t i = 0; i < letters.size(); ++i) {
             Application& one = i % 2 == 0 ? a : b;
             const uint64_t end = one.opened("/appended", kWrite | kAppend);
             EXPECT_EQ(one.write(end, 0, letters.substr(i, 1)), 1);
             EXPECT_EQ(one.close(end), 0);
             const uint64_t fd = one.opened("/written", kWrite);
             EXPECT_EQ(one.write(fd, i, letters.substr(i, 1)), 1);
             EXPECT_EQ(one.close(fd), 0);
           }

           EXPECT_EQ(a.get("/appended"), letters);
           EXPECT_EQ(b.get("/written"), letters);
         }},
    {.id = "coherence.7",
     .requirement = "DATA-7",
     .sentence = "A truncation that makes a file longer leaves zeros behind what was written, for "
                 "every client",
     .source = "semantics 3.7",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           Application& b = c.mount();
           a.put("/f", std::string(3000, 'R'));
           EXPECT_EQ(a.truncate("/f", 4096), 0);

           EXPECT_TRUE(b.get("/f") == std::string(3000, 'R') + std::string(1096, '\0'));
         }},
    {.id = "coherence.8",
     .requirement = "LOCK-2",
     .sentence = "A directory that one client has listed shows it what another adds and removes",
     .source = "semantics 3.1 (UPDATE lock)",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           Application& b = c.mount();
           EXPECT_EQ(a.mkdir("/d"), 0);
           for (int i = 0; i < 3; ++i) {
             EXPECT_TRUE(a.list("/d").empty());
             EXPECT_EQ(a.create("/d/f"), 0);
             EXPECT_EQ(b.list("/d"), std::vector<std::string>{"f"});
             EXPECT_EQ(b.unlink("/d/f"), 0);
           }
           EXPECT_TRUE(a.list("/d").empty());
         }},
    {.id = "coherence.9",
     .requirement = "OPEN-5",
     .sentence =
         "A file that is executed is not opened for writing, emptied or truncated; its mode "
         "can be changed",
     .source = "semantics 2.1 (write count)",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           Application& b = c.mount();
           a.put("/f", "program");
           EXPECT_EQ(a.chmod("/f", 0755), 0);
           const uint64_t fd = a.opened("/f", kRead | kExecute);
           EXPECT_EQ(b.open("/f", kReadWrite).status, -kEtxtbsy);
           EXPECT_EQ(b.open("/f", kTruncate | kWrite).status, -kEtxtbsy);
           EXPECT_EQ(b.chmod("/f", 0700), 0);
           EXPECT_EQ(a.read(fd, 0, 10), "program");
           EXPECT_EQ(a.close(fd), 0);

           EXPECT_EQ(b.get("/f"), "program");
           EXPECT_EQ(b.close(b.opened("/f", kReadWrite)), 0);
         }},
    {.id = "coherence.10",
     .requirement = "ATTR-3",
     .sentence = "Times may be set into the past; a write brings them forward, a rename does not, "
                 "and all clients see the same",
     .source = "semantics 3.6; rpc-formats, MDS_REINT SETATTR",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           Application& b = c.mount();
           a.put("/f", "hello");
           EXPECT_EQ(a.utime("/f", kPast, kPast), 0);
           EXPECT_EQ(b.stat("/f").attributes.mtime, kPast);
           const uint64_t fd = a.opened("/f", kWrite);
           EXPECT_EQ(a.write(fd, 0, "H"), 1);
           EXPECT_EQ(a.close(fd), 0);
           const int64_t written = b.stat("/f").attributes.mtime;
           EXPECT_GT(written, kPast);
           EXPECT_EQ(a.rename("/f", "/g"), 0);
           EXPECT_EQ(b.stat("/g").attributes.mtime, written);
           EXPECT_EQ(b.chmod("/g", 0700), 0);

           EXPECT_EQ(a.stat("/g").attributes.mtime, written);
           EXPECT_EQ(b.stat("/g").attributes.mtime, written);
         }},
    {.id = "coherence.11",
     .requirement = "ATTR-3",
     .sentence = "A truncation brings the time of change forward, and all clients see the same",
     .source = "semantics 3.6, 3.7",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           Application& b = c.mount();
           a.put("/f", "hello");
           EXPECT_EQ(a.utime("/f", kPast, kPast), 0);
           EXPECT_EQ(a.truncate("/f", 1), 0);
           const int64_t there = a.stat("/f").attributes.mtime;

           EXPECT_GT(there, kPast);
           EXPECT_EQ(b.stat("/f").attributes.mtime, there);
           EXPECT_EQ(b.stat("/f").attributes.size, 1u);
         }},
    {.id = "coherence.12",
     .requirement = "LOCK-4",
     .sentence = "A client gives a lock back by itself while it is being asked for it: who waits "
                 "gets it, and reads what was written",
     .source = "semantics 3.4, 3.5",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           Application& b = c.mount();
           const uint64_t fd = a.opened("/f", kCreate | kWrite);
           EXPECT_EQ(a.write(fd, 0, "content"), 7);
           for (uint32_t i = 0; i < 2; ++i) {
             c.world().add_rule({.opcode = opcode::kLdlmCancel,
                                 .server = c.address(ost(i)),
                                 .verdict = Verdict::hold});
           }
           const uint64_t reader = b.opened("/f", kRead);
           Pending read = b.begin({.kind = Kind::read, .fd = reader, .length = 7});
           c.wait_for("the cancel", [&] { return c.world().struck(0) + c.world().struck(1) > 0; });
           EXPECT_FALSE(read.done());
           c.world().end_faults();

           EXPECT_EQ(read.status(), 0);
           EXPECT_EQ(read.result().data.size(), 7u);
           EXPECT_EQ(a.write(fd, 7, "!"), 1);
           EXPECT_EQ(b.read(reader, 0, 10), "content!");
           EXPECT_EQ(a.close(fd), 0);
           EXPECT_EQ(b.close(reader), 0);
         }},
    {.id = "coherence.13",
     .requirement = "LOCK-7",
     .sentence = "One client stats a file again and again while another writes it: the size never "
                 "goes back",
     .source = "semantics 3.6",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           Application& b = c.mount();
           const uint64_t fd = a.opened("/f", kCreate | kWrite);
           uint64_t size = 0;
           for (uint64_t i = 0; i < 10; ++i) {
             Pending write =
                 a.begin({.kind = Kind::write,
                          .fd = fd,
                          .offset = 100 * i,
                          .data = protocol::Bytes(protocol::as_bytes(std::string(100, 'x')))});
             const uint64_t seen = b.stat("/f").attributes.size;
             EXPECT_EQ(write.status(), 0);
             EXPECT_GE(seen, size);
             EXPECT_LE(seen, 100 * (i + 1));
             size = seen;
             EXPECT_EQ(b.stat("/f").attributes.size, 100 * (i + 1));
           }
           EXPECT_EQ(a.close(fd), 0);
         }},
    {.id = "coherence.14",
     .requirement = "OPEN-3",
     .sentence = "Ten times in a row one client removes a large file that another has open: the "
                 "space is free after its close",
     .source = "semantics 2.7; Lustre's sanityn 36",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           Application& b = c.mount();
           const uint64_t before = a.statfs().file_system.free;
           for (int i = 0; i < 10; ++i) {
             const uint64_t fd = a.opened("/f", kCreate | kWrite);
             EXPECT_EQ(a.write(fd, 0, std::string(2'000'000, 'x')), 2'000'000);
             EXPECT_EQ(a.fsync(fd), 0);
             EXPECT_EQ(a.close(fd), 0);
             const uint64_t reader = b.opened("/f", kRead);
             EXPECT_EQ(a.unlink("/f"), 0);
             EXPECT_EQ(b.read(reader, 1'999'990, 20).size(), 10u);
             EXPECT_EQ(b.close(reader), 0);
             c.expect_in_time("the space to be free again",
                              [&] { return a.statfs().file_system.free == before; });
           }
         }},
    {.id = "coherence.15",
     .requirement = "LOCK-1",
     .sentence = "Writes to parts of a file that do not touch, and to one that is at its head, of "
                 "two clients at once, are all there",
     .source = "semantics 3.3.5; Lustre's sanityn 27",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           Application& b = c.mount();
           const uint64_t fa = a.opened("/f", kCreate | kReadWrite);
           const uint64_t fb = b.opened("/f", kReadWrite);
           const auto bytes = [](char fill, size_t count) {
             return protocol::Bytes(protocol::as_bytes(std::string(count, fill)));
           };
           Pending one = b.begin(
               {.kind = Kind::write, .fd = fb, .offset = 3'000'000, .data = bytes('b', 900'000)});
           Pending two = a.begin(
               {.kind = Kind::write, .fd = fa, .offset = 1'000'000, .data = bytes('a', 900'000)});
           EXPECT_EQ(a.write(fa, 0, "head"), 4);
           EXPECT_EQ(one.status(), 0);
           EXPECT_EQ(two.status(), 0);

           EXPECT_EQ(b.read(fb, 0, 4), "head");
           EXPECT_EQ(b.read(fb, 1'899'999, 2), std::string("a\0", 2));
           EXPECT_EQ(a.read(fa, 2'999'999, 2), std::string("\0b", 2));
           EXPECT_EQ(a.stat("/f").attributes.size, 3'900'000u);
           EXPECT_EQ(a.close(fa), 0);
           EXPECT_EQ(b.close(fb), 0);
         }},
    {.id = "coherence.16",
     .requirement = "LOCK-4",
     .sentence =
         "Link, stat and unlink of the same names by two clients do not lock each other out",
     .source = "semantics 3.3; Lustre's sanityn 12",
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& b = worker(c);
           EXPECT_EQ(a.mkdir("/d"), 0);
           EXPECT_EQ(a.create("/d/f"), 0);
           for (int i = 0; i < 20; ++i) {
             Pending link = a.begin({.kind = Kind::link, .path = "/d/f", .target = "/d/g"});
             Pending stat = b.begin({.kind = Kind::stat, .path = "/d/g"});
             EXPECT_EQ(link.status(), 0);
             const int32_t seen = stat.status();
             EXPECT_TRUE(seen == 0 || seen == -kEnoent) << seen;
             Pending unlink = b.begin({.kind = Kind::unlink, .path = "/d/g"});
             Pending again = a.begin({.kind = Kind::stat, .path = "/d/f"});
             EXPECT_EQ(unlink.status(), 0);
             EXPECT_EQ(again.status(), 0);
           }
           EXPECT_EQ(a.stat("/d/f").attributes.nlink, 1u);
         }},
};

}  // namespace

std::span<const Case> coherence_cases() { return kCases; }

}  // namespace suites
