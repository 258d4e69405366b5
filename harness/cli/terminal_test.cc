#include "harness/cli/terminal.h"

#include <catch2/catch.hpp>

#include "harness/cli/exit_code.h"

using harness::ExitCode;

TEST_CASE("colours need a terminal and no NO_COLOR") {
  REQUIRE(harness::use_colour(true, nullptr));
  REQUIRE(harness::use_colour(true, ""));
  CHECK_FALSE(harness::use_colour(true, "1"));
  CHECK_FALSE(harness::use_colour(false, nullptr));
}

TEST_CASE("text without colour is left as it is") {
  REQUIRE(harness::coloured("ok", harness::Colour::green, false) == "ok");
  REQUIRE(harness::coloured("ok", harness::Colour::green, true) == "\033[32mok\033[0m");
}

TEST_CASE("of several exit codes fail comes before broken before inconclusive") {
  REQUIRE(harness::worse(ExitCode::pass, ExitCode::inconclusive) == ExitCode::inconclusive);
  REQUIRE(harness::worse(ExitCode::broken, ExitCode::inconclusive) == ExitCode::broken);
  REQUIRE(harness::worse(ExitCode::broken, ExitCode::fail) == ExitCode::fail);
  REQUIRE(harness::worse(ExitCode::pass, ExitCode::pass) == ExitCode::pass);
}
