#include "protocol/message.h"

#include <catch2/catch.hpp>

#include "protocol/lnet_message.h"
#include "protocol/operations_1_8.h"
#include "protocol/operations_2_0.h"

namespace protocol {
namespace {

ptlrpc::PtlrpcBody request_body(uint32_t opcode) {
  return {.type = ptlrpc::msg_type::kRequest, .opc = opcode, .last_xid = 77};
}

Bytes three_buffers() {
  MessageBuilder builder(request_body(33));
  builder.add(as_bytes("abc"));
  builder.add_string("a name");
  return builder.finish();
}

std::vector<uint8_t> mutable_copy(const Bytes& bytes) {
  return {bytes.view().begin(), bytes.view().end()};
}

// The same message from a big-endian sender: only the envelope is turned.
Bytes turned(const Bytes& bytes) {
  std::vector<uint8_t> out = mutable_copy(bytes);
  const uint32_t count = *decode<uint32_t>(out);
  const auto turn = [&out](size_t offset) {
    std::reverse(out.begin() + static_cast<long>(offset),
                 out.begin() + static_cast<long>(offset) + 4);
  };
  for (uint32_t word = 0; word < 8 + count; ++word) turn(size_t{4} * word);
  auto body = *decode<ptlrpc::PtlrpcBody>(ByteView(out).subspan(message_header_size(count)));
  encode(body, ByteSpan(out).subspan(message_header_size(count)), ByteOrder::big);
  return Bytes(std::move(out));
}

}  // namespace

TEST_CASE("Message: what was built is parsed") {
  const auto message = Message::parse(three_buffers());
  REQUIRE(message);
  REQUIRE(message->order() == ByteOrder::little);
  REQUIRE(message->buffer_count() == 3);
  REQUIRE(message->body() == request_body(33));
  REQUIRE(as_text(message->buffer(1)) == "abc");
  REQUIRE(as_text(message->buffer(2)) == std::string_view("a name", 7));
  REQUIRE(message->buffer(3).empty());
  REQUIRE(message->length() == 48 + 152 + 8 + 8);
  REQUIRE(message->bytes().size() == message->length());
}

TEST_CASE("Message: a big-endian sender is recognised by the magic") {
  const auto message = Message::parse(turned(three_buffers()));
  REQUIRE(message);
  REQUIRE(message->order() == ByteOrder::big);
  REQUIRE(message->body() == request_body(33));
  REQUIRE(as_text(message->buffer(2)) == std::string_view("a name", 7));
}

TEST_CASE("Message: no prefix of a message is taken for one") {
  const Bytes whole = three_buffers();
  // The last byte is padding, which may be missing.
  for (size_t length = 0; length + 1 < whole.size(); ++length) {
    CHECK_FALSE(Message::parse(whole.slice(0, length)));
  }
  REQUIRE(Message::parse(whole.slice(0, whole.size() - 1)));
}

TEST_CASE("Message: lying buffer lengths are refused with their place") {
  for (const uint32_t lie : {0xffffffffU, 0xfffffff9U, 0x7fffffffU, 500U}) {
    for (uint32_t index = 0; index < 3; ++index) {
      std::vector<uint8_t> bytes = mutable_copy(three_buffers());
      encode(lie, ByteSpan(bytes).subspan(32 + 4 * index));
      const auto message = Message::parse(std::move(bytes));
      REQUIRE_FALSE(message);
      REQUIRE(message.error().field == "lm_buflens");
      REQUIRE(message.error().offset == 32 + 4 * index);
    }
  }
}

TEST_CASE("Message: a huge or zero buffer count is refused") {
  for (const uint32_t lie : {0U, 33U, 0x40000000U, 0xffffffffU}) {
    std::vector<uint8_t> bytes = mutable_copy(three_buffers());
    encode(lie, ByteSpan(bytes));
    const auto message = Message::parse(std::move(bytes));
    REQUIRE_FALSE(message);
    REQUIRE(message.error().field == "lm_bufcount");
  }
}

TEST_CASE("Message: another magic is refused") {
  std::vector<uint8_t> bytes = mutable_copy(three_buffers());
  encode(ptlrpc::msg_magic::kV1, ByteSpan(bytes).subspan(8));
  const auto message = Message::parse(std::move(bytes));
  REQUIRE_FALSE(message);
  REQUIRE(message.error().kind == WireError::Kind::bad_magic);
}

TEST_CASE("Message: a body of 88 bytes is filled up with zeros, a shorter one refused") {
  ptlrpc::PtlrpcBody body = request_body(400);
  body.pre_versions[0] = 5;
  MessageBuilder builder(body, 0, 0, 0, 88);
  const Bytes bytes = builder.finish();
  REQUIRE(bytes.size() == 40 + 88);
  const auto message = Message::parse(bytes);
  REQUIRE(message);
  REQUIRE(message->body_length() == 88);
  REQUIRE(message->body() == request_body(400));

  std::vector<uint8_t> shorter = mutable_copy(bytes);
  encode(uint32_t{80}, ByteSpan(shorter).subspan(32));
  REQUIRE(Message::parse(std::move(shorter)).error().field == "ptlrpc_body");
}

TEST_CASE("Message: one string serves as a whole LNet message") {
  MessageBuilder builder(request_body(400));
  const Bytes bytes =
      builder.finish(lnet::LnetHdr{.dest_nid = 5, .type = lnet::lnet_msg_type::kPut});
  const auto whole = LnetMessage::parse(bytes);
  REQUIRE(whole);
  REQUIRE(whole->header.dest_nid == 5);
  REQUIRE(whole->header.payload_length == 192);
  REQUIRE(whole->build() == bytes);
  REQUIRE(Message::parse(whole->payload));
}

TEST_CASE("MessageBuilder: the body may be filled in after the buffers") {
  MessageBuilder builder(request_body(38));
  builder.add_string("name");
  builder.body().transno = 42;
  const auto message = Message::parse(builder.finish());
  REQUIRE(message);
  CHECK(message->body().transno == 42);
  CHECK(message->buffer(1).size() == 5);
}

TEST_CASE("LnetMessage: a length that is not the payload's is refused") {
  const LnetMessage message{.header = {}, .payload = Bytes(std::vector<uint8_t>(10))};
  const Bytes bytes = message.build();
  REQUIRE(LnetMessage::parse(bytes.slice(0, 81)).error().kind == WireError::Kind::bad_length);
  REQUIRE(LnetMessage::parse(bytes.slice(0, 71)).error().kind == WireError::Kind::too_short);
}

TEST_CASE("Operations: CONNECT travels both ways") {
  const operations_2_0::MdsConnect::Request request{.target_uuid = "lustre-MDT0000_UUID",
                                                    .client_uuid = "c0ffee",
                                                    .client_handle = {.cookie = 0x1234},
                                                    .connect_data = {.connect_flags = 0xff}};
  MessageBuilder builder(request_body(38));
  request.encode(builder);
  const auto message = Message::parse(builder.finish());
  REQUIRE(message);
  REQUIRE(message->buffer(1).size() == 39);
  const auto decoded = operations_2_0::MdsConnect::Request::decode(*message);
  REQUIRE(decoded);
  REQUIRE(decoded->target_uuid == request.target_uuid);
  REQUIRE(decoded->client_uuid == request.client_uuid);
  REQUIRE(decoded->client_handle == request.client_handle);
  REQUIRE(decoded->connect_data == request.connect_data);
  REQUIRE(identify(Dialect::v2_0, *message) == &operations_2_0::MdsConnect::kInfo);
}

TEST_CASE("Operations: a missing buffer is named") {
  MessageBuilder builder(request_body(38));
  builder.add_string("target");
  const auto decoded =
      operations_1_8::MdsConnect::Request::decode(*Message::parse(builder.finish()));
  REQUIRE_FALSE(decoded);
  REQUIRE(decoded.error().text() ==
          "MDS_CONNECT.client_uuid at 200: buffer 2 is missing, the message has 2");
}

}  // namespace protocol
