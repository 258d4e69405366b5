// Sizes, blocks and times of files, as they are truncated, extended, synced or just looked at.
#include "suites/application.h"
#include "suites/errno.h"
#include "suites/suites.h"

namespace suites {
namespace {

using Kind = harness::Syscall::Kind;

constexpr int64_t kPast = 1'000'000'000;

const Case kCases[] = {
    {.id = "size.2",
     .requirement = "DATA-14",
     .sentence = "A node that is only opened for reading is empty, and takes no space",
     .source = "semantics 2.2; Lustre's sanity 34b",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           EXPECT_EQ(a.mknod("/f", 0100644), 0);
           EXPECT_EQ(a.get("/f"), "");
           EXPECT_EQ(a.stat("/f").attributes.size, 0u);
           EXPECT_EQ(a.stat("/f").attributes.blocks, 0u);
         }},
    {.id = "size.3",
     .requirement = "DATA-7",
     .sentence = "A file is given a size beyond 4 GiB, and a smaller one again",
     .source = "semantics 3.7; Lustre's sanity 34g",
     .run =
         [](Conformance& c) {
           constexpr uint64_t kLong = (uint64_t{1} << 33) + 12345;
           Application& a = c.mount();
           Application& b = c.mount();
           EXPECT_EQ(a.create("/f"), 0);
           EXPECT_EQ(a.truncate("/f", kLong), 0);
           EXPECT_EQ(b.stat("/f").attributes.size, kLong);
           EXPECT_EQ(b.truncate("/f", 12345), 0);
           EXPECT_EQ(a.stat("/f").attributes.size, 12345u);
         }},
    {.id = "size.4",
     .requirement = "ATTR-3",
     .sentence = "Times that were set while a file was open and dirty are not overtaken by its "
                 "write-back",
     .source = "semantics 3.7 (times by xid); Lustre's sanity 36b, 36d",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           Application& b = c.mount();
           const uint64_t fd = a.opened("/f", kCreate | kWrite);
           EXPECT_EQ(a.write(fd, 0, "content"), 7);
           EXPECT_EQ(a.fsync(fd), 0);
           EXPECT_EQ(a.utime("/f", kPast, kPast), 0);
           EXPECT_EQ(b.stat("/f").attributes.mtime, kPast);
           EXPECT_EQ(a.close(fd), 0);

           EXPECT_EQ(b.stat("/f").attributes.mtime, kPast);
           EXPECT_EQ(b.stat("/f").attributes.atime, kPast);
         }},
    {.id = "size.5",
     .requirement = "ATTR-3",
     .sentence = "Opening, linking, renaming and removing a name leave the time of change of data",
     .source = "Lustre's sanity 39b; rpc-formats, MDS_REINT",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           a.put("/f", "content");
           EXPECT_EQ(a.utime("/f", kPast, kPast), 0);
           EXPECT_EQ(a.close(a.opened("/f", kReadWrite)), 0);
           EXPECT_EQ(a.stat("/f").attributes.mtime, kPast) << "open";
           EXPECT_EQ(a.link("/f", "/g"), 0);
           EXPECT_EQ(a.stat("/f").attributes.mtime, kPast) << "link";
           EXPECT_EQ(a.unlink("/g"), 0);
           EXPECT_EQ(a.stat("/f").attributes.mtime, kPast) << "unlink";
           EXPECT_EQ(a.rename("/f", "/g"), 0);
           EXPECT_EQ(a.stat("/g").attributes.mtime, kPast) << "rename";
         }},
    {.id = "size.6",
     .requirement = "DATA-7",
     .sentence = "A truncation takes dirty pages behind the new end, all or some, and they are not "
                 "written later",
     .source = "semantics 3.7 (DISCARD_DATA); Lustre's sanity 42c, 42d",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           Application& b = c.mount();
           const uint64_t fd = a.opened("/f", kCreate | kReadWrite);
           EXPECT_EQ(a.write(fd, 0, std::string(100'000, 'x')), 100'000);
           EXPECT_EQ(a.truncate("/f", 50'001), 0);
           EXPECT_EQ(a.fsync(fd), 0);
           EXPECT_EQ(b.stat("/f").attributes.size, 50'001u);
           EXPECT_TRUE(b.get("/f") == std::string(50'001, 'x'));
           EXPECT_EQ(a.write(fd, 0, std::string(100'000, 'y')), 100'000);
           EXPECT_EQ(a.truncate("/f", 0), 0);
           EXPECT_EQ(a.fsync(fd), 0);
           EXPECT_EQ(a.close(fd), 0);

           EXPECT_EQ(b.stat("/f").attributes.size, 0u);
           EXPECT_EQ(b.get("/f"), "");
         }},
    {.id = "size.7",
     .requirement = "DATA-5",
     .sentence = "A file of which one stripe has no data reads as zeros there, to its end and no "
                 "further",
     .source = "differences 9; Lustre's sanity 44",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           Application& b = c.mount();
           const auto opened = a.call({.kind = Kind::open,
                                       .path = "/f",
                                       .flags = kCreate | kReadWrite,
                                       .mode = 0644,
                                       .stripe_count = 2,
                                       .stripe_size = 65536});
           EXPECT_EQ(opened.status, 0);
           EXPECT_EQ(a.write(opened.value, 70'000, "x"), 1);
           EXPECT_EQ(a.close(opened.value), 0);

           EXPECT_TRUE(b.get("/f") == std::string(70'000, '\0') + "x");
           const uint64_t fd = b.opened("/f", kRead);
           EXPECT_EQ(b.read(fd, 70'001, 100), "");
           EXPECT_EQ(b.close(fd), 0);
         }},
    {.id = "size.8",
     .requirement = "ATTR-7",
     .sentence = "The blocks of a file are counted once it is synced",
     .source = "semantics 3.6 (LVB); Lustre's sanity 66",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           Application& b = c.mount();
           const uint64_t fd = a.opened("/f", kCreate | kWrite);
           EXPECT_EQ(a.write(fd, 0, std::string(1'048'576, 'x')), 1'048'576);
           EXPECT_EQ(a.fsync(fd), 0);
           EXPECT_EQ(a.close(fd), 0);

           EXPECT_GE(b.stat("/f").attributes.blocks, 2048u);
         }},
    {.id = "size.9",
     .requirement = "DATA-11",
     .sentence = "Truncations and appends in turn leave what the last of them made",
     .source = "semantics 3.7; Lustre's sanity 150",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           Application& b = c.mount();
           const std::string content(6096, 'c');
           a.put("/f", content);
           EXPECT_EQ(b.get("/f"), content);
           EXPECT_EQ(a.truncate("/f", 6000), 0);
           const uint64_t fd = b.opened("/f", kWrite | kAppend);
           EXPECT_EQ(b.write(fd, 0, "end"), 3);
           EXPECT_EQ(b.fsync(fd), 0);
           EXPECT_EQ(b.close(fd), 0);
           EXPECT_TRUE(a.get("/f") == content.substr(0, 6000) + "end");
           EXPECT_EQ(a.truncate("/f", 8192), 0);

           EXPECT_TRUE(b.get("/f") ==
                       content.substr(0, 6000) + "end" + std::string(8192 - 6003, '\0'));
         }},
    {.id = "size.10",
     .requirement = "LOCK-4",
     .sentence =
         "Reading and truncating the same file at once do not lock each other out, and what "
         "is read was there",
     .source = "semantics 3.3, 3.7; Lustre's sanity 169, 218",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           Application& b = c.mount();
           for (int i = 0; i < 10; ++i) {
             const uint64_t fd = a.opened("/f", kCreate | kReadWrite);
             EXPECT_EQ(a.write(fd, 0, std::string(200'000, 'x')), 200'000);
             const uint64_t reader = b.opened("/f", kRead);
             Pending read = b.begin({.kind = Kind::read, .fd = reader, .length = 200'000});
             Pending cut = a.begin({.kind = Kind::truncate, .path = "/f", .offset = 1000});
             EXPECT_EQ(read.status(), 0);
             EXPECT_EQ(cut.status(), 0);
             const size_t size = read.result().data.size();
             EXPECT_TRUE(size == 200'000 || size == 1000) << size;
             EXPECT_EQ(b.stat("/f").attributes.size, 1000u);
             EXPECT_EQ(a.close(fd), 0);
             EXPECT_EQ(b.close(reader), 0);
           }
         }},
};

}  // namespace

std::span<const Case> size_cases() { return kCases; }

}  // namespace suites
