// A whole LNet message: lnet_hdr (72 bytes, always little-endian) and its payload. This is what
// machines send and receive; socklnd's framing is a layer below. Facts: lnet-socklnd 4.
#pragma once

#include <expected>

#include "protocol/bytes.h"
#include "protocol/lnet.h"

namespace protocol {

// The largest payload LNet carries without routers being told otherwise.
inline constexpr uint32_t kLnetPayloadMax = 1U << 20;

struct LnetMessage {
  lnet::LnetHdr header;
  Bytes payload;

  // The payload shares the bytes. payload_length must be what follows the header, and not above the
  // largest payload.
  static std::expected<LnetMessage, WireError> parse(const Bytes& bytes);
  // Header and payload in one string; payload_length is filled in.
  Bytes build() const;
};

}  // namespace protocol
