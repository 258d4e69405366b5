// An open and a close of one client are under way at once, which use the two groups of its slot:
// whatever messages of theirs are lost, and whether the server dies then or not, both take effect
// once.
#include <optional>

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
using Kind = harness::Syscall::Kind;

enum class Then : uint8_t {
  nothing,      // the client sends again in its own time
  restart,      // what was done is committed, then the server dies
  lost_commit,  // nothing of it is committed when the server dies
};

struct Losses {
  std::optional<Part> open, close;
};

void lose_and(Conformance& c, Losses losses, Then then) {
  Application& a = worker(c);
  const uint64_t old = a.opened("/old", kCreate | kWrite);
  if (then == Then::lost_commit) barrier(c);
  c.world().settle();
  size_t rules = 0;
  const auto lose = [&](std::optional<Part> part, uint32_t operation) {
    if (!part) return;
    c.world().add_rule({.part = *part, .opcode = operation, .server = c.world().cast().mds});
    ++rules;
  };
  lose(losses.open, opcode::kLdlmEnqueue);
  lose(losses.close, opcode::kMdsClose);
  Pending open = a.begin(
      {.kind = Kind::open, .path = "/new", .flags = kCreate | kExclusive | kWrite, .mode = 0644});
  Pending close = a.begin({.kind = Kind::close, .fd = old});
  c.wait_for("the losses", [&] {
    for (size_t i = 0; i < rules; ++i) {
      if (c.world().struck(i) == 0) return false;
    }
    return true;
  });
  if (then == Then::restart) {
    c.world().settle();
    c.restart(kMds);
  }
  if (then == Then::lost_commit) crash_at_barrier(c);

  EXPECT_EQ(open.status(), 0);
  EXPECT_EQ(close.status(), 0);
  EXPECT_EQ(a.close(open.result().value), 0);
  EXPECT_EQ(a.stat("/old").status, 0);
  EXPECT_EQ(a.unlink("/new"), 0);
}

constexpr Losses kCloseRequest{.close = Part::request};
constexpr Losses kOpenRequest{.open = Part::request};
constexpr Losses kBothRequests{.open = Part::request, .close = Part::request};
constexpr Losses kCloseReply{.close = Part::reply};
constexpr Losses kOpenReply{.open = Part::reply};
constexpr Losses kBothReplies{.open = Part::reply, .close = Part::reply};
constexpr Losses kOpenReplyCloseRequest{.open = Part::reply, .close = Part::request};
constexpr Losses kOpenRequestCloseReply{.open = Part::request, .close = Part::reply};

template <const Losses& losses, Then then>
void run(Conformance& c) {
  lose_and(c, losses, then);
}

constexpr std::string_view kSource = "semantics 1.5 (two groups), 1.6, 2.3, 2.5";
constexpr Needs kBarrier = Needs::crash | Needs::hold_commits;

