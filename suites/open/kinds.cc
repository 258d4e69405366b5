// What may be opened how, what an open that fails leaves alone, and what has no name any more.
#include "suites/application.h"
#include "suites/errno.h"
#include "suites/suites.h"

namespace suites {
namespace {

using Kind = harness::Syscall::Kind;

constexpr uint32_t kDirectory = 0200000, kNoFollow = 0400000;  // O_DIRECTORY, O_NOFOLLOW
constexpr uint32_t kNobody = 500;

int32_t open_as_nobody(Application& a, std::string_view path, uint32_t flags) {
  return a
      .call({.kind = Kind::open,
             .path = std::string(path),
             .flags = flags,
             .uid = kNobody,
             .gid = kNobody})
      .status;
}

const Case kCases[] = {
    {.id = "open.10",
     .requirement = "OPEN-6",
     .sentence = "A symbolic link to nothing, or to itself, cannot be opened, and can be removed",
     .source = "semantics 2.2",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           EXPECT_EQ(a.symlink("/missing", "/s"), 0);
           EXPECT_EQ(a.symlink("/loop", "/loop"), 0);
           EXPECT_EQ(a.open("/s", kRead).status, -kEnoent);
           EXPECT_EQ(a.open("/loop", kRead).status, -kEloop);
           EXPECT_EQ(a.open("/s", kRead | kNoFollow).status, -kEloop);
           EXPECT_EQ(a.unlink("/s"), 0);
           EXPECT_EQ(a.unlink("/loop"), 0);
           EXPECT_TRUE(a.list("/").empty());
         }},
    {.id = "open.11",
     .requirement = "OPEN-8",
     .sentence = "A directory is renamed over an empty one that is open",
     .source = "semantics 2.7; Lustre's sanity 24q",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           EXPECT_EQ(a.mkdir("/a"), 0);
           EXPECT_EQ(a.mkdir("/b"), 0);
           const uint64_t ino = a.stat("/a").attributes.ino;
           const uint64_t fd = a.opened("/b", kRead);
           EXPECT_EQ(a.rename("/a", "/b"), 0);

           EXPECT_EQ(a.stat("/a").status, -kEnoent);
           EXPECT_EQ(a.stat("/b").attributes.ino, ino);
           EXPECT_EQ(a.close(fd), 0);
           EXPECT_EQ(a.rmdir("/b"), 0);
         }},
    {.id = "open.12",
     .requirement = "OPEN-3",
     .sentence =
         "A file with several names loses one, and all, while it is open: it is there until "
         "its close",
     .source = "semantics 2.7; Lustre's sanity 31a, 31b, 31c",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           a.put("/f", "content");
           EXPECT_EQ(a.link("/f", "/g"), 0);
           const uint64_t fd = a.opened("/f", kReadWrite);
           EXPECT_EQ(a.unlink("/f"), 0);
           EXPECT_EQ(a.stat("/g").attributes.nlink, 1u);
           EXPECT_EQ(a.read(fd, 0, 7), "content");
           EXPECT_EQ(a.unlink("/g"), 0);
           EXPECT_EQ(a.read(fd, 0, 7), "content");
           EXPECT_EQ(a.write(fd, 0, "C"), 1);
           EXPECT_EQ(a.close(fd), 0);

           EXPECT_TRUE(a.list("/").empty());
           EXPECT_EQ(a.create("/f"), 0);
         }},
    {.id = "open.13",
     .requirement = "OPEN-3",
     .sentence =
         "An open directory is removed only when it is empty, and its name is free then; so "
         "are files in it that are open",
     .source = "semantics 2.7; Lustre's sanity 31d, 31e, 31f",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           EXPECT_EQ(a.mkdir("/d"), 0);
           const uint64_t file = a.opened("/d/f", kCreate | kReadWrite);
           EXPECT_EQ(a.write(file, 0, "x"), 1);
           const uint64_t directory = a.opened("/d", kRead);
           EXPECT_EQ(a.rmdir("/d"), -kEnotempty);
           EXPECT_EQ(a.unlink("/d/f"), 0);
           EXPECT_EQ(a.rmdir("/d"), 0);
           EXPECT_EQ(a.mkdir("/d"), 0);

           EXPECT_EQ(a.read(file, 0, 1), "x");
           EXPECT_EQ(a.close(file), 0);
           EXPECT_EQ(a.close(directory), 0);
           EXPECT_TRUE(a.list("/d").empty());
         }},
    {.id = "open.14",
     .requirement = "OPEN-10",
     .sentence = "Who may not write a file does not open it for writing, who may not read it not "
                 "for reading",
     .source = "semantics 2.2; Lustre's sanity 33a",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           EXPECT_EQ(a.create("/read-only", 0444), 0);
           EXPECT_EQ(a.create("/private", 0600), 0);

           EXPECT_EQ(open_as_nobody(a, "/read-only", kReadWrite), -kEacces);
           EXPECT_EQ(open_as_nobody(a, "/read-only", kRead), 0);
           EXPECT_EQ(open_as_nobody(a, "/private", kRead), -kEacces);
           EXPECT_EQ(open_as_nobody(a, "/private", kWrite), -kEacces);
           EXPECT_EQ(a.open("/private", kReadWrite).status, 0);
         }},
    {.id = "open.15",
     .requirement = "OPEN-9",
     .sentence = "What is no directory is not opened as one",
     .source = "semantics 2.2; Lustre's sanity 38",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           EXPECT_EQ(a.create("/f"), 0);
           EXPECT_EQ(a.open("/f", kRead | kDirectory).status, -kEnotdir);
           EXPECT_EQ(a.open("/f/below", kRead).status, -kEnotdir);
         }},
    {.id = "open.16",
     .requirement = "OPEN-10",
     .sentence = "An open that should have emptied a file, and failed, has not",
     .source = "semantics 2.2; Lustre's sanity 40",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           a.put("/f", "content");
           EXPECT_EQ(open_as_nobody(a, "/f", kTruncate | kWrite), -kEacces);
           EXPECT_EQ(a.open("/f", kCreate | kExclusive | kTruncate | kWrite).status, -kEexist);

           EXPECT_EQ(a.stat("/f").attributes.size, 7u);
           EXPECT_EQ(a.get("/f"), "content");
         }},
};

}  // namespace

std::span<const Case> open_kind_cases() { return kCases; }

}  // namespace suites
