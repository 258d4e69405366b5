#include "harness/decode/segment.h"

#include <catch2/catch.hpp>

using harness::CapturedPacket;
using harness::tcp_segment;
using Octets = std::vector<uint8_t>;

namespace {

constexpr uint32_t kEthernet = 1, kLoopback = 0, kRawIp = 101, kWireless = 105;

// An IPv4 packet with a TCP segment of 3 bytes from 10.0.0.1:1023 to 10.0.0.2:988.
Octets ip_packet() {
  Octets out{0x45, 0, 0, 43, 0, 0, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2};
  const Octets tcp{0x03, 0xff, 0x03, 0xdc, 0, 0, 0, 100, 0,   0,   0,  200,
                   0x50, 0x10, 0,    0,    0, 0, 0, 0,   'a', 'b', 'c'};
  out.insert(out.end(), tcp.begin(), tcp.end());
  return out;
}

Octets ethernet(const Octets& tags, const Octets& ip) {
  Octets out(12, 0xee);
  out.insert(out.end(), tags.begin(), tags.end());
  out.insert(out.end(), {0x08, 0x00});
  out.insert(out.end(), ip.begin(), ip.end());
  return out;
}

CapturedPacket packet(uint32_t link_type, const Octets& bytes) {
  return {.number = 1,
          .time_ns = 0,
          .link_type = link_type,
          .bytes = bytes,
          .length_on_wire = static_cast<uint32_t>(bytes.size())};
}

std::string payload(const std::optional<harness::TcpSegment>& segment) {
  return segment ? std::string(protocol::as_text(segment->payload)) : "none";
}

}  // namespace

TEST_CASE("a segment in an Ethernet frame") {
  const Octets frame = ethernet({}, ip_packet());
  const auto segment = tcp_segment(packet(kEthernet, frame));
  REQUIRE(segment);
  REQUIRE(segment->from.text() == "10.0.0.1:1023");
  REQUIRE(segment->to.text() == "10.0.0.2:988");
  REQUIRE(segment->sequence == 100);
  REQUIRE(segment->acknowledged == 200);
  REQUIRE(segment->has_ack);
  REQUIRE(payload(segment) == "abc");
}

TEST_CASE("VLAN tags, the loopback and the raw link types") {
  const Octets tagged = ethernet({0x81, 0x00, 0, 7}, ip_packet());
  REQUIRE(payload(tcp_segment(packet(kEthernet, tagged))) == "abc");
  Octets loopback{2, 0, 0, 0};
  const Octets ip = ip_packet();
  loopback.insert(loopback.end(), ip.begin(), ip.end());
  REQUIRE(payload(tcp_segment(packet(kLoopback, loopback))) == "abc");
  REQUIRE(payload(tcp_segment(packet(kRawIp, ip))) == "abc");
  CHECK_FALSE(tcp_segment(packet(kWireless, ip)));
  CHECK_FALSE(harness::known_link_type(kWireless));
}

TEST_CASE("padding of a short Ethernet frame is no payload") {
  Octets frame = ethernet({}, ip_packet());
  frame.resize(60, 0);
  REQUIRE(payload(tcp_segment(packet(kEthernet, frame))) == "abc");
}

TEST_CASE("a packet cut by the capture tells how long it was") {
  Octets frame = ethernet({}, ip_packet());
  frame.pop_back();
  const auto segment = tcp_segment(packet(kEthernet, frame));
  REQUIRE(payload(segment) == "ab");
  REQUIRE(segment->payload_length == 3);
}

TEST_CASE("any prefix of a packet is refused or read, never overrun") {
  const Octets frame = ethernet({}, ip_packet());
  for (size_t length = 0; length < frame.size(); ++length) {
    const Octets prefix(frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(length));
    const auto segment = tcp_segment(packet(kEthernet, prefix));
    REQUIRE(segment.has_value() == (length >= 14 + 40));
  }
}
