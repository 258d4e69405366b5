// A server that needs longer than its client will wait says so in time.
#include "protocol/operations_2_0.h"
#include "protocol/ptlrpc.h"
#include "suites/application.h"
#include "suites/errno.h"
#include "suites/peer.h"
#include "suites/recovery/barrier.h"
#include "suites/suites.h"

namespace suites {
namespace {

namespace msg_flag = protocol::ptlrpc::msg_flag;
using harness::kMds;

const Case kCases[] = {
    {.id = "early-reply.1",
     .requirement = "AT-1",
     .sentence = "While a request waits for the others to recover, its client is told to wait "
                 "longer, and it is answered in the end",
     .source = "semantics 1.12; Lustre's replay-single 65a",
     .needs = Needs::crash | Needs::evict,
     .run =
         [](Conformance& c) {
           Application& missing = worker(c);
           Peer& peer = c.peer();
           peer.connect(kMds, {.op_flags = Peer::kInitial, .lm_flags = 1});
           c.world().settle();
           const uint64_t handle = peer.handle(kMds);
           c.world().kill_client(missing.id());
           c.restart(kMds);
           peer.connect(kMds, {.handle = handle, .conn_cnt = 2, .lm_flags = 1});
           const uint64_t last = peer.send<protocol::operations_2_0::ObdPing>(
               kMds, {},
               {.conn_cnt = 2,
                .flags =
                    msg_flag::kLastReplay | msg_flag::kReqReplayDone | msg_flag::kLockReplayDone,
                .lm_flags = 1,
                .timeout = 2});
           c.expect("an early reply", [&] { return peer.early_replies(last) > 0; });
           EXPECT_FALSE(peer.answered(last));
           c.world().evict(kMds, missing.uuid());

           EXPECT_EQ(peer.answer_to(last).status(), 0);
         }},
};

}  // namespace

std::span<const Case> early_reply_cases() { return kCases; }

}  // namespace suites
