// From a captured packet to the TCP segment in it: Ethernet (with VLAN tags), the loopback and raw
// link types and Linux's cooked ones; IPv4. Fragments are not put together.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>

#include "harness/decode/capture_file.h"
#include "protocol/bytes.h"

namespace harness {

struct TcpEnd {
  uint32_t address = 0;  // IPv4 as a number: 127.0.0.1 is 0x7f000001
  uint16_t port = 0;

  std::string text() const;  // "127.0.0.1:988"
  friend auto operator<=>(const TcpEnd&, const TcpEnd&) = default;
};

struct TcpSegment {
  TcpEnd from;
  TcpEnd to;
  uint32_t sequence = 0;
  uint32_t acknowledged = 0;  // meaningful with has_ack
  bool syn = false;
  bool fin = false;
  bool rst = false;
  bool has_ack = false;
  protocol::ByteView payload;   // what was captured of it
  uint32_t payload_length = 0;  // what was sent: more than payload holds if the capture cut it
};

// Nothing for packets of other protocols and for those too short to be what they say.
std::optional<TcpSegment> tcp_segment(const CapturedPacket& packet);

// Whether packets of this link type can be read at all.
bool known_link_type(uint32_t link_type);

}  // namespace harness
