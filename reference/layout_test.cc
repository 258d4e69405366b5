#include "reference/layout.h"

#include <catch2/catch.hpp>
#include <cerrno>

using namespace reference;

namespace {
Layout two_stripes() {
  return {.object_id = 25001, .object_seq = 0, .stripe_size = 1u << 20, .pool = {},
          .stripes = {{101, 0, 0, 0}, {202, 0, 0, 1}}};
}
}  // namespace

TEST_CASE("A layout is read back, with a pool as version 3", "[layout]") {
  Layout layout = two_stripes();
  REQUIRE(encode_layout(layout).size() == layout_size(2, false));
  REQUIRE(decode_layout(encode_layout(layout).view()).value() == layout);

  layout.pool = "fast";
  REQUIRE(encode_layout(layout).size() == layout_size(2, true));
  REQUIRE(decode_layout(encode_layout(layout).view()).value() == layout);
}

TEST_CASE("Bytes of another length than the count calls for are no layout", "[layout]") {
  const Bytes bytes = encode_layout(two_stripes());
  REQUIRE(decode_layout(bytes.slice(0, bytes.size() - 1).view()).error() == -EINVAL);
  REQUIRE(decode_layout(Bytes(std::vector<uint8_t>(72)).view()).error() == -EINVAL);
  REQUIRE(decode_layout({}).error() == -EINVAL);
}

TEST_CASE("A client that knows no pools sees version 1", "[layout]") {
  Layout layout = two_stripes();
  layout.pool = "fast";
  REQUIRE(as_version_1(encode_layout(layout)) == encode_layout(two_stripes()));
  REQUIRE(as_version_1(encode_layout(two_stripes())) == encode_layout(two_stripes()));
}

TEST_CASE("A wish must be possible", "[layout]") {
  const StripingWish wish{2, 1u << 17, 1, "fast"};
  REQUIRE(decode_wish(encode_wish(wish).view()).value() == wish);
  REQUIRE(decode_wish(encode_wish({2, 4096, 0, {}}).view()).error() == -EINVAL);
  REQUIRE(decode_wish(encode_wish({161, 0, 0, {}}).view()).error() == -EINVAL);
  REQUIRE(decode_wish(encode_wish({kStripeOnAll, 0, 0, {}}).view()).has_value());
}
