#include "harness/explore/interned.h"

#include <catch2/catch.hpp>

#include "harness/explore/packed.h"

using namespace harness::explore;

TEST_CASE("A machine that was let go is made again when it is stepped") {
  const Cast cast(*find_scenario("mkdir"));
  constexpr NodeIndex kMds = 1;
  const auto digests = [&](bool lets_go) {
    InternedGround ground(cast, {}, 1);
    const auto step = [&](uint32_t node, const Happening& happening) {
      return ground.step(kMds, node, happening, 0).after;
    };
    const uint32_t started =
        step(ground.add(kMds, cast.make(kMds)), {.kind = Happening::Kind::start});
    const uint32_t later = step(started, {.kind = Happening::Kind::commit});
    REQUIRE(later != started);
    for (int level = 0; lets_go && level < 10; ++level) ground.trim();
    REQUIRE(ground.node(later).up());
    REQUIRE(ground.node(later).has_machine() != lets_go);
    const uint32_t last = step(later, {.kind = Happening::Kind::lost, .from = 0});
    REQUIRE(ground.node(last).has_machine());
    REQUIRE(ground.sizes().steps_again == (lets_go ? 2 : 0));
    return std::pair(ground.node_digest(later), ground.node_digest(last));
  };
  REQUIRE(digests(true) == digests(false));
}

TEST_CASE("What was packed comes back as it was") {
  for (const size_t length : {size_t{0}, size_t{1}, size_t{300'000}}) {
    std::vector<uint8_t> bytes(length), back(7);
    for (size_t i = 0; i < length; ++i) bytes[i] = static_cast<uint8_t>(i * i >> 5);
    Packed(bytes).unpack(back);
    REQUIRE(back == bytes);
  }
}
