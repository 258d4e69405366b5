#include "faults/injector.h"

#include <catch2/catch.hpp>

#include "protocol/lnet.h"
#include "protocol/message.h"
#include "protocol/ptlrpc.h"

using faults::Injector;
using faults::Part;
using faults::Rule;
using faults::Verdict;
using reference::PeerId;

namespace {

namespace opcode = protocol::ptlrpc::opcode;
constexpr PeerId kClient{.nid = 0x200000a000065, .pid = 12345};
constexpr PeerId kOther{.nid = 0x200000a000066, .pid = 12345};
constexpr PeerId kServer{.nid = 0x200000a000002, .pid = 12345};

protocol::Bytes message(uint32_t type, uint32_t opc, uint32_t checksum = 0) {
  protocol::ptlrpc::PtlrpcBody body{.type = type, .opc = opc};
  protocol::MessageBuilder builder(body);
  builder.header().cksum = checksum;
  return builder.finish(
      protocol::lnet::LnetHdr{.type = protocol::lnet::lnet_msg_type::kPut});
}
protocol::Bytes request(uint32_t opc) {
  return message(protocol::ptlrpc::msg_type::kRequest, opc);
}
protocol::Bytes reply(uint32_t opc) { return message(protocol::ptlrpc::msg_type::kReply, opc); }

}  // namespace

TEST_CASE("A rule drops the second reply of an operation and no other") {
  Injector injector;
  injector.add({.part = Part::reply, .opcode = opcode::kMdsReint, .first = 2});

  REQUIRE(injector.judge(kServer, kClient, reply(opcode::kMdsReint)) == Verdict::pass);
  REQUIRE(injector.judge(kClient, kServer, request(opcode::kMdsReint)) == Verdict::pass);
  REQUIRE(injector.judge(kServer, kClient, reply(opcode::kMdsClose)) == Verdict::pass);
  REQUIRE(injector.judge(kServer, kClient, reply(opcode::kMdsReint)) == Verdict::drop);
  REQUIRE(injector.judge(kServer, kClient, reply(opcode::kMdsReint)) == Verdict::pass);
  REQUIRE(injector.struck(0) == 1);
}

TEST_CASE("A rule for one client leaves another's messages alone") {
  Injector injector;
  injector.add({.part = Part::request, .opcode = opcode::kOstWrite, .client = kClient,
                .times = faults::kAlways, .verdict = Verdict::hold});

  REQUIRE(injector.judge(kOther, kServer, request(opcode::kOstWrite)) == Verdict::pass);
  REQUIRE(injector.judge(kClient, kServer, request(opcode::kOstWrite)) == Verdict::hold);
  REQUIRE(injector.judge(kClient, kServer, request(opcode::kOstWrite)) == Verdict::hold);
}

TEST_CASE("Early replies, and what is no ptlrpc message, pass") {
  Injector injector;
  injector.add({.part = Part::reply, .opcode = opcode::kMdsReint, .times = faults::kAlways});

  const auto early = message(protocol::ptlrpc::msg_type::kReply, opcode::kMdsReint, 0x1234);
  REQUIRE(injector.judge(kServer, kClient, early) == Verdict::pass);
  const std::vector<uint8_t> noise(100, 0xff);
  REQUIRE(injector.judge(kServer, kClient, protocol::Bytes(noise)) == Verdict::pass);
}
