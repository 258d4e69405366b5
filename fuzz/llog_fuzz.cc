// What lies in buffers without fields, as peers send it: layouts and striping wishes, records of
// configuration logs, and the texts that are made of them. The first byte chooses.
#include <vector>

#include "protocol/check.h"
#include "protocol/codec.h"
#include "protocol/description.h"
#include "protocol/llog.h"
#include "protocol/message.h"
#include "reference/config_targets.h"
#include "reference/layout.h"

namespace {

using protocol::ByteView;

void read_layout(ByteView bytes) {
  if (const auto layout = reference::decode_layout(bytes)) {
    const protocol::Bytes encoded = reference::encode_layout(*layout);
    CHECK(reference::decode_layout(encoded.view()) == layout, "a layout that changed");
  }
  static_cast<void>(reference::as_version_1(protocol::Bytes(bytes)));
  if (const auto wish = reference::decode_wish(bytes)) {
    CHECK(reference::decode_wish(reference::encode_wish(*wish).view()) == wish,
          "a wish that changed");
  }
}

void read_records(ByteView bytes) {
  reference::ConfigTargets targets;
  while (bytes.size() >= protocol::llog::LlogRecHdr::kSize) {
    const auto header = protocol::decode<protocol::llog::LlogRecHdr>(bytes);
    const size_t length = std::min<size_t>(header->len, bytes.size());
    if (!targets.apply(bytes.first(length)) || length == 0) break;
    bytes = bytes.subspan(length);
  }
}

// The reply that brings a chunk of a log, or an attribute; described as `assay decode` does.
void describe_reply(ByteView bytes, protocol::Dialect dialect, uint32_t opcode) {
  const protocol::OperationInfo* operation = protocol::find(dialect, opcode);
  CHECK(operation != nullptr);
  protocol::MessageBuilder builder({.type = protocol::ptlrpc::msg_type::kReply, .opc = opcode});
  // Every bit that could say that there is more is set.
  const std::vector<uint8_t> body(operation->reply.buffers[0].structure->size, uint8_t{0xff});
  builder.add(ByteView(body));
  builder.add(bytes);
  const auto message = protocol::Message::parse(builder.finish());
  CHECK(message);
  const auto description = describe(*message, operation, protocol::Direction::reply);
  CHECK(description.unexplained_bytes() <= message->bytes().size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const ByteView bytes = ByteView(data, size).subspan(1);
  const protocol::Dialect dialect =
      (data[0] & 8) != 0 ? protocol::Dialect::v2_0 : protocol::Dialect::v1_8;
  switch (data[0] & 7) {
    case 0:
      read_layout(bytes);
      break;
    case 1:
      read_records(bytes);
      break;
    case 2:
      describe_reply(bytes, dialect, protocol::ptlrpc::opcode::kLlogOriginHandleNextBlock);
      break;
    default:
      describe_reply(bytes, dialect, protocol::ptlrpc::opcode::kMdsGetattr);
  }
  return 0;
}
