#include "harness/decode/socklnd_stream.h"

#include <catch2/catch.hpp>

using harness::SocklndFrame;
using harness::SocklndStream;
using Kind = harness::SocklndFrame::Kind;
using Octets = std::vector<uint8_t>;

namespace {

void put(Octets& out, uint64_t value, size_t width) {
  for (size_t i = 0; i < width; ++i) out.push_back(static_cast<uint8_t>(value >> (8 * i)));
}

Octets acceptor_request() {
  Octets out;
  put(out, 0xacce7100, 4);
  put(out, 1, 4);
  put(out, 0x000200007f000001, 8);
  return out;
}

Octets hello(uint32_t version) {
  Octets out;
  put(out, 0x45726963, 4);
  put(out, version, 4);
  out.resize(out.size() + 40);
  put(out, 1, 4);  // control
  put(out, 0, 4);  // no interfaces
  return out;
}

Octets lnet_put(uint32_t payload) {
  Octets out;
  put(out, 0x000200007f000001, 8);
  put(out, 0x000200007f000002, 8);
  put(out, 12345, 4);
  put(out, 12345, 4);
  put(out, 1, 4);
  put(out, payload, 4);
  out.resize(72);
  out.resize(72 + payload, 0xee);
  return out;
}

Octets ksock(uint32_t type) {
  Octets out;
  put(out, type, 4);
  out.resize(24);
  return out;
}

Octets operator+(Octets a, const Octets& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

Octets message(uint32_t payload) { return ksock(0xc1) + lnet_put(payload); }

std::vector<Kind> kinds(const std::vector<SocklndFrame>& frames) {
  std::vector<Kind> found;
  for (const SocklndFrame& frame : frames) found.push_back(frame.kind);
  return found;
}

}  // namespace

TEST_CASE("the active side's stream is acceptor request, HELLO, messages") {
  SocklndStream stream(true);
  const auto frames = stream.feed(acceptor_request() + hello(3) + message(10) + ksock(0xc0));
  REQUIRE(kinds(frames) == std::vector{Kind::acceptor, Kind::hello, Kind::message, Kind::noop});
  REQUIRE(frames[2].bytes.size() == 106);
  REQUIRE(frames[2].offset == 72);
  REQUIRE(frames[2].version == 3);
}

TEST_CASE("a frame comes out with its last byte, however the bytes are cut") {
  SocklndStream stream(true);
  const Octets all = hello(2) + message(300);
  for (size_t i = 0; i + 1 < all.size(); ++i) {
    const auto frames = stream.feed(protocol::ByteView(all).subspan(i, 1));
    REQUIRE(frames.size() == (i + 1 == 56 ? 1 : 0));
  }
  REQUIRE(kinds(stream.feed(protocol::ByteView(all).last(1))) == std::vector{Kind::message});
  REQUIRE(stream.finish().empty());
}

TEST_CASE("a peer of the other byte order is understood; its LNet header is little-endian anyhow") {
  Octets big;
  for (const uint32_t word : {0x45726963u, 2u}) put(big, std::byteswap(word), 4);
  big.resize(48);
  for (const uint32_t word : {1u, 0u}) put(big, std::byteswap(word), 4);
  Octets header;
  put(header, std::byteswap(0xc1u), 4);
  header.resize(24);
  SocklndStream stream(true);
  const auto frames = stream.feed(big + header + lnet_put(4));
  REQUIRE(kinds(frames) == std::vector{Kind::hello, Kind::message});
  REQUIRE(frames[1].order == protocol::ByteOrder::big);
  REQUIRE(frames[1].bytes.size() == 100);
}

TEST_CASE("version 1 has no header of its own before the LNet header") {
  Octets first = lnet_put(0);
  Octets magic;
  put(magic, 0xeebc0ded, 4);
  put(magic, 1, 4);
  std::copy(magic.begin(), magic.end(), first.begin());
  SocklndStream stream(true);
  const auto frames = stream.feed(first + lnet_put(20));
  REQUIRE(kinds(frames) == std::vector{Kind::hello_v1, Kind::message});
  REQUIRE(frames[1].bytes.size() == 92);
  REQUIRE(frames[1].version == 1);
}

TEST_CASE("a hole inside a message is skipped and the next message is found by length") {
  SocklndStream stream(true);
  stream.feed(hello(3));
  REQUIRE(stream.feed(protocol::ByteView(message(1000)).first(200)).empty());
  const auto cut = stream.missing(500);
  REQUIRE(kinds(cut) == std::vector{Kind::message, Kind::gap});
  REQUIRE(cut[0].cut());
  REQUIRE(cut[0].whole == 1096);
  const auto rest = stream.feed(Octets(396, 0xee) + message(5));
  REQUIRE(kinds(rest) == std::vector{Kind::lost, Kind::message});
}

TEST_CASE("a hole past the end of a message is bridged by looking for the next header") {
  SocklndStream stream(true);
  stream.feed(hello(3) + message(0));
  REQUIRE(kinds(stream.missing(77)) == std::vector{Kind::gap});
  const auto frames = stream.feed(Octets(33, 0xc1) + message(8));
  REQUIRE(kinds(frames) == std::vector{Kind::lost, Kind::message});
  REQUIRE(frames[0].bytes.size() == 33);
  REQUIRE(frames[0].why == "behind a hole");
}

TEST_CASE("the end of the capture in the middle of a message leaves what is there") {
  SocklndStream stream(true);
  stream.feed(hello(3) + ksock(0xc1) + lnet_put(50));
  stream.feed(protocol::ByteView(message(50)).first(100));
  const auto frames = stream.finish();
  REQUIRE(kinds(frames) == std::vector{Kind::message});
  REQUIRE(frames[0].cut());
  REQUIRE(frames[0].bytes.size() == 100);
  REQUIRE(frames[0].whole == 146);
}

TEST_CASE("what does not begin as LNet does is foreign, unless the port says LNet") {
  SocklndStream stream(false);
  const Octets http{'G', 'E', 'T', ' ', '/', ' ', 'H', 'T', 'T', 'P'};
  REQUIRE(stream.feed(http).empty());
  REQUIRE(stream.foreign());
  REQUIRE(stream.foreign_bytes() == http.size());
  SocklndStream expected(true);
  REQUIRE(expected.feed(http).empty());
  REQUIRE(kinds(expected.finish()) == std::vector{Kind::lost});
}

TEST_CASE("a length that cannot be loses the message and not the program") {
  SocklndStream stream(true);
  Octets bad = message(0);
  for (size_t i = 0; i < 4; ++i) bad[24 + 28 + i] = 0xff;
  const auto frames = stream.feed(hello(3) + bad + message(7));
  REQUIRE(kinds(frames) == std::vector{Kind::hello, Kind::lost, Kind::message});
  REQUIRE(frames[1].bytes.size() == 96);
}
