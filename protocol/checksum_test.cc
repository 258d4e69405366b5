#include "protocol/checksum.h"

#include <catch2/catch.hpp>

namespace protocol {

// The published check values of both algorithms are those of "123456789" and "Wikipedia".
TEST_CASE("crc32: the published check value, without its final inversion") {
  REQUIRE(crc32(as_bytes("123456789")) == (0xCBF43926U ^ 0xffffffffU));
}

TEST_CASE("crc32: continues where it stopped") {
  REQUIRE(crc32(as_bytes("6789"), crc32(as_bytes("12345"))) == crc32(as_bytes("123456789")));
}

TEST_CASE("adler32: the published check value") {
  REQUIRE(adler32(as_bytes("Wikipedia")) == 0x11E60398U);
}

TEST_CASE("adler32: long runs of 255 do not overflow") {
  const std::vector<uint8_t> bytes(100000, 0xff);
  uint32_t sum = kAdler32Start;
  for (const uint8_t byte : bytes) sum = adler32({&byte, 1}, sum);
  REQUIRE(adler32(bytes) == sum);
}

}  // namespace protocol
