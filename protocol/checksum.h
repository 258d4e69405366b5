// The checksums on this wire. Facts: lnet-socklnd 3 and 5, rpc-formats OST notes.
#pragma once

#include <cstdint>

#include "protocol/bytes.h"

namespace protocol {

inline constexpr uint32_t kCrc32Start = 0xffffffff;
inline constexpr uint32_t kAdler32Start = 1;

// CRC-32 (reflected, polynomial 0xEDB88320) without the final inversion, as Lustre computes it
// everywhere: socklnd headers and early replies start with all ones, and so does bulk. Continues
// `sum` over more bytes.
uint32_t crc32(ByteView bytes, uint32_t sum = kCrc32Start);

// Adler-32 of bulk data, started with 1.
uint32_t adler32(ByteView bytes, uint32_t sum = kAdler32Start);

}  // namespace protocol
