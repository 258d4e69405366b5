#include "protocol/text.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "protocol/lnet.h"
#include "protocol/operations_1_8.h"
#include "protocol/operations_2_0.h"
#include "protocol/ost.h"

namespace protocol {
namespace {

using operations_2_0::MdsGetattr;

Bytes getattr_reply() {
  MessageBuilder builder({.type = ptlrpc::msg_type::kReply, .opc = MdsGetattr::kOpcode});
  std::vector<uint8_t> md;
  append(md, ost::LovMdsMdV1{.magic = ost::lov_magic::kV1, .pattern = 1, .stripe_count = 1});
  append(md, ost::LovOstDataV1{.object_id = 7, .ost_idx = 3});
  MdsGetattr::Reply reply{.body = {.fid1 = {.seq = 0x200000400, .oid = 5}, .valid = 0x7}};
  reply.md = md;
  reply.encode(builder);
  return builder.finish();
}

}  // namespace

TEST_CASE("Text: numbers have the schema's names") {
  REQUIRE(number_text(33, &ptlrpc::opcode::kNames) == "33 MDS_GETATTR");
  REQUIRE(number_text(6, &ptlrpc::msg_flag::kNames) == "0x6 MSG_RESENT|MSG_REPLAY");
  REQUIRE(number_text(0x40000002, &ptlrpc::msg_flag::kNames) == "0x40000002 MSG_RESENT|0x40000000");
  REQUIRE(number_text(static_cast<uint64_t>(-2), nullptr, false, true) == "-2");
}

TEST_CASE("Text: a struct, one field per line") {
  const ost::LovOstDataV1 stripe{.object_id = 7, .ost_idx = 3};
  const Description description =
      describe(ost::LovOstDataV1::kInfo, bytes_of(stripe), ByteOrder::little);
  REQUIRE(to_text(description) ==
          "lov_ost_data_v1\n"
          "  l_object_id: 7\n"
          "  l_object_seq: 0\n"
          "  l_ost_gen: 0\n"
          "  l_ost_idx: 3\n");
  REQUIRE(to_line(description) == "lov_ost_data_v1{l_object_id=7 l_ost_idx=3}");
}

TEST_CASE("Text: the 1.8 dialect has names of its own") {
  const ost::LovOstDataV1 stripe{.object_seq = 9};
  const Description description =
      describe(ost::LovOstDataV1::kInfo, bytes_of(stripe), ByteOrder::little, Dialect::v1_8);
  REQUIRE(to_line(description) == "lov_ost_data_v1{l_object_gr=9}");
}

TEST_CASE("Text: a big-endian sender's numbers are turned, its handles are not") {
  ptlrpc::PtlrpcBody body{.handle = {.cookie = 0x1234}, .opc = 33};
  std::vector<uint8_t> bytes(sizeof(body));
  encode(body, bytes, ByteOrder::big);
  REQUIRE(to_line(describe(ptlrpc::PtlrpcBody::kInfo, bytes, ByteOrder::big)) ==
          "ptlrpc_body{pb_handle=0x1234 pb_opc=33 MDS_GETATTR}");
}

TEST_CASE("Text: the type of an LNet message chooses the member of its union") {
  lnet::LnetHdr header{.dest_nid = 0x00020000c0a80a01, .type = lnet::lnet_msg_type::kGet};
  set_overlay(header.msg, lnet::LnetGet{.match_bits = 1, .ptl_index = 8, .sink_length = 4096});
  REQUIRE(to_line(describe(lnet::LnetHdr::kInfo, bytes_of(header), ByteOrder::little)) ==
          "lnet_hdr_t{dest_nid=192.168.10.1@tcp type=2 LNET_MSG_GET msg{match_bits=0x1 "
          "ptl_index=8 OST_BULK_PORTAL sink_length=4096}}");
}

TEST_CASE("Text: a message's buffers are in their places, its layout EA is read") {
  const Bytes bytes = getattr_reply();
  const Description description =
      describe(*Message::parse(bytes), &MdsGetattr::kInfo, Direction::reply);
  REQUIRE(description.unexplained.empty());
  const auto json = to_json(description);
  REQUIRE(json["body"]["fid1"] == "[0x200000400:0x5:0x0]");
  REQUIRE(json["md"]["lmm_magic"]["name"] == "LOV_MAGIC_V1");
  REQUIRE(json["md"]["lmm_objects"][0]["l_ost_idx"] == 3);
  REQUIRE(json["ptlrpc_body"]["pb_opc"]["value"] == 33);
}

TEST_CASE("Text: bytes that the schema does not know of are listed with the reason") {
  MessageBuilder builder({.type = ptlrpc::msg_type::kRequest, .opc = MdsGetattr::kOpcode});
  std::vector<uint8_t> longer(sizeof(mds_2_0::MdtBody) + 4, 1);
  builder.add(longer);
  builder.add(ByteView{});
  builder.add(as_bytes("more"));
  const Bytes bytes = builder.finish();
  const Description description =
      describe(*Message::parse(bytes), &MdsGetattr::kInfo, Direction::request);
  REQUIRE(description.unexplained.size() == 2);
  REQUIRE(description.unexplained[0].offset == 48 + 152 + 216);
  REQUIRE(description.unexplained[0].length == 4);
  REQUIRE(description.unexplained[0].reason == "longer than mdt_body (216 bytes)");
  REQUIRE(description.unexplained[1].reason == "buffer without a place in the format");
}

TEST_CASE("Text: the operation may be unknown") {
  const Bytes bytes = getattr_reply();
  const Description description = describe(*Message::parse(bytes), nullptr, Direction::reply);
  REQUIRE(description.unexplained.size() == 2);
  REQUIRE(description.unexplained[0].reason == "buffer of an unknown operation");
}

}  // namespace protocol
