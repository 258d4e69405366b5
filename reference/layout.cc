#include "reference/layout.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "protocol/codec.h"
#include "protocol/ost.h"

namespace reference {

namespace {

using protocol::ost::LovMdsMdV1;
using protocol::ost::LovMdsMdV3;
using protocol::ost::LovOstDataV1;
using protocol::ost::LovUserMdV1;
using protocol::ost::LovUserMdV3;

constexpr uint32_t kMagicV1 = 0x0bd10bd0;
constexpr uint32_t kMagicV3 = 0x0bd30bd0;
constexpr uint32_t kPatternRaid0 = 1;

uint32_t magic_of(protocol::ByteView bytes) {
  uint32_t magic = 0;
  if (bytes.size() >= sizeof magic) std::memcpy(&magic, bytes.data(), sizeof magic);
  return magic;
}

template <class Wire>
void fill_pool(Wire& wire, const std::string& pool) {
  std::memcpy(wire.pool_name.data(), pool.data(), std::min(pool.size(), kPoolNameMax));
}

template <class Wire>
std::string pool_of(const Wire& wire) {
  const char* name = reinterpret_cast<const char*>(wire.pool_name.data());
  return std::string(name, strnlen(name, kPoolNameMax));
}

template <class Wire>
Wire head_of(const Layout& layout, uint32_t magic) {
  Wire wire;
  wire.magic = magic;
  wire.pattern = kPatternRaid0;
  wire.object_id = layout.object_id;
  wire.object_seq = layout.object_seq;
  wire.stripe_size = layout.stripe_size;
  wire.stripe_count = static_cast<uint32_t>(layout.stripes.size());
  return wire;
}

template <class Wire>
std::expected<Layout, int32_t> decode_as(protocol::ByteView bytes) {
  const auto wire = protocol::decode<Wire>(bytes);
  if (!wire || wire->pattern != kPatternRaid0 || wire->stripe_count > kStripeCountMax ||
      bytes.size() != Wire::kSize + size_t{LovOstDataV1::kSize} * wire->stripe_count) {
    return std::unexpected(-EINVAL);
  }
  Layout layout;
  layout.object_id = wire->object_id;
  layout.object_seq = wire->object_seq;
  layout.stripe_size = wire->stripe_size;
  if constexpr (std::is_same_v<Wire, LovMdsMdV3>) layout.pool = pool_of(*wire);
  for (size_t at = Wire::kSize; at < bytes.size(); at += LovOstDataV1::kSize) {
    const auto stripe = protocol::decode<LovOstDataV1>(bytes.subspan(at));
    layout.stripes.push_back(
        {stripe->object_id, stripe->object_seq, stripe->ost_gen, stripe->ost_idx});
  }
  return layout;
}

bool is_possible(const StripingWish& wish) {
  return wish.stripe_size % kStripeSizeUnit == 0 &&
         (wish.stripe_count <= kStripeCountMax || wish.stripe_count == kStripeOnAll);
}

template <class Wire>
std::expected<StripingWish, int32_t> decode_wish_as(protocol::ByteView bytes) {
  const auto wire = protocol::decode<Wire>(bytes);
  if (!wire || (wire->pattern != 0 && wire->pattern != kPatternRaid0)) {
    return std::unexpected(-EINVAL);
  }
  StripingWish wish{wire->stripe_count, wire->stripe_size, wire->stripe_offset, {}};
  if constexpr (std::is_same_v<Wire, LovUserMdV3>) wish.pool = pool_of(*wire);
  if (!is_possible(wish)) return std::unexpected(-EINVAL);
  return wish;
}

}  // namespace

Bytes encode_layout(const Layout& layout) {
  std::vector<uint8_t> bytes;
  if (layout.pool.empty()) {
    protocol::append(bytes, head_of<LovMdsMdV1>(layout, kMagicV1));
  } else {
    auto wire = head_of<LovMdsMdV3>(layout, kMagicV3);
    fill_pool(wire, layout.pool);
    protocol::append(bytes, wire);
  }
  for (const Stripe& stripe : layout.stripes) {
    LovOstDataV1 wire;
    wire.object_id = stripe.object_id;
    wire.object_seq = stripe.object_seq;
    wire.ost_gen = stripe.ost_generation;
    wire.ost_idx = stripe.ost_index;
    protocol::append(bytes, wire);
  }
  return Bytes(std::move(bytes));
}

std::expected<Layout, int32_t> decode_layout(protocol::ByteView bytes) {
  switch (magic_of(bytes)) {
    case kMagicV1: return decode_as<LovMdsMdV1>(bytes);
    case kMagicV3: return decode_as<LovMdsMdV3>(bytes);
    default: return std::unexpected(-EINVAL);
  }
}

std::expected<StripingWish, int32_t> decode_wish(protocol::ByteView bytes) {
  switch (magic_of(bytes)) {
    case kMagicV1: return decode_wish_as<LovUserMdV1>(bytes);
    case kMagicV3: return decode_wish_as<LovUserMdV3>(bytes);
    default: return std::unexpected(-EINVAL);
  }
}

Bytes encode_wish(const StripingWish& wish) {
  LovUserMdV3 wire;
  wire.magic = wish.pool.empty() ? kMagicV1 : kMagicV3;
  wire.pattern = kPatternRaid0;
  wire.stripe_size = wish.stripe_size;
  wire.stripe_count = static_cast<uint16_t>(wish.stripe_count);
  wire.stripe_offset = static_cast<uint16_t>(wish.stripe_offset);
  fill_pool(wire, wish.pool);
  std::vector<uint8_t> bytes;
  protocol::append(bytes, wire);
  if (wish.pool.empty()) bytes.resize(LovUserMdV1::kSize);
  return Bytes(std::move(bytes));
}

Bytes as_version_1(const Bytes& attribute) {
  if (magic_of(attribute.view()) != kMagicV3) return attribute;
  if (auto layout = decode_layout(attribute.view())) {
    layout->pool.clear();
    return encode_layout(*layout);
  }
  if (auto wish = decode_wish(attribute.view())) {
    wish->pool.clear();
    return encode_wish(*wish);
  }
  return attribute;
}

}  // namespace reference
