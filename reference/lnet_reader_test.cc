// The byte sequences are those of facts: lnet-socklnd 2 to 4.
#include "reference/lnet_reader.h"

#include <catch2/catch.hpp>
#include <string_view>

#include "protocol/checksum.h"

namespace reference {
namespace {

using protocol::ByteOrder;
using protocol::ByteView;
using protocol::WireError;

std::vector<uint8_t> hex(std::string_view text) {
  std::vector<uint8_t> out;
  int digits = 0;
  uint8_t value = 0;
  for (const char c : text) {
    if (c == ' ' || c == '\n') continue;
    const int digit = c <= '9' ? c - '0' : c - 'a' + 10;
    value = static_cast<uint8_t>(value << 4 | digit);
    if (++digits % 2 == 0) out.push_back(value);
  }
  return out;
}

std::vector<uint8_t> operator+(std::vector<uint8_t> a, const std::vector<uint8_t>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

const uint64_t kServer = 0x00020000c0a80a01;
const uint64_t kClient = 0x00020000c0a80a15;
const auto kAcceptor = hex("00 71 ce ac 01 00 00 00 01 0a a8 c0 00 00 02 00");
const auto kHello3 =
    hex("63 69 72 45 03 00 00 00 15 0a a8 c0 00 00 02 00 01 0a a8 c0 00 00 02 00"
        "39 30 00 00 00 00 00 00 e5 d4 c3 b2 a1 50 06 00 00 00 00 00 00 00 00 00"
        "01 00 00 00 00 00 00 00");
const auto kHello1 =
    hex("ed 0d bc ee 01 00 00 00 15 0a a8 c0 00 00 02 00 00 00 00 00 39 30 00 00"
        "04 00 00 00 00 00 00 00 e5 d4 c3 b2 a1 50 06 00 01 00 00 00"
        "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00");
const auto kNoop = hex("c0 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 07 00 00 00 00 00 00 00");
const auto kKsock = hex("c1 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00");
const auto kGet =
    hex("15 0a a8 c0 00 00 02 00 01 0a a8 c0 00 00 02 00 39 30 00 00 39 30 00 00"
        "02 00 00 00 00 00 00 00 01 00 00 00 5a 5a 5a 5a 1d 00 00 00 00 00 00 00"
        "01 00 00 b0 d3 b3 04 00 08 00 00 00 00 00 00 00 00 00 10 00 00 00 00 00");

// A PUT with `length` bytes of payload.
std::vector<uint8_t> put(uint32_t length) {
  auto message =
      hex("01 0a a8 c0 00 00 02 00 15 0a a8 c0 00 00 02 00 39 30 00 00 39 30 00 00 01 00 00 00");
  for (int i = 0; i < 4; ++i) message.push_back(static_cast<uint8_t>(length >> 8 * i));
  message.resize(kLnetHeaderSize);
  for (uint32_t i = 0; i < length; ++i) message.push_back(static_cast<uint8_t>(i * 7));
  return message;
}

// All units of a stream that comes in pieces of `chunk` bytes, and the error at its end.
struct Reading {
  std::vector<LnetUnit> units;
  std::optional<WireError> error;
};
Reading read_all(LnetReader::Side side, ByteView stream, size_t chunk = SIZE_MAX) {
  LnetReader reader(side);
  Reading reading;
  while (!stream.empty()) {
    ByteView piece = stream.first(std::min(chunk, stream.size()));
    stream = stream.subspan(piece.size());
    while (!piece.empty()) {
      auto unit = reader.next(piece);
      if (!unit) {
        reading.error = unit.error();
        return reading;
      }
      if (*unit) reading.units.push_back(std::move(**unit));
    }
  }
  return reading;
}

}  // namespace

TEST_CASE("an acceptor request and a HELLO of version 3 are read") {
  const Reading reading = read_all(LnetReader::Side::active, kAcceptor + kHello3);
  REQUIRE(reading.units.size() == 2);
  CHECK(std::get<AcceptorRequest>(reading.units[0]).nid == kServer);
  const Hello& hello = std::get<Hello>(reading.units[1]);
  CHECK(hello.version == 3);
  CHECK((hello.source == PeerId{kClient, kLnetPid}));
  CHECK(hello.destination_nid == kServer);
  CHECK(hello.incarnation == 0x000650a1b2c3d4e5);
  CHECK(hello.type == ConnType::control);
}

TEST_CASE("what is written is what was read") {
  CHECK(encode_acceptor_request(kServer) == kAcceptor);
  for (const auto& bytes : {kHello3, kHello1}) {
    const Reading reading = read_all(LnetReader::Side::passive, bytes);
    REQUIRE(reading.units.size() == 1);
    CHECK(encode_hello(std::get<Hello>(reading.units[0])) == bytes);
  }
  CHECK(encode_frame_head(3, {0, 7}, {}, false) == kNoop);
  CHECK(encode_frame_head(2, {0, 0}, kGet, false) == kKsock);
  CHECK(encode_frame_head(1, {0, 0}, kGet, false).empty());
}

TEST_CASE("a HELLO of version 1 is an lnet header, and messages have nothing in front") {
  const Reading reading = read_all(LnetReader::Side::passive, kHello1 + kGet + put(9));
  REQUIRE(reading.units.size() == 3);
  CHECK(std::get<Hello>(reading.units[0]).version == 1);
  CHECK(std::get<Hello>(reading.units[0]).incarnation == 0x000650a1b2c3d4e5);
  CHECK(std::get<Frame>(reading.units[1]).message == Bytes(kGet));
  CHECK(std::get<Frame>(reading.units[2]).message == Bytes(put(9)));
}

TEST_CASE("however the stream is cut, the units are the same") {
  const auto stream =
      kAcceptor + kHello3 + kNoop + kKsock + put(300) + kKsock + kGet + kKsock + put(0) + kNoop;
  const Reading whole = read_all(LnetReader::Side::active, stream);
  REQUIRE(whole.units.size() == 7);
  REQUIRE_FALSE(whole.error);
  for (size_t chunk = 1; chunk < stream.size(); ++chunk) {
    const Reading cut = read_all(LnetReader::Side::active, stream, chunk);
    REQUIRE(cut.units.size() == 7);
    for (size_t i = 2; i < 7; ++i) {
      REQUIRE(std::get<Frame>(cut.units[i]).message == std::get<Frame>(whole.units[i]).message);
      REQUIRE(std::get<Frame>(cut.units[i]).cookies == std::get<Frame>(whole.units[i]).cookies);
    }
  }
}

TEST_CASE("each prefix of a stream is read without an error") {
  const auto stream = kAcceptor + kHello3 + kKsock + put(40) + kNoop;
  for (size_t length = 0; length <= stream.size(); ++length) {
    const Reading reading = read_all(LnetReader::Side::active, ByteView(stream).first(length));
    REQUIRE_FALSE(reading.error);
    const size_t expected =
        size_t{length >= 16} + size_t{length >= 72} + size_t{length >= 208} + size_t{length >= 232};
    REQUIRE(reading.units.size() == expected);
  }
}

TEST_CASE("a big-endian peer swaps all but the lnet header") {
  const auto hello =
      hex("45 72 69 63 00 00 00 02 00 02 00 00 c0 a8 0a 15 00 02 00 00 c0 a8 0a 01"
          "00 00 30 39 00 00 00 00 00 06 50 a1 b2 c3 d4 e5 00 00 00 00 00 00 00 00"
          "00 00 00 02 00 00 00 01 0a 00 00 07");
  const auto ksock = hex("00 00 00 c1 00 00 00 00 00 00 00 00 00 00 00 09 00 00 00 00 00 00 00 03");
  const Reading reading =
      read_all(LnetReader::Side::active,
               hex("ac ce 71 00 00 00 00 01 00 02 00 00 c0 a8 0a 01") + hello + ksock + kGet);
  REQUIRE(reading.units.size() == 3);
  CHECK(std::get<AcceptorRequest>(reading.units[0]).nid == kServer);
  const Hello& read = std::get<Hello>(reading.units[1]);
  CHECK(read.order == ByteOrder::big);
  CHECK(read.version == 2);
  CHECK((read.source == PeerId{kClient, kLnetPid}));
  CHECK(read.type == ConnType::bulk_in);
  CHECK(read.interfaces == std::vector<uint32_t>{0x0a000007});
  const Frame& frame = std::get<Frame>(reading.units[2]);
  CHECK((frame.cookies == std::array<uint64_t, 2>{9, 3}));
  CHECK(frame.message == Bytes(kGet));
}

TEST_CASE("hostile bytes are refused by field and offset") {
  auto bytes = kHello3;
  bytes[0] = 0x64;
  auto error = *read_all(LnetReader::Side::passive, bytes).error;
  CHECK((error.field == "kshm_magic" && error.offset == 0 && error.found == 0x45726964));

  bytes = kHello3;
  bytes[52] = 17;
  error = *read_all(LnetReader::Side::passive, bytes).error;
  CHECK((error.field == "kshm_nips" && error.offset == 52 && error.found == 17));

  bytes = kHello3 + kKsock;
  bytes[56] = 0xc2;
  error = *read_all(LnetReader::Side::passive, bytes).error;
  CHECK((error.field == "ksm_type" && error.offset == 0 && error.found == 0xc2));

  error = *read_all(LnetReader::Side::passive, kHello3 + kKsock + put(kLnetMaxPayload + 1)).error;
  CHECK((error.field == "payload_length" && error.offset == 28 && error.allowed == 1048576));

  bytes = kHello3 + kKsock + kGet;
  bytes[56 + 24 + 28] = 1;
  error = *read_all(LnetReader::Side::passive, bytes).error;
  CHECK((error.field == "payload_length" && error.found == 1 && error.allowed == 0));

  bytes = kHello3 + kKsock + kGet;
  bytes[56 + 24 + 24] = 4;
  error = *read_all(LnetReader::Side::passive, bytes).error;
  CHECK((error.field == "type" && error.offset == 24 && error.found == 4));
}

TEST_CASE("a checksum of version 2 covers header and payload; version 3 wants none") {
  auto hello = kHello3;
  hello[4] = 2;
  const auto message = put(20);
  const auto head = encode_frame_head(2, {5, 0}, message, true);
  CHECK(Bytes(ByteView(head)).slice(4, 4) != Bytes(std::vector<uint8_t>(4)));
  CHECK(read_all(LnetReader::Side::passive, hello + head + message).units.size() == 2);

  auto broken = message;
  broken.back() ^= 1;
  const auto error = read_all(LnetReader::Side::passive, hello + head + broken).error;
  REQUIRE(error);
  CHECK((error->field == "ksm_csum" && error->offset == 4));
  CHECK(read_all(LnetReader::Side::passive, kHello3 + head + message).error->field == "ksm_csum");
}

TEST_CASE("a HELLO of an unknown version ends the reading") {
  auto hello = kHello3;
  hello[4] = 4;
  LnetReader reader(LnetReader::Side::passive);
  ByteView input(hello);
  const auto unit = reader.next(input);
  REQUIRE(unit);
  CHECK(std::get<Hello>(**unit).version == 4);
}

}  // namespace reference
