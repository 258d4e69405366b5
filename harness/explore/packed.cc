#include "harness/explore/packed.h"

#include <lz4.h>

#include "protocol/check.h"

namespace harness::explore {

Packed::Packed(std::span<const uint8_t> bytes) : length_(static_cast<uint32_t>(bytes.size())) {
  CHECK(bytes.size() <= LZ4_MAX_INPUT_SIZE);
  const int length = static_cast<int>(length_);
  std::vector<char> room(static_cast<size_t>(LZ4_compressBound(length)));
  const int packed = LZ4_compress_default(reinterpret_cast<const char*>(bytes.data()), room.data(),
                                          length, static_cast<int>(room.size()));
  CHECK(packed > 0);
  packed_.assign(room.begin(), room.begin() + packed);
}

void Packed::unpack(std::vector<uint8_t>& out) const {
  out.resize(length_);
  const int length =
      LZ4_decompress_safe(packed_.data(), reinterpret_cast<char*>(out.data()),
                          static_cast<int>(packed_.size()), static_cast<int>(length_));
  CHECK(length == static_cast<int>(length_));
}

}  // namespace harness::explore
