#include "harness/fuzzing/session.h"

#include <catch2/catch.hpp>

#include "harness/fuzzing/mutator.h"
#include "protocol/lnet_message.h"
#include "protocol/operations_2_0.h"

namespace lnet = protocol::lnet;
namespace ops = protocol::operations_2_0;
namespace ptlrpc = protocol::ptlrpc;
using harness::Bytes;
using harness::PeerId;
using harness::fuzzing::kReference;
using harness::fuzzing::Session;
using harness::fuzzing::Step;
using protocol::LnetMessage;
using protocol::Message;

namespace {

constexpr PeerId kServer{0x200007f000001, 12345}, kPeer{0x200007f00000a, 12345};
constexpr uint64_t kExport = 0xe4904;

Session session_of() {
  Session session(harness::Dialect::v2_0, harness::Role::mds, kServer, "assay-MDT0000_UUID");
  session.add_peer(kPeer);
  return session;
}

Message payload_of(const std::optional<Bytes>& message) {
  REQUIRE(message);
  return Message::parse(LnetMessage::parse(*message).value().payload).value();
}

template <class Reply>
Bytes reply(uint32_t opcode, const Reply& content, uint64_t handle = 0) {
  protocol::MessageBuilder builder(
      {.handle = {handle}, .type = ptlrpc::msg_type::kReply, .opc = opcode});
  content.encode(builder);
  lnet::LnetHdr header{.dest_nid = kPeer.nid, .src_nid = kServer.nid, .type = 1};
  header.msg = lnet::LnetPut{.ack_wmd = {~uint64_t{0}, ~uint64_t{0}}, .ptl_index = 10};
  return builder.finish(header);
}

Session connected() {
  Session session = session_of();
  session.message({.kind = Step::Kind::connect});
  session.heard(kPeer, reply(ops::MdsConnect::kOpcode, ops::MdsConnect::Reply{}, kExport));
  return session;
}

template <class Request>
Step request(uint32_t opcode, const Request& content) {
  protocol::MessageBuilder builder({.type = ptlrpc::msg_type::kRequest, .opc = opcode});
  content.encode(builder);
  const Bytes bytes = builder.finish();
  return {.kind = Step::Kind::request, .bytes = {bytes.view().begin(), bytes.view().end()}};
}

}  // namespace

TEST_CASE("a connect names the target, and its reply gives the handle of later requests") {
  Session session = session_of();
  const auto asked = ops::MdsConnect::Request::decode(
      payload_of(session.message({.kind = Step::Kind::connect})));
  REQUIRE(asked);
  REQUIRE(asked->target_uuid == "assay-MDT0000_UUID");

  Session later = connected();
  const Message ping = payload_of(later.message(request(400, ops::ObdPing::Request{})));
  REQUIRE(ping.body().handle.cookie == kExport);
  REQUIRE(ping.body().conn_cnt == 1);
}

TEST_CASE("references become what the server named last") {
  Session session = connected();
  session.message(request(ops::MdsGetattr::kOpcode, ops::MdsGetattr::Request{}));
  ops::MdsGetattr::Reply named;
  named.body.fid1 = {0x200000401, 7, 0};
  named.body.handle.cookie = 0x0be11;
  session.heard(kPeer, reply(ops::MdsGetattr::kOpcode, named));

  ops::MdsClose::Request close;
  close.ioepoch.handle.cookie = kReference;
  close.record.fid = {kReference, 0, 0};
  const auto said =
      ops::MdsClose::Request::decode(payload_of(session.message(request(35, close))));
  REQUIRE(said);
  REQUIRE(said->ioepoch.handle.cookie == 0x0be11);
  REQUIRE(said->record.fid.seq == 0x200000401);
  REQUIRE(said->record.fid.oid == 7);
}

TEST_CASE("a quirk leaves what a step says as it is") {
  Session session = connected();
  Step step = request(400, ops::ObdPing::Request{});
  step.quirks = Step::own_handle | Step::own_conn_cnt;
  const Message ping = payload_of(session.message(step));
  REQUIRE(ping.body().handle.cookie == 0);
  REQUIRE(ping.body().conn_cnt == 0);
}

TEST_CASE("bytes that are no message are sent to the server's portal as they are") {
  Session session = session_of();
  const auto sent = session.message({.kind = Step::Kind::request, .bytes = {1, 2, 3}});
  REQUIRE(sent);
  const LnetMessage whole = LnetMessage::parse(*sent).value();
  REQUIRE(whole.payload == Bytes(std::vector<uint8_t>{1, 2, 3}));
  REQUIRE(lnet::LnetPut(whole.header.msg).ptl_index == ptlrpc::portal::kMdsRequest);
}

TEST_CASE("what the server asks is answered once") {
  Session session = session_of();
  REQUIRE_FALSE(session.message({.kind = Step::Kind::answer, .bytes = {1}}));
  protocol::MessageBuilder builder(
      {.type = ptlrpc::msg_type::kRequest, .opc = ptlrpc::opcode::kLdlmBlCallback});
  lnet::LnetHdr header{.dest_nid = kPeer.nid, .src_nid = kServer.nid, .type = 1};
  header.msg = lnet::LnetPut{.ack_wmd = {~uint64_t{0}, ~uint64_t{0}},
                             .match_bits = 77,
                             .ptl_index = ptlrpc::portal::kLdlmCbRequest};
  session.heard(kPeer, builder.finish(header));

  const auto answer = session.message({.kind = Step::Kind::answer, .bytes = {1}});
  REQUIRE(answer);
  const lnet::LnetPut put = LnetMessage::parse(*answer).value().header.msg;
  REQUIRE(put.match_bits == 77);
  REQUIRE(put.ptl_index == ptlrpc::portal::kLdlmCbReply);
  REQUIRE_FALSE(session.message({.kind = Step::Kind::answer, .bytes = {1}}));
}
