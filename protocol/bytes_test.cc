#include "protocol/bytes.h"

#include <catch2/catch.hpp>

namespace protocol {

TEST_CASE("Bytes: slices share their content and compare by it") {
  const Bytes whole(std::vector<uint8_t>{1, 2, 3, 4, 5});
  const Bytes part = whole.slice(1, 3);
  REQUIRE(part.size() == 3);
  REQUIRE(part.data() == whole.data() + 1);
  REQUIRE(part == Bytes(std::vector<uint8_t>{2, 3, 4}));
  REQUIRE(part != whole.slice(2, 3));
}

TEST_CASE("Bytes: a slice outside is cut") {
  const Bytes whole(std::vector<uint8_t>{1, 2, 3});
  REQUIRE(whole.slice(2, 9).size() == 1);
  REQUIRE(whole.slice(3).empty());
  REQUIRE(whole.slice(99).empty());
}

TEST_CASE("Bytes: a slice outlives the string it is of") {
  Bytes part;
  {
    const Bytes whole(std::vector<uint8_t>{7, 8, 9});
    part = whole.slice(1);
  }
  REQUIRE(part == Bytes(std::vector<uint8_t>{8, 9}));
}

TEST_CASE("Bytes: order is that of the content, shorter first") {
  const Bytes a(std::vector<uint8_t>{1, 2});
  const Bytes b(std::vector<uint8_t>{1, 2, 0});
  const Bytes c(std::vector<uint8_t>{1, 3});
  REQUIRE(a < b);
  REQUIRE(b < c);
  REQUIRE(Bytes() < a);
}

TEST_CASE("BytesBuilder: grows, and freezes from an offset") {
  BytesBuilder builder(2);
  builder.append(std::vector<uint8_t>{1, 2, 3, 4});
  builder.append_zeros(2);
  REQUIRE(builder.finish(1) == Bytes(std::vector<uint8_t>{2, 3, 4, 0, 0}));
  REQUIRE(builder.size() == 0);
}

TEST_CASE("WireError: says where and what") {
  const WireError error{.subject = "lustre_msg_v2",
                        .field = "lm_bufcount",
                        .offset = 0,
                        .found = 99,
                        .allowed = 32,
                        .kind = WireError::Kind::too_many};
  REQUIRE(error.text() == "lustre_msg_v2.lm_bufcount at 0: 99 found, at most 32 allowed");
}

}  // namespace protocol
