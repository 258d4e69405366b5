#include "harness/targets/lustre.h"

#include <catch2/catch.hpp>

using harness::command_for;
using harness::parse_target_file;

namespace {

constexpr std::string_view kAcme = R"(
name = "acme-2.1"
dialect = "2.0"
mgs = "10.0.0.1@tcp"
fsname = "acme"
[can]
crash = "ssh {node} crash {target}"
version = { "1.8" = "ssh {node} old" }
[limits]
stripe_count = 4
[expect]
"open-replay.7" = "LU-1234"
)";

std::string error_of(std::string_view text) {
  const auto target = parse_target_file(text);
  return target ? "" : target.error();
}

}  // namespace

TEST_CASE("A target file says where the servers are and what can be done to them") {
  const auto target = parse_target_file(kAcme);
  REQUIRE(target);
  REQUIRE(target->name == "acme-2.1");
  REQUIRE(target->mgs->nid == 0x200000a000001);
  REQUIRE(target->stripe_count == 4u);
  REQUIRE(target->expect.at("open-replay.7") == "LU-1234");
  REQUIRE(target->versions.at("1.8") == "ssh {node} old");
  REQUIRE(command_for(*target, "crash", {{"node", "mds1"}, {"target", "MDT0000"}}) ==
          "ssh mds1 crash MDT0000");
  REQUIRE(!command_for(*target, "evict", {}));
}

TEST_CASE("A mistake is named with its place") {
  REQUIRE(error_of("mgs = ").starts_with("line 1"));
  REQUIRE(error_of("mgs = \"10.0.0.1@tcp\"\ncolour = 1").starts_with("line 2"));
  REQUIRE(error_of("mgs = \"nowhere\"").find("NID") != std::string::npos);
  REQUIRE(error_of("a = 1\n[%an]\n") == "this is not TOML");
  REQUIRE(error_of("name = \"x\"").find("how is the target reached") != std::string::npos);
  REQUIRE(error_of("mgs = \"10.0.0.1@tcp\"\n[limits]\nstripe_count = 0").find("1 to 160") !=
          std::string::npos);
  REQUIRE(error_of("mgs = \"10.0.0.1@tcp\"\n[expect]\n\"a.1\" = \"\"").find("issue") !=
          std::string::npos);
}
