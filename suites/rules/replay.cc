// Replay, by scripted clients: what is executed when, under which number, and what is not.
#include "protocol/ldlm.h"
#include "protocol/mds.h"
#include "protocol/operations_2_0.h"
#include "protocol/ptlrpc.h"
#include "suites/errno.h"
#include "suites/md_peer.h"
#include "suites/recovery/barrier.h"
#include "suites/suites.h"

namespace suites {
namespace {

namespace ldlm = protocol::ldlm;
namespace msg_flag = protocol::ptlrpc::msg_flag;
namespace open_flag = protocol::mds::open_flag;
namespace v2_0 = protocol::operations_2_0;
using harness::kMds;

constexpr uint32_t kMake =
    open_flag::kCreat | open_flag::kFmodeRead | open_flag::kFmodeWrite | open_flag::kDelayCreate;

// The replay of a lock that nobody else has to do with.
uint64_t send_lock_replay(MdPeer& client) {
  v2_0::LdlmEnqueueIbits::Request request;
  request.lock.lock_flags = ldlm::lock_flag::kReplay | ldlm::lock_flag::kBlockGranted;
  request.lock.lock_desc = {
      .resource = {.type = ldlm::lock_type::kIbits,
                   .name = {.name = {client.root().sequence, client.root().object, 0, 0}}},
      .req_mode = ldlm::lock_mode::kCr,
      .granted_mode = ldlm::lock_mode::kCr};
  protocol::set_overlay(request.lock.lock_desc.policy_data,
                        ldlm::LdlmInodebits{.bits = ldlm::inodebit::kLookup});
  request.lock.lock_handle[0] = {0x10c4};
  return client.peer().send<v2_0::LdlmEnqueueIbits>(kMds, request,
                                                    client.envelope(msg_flag::kReqReplayDone));
}

const Case kCases[] = {
    {.id = "replay-rules.1",
     .requirement = "REPLAY-9",
     .sentence = "A replay waits for one with a lower transno that another client may still bring",
     .source = "semantics 1.9",
     .needs = Needs::crash | Needs::hold_commits,
     .run =
         [](Conformance& c) {
           MdPeer a(c), b(c);
           a.connect();
           b.connect();
           barrier(c);
           const Made first = a.mkdir("first");
           const Made second = b.mkdir("second");
           crash_at_barrier(c);
           a.reconnect();
           b.reconnect();
           const uint64_t early = b.send_again(second, msg_flag::kReplay);
           c.world().settle();
           EXPECT_FALSE(b.peer().answered(early));
           const Answer one = a.peer().answer_to(a.send_again(first, msg_flag::kReplay));
           const Answer two = b.peer().answer_to(early);

           EXPECT_EQ(one.status(), 0);
           EXPECT_EQ(two.status(), 0);
           EXPECT_EQ(one.transno(), first.transno);
           EXPECT_EQ(two.transno(), second.transno);
         }},
    {.id = "replay-rules.2",
     .requirement = "REPLAY-5",
     .sentence = "A modification that is no replay is refused with EAGAIN while others replay",
     .source = "semantics 1.3, 1.14 REC-5 (shipped servers execute it)",
     .needs = Needs::crash,
     .run =
         [](Conformance& c) {
           MdPeer a(c), b(c);
           a.connect();
           b.connect();
           c.world().settle();
           c.restart(kMds);
           a.reconnect();
           const uint64_t fresh = a.send_mkdir("fresh");

           EXPECT_EQ(a.peer().answer_to(fresh).status(), -kEagain);
         }},
    {.id = "replay-rules.3",
     .requirement = "REPLAY-5",
     .sentence = "A lock replay waits until all requests of all clients are replayed",
     .source = "semantics 1.9 (2.0, stage 3)",
     .needs = Needs::crash | Needs::hold_commits | Needs::only_2_0,
     .run =
         [](Conformance& c) {
           MdPeer a(c), b(c);
           a.connect();
           b.connect();
           barrier(c);
           const Made made = b.mkdir("made");
           crash_at_barrier(c);
           a.reconnect();
           b.reconnect();
           const uint64_t lock = send_lock_replay(a);
           c.world().settle();
           EXPECT_FALSE(a.peer().answered(lock));
           EXPECT_EQ(b.peer().answer_to(b.send_again(made, msg_flag::kReplay)).status(), 0);
           b.send_last_ping();

           EXPECT_EQ(a.peer().answer_to(lock).status(), 0);
         }},
    {.id = "replay-rules.4",
     .requirement = "REPLAY-3",
     .sentence = "A replayed operation keeps its transno: it is the version of what it changed",
     .source = "semantics 1.4, 1.10",
     .needs = Needs::crash | Needs::hold_commits,
     .run =
         [](Conformance& c) {
           MdPeer a(c);
           a.connect();
           const Opened kept = a.open("kept", kMake);
           EXPECT_EQ(kept.status, 0);
           barrier(c);
           const Made made = a.mkdir("made");
           crash_at_barrier(c);
           a.reconnect();
           EXPECT_NE(a.handle_in(a.peer().answer_to(a.send_replay(kept))), 0u);
           EXPECT_EQ(a.peer().answer_to(a.send_again(made, msg_flag::kReplay)).status(), 0);
           EXPECT_EQ(a.peer().answer_to(a.send_last_ping()).status(), 0);

           EXPECT_EQ(a.mkdir(made.child, "next").versions[0], made.transno);
         }},
    {.id = "replay-rules.5",
     .requirement = "REPLAY-7",
     .sentence = "The transno of a replay that failed is given to no other operation, since its "
                 "client may bring it again",
     .source = "semantics 1.4, 9.2 REPLAY-7",
     .needs = Needs::crash | Needs::hold_commits,
     .run =
         [](Conformance& c) {
           MdPeer a(c), b(c);
           a.connect();
           b.connect();
           const Opened file = a.open("file", kMake);
           EXPECT_EQ(file.status, 0);
           barrier(c);
           Made close;
           close.xid = a.send_close(file.handle, a.envelope());
           close.transno = a.peer().answer_to(close.xid).transno();
           EXPECT_NE(close.transno, 0u);
           crash_at_barrier(c);
           a.reconnect();
           b.reconnect();
           // The open is committed, and its file closed: it is not replayed, and the close fails.
           Envelope again = a.envelope(msg_flag::kReplay, close.transno);
           again.xid = close.xid;
           EXPECT_EQ(a.peer().answer_to(a.send_close(file.handle, again)).status(), -kEstale);
           const uint64_t last = a.send_last_ping();
           b.send_last_ping();
           EXPECT_EQ(a.peer().answer_to(last).status(), 0);

           EXPECT_GT(b.mkdir("next").transno, close.transno);
         }},
    {.id = "replay-rules.6",
     .requirement = "REPLAY-7",
     .sentence = "Transnos go on where they were though the last client to know them has left",
     .source = "semantics 1.5, 9.2 REPLAY-7",
     .needs = Needs::crash,
     .run =
         [](Conformance& c) {
           MdPeer a(c);
           a.connect();
           const Made made = a.mkdir("made");
           EXPECT_EQ(a.peer().disconnect(kMds, a.envelope()).status(), 0);
           c.world().settle();
           c.restart(kMds);
           MdPeer b(c);
           b.connect();

           EXPECT_GT(b.mkdir("next").transno, made.transno);
         }},
    {.id = "replay-rules.7",
     .requirement = "OPEN-2",
     .sentence = "A file that was opened by replay is closed by its handle of before the crash",
     .source = "semantics 2.5, 2.6 (2.0)",
     .needs = Needs::crash | Needs::hold_commits | Needs::only_2_0,
     .run =
         [](Conformance& c) {
           MdPeer a(c);
           a.connect();
           EXPECT_EQ(a.mkdir("before").status, 0);
           barrier(c);
           const Opened file = a.open("file", kMake);
           Made close;
           close.xid = a.send_close(file.handle, a.envelope());
           close.transno = a.peer().answer_to(close.xid).transno();
           crash_at_barrier(c);
           a.reconnect();
           EXPECT_NE(a.handle_in(a.peer().answer_to(a.send_replay(file))), 0u);
           Envelope again = a.envelope(msg_flag::kReplay, close.transno);
           again.xid = close.xid;

           EXPECT_EQ(a.peer().answer_to(a.send_close(file.handle, again)).status(), 0);
         }},
    {.id = "replay-rules.8",
     .requirement = "OPEN-3",
     .sentence = "An unlinked file is there for the client whose open comes last, though another "
                 "has closed it in the same recovery",
     .source = "semantics 2.5, 2.7 (shipped 2.0 destroys it)",
     .needs = Needs::crash | Needs::hold_commits,
     .run =
         [](Conformance& c) {
           MdPeer a(c), b(c);
           a.connect();
           b.connect();
           const Opened first = a.open("file", kMake);
           const Opened second = b.open("file", open_flag::kFmodeRead);
           EXPECT_EQ(second.status, 0);
           EXPECT_EQ(b.unlink("file").status(), 0);
           barrier(c);
           Made close;
           close.xid = a.send_close(first.handle, a.envelope());
           close.transno = a.peer().answer_to(close.xid).transno();
           crash_at_barrier(c);
           a.reconnect();
           b.reconnect();
           const uint64_t opened = a.handle_in(a.peer().answer_to(a.send_replay(first)));
           Envelope again = a.envelope(msg_flag::kReplay, close.transno);
           again.xid = close.xid;
           EXPECT_EQ(a.peer().answer_to(a.send_close(opened, again)).status(), 0);

           EXPECT_NE(b.handle_in(b.peer().answer_to(b.send_replay(second))), 0u);
         }},
    {.id = "replay-rules.9",
     .requirement = "REPLAY-3",
     .sentence = "A replay that is sent again because its answer was lost has one effect and the "
                 "same answer",
     .source = "semantics 1.6, 1.9",
     .needs = Needs::crash | Needs::hold_commits,
     .run =
         [](Conformance& c) {
           MdPeer a(c), b(c);
           a.connect();
           b.connect();
           barrier(c);
           const Made made = a.mkdir("made");
           crash_at_barrier(c);
           a.reconnect();
           b.reconnect();
           EXPECT_EQ(a.peer().answer_to(a.send_again(made, msg_flag::kReplay)).status(), 0);
           a.reconnect();
           const Answer again =
               a.peer().answer_to(a.send_again(made, msg_flag::kReplay | msg_flag::kResent));

           EXPECT_EQ(again.status(), 0);
           EXPECT_EQ(again.transno(), made.transno);
         }},
    {.id = "replay-rules.10",
     .requirement = "OPEN-2",
     .sentence = "A client cannot close what another has open",
     .source = "semantics 2.1, 9.2 OPEN-2",
     .run =
         [](Conformance& c) {
           MdPeer a(c), b(c);
           a.connect();
           b.connect();
           const Opened file = a.open("file", kMake);
           EXPECT_EQ(file.status, 0);

           EXPECT_EQ(b.close(file.handle).status(), -kEstale);
           EXPECT_EQ(a.close(file.handle).status(), 0);
         }},
};

}  // namespace

std::span<const Case> replay_rule_cases() { return kCases; }

}  // namespace suites
