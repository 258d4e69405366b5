#include "protocol/lnet_message.h"

#include "protocol/codec.h"

namespace protocol {

std::expected<LnetMessage, WireError> LnetMessage::parse(const Bytes& bytes) {
  const auto header = decode<lnet::LnetHdr>(bytes.view());
  if (!header) return std::unexpected(header.error());
  const size_t length = bytes.size() - sizeof(lnet::LnetHdr);
  const uint32_t offset = offsetof(lnet::LnetHdr, payload_length);
  if (header->payload_length > kLnetPayloadMax) {
    return std::unexpected(WireError{"lnet_hdr", "payload_length", offset, header->payload_length,
                                     kLnetPayloadMax, WireError::Kind::too_many});
  }
  if (header->payload_length != length) {
    return std::unexpected(WireError{"lnet_hdr", "payload_length", offset, header->payload_length,
                                     length, WireError::Kind::bad_length});
  }
  return LnetMessage{*header, bytes.slice(sizeof(lnet::LnetHdr))};
}

Bytes LnetMessage::build() const {
  lnet::LnetHdr complete = header;
  complete.payload_length = static_cast<uint32_t>(payload.size());
  BytesBuilder builder(sizeof(complete) + payload.size());
  builder.append(bytes_of(complete));
  builder.append(payload.view());
  return builder.finish();
}

}  // namespace protocol
