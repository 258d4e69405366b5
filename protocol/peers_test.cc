// Any message that the tables allow, from peers of both byte orders: decoded and encoded again it
// is the same message in our order. The big-endian form is made by walking the tables, so the
// tables and the generated swap_bytes check each other. Then the same messages damaged: nothing
// breaks.
#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <random>
#include <vector>

#include "protocol/buffers.h"
#include "protocol/description.h"
#include "protocol/message.h"
#include "protocol/operation_info.h"

namespace protocol {
namespace {

using Content = std::vector<uint8_t>;

class Peer {
 public:
  explicit Peer(uint64_t seed) : random_(seed) {}

  uint64_t below(uint64_t limit) { return random_() % limit; }

  Content bytes(size_t count) {
    Content out(count);
    for (uint8_t& byte : out) byte = static_cast<uint8_t>(below(256));
    return out;
  }

  // The buffers of one message in our byte order.
  std::vector<Content> buffers(const DirectionInfo& direction) {
    std::vector<Content> made;
    std::vector<Content> sent;
    size_t left_out = 0;
    const uint64_t kept = below(direction.buffers.size() + 1);
    for (const BufferInfo& info : direction.buffers) {
      const size_t place = made.size();
      // Optional buffers are left off at the end only.
      if (info.optional && place >= kept) break;
      const bool due = !direction.compact || announced(info.presence, made);
      Content content = due ? buffer(info) : Content{};
      // What is announced is there; a buffer that is empty otherwise moves to the end.
      while (due && direction.compact && content.empty()) content = buffer(info);
      made.push_back(content);
      if (due) sent.push_back(content);
      if (!due) ++left_out;
    }
    sent.resize(sent.size() + left_out);
    return sent;
  }

 private:
  Content buffer(const BufferInfo& info) {
    if (info.may_be_empty && below(4) == 0) return {};
    switch (info.kind) {
      case BufferKind::structure: {
        Content out = bytes(info.structure->size);
        if (!info.structure->fields.empty() && info.structure->fields.back().trailing) {
          const Content more = bytes(below(4) * info.structure->fields.back().width);
          out.insert(out.end(), more.begin(), more.end());
        }
        if (out.size() < info.count) out.resize(info.count);
        return out;
      }
      case BufferKind::integer:
        return bytes(info.element_size);
      case BufferKind::array:
        return bytes(below(4) * info.element_size);
      case BufferKind::text: {
        Content out(info.count > 0 ? below(info.count) : 1 + below(20));
        for (uint8_t& byte : out) byte = static_cast<uint8_t>('a' + below(26));
        out.resize(info.count > 0 ? info.count : out.size() + 1);
        return out;
      }
      case BufferKind::data:
        return bytes(info.count > 0 ? info.count : below(40));
    }
    return {};
  }

  static bool announced(const Presence& presence, const std::vector<Content>& made) {
    if (presence.width == 0) return true;
    uint64_t value = 0;
    for (uint32_t i = 0; i < presence.width; ++i) {
      value |= uint64_t{made[presence.buffer][presence.offset + i]} << (8 * i);
    }
    return (value & presence.mask) != 0;
  }

  std::mt19937_64 random_;
};

void turn(uint8_t* bytes, const StructInfo& info);

void turn(uint8_t* bytes, const FieldInfo& field, uint32_t count) {
  if (field.opaque || field.little_endian) return;
  for (uint32_t index = 0; index < count; ++index, bytes += field.width) {
    if (field.kind == FieldKind::structure) {
      turn(bytes, *field.structure);
    } else if (field.kind != FieldKind::bytes && field.kind != FieldKind::text) {
      std::reverse(bytes, bytes + field.width);
    }
  }
}

void turn(uint8_t* bytes, const StructInfo& info) {
  if (info.opaque || info.little_endian) return;
  for (const FieldInfo& field : info.fields) {
    if (!field.trailing) turn(bytes + field.offset, field, field.count);
  }
}

// A buffer as a big-endian peer sends it.
void turn(Content& content, const BufferInfo& info) {
  if (content.empty() || info.kind == BufferKind::text || info.kind == BufferKind::data) return;
  if (info.kind == BufferKind::structure) {
    turn(content.data(), *info.structure);
    const FieldInfo& last = info.structure->fields.back();
    const size_t rest = content.size() - info.structure->size;
    if (last.trailing) {
      turn(content.data() + info.structure->size, last, static_cast<uint32_t>(rest / last.width));
    }
    return;
  }
  for (size_t place = 0; place + info.element_size <= content.size(); place += info.element_size) {
    if (info.structure != nullptr) {
      turn(content.data() + place, *info.structure);
    } else {
      std::reverse(content.begin() + static_cast<long>(place),
                   content.begin() + static_cast<long>(place + info.element_size));
    }
  }
}

Bytes message_of(const ptlrpc::PtlrpcBody& body, const std::vector<Content>& buffers) {
  MessageBuilder builder(body);
  for (const Content& content : buffers) builder.add(content);
  return builder.finish();
}

// The same message from a big-endian peer. `places` tells which buffer of the format each one is.
Bytes foreign_message(const ptlrpc::PtlrpcBody& body, std::vector<Content> buffers,
                      const DirectionInfo& direction, const Message& ours) {
  BufferCursor cursor(ours, direction);
  for (const BufferInfo& info : direction.buffers) {
    const auto slot = cursor.next();
    if (slot) turn(buffers[*slot - 1], info);
  }
  const Bytes little = message_of(body, buffers);
  Content out(little.view().begin(), little.view().end());
  const auto words = static_cast<uint32_t>(8 + buffers.size() + 1);
  for (uint32_t word = 0; word < words; ++word) {
    std::reverse(out.begin() + 4 * word, out.begin() + 4 * word + 4);
  }
  turn(out.data() + message_header_size(static_cast<uint32_t>(buffers.size() + 1)),
       ptlrpc::PtlrpcBody::kInfo);
  return Bytes(std::move(out));
}

Bytes recoded(const Bytes& bytes, const DirectionInfo& direction) {
  const auto message = Message::parse(bytes);
  REQUIRE(message);
  MessageBuilder builder(message->body());
  const auto error = direction.recode(*message, builder);
  INFO((error ? error->text() : ""));
  REQUIRE_FALSE(error);
  return builder.finish();
}

template <class Each>
void for_each_direction(Each each) {
  for (const Dialect dialect : {Dialect::v1_8, Dialect::v2_0}) {
    for (const OperationInfo* operation : operations(dialect)) {
      each(*operation, operation->request);
      each(*operation, operation->reply);
    }
  }
}

}  // namespace

TEST_CASE("Peers: a message of either byte order decodes and encodes to the same message") {
  Peer peer(1);
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
  Peer peer(2);
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
  Peer peer(3);
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
