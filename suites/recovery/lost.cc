// Two messages of an operation are lost in a row: the request and that which is sent in its place,
// or the answers to both. The application notices nothing.
#include "protocol/ptlrpc.h"
#include "suites/application.h"
#include "suites/errno.h"
#include "suites/recovery/barrier.h"
#include "suites/suites.h"

namespace suites {
namespace {

namespace opcode = protocol::ptlrpc::opcode;
using faults::Part;
using harness::kMds;
using harness::ost;
using harness::ServerId;
using Kind = harness::Syscall::Kind;

constexpr uint32_t kRegular = 0100000, kPermissions = 07777;
constexpr ServerId kOsts{harness::Role::ost, ~0u};  // whichever it is
constexpr std::string_view kSource =
    "semantics 1.6, 1.7 (RECOVER); Lustre's recovery-small 1 to 17";

// What an operation is tried on: "/f" with the content "content", open as `fd`; "/d", empty.
struct Bench {
  Application& a;
  Application& b;  // looks afterwards
  uint64_t fd;
};
// Does the operation; the losses begin with `arm`. Checks what came of it.
using Trial = void (*)(const Bench& bench, const std::function<void()>& arm);

void mknod(const Bench& bench, const std::function<void()>& arm) {
  arm();
  EXPECT_EQ(bench.a.mknod("/new", kRegular | 0644), 0);
  EXPECT_EQ(bench.b.stat("/new").status, 0);
}
void chmod(const Bench& bench, const std::function<void()>& arm) {
  arm();
  EXPECT_EQ(bench.a.chmod("/f", 0604), 0);
  EXPECT_EQ(bench.b.stat("/f").attributes.mode & kPermissions, 0604u);
}
void stat(const Bench& bench, const std::function<void()>& arm) {
  EXPECT_EQ(bench.b.chmod("/f", 0604), 0);
  arm();
  EXPECT_EQ(bench.a.stat("/f").attributes.mode & kPermissions, 0604u);
}
void open(const Bench& bench, const std::function<void()>& arm) {
  arm();
  EXPECT_EQ(bench.a.close(bench.a.opened("/f", kReadWrite)), 0);
  EXPECT_EQ(bench.a.close(bench.fd), 0);
  // Executed by nobody while it is open for writing (OPEN-5).
  EXPECT_EQ(bench.b.close(bench.b.opened("/f", kRead | kExecute)), 0);
}
void rename(const Bench& bench, const std::function<void()>& arm) {
  arm();
  EXPECT_EQ(bench.a.rename("/f", "/d/g"), 0);
  EXPECT_EQ(bench.b.get("/d/g"), "content");
  EXPECT_EQ(bench.b.stat("/f").status, -kEnoent);
}
void link(const Bench& bench, const std::function<void()>& arm) {
  arm();
  EXPECT_EQ(bench.a.link("/f", "/g"), 0);
  EXPECT_EQ(bench.b.stat("/f").attributes.nlink, 2u);
}
void unlink(const Bench& bench, const std::function<void()>& arm) {
  arm();
  EXPECT_EQ(bench.a.unlink("/f"), 0);
  EXPECT_EQ(bench.b.stat("/f").status, -kEnoent);
}
void touch(const Bench& bench, const std::function<void()>& arm) {
  arm();
  EXPECT_EQ(bench.a.utime("/f", 1'000'000'000, 1'100'000'000), 0);
  EXPECT_EQ(bench.b.stat("/f").attributes.mtime, 1'100'000'000);
}
void create(const Bench& bench, const std::function<void()>& arm) {
  arm();
  EXPECT_EQ(bench.a.create("/new", 0755), 0);
  EXPECT_EQ(bench.b.close(bench.b.opened("/new", kRead | kExecute)), 0);
}
void close(const Bench& bench, const std::function<void()>& arm) {
  arm();
  EXPECT_EQ(bench.a.close(bench.fd), 0);
  EXPECT_EQ(bench.b.close(bench.b.opened("/f", kRead | kExecute)), 0);
}
void list(const Bench& bench, const std::function<void()>& arm) {
  EXPECT_EQ(bench.b.create("/d/one"), 0);
  EXPECT_EQ(bench.b.create("/d/two"), 0);
  arm();
  EXPECT_EQ(bench.a.list("/d"), (std::vector<std::string>{"one", "two"}));
}
void symlink(const Bench& bench, const std::function<void()>& arm) {
  arm();
  EXPECT_EQ(bench.a.symlink("/f", "/s"), 0);
  EXPECT_EQ(bench.b.get("/s"), "content");
}
void rmdir(const Bench& bench, const std::function<void()>& arm) {
  arm();
  EXPECT_EQ(bench.a.rmdir("/d"), 0);
  EXPECT_EQ(bench.b.stat("/d").status, -kEnoent);
}
void truncate(const Bench& bench, const std::function<void()>& arm) {
  arm();
  EXPECT_EQ(bench.a.truncate("/f", 3), 0);
  EXPECT_EQ(bench.b.get("/f"), "con");
}
void write(const Bench& bench, const std::function<void()>& arm) {
  EXPECT_EQ(bench.a.write(bench.fd, 7, " and more"), 9);
  arm();
  EXPECT_EQ(bench.a.fsync(bench.fd), 0);
  EXPECT_EQ(bench.b.get("/f"), "content and more");
}
void read(const Bench& bench, const std::function<void()>& arm) {
  EXPECT_EQ(bench.a.fsync(bench.fd), 0);
  arm();
  EXPECT_EQ(bench.b.get("/f"), "content");
}
void lock_extent(const Bench& bench, const std::function<void()>& arm) {
  bench.b.put("/f", "changed");
  arm();
  EXPECT_EQ(bench.a.write(bench.fd, 0, "C"), 1);
  EXPECT_EQ(bench.b.get("/f"), "Changed");
}
void sync(const Bench& bench, const std::function<void()>& arm) {
  EXPECT_EQ(bench.a.write(bench.fd, 0, "C"), 1);
  arm();
  EXPECT_EQ(bench.a.fsync(bench.fd), 0);
  EXPECT_EQ(bench.b.get("/f"), "Content");
}
void statfs(const Bench& bench, const std::function<void()>& arm) {
  const uint64_t free = bench.b.statfs().file_system.free;
  arm();
  const harness::Result result = bench.a.statfs();
  EXPECT_EQ(result.status, 0);
  EXPECT_EQ(result.file_system.free, free);
}
void lock_range(const Bench& bench, const std::function<void()>& arm) {
  const uint64_t other = bench.b.opened("/f", kReadWrite);
  arm();
  EXPECT_EQ(bench.a.flock(bench.fd, kExclusiveLock, 0, 9), 0);
  EXPECT_EQ(bench.b.flock(other, kExclusiveLock, 0, 9), -kEagain);
  EXPECT_EQ(bench.a.flock(bench.fd, kUnlock, 0, 9), 0);
  EXPECT_EQ(bench.b.flock(other, kExclusiveLock, 0, 9), 0);
}
void setxattr(const Bench& bench, const std::function<void()>& arm) {
  arm();
  EXPECT_EQ(bench.a.setxattr("/f", "user.foo", "bar"), 0);
  EXPECT_EQ(bench.b.getxattr("/f", "user.foo").data.size(), 3u);
}

// An operation of its own in 1.8.
uint32_t setxattr_opcode(const Conformance& c) {
  return c.dialect() == Dialect::v1_8 ? opcode::kMdsSetxattr : opcode::kMdsReint;
}

void twice(Conformance& c, Trial trial, Part part, uint32_t operation, ServerId server) {
  Application& a = worker(c);
  Application& b = worker(c);
  EXPECT_EQ(a.mkdir("/d"), 0);
  const uint64_t fd = a.opened("/f", kCreate | kReadWrite, 0755);
  EXPECT_EQ(a.write(fd, 0, "content"), 7);
  EXPECT_EQ(a.fsync(fd), 0);
  c.world().settle();
  std::vector<size_t> rules;
  trial({a, b, fd}, [&] {
    if (server == kMds) {
      rules.push_back(c.lose(part, operation, kMds, 2));
    } else {
      for (uint32_t i = 0; i < 2; ++i) rules.push_back(c.lose(part, operation, ost(i), 2));
    }
  });

  uint32_t struck = 0;
  for (const size_t rule : rules) struck += c.world().struck(rule);
  EXPECT_GE(struck, 2u) << "the losses did not happen";
}

constexpr Case lost_case(std::string_view id, std::string_view requirement,
                         std::string_view sentence, void (*run)(Conformance&)) {
  return {.id = id,
          .requirement = requirement,
          .sentence = sentence,
          .source = "semantics 1.6, 1.7 (RECOVER); Lustre's recovery-small 1 to 17",
          .run = run};
}

const Case kCases[] = {
    lost_case("lost.1a", "REPLAY-1",
              "Two requests in a row are lost as a node is made: it is done once",
              [](Conformance& c) { twice(c, mknod, Part::request, opcode::kMdsReint, kMds); }),
    lost_case("lost.1b", "REPLAY-1",
              "Two replies in a row are lost as a node is made: it is done once",
              [](Conformance& c) { twice(c, mknod, Part::reply, opcode::kMdsReint, kMds); }),
    lost_case("lost.2a", "REPLAY-1",
              "Two requests in a row are lost as permissions change: it is done once",
              [](Conformance& c) { twice(c, chmod, Part::request, opcode::kMdsReint, kMds); }),
    lost_case("lost.2b", "REPLAY-1",
              "Two replies in a row are lost as permissions change: it is done once",
              [](Conformance& c) { twice(c, chmod, Part::reply, opcode::kMdsReint, kMds); }),
    lost_case("lost.3a", "ATTR-1",
              "Two requests in a row are lost as attributes are read: the answer is "
              "right",
              [](Conformance& c) { twice(c, stat, Part::request, opcode::kLdlmEnqueue, kMds); }),
    lost_case("lost.3b", "ATTR-1",
              "Two replies in a row are lost as attributes are read: the answer is "
              "right",
              [](Conformance& c) { twice(c, stat, Part::reply, opcode::kLdlmEnqueue, kMds); }),
    lost_case("lost.4a", "OPEN-1",
              "Two requests in a row are lost as a file is opened that is there: it is "
              "done once",
              [](Conformance& c) { twice(c, open, Part::request, opcode::kLdlmEnqueue, kMds); }),
    lost_case("lost.4b", "OPEN-1",
              "Two replies in a row are lost as a file is opened that is there: it is "
              "done once",
              [](Conformance& c) { twice(c, open, Part::reply, opcode::kLdlmEnqueue, kMds); }),
    lost_case("lost.5a", "REPLAY-1",
              "Two requests in a row are lost as a file is renamed: it is done once",
              [](Conformance& c) { twice(c, rename, Part::request, opcode::kMdsReint, kMds); }),
    lost_case("lost.5b", "REPLAY-1",
              "Two replies in a row are lost as a file is renamed: it is done once",
              [](Conformance& c) { twice(c, rename, Part::reply, opcode::kMdsReint, kMds); }),
    lost_case("lost.6a", "REPLAY-1",
              "Two requests in a row are lost as a link is made: it is done once",
              [](Conformance& c) { twice(c, link, Part::request, opcode::kMdsReint, kMds); }),
    lost_case("lost.6b", "REPLAY-1",
              "Two replies in a row are lost as a link is made: it is done once",
              [](Conformance& c) { twice(c, link, Part::reply, opcode::kMdsReint, kMds); }),
    lost_case("lost.7a", "REPLAY-1",
              "Two requests in a row are lost as a name is removed: it is done once",
              [](Conformance& c) { twice(c, unlink, Part::request, opcode::kMdsReint, kMds); }),
    lost_case("lost.7b", "REPLAY-1",
              "Two replies in a row are lost as a name is removed: it is done once",
              [](Conformance& c) { twice(c, unlink, Part::reply, opcode::kMdsReint, kMds); }),
    lost_case("lost.8a", "REPLAY-1",
              "Two requests in a row are lost as times are set: it is done once",
              [](Conformance& c) { twice(c, touch, Part::request, opcode::kMdsReint, kMds); }),
    lost_case("lost.8b", "REPLAY-1",
              "Two replies in a row are lost as times are set: it is done once",
              [](Conformance& c) { twice(c, touch, Part::reply, opcode::kMdsReint, kMds); }),
    lost_case("lost.9a", "OPEN-1",
              "Two requests in a row are lost as a file is created and opened: it is "
              "done once",
              [](Conformance& c) { twice(c, create, Part::request, opcode::kLdlmEnqueue, kMds); }),
    lost_case("lost.9b", "OPEN-1",
              "Two replies in a row are lost as a file is created and opened: it is "
              "done once",
              [](Conformance& c) { twice(c, create, Part::reply, opcode::kLdlmEnqueue, kMds); }),
    lost_case("lost.10a", "REPLAY-1",
              "Two requests in a row are lost as a file is closed: it is done once",
              [](Conformance& c) { twice(c, close, Part::request, opcode::kMdsClose, kMds); }),
    lost_case("lost.10b", "REPLAY-1",
              "Two replies in a row are lost as a file is closed: it is done once",
              [](Conformance& c) { twice(c, close, Part::reply, opcode::kMdsClose, kMds); }),
    lost_case("lost.11a", "DIR-1",
              "Two requests in a row are lost as a directory is read: the answer is "
              "right",
              [](Conformance& c) { twice(c, list, Part::request, opcode::kMdsReadpage, kMds); }),
    lost_case("lost.11b", "DIR-1",
              "Two replies in a row are lost as a directory is read: the answer is "
              "right",
              [](Conformance& c) { twice(c, list, Part::reply, opcode::kMdsReadpage, kMds); }),
    lost_case("lost.12a", "REPLAY-1",
              "Two requests in a row are lost as a symbolic link is made: it is done "
              "once",
              [](Conformance& c) { twice(c, symlink, Part::request, opcode::kMdsReint, kMds); }),
    lost_case("lost.12b", "REPLAY-1",
              "Two replies in a row are lost as a symbolic link is made: it is done "
              "once",
              [](Conformance& c) { twice(c, symlink, Part::reply, opcode::kMdsReint, kMds); }),
    lost_case("lost.13a", "REPLAY-1",
              "Two requests in a row are lost as a directory is removed: it is done "
              "once",
              [](Conformance& c) { twice(c, rmdir, Part::request, opcode::kMdsReint, kMds); }),
    lost_case("lost.13b", "REPLAY-1",
              "Two replies in a row are lost as a directory is removed: it is done once",
              [](Conformance& c) { twice(c, rmdir, Part::reply, opcode::kMdsReint, kMds); }),
    lost_case("lost.14a", "DATA-13",
              "Two requests in a row are lost as a file is truncated: the punch: it is "
              "done once",
              [](Conformance& c) { twice(c, truncate, Part::request, opcode::kOstPunch, kOsts); }),
    lost_case("lost.14b", "DATA-13",
              "Two replies in a row are lost as a file is truncated: the punch: it is "
              "done once",
              [](Conformance& c) { twice(c, truncate, Part::reply, opcode::kOstPunch, kOsts); }),
    lost_case("lost.15a", "DATA-13",
              "Two requests in a row are lost as dirty pages are written: it is done "
              "once",
              [](Conformance& c) { twice(c, write, Part::request, opcode::kOstWrite, kOsts); }),
    lost_case("lost.15b", "DATA-13",
              "Two replies in a row are lost as dirty pages are written: it is done "
              "once",
              [](Conformance& c) { twice(c, write, Part::reply, opcode::kOstWrite, kOsts); }),
    lost_case("lost.16a", "DATA-13",
              "Two requests in a row are lost as data is read: the answer is right",
              [](Conformance& c) { twice(c, read, Part::request, opcode::kOstRead, kOsts); }),
    lost_case("lost.16b", "DATA-13",
              "Two replies in a row are lost as data is read: the answer is right",
              [](Conformance& c) { twice(c, read, Part::reply, opcode::kOstRead, kOsts); }),
    lost_case(
        "lost.17a", "DATA-13",
        "Two requests in a row are lost as a lock on data is taken: it is done "
        "once",
        [](Conformance& c) { twice(c, lock_extent, Part::request, opcode::kLdlmEnqueue, kOsts); }),
    lost_case(
        "lost.17b", "DATA-13",
        "Two replies in a row are lost as a lock on data is taken: it is done "
        "once",
        [](Conformance& c) { twice(c, lock_extent, Part::reply, opcode::kLdlmEnqueue, kOsts); }),
    lost_case("lost.18a", "DATA-13",
              "Two requests in a row are lost as data is synced: it is done once",
              [](Conformance& c) { twice(c, sync, Part::request, opcode::kOstSync, kOsts); }),
    lost_case("lost.18b", "DATA-13",
              "Two replies in a row are lost as data is synced: it is done once",
              [](Conformance& c) { twice(c, sync, Part::reply, opcode::kOstSync, kOsts); }),
    lost_case("lost.19a", "DATA-13",
              "Two requests in a row are lost as the state of the file system is read: "
              "the answer is right",
              [](Conformance& c) { twice(c, statfs, Part::request, opcode::kOstStatfs, kOsts); }),
    lost_case("lost.19b", "DATA-13",
              "Two replies in a row are lost as the state of the file system is read: "
              "the answer is right",
              [](Conformance& c) { twice(c, statfs, Part::reply, opcode::kOstStatfs, kOsts); }),
    lost_case(
        "lost.20a", "LOCK-10",
        "Two requests in a row are lost as a range is locked by fcntl: it is done "
        "once",
        [](Conformance& c) { twice(c, lock_range, Part::request, opcode::kLdlmEnqueue, kMds); }),
    lost_case(
        "lost.20b", "LOCK-10",
        "Two replies in a row are lost as a range is locked by fcntl: it is done "
        "once",
        [](Conformance& c) { twice(c, lock_range, Part::reply, opcode::kLdlmEnqueue, kMds); }),
    lost_case("lost.21a", "REPLAY-1",
              "Two requests in a row are lost as an extended attribute is set: it is "
              "done once",
              [](Conformance& c) { twice(c, setxattr, Part::request, setxattr_opcode(c), kMds); }),
    lost_case("lost.21b", "REPLAY-1",
              "Two replies in a row are lost as an extended attribute is set: it is "
              "done once",
              [](Conformance& c) { twice(c, setxattr, Part::reply, setxattr_opcode(c), kMds); }),
};

}  // namespace

std::span<const Case> lost_cases() { return kCases; }

}  // namespace suites
