#include "harness/decode/segment.h"

#include <fmt/core.h>

#include <algorithm>

namespace harness {
namespace {

using protocol::ByteView;

// LINKTYPE_* of the pcap formats; libpcap's DLT_RAW differs from LINKTYPE_RAW.
constexpr uint32_t kNull = 0, kEthernet = 1, kDltRaw = 12, kDltRawBsd = 14, kRaw = 101, kLoop = 108,
                   kCooked = 113, kIpv4 = 228, kCooked2 = 276;
constexpr uint32_t kTypeIpv4 = 0x0800, kTypeVlan = 0x8100, kTypeQinq = 0x88a8;
constexpr uint32_t kProtocolTcp = 6;

uint32_t big_endian(ByteView bytes, size_t offset, size_t length) {
  uint32_t value = 0;
  for (size_t i = 0; i < length; ++i) value = value << 8 | bytes[offset + i];
  return value;
}

// What follows an Ethernet-like type at `offset`, if that is IPv4.
std::optional<ByteView> after_type(ByteView bytes, size_t offset) {
  while (bytes.size() >= offset + 2) {
    const uint32_t type = big_endian(bytes, offset, 2);
    if (type == kTypeIpv4) return bytes.subspan(offset + 2);
    if (type != kTypeVlan && type != kTypeQinq) return std::nullopt;
    offset += 4;
  }
  return std::nullopt;
}

std::optional<ByteView> ip_packet(uint32_t link_type, ByteView bytes) {
  switch (link_type) {
    case kEthernet:
      return after_type(bytes, 12);
    case kCooked:
      return after_type(bytes, 14);
    case kCooked2:
      if (bytes.size() < 20 || big_endian(bytes, 0, 2) != kTypeIpv4) return std::nullopt;
      return bytes.subspan(20);
    case kNull:
    case kLoop:
      if (bytes.size() < 4) return std::nullopt;
      return bytes.subspan(4);
    case kDltRaw:
    case kDltRawBsd:
    case kRaw:
    case kIpv4:
      return bytes;
    default:
      return std::nullopt;
  }
}

}  // namespace

std::string TcpEnd::text() const {
  return fmt::format("{}.{}.{}.{}:{}", address >> 24, address >> 16 & 0xff, address >> 8 & 0xff,
                     address & 0xff, port);
}

bool known_link_type(uint32_t link_type) {
  constexpr uint32_t kKnown[] = {kNull, kEthernet, kDltRaw, kDltRawBsd, kRaw,
                                 kLoop, kCooked,   kIpv4,   kCooked2};
  return std::ranges::find(kKnown, link_type) != std::end(kKnown);
}

std::optional<TcpSegment> tcp_segment(const CapturedPacket& packet) {
  const std::optional<ByteView> found = ip_packet(packet.link_type, packet.bytes);
  if (!found || found->size() < 20 || (*found)[0] >> 4 != 4) return std::nullopt;
  const ByteView ip = *found;
  const size_t ip_header = static_cast<size_t>(ip[0] & 0xf) * 4;
  const uint32_t fragment = big_endian(ip, 6, 2) & 0x3fff;  // more-fragments bit and offset
  if (ip_header < 20 || ip[9] != kProtocolTcp || fragment != 0) return std::nullopt;
  // Length 0: the network card was to cut the packet into segments; all of it is one here.
  size_t length = big_endian(ip, 2, 2);
  if (length == 0) length = ip.size() + (packet.length_on_wire - packet.bytes.size());
  if (length < ip_header + 20 || ip.size() < ip_header + 20) return std::nullopt;
  const ByteView tcp = ip.subspan(ip_header);
  const size_t tcp_header = static_cast<size_t>(tcp[12] >> 4) * 4;
  if (tcp_header < 20 || tcp_header > length - ip_header) return std::nullopt;

  TcpSegment segment;
  segment.from = {big_endian(ip, 12, 4), static_cast<uint16_t>(big_endian(tcp, 0, 2))};
  segment.to = {big_endian(ip, 16, 4), static_cast<uint16_t>(big_endian(tcp, 2, 2))};
  segment.sequence = big_endian(tcp, 4, 4);
  segment.acknowledged = big_endian(tcp, 8, 4);
  const uint8_t flags = tcp[13];
  segment.fin = (flags & 0x01) != 0;
  segment.syn = (flags & 0x02) != 0;
  segment.rst = (flags & 0x04) != 0;
  segment.has_ack = (flags & 0x10) != 0;
  // Behind the IP packet an Ethernet frame may have padding.
  segment.payload_length = static_cast<uint32_t>(length - ip_header - tcp_header);
  if (tcp.size() > tcp_header) {
    segment.payload = tcp.subspan(tcp_header);
    segment.payload =
        segment.payload.first(std::min<size_t>(segment.payload.size(), segment.payload_length));
  }
  return segment;
}

}  // namespace harness
