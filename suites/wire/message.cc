// Messages that are not as they should be, and messages in the other byte order.
#include "protocol/codec.h"
#include "protocol/lnet.h"
#include "protocol/operations_2_0.h"
#include "protocol/ptlrpc.h"
#include "suites/application.h"
#include "suites/errno.h"
#include "suites/peer.h"
#include "suites/suites.h"

namespace suites {
namespace {

using harness::kMds;
using harness::ost;
namespace lnet = protocol::lnet;

// A PUT to the MDS's request portal with this payload.
protocol::Bytes put(const Peer& peer, harness::PeerId to, std::vector<uint8_t> payload) {
  protocol::LnetMessage message{.header = {.dest_nid = to.nid,
                                           .src_nid = peer.id().nid,
                                           .dest_pid = to.pid,
                                           .src_pid = peer.id().pid,
                                           .type = lnet::lnet_msg_type::kPut},
                                .payload = protocol::Bytes(std::move(payload))};
  message.header.msg = lnet::LnetPut{.ack_wmd = {~uint64_t{0}, ~uint64_t{0}},
                                     .match_bits = 1,
                                     .ptl_index = protocol::ptlrpc::portal::kMdsRequest};
  return message.build();
}

// Whether the MDS still serves: a new peer connects.
void expect_alive(Conformance& c) { EXPECT_EQ(c.peer().connect(kMds).status(), 0); }

void expect_survives(Conformance& c, std::vector<uint8_t> payload) {
  Peer& hostile = c.peer();
  hostile.send_bytes(kMds, put(hostile, c.world().cast().mds, std::move(payload)));
  c.world().settle();
  expect_alive(c);
}

std::vector<uint8_t> header_with(uint32_t bufcount, uint32_t buflen) {
  std::vector<uint8_t> bytes;
  protocol::append(bytes, protocol::ptlrpc::LustreMsgV2{
                              .bufcount = bufcount,
                              .magic = protocol::ptlrpc::msg_magic::kV2});
  protocol::append(bytes, buflen);
  bytes.resize(bytes.size() + 156);
  return bytes;
}

// An operation with an opcode that no metadata service has.
struct Unknown {
  static constexpr uint32_t kOpcode = 59;
  static constexpr uint32_t kVersion = 0x20003;
  static constexpr uint32_t kRequestPortal = protocol::ptlrpc::portal::kMdsRequest;
  struct Request {
    void encode(protocol::MessageBuilder&) const {}
  };
};

const Case kCases[] = {
    {.id = "wire.1",
     .requirement = "WIRE-1",
     .sentence = "A message shorter than its header does no harm",
     .source = "semantics 9.2 WIRE-1",
     .run = [](Conformance& c) { expect_survives(c, std::vector<uint8_t>(16, 0xd3)); }},
    {.id = "wire.2",
     .requirement = "WIRE-1",
     .sentence = "A message that claims more buffers than it has room for does no harm",
     .source = "semantics 9.2 WIRE-1",
     .run = [](Conformance& c) { expect_survives(c, header_with(0xffffffff, 152)); }},
    {.id = "wire.3",
     .requirement = "WIRE-1",
     .sentence = "A message whose buffer is longer than the message does no harm",
     .source = "semantics 9.2 WIRE-1",
     .run = [](Conformance& c) { expect_survives(c, header_with(1, 0xfffffff8)); }},
    {.id = "wire.4",
     .requirement = "WIRE-1",
     .sentence = "A message with a magic that nobody knows does no harm",
     .source = "lnet-socklnd 7",
     .run = [](Conformance& c) { expect_survives(c, std::vector<uint8_t>(192, 0x5a)); }},
    {.id = "wire.5",
     .requirement = "WIRE-2",
     .sentence = "An operation that the service does not know is refused with an error message",
     .source = "semantics 5.9; rpc-formats, Errors",
     .run =
         [](Conformance& c) {
           Peer& peer = c.peer();
           peer.connect(kMds);
           const Answer answer = peer.ask<Unknown>(kMds, {});

           EXPECT_EQ(answer.status(), -kEnotsupp);
           EXPECT_EQ(answer.type(), protocol::ptlrpc::msg_type::kErr);
         }},
    {.id = "wire.6",
     .requirement = "WIRE-3",
     .sentence = "A reply repeats the request's opcode, version and xid",
     .source = "lnet-socklnd 7",
     .run =
         [](Conformance& c) {
           Peer& peer = c.peer();
           peer.connect(kMds);
           const Answer answer = peer.ping(kMds);

           EXPECT_EQ(answer.message.body().opc, protocol::ptlrpc::opcode::kObdPing);
           EXPECT_EQ(answer.message.body().version & 0xffffu, 3u);
         }},
    {.id = "wire.7",
     .requirement = "WIRE-4",
     .sentence = "A 1.8 server answers a request with the short body of 88 bytes in kind",
     .source = "lnet-socklnd 7",
     .needs = Needs::only_1_8,
     .run =
         [](Conformance& c) {
           Peer& peer = c.peer();
           peer.connect(kMds);
           const Answer answer = peer.ping(kMds, {.body_length = 88});

           EXPECT_EQ(answer.status(), 0);
           EXPECT_EQ(answer.message.body_length(), 88u);
         }},
};

}  // namespace

std::span<const Case> message_cases() { return kCases; }

}  // namespace suites
