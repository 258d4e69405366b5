// Open files: handles, sharing, unlinking what is open.
#include "suites/application.h"
#include "suites/errno.h"
#include "suites/suites.h"

namespace suites {
namespace {

const Case kCases[] = {
    {.id = "open.1",
     .requirement = "OPEN-6",
     .sentence = "O_CREAT makes a file that is not there and opens one that is; O_EXCL insists",
     .source = "semantics 2.2",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           const uint64_t first = a.opened("/f", kCreate | kWrite);
           const uint64_t second = a.opened("/f", kCreate | kWrite);

           EXPECT_EQ(a.open("/f", kCreate | kExclusive | kWrite).status, -kEexist);
           EXPECT_EQ(a.open("/missing", kRead).status, -kEnoent);
           EXPECT_EQ(a.close(first), 0);
           EXPECT_EQ(a.close(second), 0);
         }},
    {.id = "open.2",
     .requirement = "OPEN-7",
     .sentence = "A closed descriptor is dead",
     .source = "semantics 2.5",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           const uint64_t fd = a.opened("/f", kCreate | kWrite);
           EXPECT_EQ(a.close(fd), 0);

           EXPECT_EQ(a.write(fd, 0, "x"), -kEbadf);
           EXPECT_EQ(a.close(fd), -kEbadf);
         }},
    {.id = "open.3",
     .requirement = "OPEN-3",
     .sentence = "A file that is unlinked while open can be used until it is closed",
     .source = "semantics 2.7",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           const uint64_t fd = a.opened("/f", kCreate | kReadWrite);
           EXPECT_EQ(a.write(fd, 0, "still here"), 10);
           EXPECT_EQ(a.unlink("/f"), 0);
           EXPECT_EQ(a.stat("/f").status, -kEnoent);

           EXPECT_EQ(a.read(fd, 0, 100), "still here");
           EXPECT_EQ(a.write(fd, 0, "STILL"), 5);
           EXPECT_EQ(a.close(fd), 0);
         }},
    {.id = "open.4",
     .requirement = "OPEN-3",
     .sentence = "A file that another client has open survives its unlinking",
     .source = "semantics 2.7",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           Application& b = c.mount();
           a.put("/f", "held by b");
           const uint64_t fd = b.opened("/f", kRead);
           EXPECT_EQ(a.unlink("/f"), 0);

           EXPECT_EQ(b.read(fd, 0, 100), "held by b");
           EXPECT_EQ(b.close(fd), 0);
         }},
    {.id = "open.5",
     .requirement = "OPEN-3",
     .sentence = "The last close of an unlinked file frees its space",
     .source = "semantics 2.5, 2.7",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           const uint64_t before = a.statfs().file_system.free;
           const uint64_t fd = a.opened("/f", kCreate | kWrite);
           EXPECT_EQ(a.write(fd, 0, std::string(1'000'000, 'x')), 1'000'000);
           EXPECT_EQ(a.fsync(fd), 0);
           EXPECT_EQ(a.unlink("/f"), 0);
           EXPECT_EQ(a.close(fd), 0);
           c.drain();

           c.expect_in_time("the space to be free again",
                            [&] { return a.statfs().file_system.free == before; });
         }},
    {.id = "open.6",
     .requirement = "OPEN-8",
     .sentence = "A rename over an open file leaves the old file to who has it open",
     .source = "semantics 2.7; rpc-formats, MDS_REINT RENAME",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           Application& b = c.mount();
           a.put("/old", "old");
           a.put("/new", "new");
           const uint64_t fd = b.opened("/old", kRead);
           EXPECT_EQ(a.rename("/new", "/old"), 0);

           EXPECT_EQ(b.read(fd, 0, 10), "old");
           EXPECT_EQ(b.get("/old"), "new");
           EXPECT_EQ(b.close(fd), 0);
         }},
    {.id = "open.7",
     .requirement = "OPEN-1",
     .sentence = "Every open leaves one open handle, every close takes it away",
     .source = "semantics 2.1, 9.2 OPEN-1",
     .needs = Needs::notes,
     .run =
         [](Conformance& c) {
           using Kind = harness::Fact::Kind;
           Application& a = c.mount();
           const uint64_t one = a.opened("/f", kCreate | kWrite);
           const uint64_t two = a.opened("/f", kRead);
           EXPECT_EQ(a.close(one), 0);
           EXPECT_EQ(a.close(two), 0);
           c.world().settle();

           EXPECT_EQ(c.count(harness::kMds, Kind::opened), 2u);
           EXPECT_EQ(c.count(harness::kMds, Kind::closed), 2u);
         }},
    {.id = "open.8",
     .requirement = "OPEN-9",
     .sentence = "A directory can be opened for reading and not for writing",
     .source = "semantics 2.2",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           EXPECT_EQ(a.mkdir("/d"), 0);
           const uint64_t fd = a.opened("/d", kRead);
           EXPECT_EQ(a.close(fd), 0);

           EXPECT_EQ(a.open("/d", kWrite).status, -kEisdir);
         }},
    {.id = "open.9",
     .requirement = "OPEN-5",
     .sentence = "A file that is open for writing is not executed, one that is executed is not "
                 "opened for writing",
     .source = "semantics 2.1 (write count)",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           Application& b = c.mount();
           const uint64_t writer = a.opened("/f", kCreate | kWrite, 0755);
           EXPECT_EQ(b.open("/f", kRead | kExecute).status, -kEtxtbsy);
           EXPECT_EQ(a.close(writer), 0);
           const uint64_t executor = b.opened("/f", kRead | kExecute);

           EXPECT_EQ(a.open("/f", kWrite).status, -kEtxtbsy);
           EXPECT_EQ(b.close(executor), 0);
           EXPECT_EQ(a.open("/f", kWrite).status, 0);
         }},
};

}  // namespace

std::span<const Case> open_cases() { return kCases; }

}  // namespace suites
