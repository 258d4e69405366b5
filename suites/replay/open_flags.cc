// Opens of every kind, committed long ago, over a restart: each is one handle again, with its mode
// of access, and does nothing but that. Neither what it created nor what it emptied happens again.
#include "suites/application.h"
#include "suites/errno.h"
#include "suites/recovery/barrier.h"
#include "suites/suites.h"

namespace suites {
namespace {

using harness::kMds;
using Kind = harness::Syscall::Kind;

constexpr uint32_t kPermissions = 07777;

enum class How : uint8_t { crash, failover, twice };

void come_back(Conformance& c, How how) {
  c.world().settle();
  switch (how) {
    case How::crash:
      return c.restart(kMds);
    case How::failover:
      c.world().stop(kMds);
      return c.world().start(kMds);
    case How::twice:
      c.restart(kMds);
      return c.restart(kMds);
  }
}

// "/f" holds "content" and is opened so; another client has changed it since.
void keep_open(Conformance& c, uint32_t flags, How how) {
  Application& a = worker(c);
  Application& b = worker(c);
  const bool makes = (flags & kExclusive) != 0;
  if (!makes) {
    a.put("/f", "content");
    EXPECT_EQ(a.chmod("/f", 0755), 0);
  }
  const uint64_t fd = a.opened("/f", flags, 0755);
  const bool executes = (flags & kExecute) != 0;
  const bool writes = (flags & (kWrite | kReadWrite)) != 0;
  const bool reads = (flags & kWrite) == 0;
  if (!executes) {
    b.put("/f", "changed since");
  }
  come_back(c, how);

  // The write count tells whether the handle is there (OPEN-5).
  if (executes) {
    EXPECT_EQ(b.open("/f", kWrite).status, -kEtxtbsy);
  }
  if (writes) {
    EXPECT_EQ(b.open("/f", kRead | kExecute).status, -kEtxtbsy);
  }
  if (reads) {
    EXPECT_EQ(a.read(fd, 0, 20), executes ? "content" : "changed since");
  }
  if (writes) {
    EXPECT_EQ(a.write(fd, 0, "C"), 1);
  }
  EXPECT_EQ(a.close(fd), 0);
  EXPECT_EQ(b.stat("/f").attributes.mode & kPermissions, 0755u);
  EXPECT_EQ(b.stat("/f").attributes.size, executes ? 7u : (flags & kAppend) != 0 ? 14u : 13u);
  EXPECT_EQ(b.close(b.opened("/f", kRead | kExecute)), 0) << "a handle is left";
  EXPECT_EQ(b.close(b.opened("/f", kWrite)), 0);
}

template <uint32_t flags, How how = How::crash>
void run(Conformance& c) {
  keep_open(c, flags, how);
}

constexpr Case open_case(std::string_view id, std::string_view sentence, void (*run)(Conformance&),
                         Needs needs = Needs::crash) {
  return {.id = id,
          .requirement = "OPEN-2",
          .sentence = sentence,
          .source = "semantics 2.4, 2.6, 9.2 OPEN-2, OPEN-5",
          .needs = needs,
          .run = run};
}

const Case kCases[] = {
    open_case("open-replay.1a", "An open for reading, committed, over a crash", run<kRead>),
    open_case("open-replay.1b", "An open for writing, committed, over a crash", run<kWrite>),
    open_case("open-replay.1c", "An open for both, committed, over a crash", run<kReadWrite>),
    open_case("open-replay.1d", "An open that creates if it must, committed, over a crash",
              run<kCreate | kReadWrite>),
    open_case("open-replay.1e", "An exclusive create, committed, over a crash",
              run<kCreate | kExclusive | kReadWrite>),
    open_case("open-replay.1f", "An open that emptied the file, committed, over a crash",
              run<kTruncate | kWrite>),
    open_case("open-replay.1g", "An open that creates or empties, committed, over a crash",
              run<kCreate | kTruncate | kReadWrite>),
    open_case("open-replay.1h", "An open for appending, committed, over a crash",
              run<kWrite | kAppend>),
    open_case("open-replay.1i", "An open for execution, committed, over a crash",
              run<kRead | kExecute>),
    open_case("open-replay.2a", "An exclusive create, committed, over a controlled failover",
              run<kCreate | kExclusive | kReadWrite, How::failover>, Needs::stop),
    open_case("open-replay.2b", "An open that emptied the file over a controlled failover",
              run<kTruncate | kWrite, How::failover>, Needs::stop),
    open_case("open-replay.2c", "An open for execution over a controlled failover",
              run<kRead | kExecute, How::failover>, Needs::stop),
    open_case("open-replay.3a", "An exclusive create over two crashes in a row",
              run<kCreate | kExclusive | kReadWrite, How::twice>),
    open_case("open-replay.3b", "An open that emptied the file over two crashes in a row",
              run<kTruncate | kWrite, How::twice>),
    open_case("open-replay.3c", "An open for execution over two crashes in a row",
              run<kRead | kExecute, How::twice>),
    {.id = "open-replay.4",
     .requirement = "OPEN-2",
     .sentence = "A replayed open is not refused for permissions that were taken away since",
     .source = "semantics 2.6 (no permission check by name)",
     .needs = Needs::crash | Needs::hold_commits,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           EXPECT_EQ(a.create("/f", 0666), 0);
           const auto opened =
               a.call({.kind = Kind::open, .path = "/f", .flags = kWrite, .uid = 500, .gid = 500});
           EXPECT_EQ(opened.status, 0);
           EXPECT_EQ(a.chmod("/f", 0), 0);
           barrier(c);
           crash_at_barrier(c);

           EXPECT_EQ(a.write(opened.value, 0, "x"), 1);
           EXPECT_EQ(a.close(opened.value), 0);
           EXPECT_EQ(a.stat("/f").attributes.size, 1u);
           EXPECT_EQ(a.stat("/f").attributes.mode & kPermissions, 0u);
         }},
    {.id = "open-replay.5",
     .requirement = "OPEN-2",
     .sentence =
         "A file that was renamed since is open under its new name, whoever has the old one",
     .source = "semantics 2.6 (by its fid, not by name)",
     .needs = Needs::crash,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& b = worker(c);
           const uint64_t fd = a.opened("/f", kCreate | kReadWrite);
           EXPECT_EQ(b.rename("/f", "/g"), 0);
           b.put("/f", "another");
           come_back(c, How::crash);

           EXPECT_EQ(a.write(fd, 0, "the first"), 9);
           EXPECT_EQ(a.close(fd), 0);
           EXPECT_EQ(b.get("/g"), "the first");
           EXPECT_EQ(b.get("/f"), "another");
         }},
    {.id = "open-replay.6",
     .requirement = "OPEN-1",
     .sentence = "Ten files open at once are open after each of three restarts, by one handle each",
     .source = "semantics 2.4, 2.6",
     .needs = Needs::crash,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& b = worker(c);
           std::vector<uint64_t> fds;
           for (int i = 0; i < 10; ++i) {
             fds.push_back(a.opened("/f" + std::to_string(i), kCreate | kWrite, 0755));
           }
           for (int i = 0; i < 3; ++i) come_back(c, How::crash);
           EXPECT_EQ(b.open("/f9", kRead | kExecute).status, -kEtxtbsy);
           for (const uint64_t fd : fds) EXPECT_EQ(a.close(fd), 0);

           for (int i = 0; i < 10; ++i) {
             const std::string name = "/f" + std::to_string(i);
             EXPECT_EQ(b.close(b.opened(name, kRead | kExecute)), 0) << name;
           }
         }},
};

}  // namespace

std::span<const Case> open_flag_cases() { return kCases; }

}  // namespace suites
