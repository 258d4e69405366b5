// First contact: CONNECT, what it grants, PING and DISCONNECT.
#include "protocol/operations_1_8.h"
#include "protocol/operations_2_0.h"
#include "protocol/ptlrpc.h"
#include "suites/application.h"
#include "suites/errno.h"
#include "suites/peer.h"
#include "suites/suites.h"

namespace suites {
namespace {

namespace connect_flag = protocol::ptlrpc::connect_flag;
namespace msg_connect_flag = protocol::ptlrpc::msg_connect_flag;
namespace msg_type = protocol::ptlrpc::msg_type;
namespace v1_8 = protocol::operations_1_8;
namespace v2_0 = protocol::operations_2_0;
using harness::kMds;
using harness::kMgs;
using harness::ost;
using protocol::ptlrpc::ObdConnectData;

constexpr uint32_t kRecoveryFlags =
    msg_connect_flag::kRecovering | msg_connect_flag::kReconnect;

void expect_first_connect(Conformance& c, harness::ServerId server) {
  const Answer answer = c.peer().connect(server);

  EXPECT_EQ(answer.status(), 0);
  EXPECT_EQ(answer.type(), msg_type::kReply);
  EXPECT_NE(answer.message.body().handle.cookie, 0u);
  EXPECT_EQ(answer.message.body().op_flags & kRecoveryFlags, 0u);
  EXPECT_EQ(answer.transno(), 0u);
}

// The connect data of an answer, which has one form in both dialects.
ObdConnectData granted(const Answer& answer) {
  const auto reply = v2_0::MdsConnect::Reply::decode(answer.message);
  EXPECT_TRUE(reply) << "the connect data cannot be read";
  return reply ? reply->connect_data : ObdConnectData{};
}

void expect_subset(Conformance& c, harness::ServerId server, uint64_t asked) {
  const uint64_t flags = granted(c.peer().connect(server)).connect_flags;

  EXPECT_EQ(flags & ~asked, 0u) << "granted but never asked for";
  EXPECT_NE(flags & connect_flag::kVersion, 0u);
}

const Case kCases[] = {
    {.id = "connect.1a",
     .requirement = "CONN-1",
     .sentence = "A first CONNECT to an MDT gives a new export handle and no recovery flag",
     .source = "semantics 1.2 C23; rpc-formats, Connection and ping",
     .run = [](Conformance& c) { expect_first_connect(c, kMds); }},
    {.id = "connect.1b",
     .requirement = "CONN-1",
     .sentence = "A first CONNECT to an OST gives a new export handle and no recovery flag",
     .source = "semantics 1.2 C23; rpc-formats, Connection and ping",
     .run = [](Conformance& c) { expect_first_connect(c, ost(0)); }},
    {.id = "connect.1c",
     .requirement = "CONN-1",
     .sentence = "A first CONNECT to the MGS gives a new export handle and no recovery flag",
     .source = "semantics 1.2 C23; rpc-formats, Connection and ping",
     .run = [](Conformance& c) { expect_first_connect(c, kMgs); }},
    {.id = "connect.2a",
     .requirement = "NEGO-1",
     .sentence = "An MDT grants no connect flag that was not asked for, and always the version",
     .source = "semantics 1.2; stock-clients, Connection",
     .run =
         [](Conformance& c) {
           expect_subset(c, kMds, c.dialect() == Dialect::v1_8 ? 0x810010a0 : 0x10c10010a0);
         }},
    {.id = "connect.2b",
     .requirement = "NEGO-1",
     .sentence = "An OST grants no connect flag that was not asked for, and always the version",
     .source = "semantics 1.2; stock-clients, Connection",
     .run =
         [](Conformance& c) {
           expect_subset(c, ost(0), c.dialect() == Dialect::v1_8 ? 0x80001000470 : 0x1041000470);
         }},
    {.id = "connect.3",
     .requirement = "CONN-2",
     .sentence = "A target that supports replay says so in every CONNECT reply",
     .source = "semantics 1.2 C20",
     .run =
         [](Conformance& c) {
           Peer& peer = c.peer();
           const uint32_t from_mds = peer.connect(kMds).message.body().op_flags;
           const uint32_t from_ost = peer.connect(ost(0)).message.body().op_flags;

           EXPECT_NE(from_mds & msg_connect_flag::kReplayable, 0u);
           EXPECT_NE(from_ost & msg_connect_flag::kReplayable, 0u);
         }},
    {.id = "connect.4",
     .requirement = "CONN-3",
     .sentence = "The reply to a request without the adaptive-timeout bit is put at offset 0 of "
                 "the portal for that service",
     .source = "lnet-socklnd 5; rpc-formats, Connection and ping",
     .run =
         [](Conformance& c) {
           Peer& peer = c.peer();
           const Answer from_mds = peer.connect(kMds);
           const Answer from_ost = peer.connect(ost(0));
           const Answer from_mgs = peer.connect(kMgs);

           EXPECT_EQ(from_mds.portal, protocol::ptlrpc::portal::kMdcReply);
           EXPECT_EQ(from_ost.portal, protocol::ptlrpc::portal::kOscReply);
           EXPECT_EQ(from_mgs.portal, protocol::ptlrpc::portal::kMgcReply);
           EXPECT_EQ(from_mds.offset, 0u);
           EXPECT_EQ(from_ost.offset, 0u);
           EXPECT_EQ(from_mgs.offset, 0u);
         }},
    {.id = "connect.5",
     .requirement = "CONN-4",
     .sentence = "The final reply to a request with the adaptive-timeout bit is put behind the "
                 "place of early replies, at offset 192",
     .source = "lnet-socklnd 5; stock-clients, Connection",
     .run =
         [](Conformance& c) {
           Peer& peer = c.peer();
           peer.connect(kMds);
           const Answer answer = peer.ping(kMds, {.lm_flags = 1});

           EXPECT_EQ(answer.status(), 0);
           EXPECT_EQ(answer.offset, 192u);
         }},
    {.id = "connect.6",
     .requirement = "CONN-5",
     .sentence = "A CONNECT that names another target is refused with ENODEV",
     .source = "semantics 1.2 C1",
     .run =
         [](Conformance& c) {
           const std::string name = c.world().cast().fsname + "-MDT0009_UUID";
           const Answer answer =
               c.dialect() == Dialect::v1_8
                   ? c.peer().ask<v1_8::MdsConnect>(kMds, {.target_uuid = name,
                                                           .client_uuid = "somebody",
                                                           .client_handle = {7}})
                   : c.peer().ask<v2_0::MdsConnect>(kMds, {.target_uuid = name,
                                                           .client_uuid = "somebody",
                                                           .client_handle = {7}});

           EXPECT_EQ(answer.status(), -kEnodev);
           EXPECT_EQ(answer.message.body().handle.cookie, 0u);
         }},
    {.id = "connect.7",
     .requirement = "CONN-6",
     .sentence = "A 2.0 MDT refuses a client without OBD_CONNECT_FID with EBADE",
     .source = "differences 10; rpc-formats, Connection and ping",
     .needs = Needs::only_2_0,
     .run =
         [](Conformance& c) {
           const std::string name = c.world().cast().fsname + "-MDT0000_UUID";
           const uint64_t without = 0x10c10010a0 & ~connect_flag::kFid;
           const Answer answer = c.peer().ask<v2_0::MdsConnect>(
               kMds,
               {.target_uuid = name,
                .client_uuid = "somebody",
                .client_handle = {7},
                .connect_data = {.connect_flags = without, .version = 0x02000001}},
               {.op_flags = Peer::kInitial});

           EXPECT_EQ(answer.status(), -kEbade);
         }},
    {.id = "connect.8",
     .requirement = "CONN-7",
     .sentence = "A request with an unknown export handle is answered with ENOTCONN, as an error "
                 "message",
     .source = "semantics 1.3",
     .run =
         [](Conformance& c) {
           const Answer answer = c.peer().ping(kMds, {.handle = 0x1234567812345678});

           EXPECT_EQ(answer.status(), -kEnotconn);
           EXPECT_EQ(answer.type(), msg_type::kErr);
         }},
    {.id = "connect.9",
     .requirement = "CONN-8",
     .sentence = "After DISCONNECT the export's handle is dead",
     .source = "semantics 1.3, 1.5",
     .run =
         [](Conformance& c) {
           Peer& peer = c.peer();
           peer.connect(kMds);
           EXPECT_EQ(peer.ping(kMds).status(), 0);
           EXPECT_EQ(peer.disconnect(kMds).status(), 0);

           EXPECT_EQ(peer.ping(kMds).status(), -kEnotconn);
         }},
    {.id = "connect.10",
     .requirement = "CONN-9",
     .sentence = "Two clients of one target get different handles, and one's DISCONNECT leaves "
                 "the other connected",
     .source = "semantics 1.1",
     .run =
         [](Conformance& c) {
           Peer& one = c.peer();
           Peer& two = c.peer();
           one.connect(kMds);
           two.connect(kMds);
           EXPECT_NE(one.handle(kMds), two.handle(kMds));
           EXPECT_EQ(one.disconnect(kMds).status(), 0);

           EXPECT_EQ(two.ping(kMds).status(), 0);
         }},
    {.id = "connect.11",
     .requirement = "CONN-10",
     .sentence = "A client that mounts, unmounts and mounts again works as at first",
     .source = "semantics A1",
     .run =
         [](Conformance& c) {
           Application& a = c.mount();
           EXPECT_EQ(a.mkdir("/d"), 0);
           EXPECT_EQ(a.unmount(), 0);
           EXPECT_EQ(a.mount(), 0);

           EXPECT_EQ(a.stat("/d").status, 0);
         }},
};

}  // namespace

std::span<const Case> connect_cases() { return kCases; }

}  // namespace suites
