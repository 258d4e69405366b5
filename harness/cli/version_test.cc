#include "harness/cli/version.h"

#include <catch2/catch.hpp>

TEST_CASE("the build id names a commit or says that it is unknown") {
  const std::string_view id = harness::build_id();
  REQUIRE_FALSE(id.empty());
  if (id == "unknown") return;
  const std::string_view commit = id.substr(0, id.find('-'));
  REQUIRE(commit.size() >= 12);
  REQUIRE(commit.find_first_not_of("0123456789abcdef") == std::string_view::npos);
}
