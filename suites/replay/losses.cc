// Messages of the recovery itself are lost: replays and their replies, CONNECT, replayed locks, the
// last ping. And the server dies again and again.
#include <algorithm>

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

constexpr int kFiles = 10;
constexpr uint32_t kRegular = 0100000;

std::string numbered(int i) { return "/f" + std::to_string(i); }

// The server crashes at the barrier; the nth message of this kind, counted from its return, does
// not arrive.
void crash_losing(Conformance& c, Part part, uint32_t operation, uint32_t first = 1,
                  uint32_t times = 1) {
  const size_t rule = c.lose(part, operation, kMds, times, first);
  crash_at_barrier(c);
  c.wait_for_loss(rule, times);
}

// Makes files behind a barrier, and crashes the server with a loss. Everything is there all the
// same, once.
template <Part part, uint32_t operation, uint32_t first = 1, uint32_t times = 1>
void lose_in_recovery(Conformance& c) {
  Application& a = worker(c);
  Application& b = worker(c);
  barrier(c);
  for (int i = 0; i < kFiles; ++i) EXPECT_EQ(a.mknod(numbered(i), kRegular | 0644), 0);
  EXPECT_EQ(b.mkdir("/d"), 0);
  const uint64_t fd = a.opened("/d/open", kCreate | kReadWrite);
  crash_losing(c, part, operation, first, times);

  for (int i = 0; i < kFiles; ++i) EXPECT_EQ(b.unlink(numbered(i)), 0) << i;
  EXPECT_EQ(a.close(fd), 0);
  EXPECT_EQ(b.list("/d"), std::vector<std::string>{"open"});
}

// A file without a name is open when the server dies; a message of its return is lost.
template <Part part, uint32_t operation>
void lose_with_orphan(Conformance& c) {
  Application& a = worker(c);
  const uint64_t fd = a.opened("/f", kCreate | kReadWrite);
  EXPECT_EQ(a.write(fd, 0, "orphan"), 6);
  EXPECT_EQ(a.unlink("/f"), 0);
  barrier(c);
  crash_losing(c, part, operation);

  EXPECT_EQ(a.read(fd, 0, 6), "orphan");
  EXPECT_EQ(a.close(fd), 0);
  EXPECT_EQ(a.stat("/f").status, -kEnoent);
}

constexpr Needs kNeeds = Needs::crash | Needs::hold_commits;

