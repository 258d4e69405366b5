// Any message that the tables allow, from peers of both byte orders: decoded and encoded again it
// is the same message in our order. Then the same messages damaged: nothing breaks.
#include <algorithm>
#include <catch2/catch.hpp>
#include <vector>

#include "protocol/description.h"
#include "protocol/made_messages.h"
#include "protocol/message.h"
#include "protocol/operation_info.h"

namespace protocol {
namespace {

Bytes recoded(const Bytes& bytes, const DirectionInfo& direction) {
  const auto message = Message::parse(bytes);
  REQUIRE(message);
  MessageBuilder builder(message->body());
  const auto error = direction.recode(*message, builder);
  INFO((error ? error->text() : ""));
  REQUIRE_FALSE(error);
  return builder.finish();
}

}  // namespace

TEST_CASE("Peers: a message of either byte order decodes and encodes to the same message") {
  MessageMaker peer(1);
  for_each_direction([&](const OperationInfo& operation, const DirectionInfo& direction) {
    INFO(operation.name);
    for (int round = 0; round < 20; ++round) {
      const ptlrpc::PtlrpcBody body{.opc = operation.opcode, .last_xid = peer.below(1U << 30)};
      const std::vector<Content> buffers = peer.buffers(direction);
      const Bytes ours = message_of(body, buffers);
      REQUIRE(recoded(ours, direction) == ours);
      const Bytes foreign = foreign_message(body, buffers, direction, *Message::parse(ours));
      REQUIRE(Message::parse(foreign)->order() == ByteOrder::big);
      REQUIRE(recoded(foreign, direction) == ours);
    }
  });
}

TEST_CASE("Peers: every byte of such a message is explained, or raw data") {
  MessageMaker peer(2);
  for_each_direction([&](const OperationInfo& operation, const DirectionInfo& direction) {
    const Direction which =
        &direction == &operation.request ? Direction::request : Direction::reply;
    for (int round = 0; round < 5; ++round) {
      const Bytes bytes = message_of({.opc = operation.opcode}, peer.buffers(direction));
      const auto message = Message::parse(bytes);
      for (const Unexplained& part : describe(*message, &operation, which).unexplained) {
        INFO(operation.name << ": " << part.reason);
        const bool known = part.reason.starts_with("an EA") ||
                           part.reason.starts_with("not a log") ||
                           part.reason.starts_with("bytes behind the end") ||
                           part.reason.starts_with("longer than xattr_acl") ||
                           part.reason.starts_with("shorter than lov");
        REQUIRE(known);
      }
    }
  });
}

TEST_CASE("Peers: damaged messages are refused or understood, never more") {
  MessageMaker peer(3);
  for_each_direction([&](const OperationInfo& operation, const DirectionInfo& direction) {
    for (int round = 0; round < 40; ++round) {
      const Bytes whole = message_of({.opc = operation.opcode}, peer.buffers(direction));
      Content bytes(whole.view().begin(), whole.view().end());
      for (uint64_t times = 1 + peer.below(4); times > 0; --times) {
        // The head decides most, so half of the damage goes there.
        const size_t place =
            peer.below(peer.below(2) == 0 ? std::min<size_t>(64, bytes.size()) : bytes.size());
        bytes[place] = static_cast<uint8_t>(peer.below(256));
      }
      bytes.resize(bytes.size() - peer.below(3) * peer.below(16));
      const auto message = Message::parse(Bytes(std::move(bytes)));
      if (!message) continue;
      MessageBuilder builder(message->body());
      static_cast<void>(direction.recode(*message, builder));
      static_cast<void>(identify(operation.dialect, *message));
      const Direction which =
          &direction == &operation.request ? Direction::request : Direction::reply;
      REQUIRE(describe(*message, &operation, which).unexplained_bytes() <= 2 * whole.size());
    }
  });
}

}  // namespace protocol