const Case kCases[] = {
    {.id = "two-slots.1a",
     .requirement = "REPLAY-1",
     .sentence = "Open and close under way: the close's request is lost",
     .source = kSource,
     .run = run<kCloseRequest, Then::nothing>},
    {.id = "two-slots.1b",
     .requirement = "REPLAY-1",
     .sentence = "Open and close under way: the open's request is lost",
     .source = kSource,
     .run = run<kOpenRequest, Then::nothing>},
    {.id = "two-slots.1c",
     .requirement = "REPLAY-1",
     .sentence = "Open and close under way: both requests are lost",
     .source = kSource,
     .run = run<kBothRequests, Then::nothing>},
    {.id = "two-slots.1d",
     .requirement = "REPLAY-1",
     .sentence = "Open and close under way: the close's reply is lost",
     .source = kSource,
     .run = run<kCloseReply, Then::nothing>},
    {.id = "two-slots.1e",
     .requirement = "REPLAY-1",
     .sentence = "Open and close under way: the open's reply is lost",
     .source = kSource,
     .run = run<kOpenReply, Then::nothing>},
    {.id = "two-slots.1f",
     .requirement = "REPLAY-1",
     .sentence = "Open and close under way: both replies are lost",
     .source = kSource,
     .run = run<kBothReplies, Then::nothing>},
    {.id = "two-slots.1g",
     .requirement = "REPLAY-1",
     .sentence = "Open and close under way: the open's reply and the close's request are lost",
     .source = kSource,
     .run = run<kOpenReplyCloseRequest, Then::nothing>},
    {.id = "two-slots.1h",
     .requirement = "REPLAY-1",
     .sentence = "Open and close under way: the open's request and the close's reply are lost",
     .source = kSource,
     .run = run<kOpenRequestCloseReply, Then::nothing>},
    {.id = "two-slots.2a",
     .requirement = "REPLAY-1",
     .sentence = "Open and close under way: the close's request is lost; then the server dies, "
                 "with all of it committed",
     .source = kSource,
     .needs = Needs::crash,
     .run = run<kCloseRequest, Then::restart>},
    {.id = "two-slots.2b",
     .requirement = "REPLAY-1",
     .sentence = "Open and close under way: the open's request is lost; then the server dies, "
                 "with all of it committed",
     .source = kSource,
     .needs = Needs::crash,
     .run = run<kOpenRequest, Then::restart>},
    {.id = "two-slots.2c",
     .requirement = "REPLAY-1",
     .sentence = "Open and close under way: both requests are lost; then the server dies, with "
                 "all of it committed",
     .source = kSource,
     .needs = Needs::crash,
     .run = run<kBothRequests, Then::restart>},
    {.id = "two-slots.2d",
     .requirement = "REPLAY-1",
     .sentence = "Open and close under way: the close's reply is lost; then the server dies, "
                 "with all of it committed",
     .source = kSource,
     .needs = Needs::crash,
     .run = run<kCloseReply, Then::restart>},
    {.id = "two-slots.2e",
     .requirement = "REPLAY-1",
     .sentence = "Open and close under way: the open's reply is lost; then the server dies, "
                 "with all of it committed",
     .source = kSource,
     .needs = Needs::crash,
     .run = run<kOpenReply, Then::restart>},
    {.id = "two-slots.2f",
     .requirement = "REPLAY-1",
     .sentence = "Open and close under way: both replies are lost; then the server dies, with "
                 "all of it committed",
     .source = kSource,
     .needs = Needs::crash,
     .run = run<kBothReplies, Then::restart>},
    {.id = "two-slots.2g",
     .requirement = "REPLAY-1",
     .sentence = "Open and close under way: the open's reply and the close's request are lost; "
                 "then the server dies, with all of it committed",
     .source = kSource,
     .needs = Needs::crash,
     .run = run<kOpenReplyCloseRequest, Then::restart>},
    {.id = "two-slots.2h",
     .requirement = "REPLAY-1",
     .sentence = "Open and close under way: the open's request and the close's reply are lost; "
                 "then the server dies, with all of it committed",
     .source = kSource,
     .needs = Needs::crash,
     .run = run<kOpenRequestCloseReply, Then::restart>},
    {.id = "two-slots.3a",
     .requirement = "REPLAY-1",
     .sentence = "Open and close under way: the close's request is lost; then the server dies, "
                 "with none of it committed",
     .source = kSource,
     .needs = kBarrier,
     .run = run<kCloseRequest, Then::lost_commit>},
    {.id = "two-slots.3b",
     .requirement = "REPLAY-1",
     .sentence = "Open and close under way: the open's request is lost; then the server dies, "
                 "with none of it committed",
     .source = kSource,
     .needs = kBarrier,
     .run = run<kOpenRequest, Then::lost_commit>},
    {.id = "two-slots.3c",
     .requirement = "REPLAY-1",
     .sentence = "Open and close under way: both requests are lost; then the server dies, with "
                 "none of it committed",
     .source = kSource,
     .needs = kBarrier,
     .run = run<kBothRequests, Then::lost_commit>},
    {.id = "two-slots.3d",
     .requirement = "REPLAY-1",
     .sentence = "Open and close under way: the close's reply is lost; then the server dies, "
                 "with none of it committed",
     .source = kSource,
     .needs = kBarrier,
     .run = run<kCloseReply, Then::lost_commit>},
    {.id = "two-slots.3e",
     .requirement = "REPLAY-1",
     .sentence = "Open and close under way: the open's reply is lost; then the server dies, "
                 "with none of it committed",
     .source = kSource,
     .needs = kBarrier,
     .run = run<kOpenReply, Then::lost_commit>},
    {.id = "two-slots.3f",
     .requirement = "REPLAY-1",
     .sentence = "Open and close under way: both replies are lost; then the server dies, with "
                 "none of it committed",
     .source = kSource,
     .needs = kBarrier,
     .run = run<kBothReplies, Then::lost_commit>},
    {.id = "two-slots.3g",
     .requirement = "REPLAY-1",
     .sentence = "Open and close under way: the open's reply and the close's request are lost; "
                 "then the server dies, with none of it committed",
     .source = kSource,
     .needs = kBarrier,
     .run = run<kOpenReplyCloseRequest, Then::lost_commit>},
    {.id = "two-slots.3h",
     .requirement = "REPLAY-1",
     .sentence = "Open and close under way: the open's request and the close's reply are lost; "
                 "then the server dies, with none of it committed",
     .source = kSource,
     .needs = kBarrier,
     .run = run<kOpenRequestCloseReply, Then::lost_commit>},
    {.id = "two-slots.4",
     .requirement = "REPLAY-1",
     .sentence = "The request of a close is lost, and a node is made meanwhile: it need not wait",
     .source = kSource,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           const uint64_t fd = a.opened("/old", kCreate | kWrite);
           c.world().settle();
           const size_t rule = c.lose(Part::request, opcode::kMdsClose);
           Pending close = a.begin({.kind = Kind::close, .fd = fd});
           c.wait_for_loss(rule);
           EXPECT_EQ(a.mknod("/new", 0100644), 0);

           EXPECT_EQ(close.status(), 0);
           EXPECT_EQ(a.unlink("/old"), 0);
           EXPECT_EQ(a.unlink("/new"), 0);
         }},
};

}  // namespace

std::span<const Case> two_slot_cases() { return kCases; }

}  // namespace suites
