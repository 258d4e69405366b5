// What one client did to names, files and attributes after the last commit is done again after the
// crash, in its order and with the same outcome.
#include "suites/application.h"
#include "suites/errno.h"
#include "suites/recovery/barrier.h"
#include "suites/suites.h"

namespace suites {
namespace {

using Kind = harness::Syscall::Kind;

constexpr uint32_t kRegular = 0100000, kFifo = 0010000;

std::string tag(int i) { return "tag-" + std::to_string(i); }
std::string numbered(int i) { return "/f" + std::to_string(i); }

const Case kCases[] = {
    {.id = "replay.1",
     .requirement = "REPLAY-2",
     .sentence = "A crash with nothing to replay leaves everything as it was committed",
     .source = "semantics 1.9, 1.13",
     .needs = Needs::crash | Needs::hold_commits,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           EXPECT_EQ(a.mkdir("/d"), 0);
           barrier(c);
           crash_at_barrier(c);

           EXPECT_EQ(a.rmdir("/d"), 0);
           EXPECT_EQ(a.stat("/d").status, -kEnoent);
         }},
    {.id = "replay.2",
     .requirement = "LIVE-1",
     .sentence = "Recovery whose only client never returns ends, and a new client is served",
     .source = "semantics 1.9 (timer), 1.2 C22",
     .needs = Needs::crash | Needs::hold_commits,
     .run =
         [](Conformance& c) {
           Application& gone = worker(c);
           barrier(c);
           EXPECT_EQ(gone.unmount(), 0);
           crash_at_barrier(c);

           Application& a = c.mount();
           EXPECT_EQ(a.mkdir("/d"), 0);
         }},
    {.id = "replay.3",
     .requirement = "REPLAY-4",
     .sentence = "A file made in a directory is there after the crash, whether the directory was "
                 "committed or not",
     .source = "semantics 1.6, 1.9",
     .needs = Needs::crash | Needs::hold_commits,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           EXPECT_EQ(a.mkdir("/old"), 0);
           barrier(c);
           EXPECT_EQ(a.mkdir("/new"), 0);
           EXPECT_EQ(a.mknod("/old/f", kRegular | 0644), 0);
           EXPECT_EQ(a.mknod("/new/f", kRegular | 0644), 0);
           EXPECT_EQ(a.mknod("/new/p", kFifo | 0644), 0);
           crash_at_barrier(c);

           EXPECT_EQ(a.list("/old"), std::vector<std::string>{"f"});
           EXPECT_EQ(a.list("/new"), (std::vector<std::string>{"f", "p"}));
           EXPECT_EQ(a.unlink("/new/f"), 0);
         }},
    {.id = "replay.4",
     .requirement = "REPLAY-4",
     .sentence = "A file that was created, opened and closed is there, and its times are those "
                 "that were set",
     .source = "semantics 1.6, 2.6",
     .needs = Needs::crash | Needs::hold_commits,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           EXPECT_EQ(a.create("/old"), 0);
           barrier(c);
           EXPECT_EQ(a.create("/new"), 0);
           EXPECT_EQ(a.utime("/old", 1'000'000'000, 1'100'000'000), 0);
           crash_at_barrier(c);

           EXPECT_EQ(a.stat("/new").status, 0);
           EXPECT_EQ(a.stat("/old").attributes.atime, 1'000'000'000);
           EXPECT_EQ(a.stat("/old").attributes.mtime, 1'100'000'000);
         }},
    {.id = "replay.5",
     .requirement = "REPLAY-4",
     .sentence = "Ten files with their contents, none of them committed, are there after the crash",
     .source = "semantics 1.6, 2.4",
     .needs = Needs::crash | Needs::hold_commits,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           barrier(c);
           for (int i = 0; i < 10; ++i) a.put(numbered(i), tag(i));
           crash_at_barrier(c);

           for (int i = 0; i < 10; ++i) EXPECT_EQ(a.get(numbered(i)), tag(i));
         }},
    {.id = "replay.6",
     .requirement = "REPLAY-4",
     .sentence = "More files than were precreated at once are replayed with the objects that they "
                 "had",
     .source = "semantics 2.4 (the layout is kept for replay)",
     .needs = Needs::crash | Needs::hold_commits,
     .run =
         [](Conformance& c) {
           constexpr int kFiles = 220;
           Application& a = worker(c);
           barrier(c);
           for (int i = 0; i < kFiles; ++i) a.put(numbered(i), tag(i));
           crash_at_barrier(c);

           for (int i = 0; i < kFiles; ++i) EXPECT_EQ(a.get(numbered(i)), tag(i));
         }},
    {.id = "replay.7",
     .requirement = "REPLAY-4",
     .sentence = "Ten files unlinked after the last commit stay gone",
     .source = "semantics 1.6",
     .needs = Needs::crash | Needs::hold_commits,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           EXPECT_EQ(a.mkdir("/d"), 0);
           for (int i = 0; i < 10; ++i) a.put("/d" + numbered(i), tag(i));
           barrier(c);
           for (int i = 0; i < 10; ++i) EXPECT_EQ(a.unlink("/d" + numbered(i)), 0);
           crash_at_barrier(c);

           EXPECT_TRUE(a.list("/d").empty());
         }},
    {.id = "replay.8",
     .requirement = "REPLAY-4",
     .sentence = "A directory removed with what was in it stays gone",
     .source = "semantics 1.6",
     .needs = Needs::crash | Needs::hold_commits,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           EXPECT_EQ(a.mkdir("/d"), 0);
           EXPECT_EQ(a.create("/d/f"), 0);
           barrier(c);
           EXPECT_EQ(a.unlink("/d/f"), 0);
           EXPECT_EQ(a.rmdir("/d"), 0);
           crash_at_barrier(c);

           EXPECT_EQ(a.stat("/d").status, -kEnoent);
           EXPECT_EQ(a.mkdir("/d"), 0);
         }},
    {.id = "replay.9",
     .requirement = "REPLAY-4",
     .sentence = "A file created again by replay is the same file: its identity does not change",
     .source = "semantics 2.6 (same fid, same inode number)",
     .needs = Needs::crash | Needs::hold_commits,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& b = worker(c);
           barrier(c);
           EXPECT_EQ(a.mknod("/node", kRegular | 0644), 0);
           EXPECT_EQ(a.create("/opened"), 0);
           EXPECT_EQ(a.mkdir("/d"), 0);
           const char* const names[] = {"/node", "/opened", "/d"};
           std::vector<uint64_t> before;
           for (const char* name : names) before.push_back(a.stat(name).attributes.ino);
           crash_at_barrier(c);

           for (size_t i = 0; i < before.size(); ++i) {
             EXPECT_EQ(b.stat(names[i]).attributes.ino, before[i]) << names[i];
           }
         }},
    {.id = "replay.10",
     .requirement = "REPLAY-4",
     .sentence = "A rename is replayed; the unlink of the old name, which failed, changes nothing",
     .source = "semantics 1.4 (a failed operation has no transno), 1.6",
     .needs = Needs::crash | Needs::hold_commits,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           a.put("/f", "moved");
           barrier(c);
           EXPECT_EQ(a.rename("/f", "/g"), 0);
           EXPECT_EQ(a.unlink("/f"), -kEnoent);
           crash_at_barrier(c);

           EXPECT_EQ(a.stat("/f").status, -kEnoent);
           EXPECT_EQ(a.get("/g"), "moved");
         }},
    {.id = "replay.11",
     .requirement = "REPLAY-4",
     .sentence = "A new file under a name that another had before keeps its own content",
     .source = "semantics 1.6, 2.6",
     .needs = Needs::crash | Needs::hold_commits,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           a.put("/f", "old");
           EXPECT_EQ(a.rename("/f", "/g"), 0);
           barrier(c);
           a.put("/f", "new");
           crash_at_barrier(c);

           EXPECT_EQ(a.get("/f"), "new");
           EXPECT_EQ(a.get("/g"), "old");
         }},
    {.id = "replay.12",
     .requirement = "REPLAY-4",
     .sentence = "A file created, written and renamed after the last commit has its content under "
                 "the new name",
     .source = "semantics 1.6, 2.6",
     .needs = Needs::crash | Needs::hold_commits,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           barrier(c);
           EXPECT_EQ(a.mknod("/f", kRegular | 0644), 0);
           a.put("/f", "old");
           EXPECT_EQ(a.rename("/f", "/g"), 0);
           crash_at_barrier(c);

           EXPECT_EQ(a.get("/g"), "old");
           EXPECT_EQ(a.stat("/f").status, -kEnoent);
         }},
    {.id = "replay.13",
     .requirement = "REPLAY-4",
     .sentence = "A file that came and went after the last commit does not come back, the one made "
                 "next does",
     .source = "semantics 1.6",
     .needs = Needs::crash | Needs::hold_commits,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           barrier(c);
           EXPECT_EQ(a.mknod("/f", kRegular | 0644), 0);
           EXPECT_EQ(a.unlink("/f"), 0);
           EXPECT_EQ(a.mknod("/g", kRegular | 0644), 0);
           crash_at_barrier(c);

           EXPECT_EQ(a.stat("/f").status, -kEnoent);
           EXPECT_EQ(a.unlink("/g"), 0);
         }},
    {.id = "replay.14",
     .requirement = "REPLAY-4",
     .sentence = "A symbolic link is replayed, and what was read through it is not",
     .source = "semantics 2.2 (no handle, no transno), 1.6",
     .needs = Needs::crash | Needs::hold_commits,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           a.put("/f", "behind the link");
           barrier(c);
           EXPECT_EQ(a.symlink("/f", "/s"), 0);
           EXPECT_EQ(a.get("/s"), "behind the link");
           crash_at_barrier(c);

           EXPECT_EQ(a.get("/s"), "behind the link");
           EXPECT_EQ(a.lstat("/s").attributes.size, 2u);
         }},
    {.id = "replay.15",
     .requirement = "REPLAY-4",
     .sentence = "Extended attributes that were set and removed are so after the crash, for others "
                 "too",
     .source = "semantics 1.6; rpc-formats, MDS_SETXATTR and REINT_SETXATTR",
     .needs = Needs::crash | Needs::hold_commits,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& b = worker(c);
           EXPECT_EQ(a.create("/f"), 0);
           EXPECT_EQ(a.setxattr("/f", "user.gone", "x"), 0);
           barrier(c);
           EXPECT_EQ(a.setxattr("/f", "user.foo", "bar"), 0);
           EXPECT_EQ(
               a.call({.kind = Kind::removexattr, .path = "/f", .target = "user.gone"}).status, 0);
           crash_at_barrier(c);

           EXPECT_EQ(b.getxattr("/f", "user.foo").data.size(), 3u);
           EXPECT_EQ(b.getxattr("/f", "user.gone").status, -kEnodata);
         }},
    {.id = "replay.16",
     .requirement = "REPLAY-4",
     .sentence = "Links, a rename over a file, and a new owner are all replayed",
     .source = "semantics 1.6",
     .needs = Needs::crash | Needs::hold_commits,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           a.put("/f", "kept");
           a.put("/over", "replaced");
           EXPECT_EQ(a.link("/f", "/g"), 0);
           barrier(c);
           EXPECT_EQ(a.link("/f", "/h"), 0);
           EXPECT_EQ(a.unlink("/g"), 0);
           EXPECT_EQ(a.rename("/h", "/over"), 0);
           EXPECT_EQ(a.chown("/f", 500, 600), 0);
           crash_at_barrier(c);

           EXPECT_EQ(a.stat("/f").attributes.nlink, 2u);
           EXPECT_EQ(a.get("/over"), "kept");
           EXPECT_EQ(a.stat("/over").attributes.uid, 500u);
           EXPECT_EQ(a.stat("/g").status, -kEnoent);
         }},
    {.id = "replay.17",
     .requirement = "REPLAY-4",
     .sentence = "A directory of two hundred names, half of them uncommitted, is complete",
     .source = "semantics 1.6",
     .needs = Needs::crash | Needs::hold_commits,
     .run =
         [](Conformance& c) {
           constexpr int kHalf = 100;
           Application& a = worker(c);
           EXPECT_EQ(a.mkdir("/d"), 0);
           for (int i = 0; i < kHalf; ++i) EXPECT_EQ(a.mknod("/d" + numbered(i), kRegular), 0);
           barrier(c);
           for (int i = kHalf; i < 2 * kHalf; ++i) {
             EXPECT_EQ(a.mknod("/d" + numbered(i), kRegular), 0);
           }
           crash_at_barrier(c);

           EXPECT_EQ(a.list("/d").size(), size_t{2 * kHalf});
         }},
};

}  // namespace

std::span<const Case> replay_name_cases() { return kCases; }

}  // namespace suites
