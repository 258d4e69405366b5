#include "suites/selection.h"

#include <catch2/catch.hpp>

using suites::Selection;

TEST_CASE("An id selects itself alone") {
  const auto selection = Selection::parse("resend.1");
  REQUIRE(selection);
  REQUIRE(selection->contains("resend.1"));
  REQUIRE_FALSE(selection->contains("resend.11"));
  REQUIRE_FALSE(selection->contains("resend.1b"));
}

TEST_CASE("A suite's name selects all of it, and no suite that begins alike") {
  const auto selection = Selection::parse("open");
  REQUIRE(selection);
  REQUIRE(selection->contains("open.3b"));
  REQUIRE_FALSE(selection->contains("open-replay.1"));
}

TEST_CASE("A range takes the numbers between its ends, with their letters") {
  const auto selection = Selection::parse("open-replay.3-7");
  REQUIRE(selection);
  REQUIRE(selection->contains("open-replay.3"));
  REQUIRE(selection->contains("open-replay.7b"));
  REQUIRE_FALSE(selection->contains("open-replay.2"));
  REQUIRE_FALSE(selection->contains("open-replay.10"));
  REQUIRE_FALSE(selection->contains("open.4"));
}

TEST_CASE("A list is the union of its elements") {
  const auto selection = Selection::parse("wire.*,locks.?");
  REQUIRE(selection);
  REQUIRE(selection->contains("wire.12"));
  REQUIRE(selection->contains("locks.4"));
  REQUIRE_FALSE(selection->contains("locks.14"));
}

TEST_CASE("A range that runs backwards or does not end is refused by name") {
  REQUIRE(Selection::parse("locks.7-3").error().find("locks.7-3") != std::string::npos);
  REQUIRE_FALSE(Selection::parse("locks.7-x"));
}
