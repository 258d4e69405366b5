#include "reference/nid.h"

#include <catch2/catch.hpp>

namespace reference {

TEST_CASE("a NID is its net and its address") {
  CHECK(parse_nid("192.168.10.1@tcp0") == 0x00020000c0a80a01u);
  CHECK(parse_nid("192.168.10.1@tcp") == 0x00020000c0a80a01u);
  CHECK(parse_nid("192.168.10.1") == 0x00020000c0a80a01u);
  CHECK(parse_nid("10.0.0.7@tcp3") == 0x000200030a000007u);
}

TEST_CASE("what is no NID of net type tcp is refused") {
  CHECK_FALSE(parse_nid(""));
  CHECK_FALSE(parse_nid("10.0.0@tcp"));
  CHECK_FALSE(parse_nid("10.0.0.256@tcp"));
  CHECK_FALSE(parse_nid("10.0.0.1.2@tcp"));
  CHECK_FALSE(parse_nid("10.0.0.1@o2ib"));
  CHECK_FALSE(parse_nid("10.0.0.1@tcp70000"));
}

TEST_CASE("addresses read as people write them") {
  CHECK(nid_text(0x00020000c0a80a01u) == "192.168.10.1@tcp");
  CHECK(nid_text(0x000200030a000007u) == "10.0.0.7@tcp3");
  CHECK(peer_text({0x000200007f00000bu, kLnetPid}) == "12345-127.0.0.11@tcp");
  CHECK(peer_text({0x000200007f00000bu, kUserspacePid | 40000}) == "U40000-127.0.0.11@tcp");
}

}  // namespace reference
