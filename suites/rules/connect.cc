// Rules of CONNECT that need more than one: what is under way, what was agreed, what was granted.
#include "protocol/ldlm.h"
#include "protocol/mds.h"
#include "protocol/operations_1_8.h"
#include "protocol/operations_2_0.h"
#include "protocol/ptlrpc.h"
#include "suites/errno.h"
#include "suites/md_peer.h"
#include "suites/object_peer.h"
#include "suites/suites.h"

namespace suites {
namespace {

namespace connect_flag = protocol::ptlrpc::connect_flag;
namespace ldlm = protocol::ldlm;
namespace msg_flag = protocol::ptlrpc::msg_flag;
namespace open_flag = protocol::mds::open_flag;
namespace v1_8 = protocol::operations_1_8;
namespace v2_0 = protocol::operations_2_0;
using harness::kMds;
using harness::ost;

constexpr uint64_t kWish = connect_flag::kVersion | connect_flag::kFid | connect_flag::kAt;

// CONNECT to the MDS with other flags than before.
template <class Connect>
Answer connect_with(Conformance& c, Peer& peer, uint64_t flags, Envelope envelope) {
  const std::string target = c.world().cast().fsname + "-MDT0000_UUID";
  const Answer answer = peer.ask<Connect>(
      kMds,
      {.target_uuid = target,
       .client_uuid = peer.uuid(),
       .client_handle = {0xc11e},
       .connect_data = {.connect_flags = flags, .version = 0x02000001, .ibits_known = 7}},
      envelope);
  if (answer.status() == 0) peer.remember(kMds, answer);
  return answer;
}
Answer connect_with(Conformance& c, Peer& peer, uint64_t flags, Envelope envelope) {
  return c.dialect() == Dialect::v1_8 ? connect_with<v1_8::MdsConnect>(c, peer, flags, envelope)
                                      : connect_with<v2_0::MdsConnect>(c, peer, flags, envelope);
}

// An ENQUEUE of inodebits on a resource that nobody else uses.
int32_t enqueue_bits(Peer& peer, uint32_t conn_cnt) {
  v2_0::LdlmEnqueueIbits::Request request;
  request.lock.lock_desc = {
      .resource = {.type = ldlm::lock_type::kIbits, .name = {.name = {0x7777, 1, 0, 0}}},
      .req_mode = ldlm::lock_mode::kCr};
  protocol::set_overlay(request.lock.lock_desc.policy_data,
                        ldlm::LdlmInodebits{.bits = ldlm::inodebit::kLookup});
  request.lock.lock_handle[0] = {0x10c4 + conn_cnt};
  Envelope envelope;
  envelope.conn_cnt = conn_cnt;
  return peer.ask<v2_0::LdlmEnqueueIbits>(kMds, request, envelope).status();
}

const Case kCases[] = {
    {.id = "connect-rules.1",
     .requirement = "NEGO-1",
     .sentence = "A reconnect agrees on flags anew: what is not asked for again is not in force",
     .source = "semantics 1.2 C24, 3.1, 9.2 NEGO-1",
     .run =
         [](Conformance& c) {
           Peer& peer = c.peer();
           Envelope first{.handle = 0, .op_flags = Peer::kInitial};
           EXPECT_EQ(connect_with(c, peer, kWish | connect_flag::kIbits, first).status(), 0);
           EXPECT_EQ(enqueue_bits(peer, 1), 0);
           Envelope second{.handle = peer.handle(kMds), .conn_cnt = 2};
           EXPECT_EQ(connect_with(c, peer, kWish, second).status(), 0);

           EXPECT_EQ(enqueue_bits(peer, 2), -kEproto);
         }},
    {.id = "connect-rules.2",
     .requirement = "REPLAY-6",
     .sentence = "A client whose request is being executed may not reconnect before that has ended",
     .source = "semantics 1.2 C13, C14",
     .run =
         [](Conformance& c) {
           MdPeer maker(c);
           maker.connect();
           std::optional<uint64_t> object;
           for (int i = 0; i < 8 && !object; ++i) {
             const Opened file =
                 maker.open("file" + std::to_string(i), open_flag::kCreat | open_flag::kFmodeWrite);
             object = object_in(file.md.view());
           }
           ObjectPeer client(c);
           EXPECT_EQ(client.write_lockless(*object, 0, "data").status(), 0);
           client.send_read(*object, 4);
           client.peer().next("the bulk, which is not acknowledged");

           EXPECT_EQ(client.reconnect().status(), -kEbusy);
         }},
    {.id = "connect-rules.3",
     .requirement = "GRANT-1",
     .sentence = "Grant that a client gives back is taken once, though the request is sent twice",
     .source = "semantics 9.2 GRANT-1",
     .run =
         [](Conformance& c) {
           ObjectPeer client(c);
           const uint32_t before = ObjectPeer::grant_in(client.reconnect());
           constexpr uint64_t kBack = 4096 * 16;
           EXPECT_GT(before, 2 * kBack);
           EXPECT_EQ(client.shrink_grant(kBack, 0).status(), 0);
           const uint64_t xid = client.peer().last_xid();
           EXPECT_EQ(client.shrink_grant(kBack, msg_flag::kResent, xid).status(), 0);
           const uint32_t after = ObjectPeer::grant_in(client.reconnect());

           EXPECT_EQ(after, before - kBack);
         }},
};

}  // namespace

std::span<const Case> connect_rule_cases() { return kCases; }

}  // namespace suites
