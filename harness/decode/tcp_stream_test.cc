#include "harness/decode/tcp_stream.h"

#include <catch2/catch.hpp>
#include <string>

using harness::StreamPiece;
using harness::TcpSegment;
using harness::TcpStream;

namespace {

TcpSegment segment(uint32_t sequence, std::string_view text) {
  TcpSegment made;
  made.sequence = sequence;
  made.payload = protocol::as_bytes(text);
  made.payload_length = static_cast<uint32_t>(text.size());
  return made;
}

TcpSegment syn(uint32_t sequence) {
  TcpSegment made = segment(sequence, "");
  made.syn = true;
  return made;
}

// The pieces as text, a hole of n bytes as <n>.
std::string text(const std::vector<StreamPiece>& pieces) {
  std::string all;
  for (const StreamPiece& piece : pieces) {
    all.append(piece.bytes.begin(), piece.bytes.end());
    if (piece.missing > 0) all += "<" + std::to_string(piece.missing) + ">";
  }
  return all;
}

}  // namespace

TEST_CASE("segments in order come through at once") {
  TcpStream stream;
  REQUIRE(text(stream.feed(syn(99))).empty());
  REQUIRE(text(stream.feed(segment(100, "abc"))) == "abc");
  REQUIRE(text(stream.feed(segment(103, "de"))) == "de");
  REQUIRE(stream.delivered() == 5);
}

TEST_CASE("what arrives early waits for what is before it") {
  TcpStream stream;
  stream.feed(syn(99));
  REQUIRE(text(stream.feed(segment(103, "de"))).empty());
  REQUIRE(text(stream.feed(segment(105, "f"))).empty());
  REQUIRE(text(stream.feed(segment(100, "abc"))) == "abcdef");
}

TEST_CASE("what arrives twice counts once") {
  TcpStream stream;
  stream.feed(syn(99));
  REQUIRE(text(stream.feed(segment(100, "abc"))) == "abc");
  REQUIRE(text(stream.feed(segment(100, "abc"))).empty());
  REQUIRE(text(stream.feed(segment(101, "bcde"))) == "de");
  REQUIRE(stream.repeated() == 5);
}

TEST_CASE("a segment that overlaps what waits on both sides fills the hole between") {
  TcpStream stream;
  stream.feed(syn(99));
  stream.feed(segment(102, "cd"));
  stream.feed(segment(106, "gh"));
  REQUIRE(text(stream.feed(segment(101, "bcdefgh"))).empty());
  REQUIRE(text(stream.feed(segment(100, "a"))) == "abcdefgh");
  REQUIRE(stream.delivered() == 8);
}

TEST_CASE("a keepalive before the start of the stream is not taken for data") {
  TcpStream stream;
  stream.feed(syn(99));
  REQUIRE(text(stream.feed(segment(99, "x"))).empty());
  REQUIRE(text(stream.feed(segment(100, "abc"))) == "abc");
}

TEST_CASE("sequence numbers wrap around") {
  TcpStream stream;
  stream.feed(syn(0xfffffffd));
  REQUIRE(text(stream.feed(segment(0xfffffffe, "abcd"))) == "abcd");
  REQUIRE(text(stream.feed(segment(2, "ef"))) == "ef");
}

TEST_CASE("a hole is given up at the end, and its size told") {
  TcpStream stream;
  stream.feed(syn(99));
  stream.feed(segment(100, "ab"));
  REQUIRE(text(stream.feed(segment(107, "hi"))).empty());
  REQUIRE(text(stream.finish()) == "<5>hi");
}

TEST_CASE("a hole that the peer acknowledged is given up after some patience") {
  TcpStream stream;
  stream.feed(syn(99));
  stream.feed(segment(103, "de"));
  for (int i = 0; i < TcpStream::kPatience; ++i) {
    REQUIRE(text(stream.peer_acknowledged(105)).empty());
  }
  REQUIRE(text(stream.peer_acknowledged(105)) == "<3>de");
}

TEST_CASE("a stream whose start was not captured begins with the first segment seen") {
  TcpStream stream;
  REQUIRE(text(stream.feed(segment(7000, "xyz"))) == "xyz");
  CHECK_FALSE(stream.saw_start());
}

TEST_CASE("a SYN with another number begins another connection") {
  TcpStream stream;
  stream.feed(syn(99));
  CHECK_FALSE(stream.begins_anew(syn(99)));
  REQUIRE(stream.begins_anew(syn(5000)));
  CHECK_FALSE(stream.begins_anew(segment(5000, "a")));
}
