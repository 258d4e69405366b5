// Version based recovery: a client is missing, and others depend on what it did, or do not.
#include "protocol/ptlrpc.h"
#include "suites/errno.h"
#include "suites/md_peer.h"
#include "suites/recovery/barrier.h"
#include "suites/suites.h"

namespace suites {
namespace {

namespace msg_flag = protocol::ptlrpc::msg_flag;
using harness::kMds;

// A client that is gone, one whose last operation depends on that one's, and one whose does not.
struct Three {
  explicit Three(Conformance& c) : conformance(c), gone(c), dependent(c), independent(c) {
    gone.connect();
    dependent.connect();
    independent.connect();
    const Made mine = independent.mkdir("mine");
    EXPECT_EQ(mine.status, 0);
    barrier(c);
    const Made lost = gone.mkdir("lost");
    EXPECT_EQ(lost.status, 0);
    builds_on_it = dependent.mkdir(lost.child, "within");
    builds_on_own = independent.mkdir(mine.child, "within");
    crash_at_barrier(c);
    dependent.reconnect();
    independent.reconnect();
    // The window ends without the first.
    const uint64_t refused = dependent.send_again(builds_on_it, msg_flag::kReplay);
    const uint64_t executed = independent.send_again(builds_on_own, msg_flag::kReplay);
    status_of_dependent = dependent.peer().answer_to(refused).status();
    status_of_independent = independent.peer().answer_to(executed).status();
  }

  Conformance& conformance;
  MdPeer gone, dependent, independent;
  Made builds_on_it, builds_on_own;
  int32_t status_of_dependent = 0, status_of_independent = 0;
};

const Case kCases[] = {
    {.id = "vbr-rules.1",
     .requirement = "REPLAY-8",
     .sentence = "A replay that builds on a lost operation fails with EOVERFLOW",
     .source = "semantics 1.10",
     .needs = Needs::crash | Needs::hold_commits,
     .waits_long = true,
     .run = [](Conformance& c) { EXPECT_EQ(Three(c).status_of_dependent, -kEoverflow); }},
    {.id = "vbr-rules.2",
     .requirement = "REPLAY-8",
     .sentence = "A replay that builds on nothing that was lost is executed, in spite of the gap",
     .source = "semantics 1.10",
     .needs = Needs::crash | Needs::hold_commits,
     .waits_long = true,
     .run = [](Conformance& c) { EXPECT_EQ(Three(c).status_of_independent, 0); }},
    {.id = "vbr-rules.3",
     .requirement = "REPLAY-8",
     .sentence = "Whose replay met another version is evicted when it has replayed, and only it",
     .source = "semantics 1.9, 1.10",
     .needs = Needs::crash | Needs::hold_commits,
     .waits_long = true,
     .run =
         [](Conformance& c) {
           Three three(c);
           const uint64_t out = three.dependent.send_last_ping();
           const uint64_t in = three.independent.send_last_ping();

           EXPECT_EQ(three.dependent.peer().answer_to(out).status(), -kEnotconn);
           EXPECT_EQ(three.independent.peer().answer_to(in).status(), 0);
         }},
};

}  // namespace

std::span<const Case> version_rule_cases() { return kCases; }

}  // namespace suites
