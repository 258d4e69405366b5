// Clients of later releases: what they send more of, ask for, and cannot live without an answer to.
// They are 2.1.6 and 2.2.0 in user space, and kernel clients up to 2.15.
#include "protocol/codec.h"
#include "protocol/operations_1_8.h"
#include "protocol/operations_2_0.h"
#include "protocol/ptlrpc.h"
#include "suites/errno.h"
#include "suites/peer.h"
#include "suites/suites.h"

namespace suites {
namespace {

namespace connect_flag = protocol::ptlrpc::connect_flag;
namespace msg_type = protocol::ptlrpc::msg_type;
namespace v1_8 = protocol::operations_1_8;
namespace v2_0 = protocol::operations_2_0;
using harness::kMds;
using harness::kMgs;
using harness::ost;
using protocol::ptlrpc::ObdConnectData;

constexpr uint32_t k2_1_6 = 0x02010600, k2_2_0 = 0x02020000;
constexpr uint32_t kLibraryClient = protocol::ptlrpc::msg_connect_flag::kLibclient;
constexpr uint32_t kPage = 4096;
constexpr uint32_t kMiB = 1u << 20;

// A CONNECT as it is, but for what its connect data has behind the 72 bytes of 2.0.
template <class Operation>
struct Connect {
  static constexpr uint32_t kOpcode = Operation::kOpcode;
  static constexpr uint32_t kVersion = Operation::kVersion;
  static constexpr uint32_t kRequestPortal = Operation::kRequestPortal;
  struct Request {
    typename Operation::Request connect;
    size_t more = 0;  // bytes
    void encode(protocol::MessageBuilder& builder) const {
      connect.encode(builder);
      builder.extend_last(more);
    }
  };
};

template <class Operation>
Answer connect(Conformance& c, harness::ServerId server, std::string_view target,
               const ObdConnectData& wish, uint32_t op_flags = 0, size_t more = 0) {
  Peer& peer = c.peer();
  const std::string uuid = c.world().cast().fsname + std::string(target);
  return peer.ask<Connect<Operation>>(server,
                                      {.connect = {.target_uuid = uuid,
                                                   .client_uuid = peer.uuid(),
                                                   .client_handle = {7},
                                                   .connect_data = wish},
                                       .more = more},
                                      {.op_flags = Peer::kInitial | op_flags});
}

// What was granted is within the wish, and whatever has a value of its own has a usable one.
void expect_usable(const Answer& answer, const ObdConnectData& wish) {
  EXPECT_EQ(answer.status(), 0);
  const auto reply = v2_0::OstConnect::Reply::decode(answer.message);
  ASSERT_TRUE(reply) << "the connect data cannot be read";
  const ObdConnectData& data = reply->connect_data;
  const auto granted = [&](uint64_t flag) { return (data.connect_flags & flag) != 0; };
  EXPECT_EQ(data.connect_flags & ~wish.connect_flags, 0u) << "granted but never asked for";
  EXPECT_NE(data.version, 0u);
  if (granted(connect_flag::kBrwSize)) {
    EXPECT_NE(data.brw_size, 0u);
    EXPECT_EQ(data.brw_size % kPage, 0u);
    EXPECT_LE(data.brw_size, wish.brw_size);
  }
  if (granted(connect_flag::kIbits)) {
    EXPECT_NE(data.ibits_known, 0u);
    EXPECT_EQ(data.ibits_known & ~wish.ibits_known, 0u);
  }
  if (granted(connect_flag::kCksum)) {
    EXPECT_NE(data.cksum_types & wish.cksum_types, 0u);
  }
}

const ObdConnectData kKernelMdt{
    .connect_flags = 0xc51cb75d1a0, .version = k2_1_6, .brw_size = kMiB, .ibits_known = 0x1f};
const ObdConnectData kKernelOst{.connect_flags = 0x8d0e3650478,
                                .version = k2_1_6,
                                .grant = 2 * kMiB,
                                .brw_size = kMiB,
                                .ibits_known = 7,
                                .cksum_types = 7};
const ObdConnectData kLibraryMdt{
    .connect_flags = 0x10c10010a0, .version = k2_2_0, .ibits_known = 7};

// An operation of no known number, to this portal.
template <uint32_t kPortal>
struct Unknown {
  static constexpr uint32_t kOpcode = 1999;
  static constexpr uint32_t kVersion = 0x30003;
  static constexpr uint32_t kRequestPortal = kPortal;
  struct Request {
    void encode(protocol::MessageBuilder&) const {}
  };
};

template <uint32_t kPortal>
void expect_not_supported(Conformance& c, harness::ServerId server) {
  Peer& peer = c.peer();
  peer.connect(server);
  const Answer answer = peer.ask<Unknown<kPortal>>(server, {});

  EXPECT_EQ(answer.status(), -kEnotsupp);
  EXPECT_EQ(answer.type(), msg_type::kErr);
  EXPECT_EQ(peer.ping(server).status(), 0);
}

template <class Operation>
void expect_answer(Conformance& c, harness::ServerId server) {
  Peer& peer = c.peer();
  peer.connect(server);
  peer.ask<Operation>(server, {});  // whatever it says: a client waits for ever for silence

  EXPECT_EQ(peer.ping(server).status(), 0);
}

const Case kCases[] = {
    {.id = "later.1",
     .requirement = "NEGO-2",
     .sentence = "What an MDT grants to a 2.1.6 kernel client is within its wish and has values "
                 "that it can use",
     .source = "stock-clients, Connection (kernel clients; the client asserts both)",
     .needs = Needs::only_2_0,
     .run =
         [](Conformance& c) {
           expect_usable(connect<v2_0::MdsConnect>(c, kMds, "-MDT0000_UUID", kKernelMdt),
                         kKernelMdt);
         }},
    {.id = "later.2",
     .requirement = "NEGO-2",
     .sentence = "What an OST grants to a 2.1.6 kernel client is within its wish and has values "
                 "that it can use",
     .source = "stock-clients, Connection (kernel clients; the client asserts both)",
     .needs = Needs::only_2_0,
     .run =
         [](Conformance& c) {
           expect_usable(connect<v2_0::OstConnect>(c, ost(0), "-OST0000_UUID", kKernelOst),
                         kKernelOst);
         }},
    {.id = "later.3",
     .requirement = "NEGO-3",
     .sentence = "Connect data longer than 2.0's is taken for what it begins with",
     .source = "wire-2.15 obd_connect_data (192 bytes); stock-clients, Connection",
     .needs = Needs::only_2_0,
     .run =
         [](Conformance& c) {
           constexpr size_t kMore = 192 - ObdConnectData::kSize;
           expect_usable(
               connect<v2_0::OstConnect>(c, ost(0), "-OST0000_UUID", kKernelOst, 0, kMore),
               kKernelOst);
           expect_usable(connect<v2_0::MdsConnect>(c, kMds, "-MDT0000_UUID", kKernelMdt, 0, kMore),
                         kKernelMdt);
         }},
    {.id = "later.4",
     .requirement = "NEGO-4",
     .sentence = "A user-space client of a later release is let in, or told the server's version",
     .source = "semantics 1.2 C4; stock-clients, Connection",
     .needs = Needs::only_2_0,
     .run =
         [](Conformance& c) {
           const Answer answer =
               connect<v2_0::MdsConnect>(c, kMds, "-MDT0000_UUID", kLibraryMdt, kLibraryClient);
           if (answer.status() == 0) return expect_usable(answer, kLibraryMdt);
           const auto told = v2_0::MdsConnect::Reply::decode(answer.message);

           EXPECT_EQ(answer.status(), -kEproto);
           ASSERT_TRUE(told) << "the connect data cannot be read";
           EXPECT_EQ(told->connect_data.connect_flags, connect_flag::kVersion);
           EXPECT_NE(told->connect_data.version, 0u);
         }},
    {.id = "later.5a",
     .requirement = "WIRE-2",
     .sentence = "An operation that an OST does not know is refused with an error message",
     .source = "semantics 5.9; rpc-formats, Errors",
     .run =
         [](Conformance& c) {
           expect_not_supported<protocol::ptlrpc::portal::kOstRequest>(c, ost(0));
         }},
    {.id = "later.5b",
     .requirement = "WIRE-2",
     .sentence = "An operation that the MGS does not know is refused with an error message",
     .source = "semantics 5.9; rpc-formats, Errors",
     .run =
         [](Conformance& c) {
           expect_not_supported<protocol::ptlrpc::portal::kMgsRequest>(c, kMgs);
         }},
    {.id = "later.6a",
     .requirement = "LIVE-1",
     .sentence = "A quota call to an MDT is answered, whether or not it has quotas",
     .source = "rpc-formats, MDS (quota); semantics 9.2 LIVE-1",
     .run =
         [](Conformance& c) {
           expect_answer<v2_0::MdsQuotactl>(c, kMds);
           expect_answer<v2_0::MdsQuotacheck>(c, kMds);
         }},
    {.id = "later.6b",
     .requirement = "LIVE-1",
     .sentence = "A quota call to an OST is answered, whether or not it has quotas",
     .source = "rpc-formats, OST (quota); semantics 9.2 LIVE-1",
     .run =
         [](Conformance& c) {
           expect_answer<v2_0::OstQuotactl>(c, ost(0));
           expect_answer<v2_0::OstQuotacheck>(c, ost(0));
         }},
    {.id = "later.7",
     .requirement = "LIVE-1",
     .sentence = "A log that the MGS does not have is made, empty, or refused with ENOENT",
     .source = "rpc-formats, MGC flow (later clients ask for `params` and `nodemap`)",
     .run =
         [](Conformance& c) {
           Peer& peer = c.peer();
           peer.connect(kMgs);
           const Answer answer =
               peer.ask<v2_0::LlogOriginHandleCreate>(kMgs, {.body = {}, .name = "params"});

           EXPECT_TRUE(answer.status() == 0 || answer.status() == -kEnoent) << answer.status();
           EXPECT_EQ(peer.ping(kMgs).status(), 0);
         }},
};

}  // namespace

std::span<const Case> later_client_cases() { return kCases; }

}  // namespace suites
