// What an OST promises to clients, and that it takes promises back.
#include "protocol/operations_1_8.h"
#include "protocol/operations_2_0.h"
#include "protocol/ptlrpc.h"
#include "suites/peer.h"
#include "suites/suites.h"

namespace suites {
namespace {

namespace connect_flag = protocol::ptlrpc::connect_flag;
namespace v1_8 = protocol::operations_1_8;
namespace v2_0 = protocol::operations_2_0;
using harness::ost;

// Connects to the first OST asking for so many bytes, says what was granted, and goes.
template <class Connect>
uint32_t come_and_go(Conformance& c, Peer& peer, uint32_t bytes) {
  const std::string target = c.world().cast().fsname + "-OST0000_UUID";
  const uint64_t flags = connect_flag::kVersion | connect_flag::kGrant | connect_flag::kBrwSize |
                         connect_flag::kFull20;
  const Answer answer = peer.ask<Connect>(ost(0),
                                          {.target_uuid = target,
                                           .client_uuid = peer.uuid(),
                                           .client_handle = {7},
                                           .connect_data = {.connect_flags = flags,
                                                            .version = 0x02000001,
                                                            .grant = bytes,
                                                            .brw_size = 1u << 20}},
                                          {.op_flags = Peer::kInitial});
  EXPECT_EQ(answer.status(), 0);
  const auto reply = Connect::Reply::decode(answer.message);
  EXPECT_TRUE(reply);
  const uint64_t handle = answer.message.body().handle.cookie;
  EXPECT_EQ(peer.disconnect(ost(0), {.handle = handle}).status(), 0);
  return reply ? reply->connect_data.grant : 0;
}

const Case kCases[] = {
    {.id = "grant.1",
     .requirement = "GRANT-1",
     .sentence = "A client that leaves gives its grant back: the next is promised as much, however "
                 "often",
     .source = "semantics 9.2 GRANT-1",
     .run =
         [](Conformance& c) {
           Peer& peer = c.peer();
           constexpr uint32_t kWish = 0x7ff00000;
           // A connect is given 2 MiB at most, and an eighth of what is left: of 16 GiB so many
           // leave less than that.
           constexpr int kRounds = 8200;
           const auto grant = [&] {
             return c.dialect() == Dialect::v1_8 ? come_and_go<v1_8::OstConnect>(c, peer, kWish)
                                                 : come_and_go<v2_0::OstConnect>(c, peer, kWish);
           };
           const uint32_t first = grant();
           EXPECT_GT(first, 0u);
           uint32_t last = first;
           for (int i = 0; i < kRounds && last == first; ++i) last = grant();
           EXPECT_EQ(last, first);
         }},
};

}  // namespace

std::span<const Case> grant_cases() { return kCases; }

}  // namespace suites