const Case kCases[] = {
    {.id = "replay-loss.1a",
     .requirement = "REPLAY-3",
     .sentence = "A replay that was lost on the way is sent again, and executed in its place",
     .source = "semantics 1.7 (REPLAY), 1.9",
     .needs = kNeeds,
     .run = lose_in_recovery<Part::request, opcode::kMdsReint>},
    {.id = "replay-loss.1b",
     .requirement = "REPLAY-3",
     .sentence = "A replay whose reply was lost is sent again, and not executed twice",
     .source = "semantics 1.7 (REPLAY), 1.9",
     .needs = kNeeds,
     .run = lose_in_recovery<Part::reply, opcode::kMdsReint>},
    {.id = "replay-loss.1c",
     .requirement = "REPLAY-3",
     .sentence = "A replay in the middle that was lost, and lost again, holds up those after it",
     .source = "semantics 1.7 (REPLAY), 1.9",
     .needs = kNeeds,
     .run = lose_in_recovery<Part::request, opcode::kMdsReint, 4, 2>},
    {.id = "replay-loss.1d",
     .requirement = "REPLAY-3",
     .sentence = "A replay in the middle whose reply was lost, and lost again, is executed once",
     .source = "semantics 1.7 (REPLAY), 1.9",
     .needs = kNeeds,
     .run = lose_in_recovery<Part::reply, opcode::kMdsReint, 4, 2>},
    {.id = "replay-loss.2a",
     .requirement = "OPEN-1",
     .sentence = "A replayed open that was lost is sent again, and leaves one handle",
     .source = "semantics 2.6",
     .needs = kNeeds,
     .run = lose_in_recovery<Part::request, opcode::kLdlmEnqueue>},
    {.id = "replay-loss.2b",
     .requirement = "OPEN-1",
     .sentence = "A replayed open whose reply was lost is sent again, and leaves one handle",
     .source = "semantics 2.6",
     .needs = kNeeds,
     .run = lose_in_recovery<Part::reply, opcode::kLdlmEnqueue>},
    {.id = "replay-loss.3a",
     .requirement = "LIVE-1",
     .sentence = "A CONNECT to the restarted server that was lost is tried again",
     .source = "semantics 1.7 (CONNECTING), 1.2",
     .needs = kNeeds,
     .run = lose_in_recovery<Part::request, opcode::kMdsConnect>},
    {.id = "replay-loss.3b",
     .requirement = "LIVE-1",
     .sentence =
         "When the reply to the first CONNECT after the restart is lost, the next finds the "
         "client still to be recovered",
     .source = "semantics 1.2 C11, C18, 1.8 (RECONNECT and RECOVERING)",
     .needs = kNeeds,
     .run = lose_in_recovery<Part::reply, opcode::kMdsConnect>},
    {.id = "replay-loss.3c",
     .requirement = "LIVE-1",
     .sentence = "Three CONNECTs in a row whose replies are lost leave the client its place",
     .source = "semantics 1.2 C11, C25, 1.8",
     .needs = kNeeds,
     .run = lose_in_recovery<Part::reply, opcode::kMdsConnect, 1, 3>},
    {.id = "replay-loss.4a",
     .requirement = "LIVE-1",
     .sentence = "The ping that says that all is replayed is lost: it is sent again",
     .source = "semantics 1.7 (REPLAY_WAIT), 1.9",
     .needs = kNeeds,
     .run = lose_in_recovery<Part::request, opcode::kObdPing>},
    {.id = "replay-loss.4b",
     .requirement = "LIVE-1",
     .sentence = "The answer to the ping that says that all is replayed is lost: the client "
                 "finishes all the same and nothing is replayed twice",
     .source = "semantics 1.7 (REPLAY_WAIT), 1.8, 1.9",
     .needs = kNeeds,
     .run = lose_in_recovery<Part::reply, opcode::kObdPing>},
    {.id = "replay-loss.5a",
     .requirement = "OPEN-3",
     .sentence = "A file without a name is open; the replayed open is lost",
     .source = "semantics 2.6, 2.7",
     .needs = kNeeds,
     .run = lose_with_orphan<Part::request, opcode::kLdlmEnqueue>},
    {.id = "replay-loss.5b",
     .requirement = "OPEN-3",
     .sentence = "A file without a name is open; the reply to the replayed open is lost",
     .source = "semantics 2.6, 2.7",
     .needs = kNeeds,
     .run = lose_with_orphan<Part::reply, opcode::kLdlmEnqueue>},
    {.id = "replay-loss.5c",
     .requirement = "OPEN-3",
     .sentence = "A file without a name is open; the answer to the last ping is lost",
     .source = "semantics 2.6, 2.7",
     .needs = kNeeds,
     .run = lose_with_orphan<Part::reply, opcode::kObdPing>},
    {.id = "replay-loss.6",
     .requirement = "LOCK-5",
     .sentence = "A replayed lock whose reply was lost is replayed again, and is one lock: what "
                 "conflicts with it goes on when it is cancelled",
     .source = "semantics 3.3.3, 3.10",
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& b = worker(c);
           EXPECT_EQ(a.create("/f"), 0);
           EXPECT_EQ(b.stat("/f").status, 0);
           barrier(c);
           crash_losing(c, Part::reply, opcode::kLdlmEnqueue);

           EXPECT_EQ(a.rename("/f", "/g"), 0);
           EXPECT_EQ(b.stat("/f").status, -kEnoent);
           EXPECT_EQ(b.stat("/g").status, 0);
         }},
    {.id = "replay-loss.7",
     .requirement = "LOCK-2",
     .sentence = "Locks that were replayed can be cancelled: what the client looked up before the "
                 "crash others may change",
     .source = "semantics 3.4 (new server cookie), 3.5",
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& b = worker(c);
           barrier(c);
           EXPECT_EQ(a.create("/f"), 0);
           EXPECT_EQ(a.stat("/f").status, 0);
           crash_at_barrier(c);

           EXPECT_EQ(b.chmod("/f", 0600), 0);
           EXPECT_EQ(a.stat("/f").attributes.mode & 07777u, 0600u);
         }},
    {.id = "replay-loss.8",
     .requirement = "REPLAY-7",
     .sentence =
         "Ten crashes in a row, with something done and committed or not between them, lose "
         "nothing",
     .source = "semantics 1.9, 9.2 REPLAY-4, REPLAY-7",
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           for (int i = 0; i < 10; ++i) {
             EXPECT_EQ(a.mkdir("/committed" + std::to_string(i)), 0);
             barrier(c);
             EXPECT_EQ(a.mkdir("/replayed" + std::to_string(i)), 0);
             crash_at_barrier(c);
           }

           EXPECT_EQ(a.list("/").size(), 21u);
         }},
    {.id = "replay-loss.9",
     .requirement = "REPLAY-7",
     .sentence = "What was replayed is durable in its turn: it outlives a second crash without its "
                 "client",
     .source = "semantics 1.9, 9.2 REPLAY-2, REPLAY-7",
     .needs = kNeeds | Needs::evict,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& b = worker(c);
           barrier(c);
           EXPECT_EQ(a.mkdir("/d"), 0);
           const uint64_t fd = a.opened("/f", kCreate | kWrite);
           crash_at_barrier(c);
           EXPECT_EQ(a.close(fd), 0);
           c.world().settle();
           c.world().kill_client(a.id());
           c.restart(kMds);
           c.world().evict(kMds, a.uuid());  // nobody waits for it

           EXPECT_EQ(b.stat("/d").status, 0);
           EXPECT_EQ(b.stat("/f").status, 0);
         }},
    {.id = "replay-loss.10",
     .requirement = "REPLAY-4",
     .sentence =
         "Controlled failover keeps clients and what they have open; a second restart finds "
         "what was done after it",
     .source = "semantics 1.5 (umount keeps slots)",
     .needs = Needs::stop | Needs::crash,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           const uint64_t fd = a.opened("/f", kCreate | kReadWrite);
           EXPECT_EQ(a.write(fd, 0, "before"), 6);
           c.world().stop(kMds);
           c.world().start(kMds);
           EXPECT_EQ(a.mkdir("/d"), 0);
           c.world().settle();
           c.restart(kMds);

           EXPECT_EQ(a.read(fd, 0, 6), "before");
           EXPECT_EQ(a.close(fd), 0);
           EXPECT_EQ(a.stat("/d").status, 0);
         }},
    {.id = "replay-loss.12",
     .requirement = "REPLAY-4",
     .sentence =
         "The server dies again before recovery is over, and its reply to the CONNECT after "
         "that is lost: what was replayed to the incarnation between is replayed again",
     .source = "semantics 1.8 (RECONNECT and RECOVERING, handle changed), 9.2 REPLAY-4",
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           barrier(c);
           EXPECT_EQ(a.mkdir("/d"), 0);
           const size_t ping = c.lose(Part::request, opcode::kObdPing);
           c.world().crash(kMds);
           c.world().start(kMds);
           Pending statfs = a.begin({.kind = Kind::statfs, .path = "/"});  // a notices
           c.wait_for_loss(ping);  // all is replayed, and nothing is durable
           const size_t connect = c.lose(Part::reply, opcode::kMdsConnect);
           crash_at_barrier(c);
           c.wait_for_loss(connect);

           EXPECT_EQ(statfs.status(), 0);
           EXPECT_EQ(c.mount().stat("/d").status, 0);
         }},
    {.id = "replay-loss.13",
     .requirement = "OPEN-3",
     .sentence = "A replayed unlink leaves a file that another client has yet to open again",
     .source = "semantics 2.7 (unlink replay of a not yet reopened file)",
     .needs = kNeeds,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& b = worker(c);
           const uint64_t fd = a.opened("/f", kCreate | kReadWrite);
           EXPECT_EQ(a.write(fd, 0, "orphan"), 6);
           barrier(c);
           EXPECT_EQ(b.unlink("/f"), 0);
           crash_losing(c, Part::request, opcode::kLdlmEnqueue);

           EXPECT_EQ(a.read(fd, 0, 6), "orphan");
           EXPECT_EQ(a.close(fd), 0);
           EXPECT_EQ(b.stat("/f").status, -kEnoent);
         }},
    {.id = "replay-loss.14",
     .requirement = "REPLAY-1",
     .sentence = "A create that is sent again after a restart, and whose file another client has "
                 "removed since, makes no second file",
     .source = "semantics 2.3, 9.2 REPLAY-1",
     .needs = Needs::stop,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& b = worker(c);
           const size_t reply = c.lose(Part::reply, opcode::kLdlmEnqueue);
           Pending open = a.begin(
               {.kind = Kind::open, .path = "/f", .flags = kCreate | kReadWrite, .mode = 0644});
           c.wait_for_loss(reply);
           c.world().stop(kMds);
           const size_t resend = c.lose(Part::request, opcode::kLdlmEnqueue);
           c.world().start(kMds);
           c.wait_for_loss(resend);
           EXPECT_EQ(b.unlink("/f"), 0);

           EXPECT_EQ(open.status(), -kEstale);
           EXPECT_EQ(b.list("/").size(), 2u);
         }},
    {.id = "replay-loss.15",
     .requirement = "LOCK-3",
     .sentence =
         "A lock that is called back outlives the server's restart while what is dirty under "
         "it is not written",
     .source = "semantics 3.5, 3.10, 9.2 LOCK-3",
     .needs = Needs::crash,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           Application& b = worker(c);
           const uint64_t fa = a.opened("/f", kCreate | kReadWrite);
           const uint64_t fb = b.opened("/f", kReadWrite);
           c.world().settle();
           EXPECT_EQ(a.write(fa, 0, "dirty"), 5);
           std::vector<size_t> rules;
           for (const harness::ServerId server : c.osts()) {
             rules.push_back(c.lose(Part::request, opcode::kOstWrite, server));
           }
           Pending read = b.begin({.kind = Kind::read, .fd = fb, .length = 5});
           c.wait_for("the loss of the write", [&] {
             return std::ranges::any_of(rules,
                                        [&](size_t rule) { return c.world().struck(rule) != 0; });
           });
           // The write is late after the restart, too: whoever is let in before it reads what is
           // old.
           for (const harness::ServerId server : c.osts()) {
             c.lose(Part::request, opcode::kOstWrite, server);
             c.restart(server);
           }

           EXPECT_EQ(protocol::as_text(read.result().data.view()), "dirty");
           EXPECT_EQ(a.close(fa), 0);
           EXPECT_EQ(b.close(fb), 0);
         }},
    {.id = "replay-loss.11",
     .requirement = "REPLAY-1",
     .sentence = "A request that was under way when the server was stopped is answered by the next "
                 "incarnation, once",
     .source = "semantics 1.5, 1.6",
     .needs = Needs::stop,
     .run =
         [](Conformance& c) {
           Application& a = worker(c);
           const size_t rule = c.lose(Part::reply, opcode::kMdsReint);
           Pending mkdir = a.begin({.kind = Kind::mkdir, .path = "/d", .mode = 0755});
           c.wait_for_loss(rule);
           c.world().stop(kMds);
           c.world().start(kMds);

           EXPECT_EQ(mkdir.status(), 0);
           EXPECT_EQ(a.stat("/d").status, 0);
         }},
};

}  // namespace

std::span<const Case> replay_loss_cases() { return kCases; }

}  // namespace suites
