#include <catch2/catch.hpp>

#include "harness/target.h"

using harness::parse_target;
using reference::Dialect;

TEST_CASE("The reference is both dialects unless one is named") {
  const auto both = parse_target("reference");
  REQUIRE(both);
  REQUIRE(both->size() == 2);
  const auto one = parse_target("reference:1.8");
  REQUIRE(one);
  REQUIRE(one->size() == 1);
  REQUIRE(one->front().dialect == Dialect::v1_8);
  REQUIRE(one->front().defects.empty());
}

TEST_CASE("A planted defect is asked for by name") {
  const auto target = parse_target("reference:2.0+defect=punch-keeps-size");
  REQUIRE(target);
  REQUIRE(target->front().defects.has(reference::Defect::punch_keeps_size));
  REQUIRE(target->front().name == "reference:2.0+defect=punch-keeps-size");
}

TEST_CASE("What is not understood is named in the error") {
  REQUIRE(parse_target("acme").error().find("acme") != std::string::npos);
  REQUIRE(parse_target("reference:3.0").error().find("3.0") != std::string::npos);
  REQUIRE(parse_target("reference:2.0+defect=none").error().find("none") != std::string::npos);
  REQUIRE(parse_target("reference:2.0x").error().find("x") != std::string::npos);
}
