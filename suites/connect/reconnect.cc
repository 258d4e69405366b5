// Coming back: a client that the server still knows, duplicates, eviction.
#include "protocol/operations_2_0.h"
#include "protocol/ptlrpc.h"
#include "suites/application.h"
#include "suites/errno.h"
#include "suites/peer.h"
#include "suites/suites.h"

namespace suites {
namespace {

namespace msg_connect_flag = protocol::ptlrpc::msg_connect_flag;
using harness::kMds;
using harness::ost;

const Case kCases[] = {
    {.id = "reconnect.1",
     .requirement = "RECONN-1",
     .sentence = "A client that connects again with its cookie keeps its export: RECONNECT and "
                 "the same handle",
     .source = "semantics 1.2 C11, C19",
     .run =
         [](Conformance& c) {
           Peer& peer = c.peer();
           peer.connect(kMds);
           const uint64_t before = peer.handle(kMds);
           const Answer again = peer.connect(kMds, {.handle = before, .conn_cnt = 2});

           EXPECT_EQ(again.status(), 0);
           EXPECT_EQ(again.message.body().handle.cookie, before);
           EXPECT_NE(again.message.body().op_flags & msg_connect_flag::kReconnect, 0u);
           EXPECT_EQ(again.message.body().op_flags & msg_connect_flag::kRecovering, 0u);
         }},
    {.id = "reconnect.2",
     .requirement = "RECONN-2",
     .sentence = "A late duplicate of an older CONNECT is refused with EALREADY",
     .source = "semantics 1.2 C25",
     .run =
         [](Conformance& c) {
           Peer& peer = c.peer();
           peer.connect(kMds);
           const uint64_t handle = peer.handle(kMds);
           EXPECT_EQ(peer.connect(kMds, {.handle = handle, .conn_cnt = 3}).status(), 0);

           EXPECT_EQ(peer.connect(kMds, {.handle = handle, .conn_cnt = 2}).status(), -kEalready);
           EXPECT_EQ(peer.ping(kMds, {.handle = handle, .conn_cnt = 3}).status(), 0);
         }},
    {.id = "reconnect.3",
     .requirement = "REPLAY-6",
     .sentence = "A request of an older connection is dropped without a word",
     .source = "semantics 1.3",
     .run =
         [](Conformance& c) {
           Peer& peer = c.peer();
           peer.connect(kMds);
           peer.connect(kMds, {.handle = peer.handle(kMds), .conn_cnt = 2});
           EXPECT_EQ(peer.ping(kMds, {.conn_cnt = 2}).status(), 0);
           const uint64_t late = peer.send<protocol::operations_2_0::ObdPing>(
               kMds, {}, {.conn_cnt = 1});
           EXPECT_EQ(peer.ping(kMds, {.conn_cnt = 2}).status(), 0);
           c.world().settle();

           EXPECT_FALSE(peer.answered(late));
         }},
    {.id = "reconnect.4",
     .requirement = "EVICT-1",
     .sentence = "An evicted client's handle is dead, and its next CONNECT makes a fresh export",
     .source = "semantics 1.11; 1.2 C23",
     .needs = Needs::evict,
     .run =
         [](Conformance& c) {
           Peer& peer = c.peer();
           peer.connect(kMds);
           const uint64_t before = peer.handle(kMds);
           c.world().evict(kMds, peer.uuid());
           c.world().settle();
           EXPECT_EQ(peer.ping(kMds).status(), -kEnotconn);
           const Answer again = peer.connect(kMds, {.handle = before, .conn_cnt = 2});

           EXPECT_EQ(again.status(), 0);
           EXPECT_NE(again.message.body().handle.cookie, before);
           EXPECT_EQ(again.message.body().op_flags &
                         (msg_connect_flag::kReconnect | msg_connect_flag::kRecovering),
                     0u);
         }},
    {.id = "reconnect.5",
     .requirement = "EVICT-1",
     .sentence = "An eviction by the MDS leaves the client's export on the OSTs alone",
     .source = "semantics 1.11",
     .needs = Needs::evict,
     .run =
         [](Conformance& c) {
           Peer& peer = c.peer();
           peer.connect(kMds);
           peer.connect(ost(0));
           c.world().evict(kMds, peer.uuid());
           c.world().settle();

           EXPECT_EQ(peer.ping(kMds).status(), -kEnotconn);
           EXPECT_EQ(peer.ping(ost(0)).status(), 0);
         }},
    {.id = "reconnect.6",
     .requirement = "CONN-11",
     .sentence = "A CONNECT to a restarted server of a client that it knows says RECOVERING, not "
                 "RECONNECT, with another handle",
     .source = "semantics 1.2 C12, C18; 1.8",
     .needs = Needs::crash,
     .run =
         [](Conformance& c) {
           Peer& peer = c.peer();
           peer.connect(kMds);
           const uint64_t before = peer.handle(kMds);
           c.world().settle();
           c.restart(kMds);
           const Answer again =
               peer.connect(kMds, {.handle = before, .conn_cnt = 2, .op_flags = 0});

           EXPECT_EQ(again.status(), 0);
           EXPECT_NE(again.message.body().handle.cookie, before);
           EXPECT_NE(again.message.body().op_flags & msg_connect_flag::kRecovering, 0u);
           EXPECT_EQ(again.message.body().op_flags & msg_connect_flag::kReconnect, 0u);
         }},
    {.id = "reconnect.7",
     .requirement = "CONN-12",
     .sentence = "While a target recovers, a client that it does not know is refused with EBUSY",
     .source = "semantics 1.2 C22",
     .needs = Needs::crash,
     .run =
         [](Conformance& c) {
           Peer& known = c.peer();
           Peer& stranger = c.peer();
           known.connect(kMds);
           c.world().settle();
           c.restart(kMds);

           EXPECT_EQ(stranger.connect(kMds).status(), -kEbusy);
         }},
};

}  // namespace

std::span<const Case> reconnect_cases() { return kCases; }

}  // namespace suites
