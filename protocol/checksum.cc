#include "protocol/checksum.h"

#include <algorithm>
#include <array>

namespace protocol {
namespace {

using Tables = std::array<std::array<uint32_t, 256>, 8>;

// tables[k][b]: what byte b contributes when k further bytes follow it.
constexpr Tables make_tables() {
  Tables tables = {};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t value = byte;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? 0xEDB88320U : 0U);
    tables[0][byte] = value;
  }
  for (size_t k = 1; k < tables.size(); ++k) {
    for (uint32_t byte = 0; byte < 256; ++byte) {
      const uint32_t before = tables[k - 1][byte];
      tables[k][byte] = (before >> 8) ^ tables[0][before & 0xff];
    }
  }
  return tables;
}
constexpr Tables kTables = make_tables();

}  // namespace

uint32_t crc32(ByteView bytes, uint32_t sum) {
  while (bytes.size() >= 8) {
    uint32_t low = 0;
    uint32_t high = 0;
    std::memcpy(&low, bytes.data(), 4);
    std::memcpy(&high, bytes.data() + 4, 4);
    low ^= sum;
    sum = kTables[7][low & 0xff] ^ kTables[6][(low >> 8) & 0xff] ^ kTables[5][(low >> 16) & 0xff] ^
          kTables[4][low >> 24] ^ kTables[3][high & 0xff] ^ kTables[2][(high >> 8) & 0xff] ^
          kTables[1][(high >> 16) & 0xff] ^ kTables[0][high >> 24];
    bytes = bytes.subspan(8);
  }
  for (const uint8_t byte : bytes) sum = (sum >> 8) ^ kTables[0][(sum ^ byte) & 0xff];
  return sum;
}

uint32_t adler32(ByteView bytes, uint32_t sum) {
  constexpr uint32_t kModulus = 65521;
  // So many bytes of 255 keep the second sum below 2^32.
  constexpr size_t kRun = 5552;
  uint32_t a = sum & 0xffff;
  uint32_t b = sum >> 16;
  while (!bytes.empty()) {
    const size_t run = std::min(bytes.size(), kRun);
    // Thirty-two bytes at once: each is in the first sum once, and in the second as often as bytes
    // from it to the end of the block. Compilers make vector code of it.
    const uint8_t* data = bytes.data();
    const uint8_t* const end = data + run;
    for (; end - data >= 32; data += 32) {
      uint32_t plain = 0;
      uint32_t weighted = 0;
      for (uint32_t i = 0; i < 32; ++i) {
        plain += data[i];
        weighted += (32 - i) * data[i];
      }
      b += 32 * a + weighted;
      a += plain;
    }
    for (; data != end; ++data) {
      a += *data;
      b += a;
    }
    a %= kModulus;
    b %= kModulus;
    bytes = bytes.subspan(run);
  }
  return b << 16 | a;
}

}  // namespace protocol
