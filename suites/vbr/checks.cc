// A replay is executed only on the versions on which the operation was executed before: what
// depends on a lost client's work is refused, and its client evicted; nothing else is.
#include "suites/application.h"
#include "suites/errno.h"
#include "suites/suites.h"
#include "suites/vbr/scene.h"

namespace suites {
namespace {

constexpr uint32_t kRegular = 0100000, kFifo = 0010000, kPermissions = 07777;
constexpr uint32_t kSame = ~0u;  // chown: leave it
constexpr Needs kNeeds = Needs::crash | Needs::hold_commits | Needs::evict;

std::string numbered(std::string_view prefix, int i) {
  return std::string(prefix) + std::to_string(i);
}

const Case kCases[] = {
    {.id = "vbr.1",
     .requirement = "REPLAY-8",
     .sentence = "A create by open checks the version of the directory",
     .source = "semantics 1.10",
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           Scene scene(c);
           EXPECT_EQ(scene.a.mkdir("/d", 0755), 0);
           scene.barrier();
           EXPECT_EQ(scene.lost.chmod("/d", 0777), 0);
           EXPECT_EQ(scene.a.create("/d/f"), 0);
           scene.crash_and_lose();

           EXPECT_TRUE(scene.evicted());
           EXPECT_EQ(scene.watcher.stat("/d/f").status, -kEnoent);
         }},
    {.id = "vbr.2",
     .requirement = "REPLAY-8",
     .sentence = "An open that creates nothing checks no version",
     .source = "semantics 1.10, 2.6",
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           Scene scene(c);
           EXPECT_EQ(scene.a.mkdir("/d", 0755), 0);
           EXPECT_EQ(scene.a.create("/d/f"), 0);
           scene.barrier();
           EXPECT_EQ(scene.lost.chmod("/d", 0777), 0);
           EXPECT_EQ(scene.lost.chmod("/d/f", 0666), 0);
           const uint64_t fd = scene.a.opened("/d/f", kRead);
           scene.crash_and_lose();

           EXPECT_FALSE(scene.evicted());
           EXPECT_EQ(scene.a.close(fd), 0);
         }},
    {.id = "vbr.3",
     .requirement = "REPLAY-8",
     .sentence = "A create checks the version of the directory",
     .source = "semantics 1.10",
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           Scene scene(c);
           EXPECT_EQ(scene.a.mkdir("/d", 0755), 0);
           scene.barrier();
           EXPECT_EQ(scene.lost.chmod("/d", 0777), 0);
           EXPECT_EQ(scene.a.mknod("/d/p", kFifo | 0644), 0);
           scene.crash_and_lose();

           EXPECT_TRUE(scene.evicted());
           EXPECT_EQ(scene.watcher.stat("/d/p").status, -kEnoent);
         }},
    {.id = "vbr.4",
     .requirement = "REPLAY-8",
     .sentence = "An unlink checks the version of the directory",
     .source = "semantics 1.10",
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           Scene scene(c);
           EXPECT_EQ(scene.a.mkdir("/d", 0755), 0);
           EXPECT_EQ(scene.a.create("/d/f"), 0);
           scene.barrier();
           EXPECT_EQ(scene.lost.chmod("/d", 0777), 0);
           EXPECT_EQ(scene.a.unlink("/d/f"), 0);
           scene.crash_and_lose();

           EXPECT_TRUE(scene.evicted());
           EXPECT_EQ(scene.watcher.stat("/d/f").status, 0);
         }},
    {.id = "vbr.5",
     .requirement = "REPLAY-8",
     .sentence = "A new owner checks the version of the file",
     .source = "semantics 1.10",
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           Scene scene(c);
           EXPECT_EQ(scene.a.create("/f"), 0);
           scene.barrier();
           EXPECT_EQ(scene.lost.chown("/f", kSame, 600), 0);
           EXPECT_EQ(scene.a.chown("/f", 500, 600), 0);
           scene.crash_and_lose();

           EXPECT_TRUE(scene.evicted());
           EXPECT_EQ(scene.watcher.stat("/f").attributes.uid, 0u);
         }},
    {.id = "vbr.6",
     .requirement = "REPLAY-8",
     .sentence = "A new group checks the version of the file",
     .source = "semantics 1.10",
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           Scene scene(c);
           EXPECT_EQ(scene.a.create("/f"), 0);
           scene.barrier();
           EXPECT_EQ(scene.lost.chown("/f", 500, 600), 0);
           EXPECT_EQ(scene.a.chown("/f", kSame, 700), 0);
           scene.crash_and_lose();

           EXPECT_TRUE(scene.evicted());
           EXPECT_EQ(scene.watcher.stat("/f").attributes.gid, 0u);
         }},
    {.id = "vbr.7",
     .requirement = "REPLAY-8",
     .sentence = "New permissions check the version of the file",
     .source = "semantics 1.10",
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           Scene scene(c);
           EXPECT_EQ(scene.a.create("/f", 0644), 0);
           scene.barrier();
           EXPECT_EQ(scene.lost.chown("/f", kSame, 600), 0);
           EXPECT_EQ(scene.a.chmod("/f", 0666), 0);
           scene.crash_and_lose();

           EXPECT_TRUE(scene.evicted());
           EXPECT_EQ(scene.watcher.stat("/f").attributes.mode & kPermissions, 0644u);
         }},
    {.id = "vbr.8",
     .requirement = "REPLAY-8",
     .sentence = "New permissions check the version that other permissions gave the file",
     .source = "semantics 1.10",
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           Scene scene(c);
           EXPECT_EQ(scene.a.create("/f", 0644), 0);
           scene.barrier();
           EXPECT_EQ(scene.lost.chmod("/f", 0755), 0);
           EXPECT_EQ(scene.a.chmod("/f", 0600), 0);
           scene.crash_and_lose();

           EXPECT_TRUE(scene.evicted());
           EXPECT_EQ(scene.watcher.stat("/f").attributes.mode & kPermissions, 0644u);
         }},
    {.id = "vbr.9",
     .requirement = "REPLAY-8",
     .sentence = "A new size and new times check no version",
     .source = "semantics 1.10",
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           Scene scene(c);
           EXPECT_EQ(scene.a.create("/f", 0644), 0);
           scene.barrier();
           EXPECT_EQ(scene.lost.chmod("/f", 0666), 0);
           EXPECT_EQ(scene.a.truncate("/f", 1), 0);
           EXPECT_EQ(scene.a.utime("/f", 1'000'000'000, 1'100'000'000), 0);
           scene.crash_and_lose();

           EXPECT_FALSE(scene.evicted());
           EXPECT_EQ(scene.watcher.stat("/f").attributes.size, 1u);
           EXPECT_EQ(scene.watcher.stat("/f").attributes.mtime, 1'100'000'000);
         }},
    {.id = "vbr.10",
     .requirement = "REPLAY-8",
     .sentence = "Times that a lost client set are no reason to refuse what was done after them",
     .source = "semantics 1.10",
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           Scene scene(c);
           EXPECT_EQ(scene.a.create("/f", 0644), 0);
           scene.barrier();
           EXPECT_EQ(scene.lost.utime("/f", 1'000'000'000, 1'000'000'000), 0);
           EXPECT_EQ(scene.a.utime("/f", 1'100'000'000, 1'100'000'000), 0);
           EXPECT_EQ(scene.a.chmod("/f", 0600), 0);
           scene.crash_and_lose();

           EXPECT_FALSE(scene.evicted());
           EXPECT_EQ(scene.watcher.stat("/f").attributes.mtime, 1'100'000'000);
           EXPECT_EQ(scene.watcher.stat("/f").attributes.mode & kPermissions, 0600u);
         }},
    {.id = "vbr.11",
     .requirement = "REPLAY-8",
     .sentence = "A link checks the version of the directory that gets the name",
     .source = "semantics 1.10",
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           Scene scene(c);
           EXPECT_EQ(scene.a.create("/f"), 0);
           EXPECT_EQ(scene.a.mkdir("/d", 0755), 0);
           scene.barrier();
           EXPECT_EQ(scene.lost.chmod("/d", 0777), 0);
           EXPECT_EQ(scene.a.link("/f", "/d/g"), 0);
           scene.crash_and_lose();

           EXPECT_TRUE(scene.evicted());
           EXPECT_EQ(scene.watcher.stat("/d/g").status, -kEnoent);
           EXPECT_EQ(scene.watcher.stat("/f").attributes.nlink, 1u);
         }},
    {.id = "vbr.12",
     .requirement = "REPLAY-8",
     .sentence = "A link checks the version of the file",
     .source = "semantics 1.10",
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           Scene scene(c);
           EXPECT_EQ(scene.a.create("/f", 0644), 0);
           EXPECT_EQ(scene.a.mkdir("/d"), 0);
           scene.barrier();
           EXPECT_EQ(scene.lost.chmod("/f", 0666), 0);
           EXPECT_EQ(scene.a.link("/f", "/d/g"), 0);
           scene.crash_and_lose();

           EXPECT_TRUE(scene.evicted());
           EXPECT_EQ(scene.watcher.stat("/d/g").status, -kEnoent);
         }},
    {.id = "vbr.13",
     .requirement = "REPLAY-8",
     .sentence = "A rename checks the version of the directory that loses the name",
     .source = "semantics 1.10",
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           Scene scene(c);
           EXPECT_EQ(scene.a.mkdir("/from", 0755), 0);
           EXPECT_EQ(scene.a.create("/from/f"), 0);
           EXPECT_EQ(scene.a.mkdir("/to", 0755), 0);
           scene.barrier();
           EXPECT_EQ(scene.lost.chmod("/from", 0777), 0);
           EXPECT_EQ(scene.a.rename("/from/f", "/to/f"), 0);
           scene.crash_and_lose();

           EXPECT_TRUE(scene.evicted());
           EXPECT_EQ(scene.watcher.stat("/from/f").status, 0);
         }},
    {.id = "vbr.14",
     .requirement = "REPLAY-8",
     .sentence = "A rename checks the version of the directory that gets the name",
     .source = "semantics 1.10",
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           Scene scene(c);
           EXPECT_EQ(scene.a.mkdir("/from", 0755), 0);
           EXPECT_EQ(scene.a.create("/from/f"), 0);
           EXPECT_EQ(scene.a.mkdir("/to", 0755), 0);
           scene.barrier();
           EXPECT_EQ(scene.lost.chmod("/to", 0777), 0);
           EXPECT_EQ(scene.a.rename("/from/f", "/to/f"), 0);
           scene.crash_and_lose();

           EXPECT_TRUE(scene.evicted());
           EXPECT_EQ(scene.watcher.stat("/from/f").status, 0);
         }},
    {.id = "vbr.15",
     .requirement = "REPLAY-8",
     .sentence = "What a lost client did elsewhere touches nobody: fifty files around its own are "
                 "replayed, its own is not there",
     .source = "semantics 1.10, 9.2 REPLAY-9",
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           Scene scene(c);
           EXPECT_EQ(scene.lost.mkdir("/theirs"), 0);
           scene.barrier();
           for (int i = 0; i < 25; ++i) EXPECT_EQ(scene.a.create(numbered("/f", i)), 0);
           EXPECT_EQ(scene.lost.mknod("/theirs/g", kRegular | 0644), 0);
           EXPECT_EQ(scene.a.stat("/theirs/g").status, 0);
           for (int i = 25; i < 50; ++i) EXPECT_EQ(scene.a.create(numbered("/f", i)), 0);
           scene.crash_and_lose();

           EXPECT_FALSE(scene.evicted());
           for (int i = 0; i < 50; ++i) EXPECT_EQ(scene.a.unlink(numbered("/f", i)), 0) << i;
           EXPECT_EQ(scene.watcher.stat("/theirs/g").status, -kEnoent);
         }},
    {.id = "vbr.16a",
     .requirement = "REPLAY-8",
     .sentence = "A name taken away and given to a new file is replayed, though another's create "
                 "elsewhere is missing",
     .source = "semantics 1.10, 2.7",
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           Scene scene(c);
           EXPECT_EQ(scene.a.mknod("/f", kRegular | 0644), 0);
           EXPECT_EQ(scene.a.mkdir("/d"), 0);
           scene.barrier();
           EXPECT_EQ(scene.lost.create("/d/g"), 0);
           EXPECT_EQ(scene.a.unlink("/f"), 0);
           EXPECT_EQ(scene.a.create("/f"), 0);
           scene.crash_and_lose();

           EXPECT_FALSE(scene.evicted());
           EXPECT_EQ(scene.a.unlink("/f"), 0);
         }},
    {.id = "vbr.16b",
     .requirement = "REPLAY-8",
     .sentence =
         "A name taken away from an opened file and given to a new node is replayed, though "
         "another's create elsewhere is missing",
     .source = "semantics 1.10, 2.7",
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           Scene scene(c);
           EXPECT_EQ(scene.a.create("/f"), 0);
           EXPECT_EQ(scene.a.mkdir("/d"), 0);
           scene.barrier();
           EXPECT_EQ(scene.lost.create("/d/g"), 0);
           EXPECT_EQ(scene.a.unlink("/f"), 0);
           EXPECT_EQ(scene.a.mknod("/f", kRegular | 0644), 0);
           scene.crash_and_lose();

           EXPECT_FALSE(scene.evicted());
           EXPECT_EQ(scene.a.unlink("/f"), 0);
         }},
    {.id = "vbr.16c",
     .requirement = "REPLAY-8",
     .sentence = "A name taken away from a file and given to a new directory is replayed, though "
                 "another's create elsewhere is missing",
     .source = "semantics 1.10, 2.7",
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           Scene scene(c);
           EXPECT_EQ(scene.a.create("/f"), 0);
           EXPECT_EQ(scene.a.mkdir("/d"), 0);
           scene.barrier();
           EXPECT_EQ(scene.lost.create("/d/g"), 0);
           EXPECT_EQ(scene.a.unlink("/f"), 0);
           EXPECT_EQ(scene.a.mkdir("/f"), 0);
           scene.crash_and_lose();

           EXPECT_FALSE(scene.evicted());
           EXPECT_EQ(scene.a.rmdir("/f"), 0);
         }},
};

}  // namespace

std::span<const Case> vbr_check_cases() { return kCases; }

}  // namespace suites
