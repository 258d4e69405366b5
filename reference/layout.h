// How a regular file is striped over objects: the LOV attribute of both versions (identical bytes;
// facts: differences 9) and the wishes that clients put in its place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <vector>

#include "protocol/bytes.h"
#include "reference/fid.h"

namespace reference {

using protocol::Bytes;

inline constexpr uint32_t kStripeCountMax = 160;       // LOV_MAX_STRIPE_COUNT
inline constexpr uint32_t kStripeSizeUnit = 1u << 16;  // LOV_MIN_STRIPE_SIZE
inline constexpr uint32_t kStripeOnAll = 0xffff;       // a count: every OST there is
inline constexpr uint32_t kStripeAnywhere = 0xffff;    // an offset: the server chooses
inline constexpr size_t kPoolNameMax = 16;

struct Stripe {
  uint64_t object_id = 0;
  uint64_t object_seq = 0;      // 0: objects made for MDT0
  uint32_t ost_generation = 0;  // of the OST's index in the configuration
  uint32_t ost_index = 0;
  bool operator==(const Stripe&) const = default;
  void state(auto&& visit) const { visit(object_id, object_seq, ost_generation, ost_index); }
};

struct Layout {
  uint64_t object_id = 0;   // of the file: 1.8 its inode number, 2.0 (ver << 32 | oid) of its FID
  uint64_t object_seq = 0;  // 1.8: 0; 2.0: seq of the FID
  uint32_t stripe_size = 0;
  std::string pool;  // not empty: version 3 of the attribute
  std::vector<Stripe> stripes;
  bool operator==(const Layout&) const = default;
  void state(auto&& visit) const { visit(object_id, object_seq, stripe_size, pool, stripes); }
};

// What a client asks for, or what a directory has for new files in it. 0 leaves it to the default.
struct StripingWish {
  uint32_t stripe_count = 0;
  uint32_t stripe_size = 0;
  uint32_t stripe_offset = kStripeAnywhere;
  std::string pool;
  bool operator==(const StripingWish&) const = default;
};

// The attribute's bytes.
Bytes encode_layout(const Layout& layout);
// -EINVAL when the bytes are no layout of RAID0 objects, v1 or v3, of exactly the size that its
// stripe count calls for.
std::expected<Layout, int32_t> decode_layout(protocol::ByteView bytes);
// -EINVAL when it is no wish or asks for what cannot be.
std::expected<StripingWish, int32_t> decode_wish(protocol::ByteView bytes);
Bytes encode_wish(const StripingWish& wish);

// A v3 attribute as a client without OBD_CONNECT_LOV_V3 may see it: as v1. Others unchanged.
Bytes as_version_1(const Bytes& attribute);

// Bytes of the attribute with so many stripes.
constexpr uint32_t layout_size(size_t stripe_count, bool with_pool) {
  return (with_pool ? 48u : 32u) + 24u * static_cast<uint32_t>(stripe_count);
}

}  // namespace reference
