#include <catch2/catch.hpp>

#include "harness/som/decide.h"

namespace harness::som {

namespace {

Decided decide(UseCase use_case, Row row, std::string_view solutions, bool reduce = false) {
  explore::SearchOptions options;
  options.reduce_order = reduce;
  return som::decide({use_case, row, *parse_solutions(solutions), {}}, options);
}

}  // namespace

TEST_CASE("a lockless write on its way when the MDS fails over breaks the base, not the fence") {
  const Decided base = decide(UseCase::failover, Row::p5l, "none");
  REQUIRE(base.verdict == Verdict::broken);
  REQUIRE(base.property == "SOM-1");
  REQUIRE(decide(UseCase::failover, Row::p5l, "FENCE").verdict == Verdict::holds);
}

TEST_CASE("a bound that is reached is no verdict") {
  explore::SearchOptions options;
  options.states_max = 100;
  const Cell cell{UseCase::failover, Row::p5l, *parse_solutions("FENCE"), {}};
  REQUIRE(som::decide(cell, options).verdict == Verdict::undecided);
}

TEST_CASE("verdicts are the same with reduction") {
  for (const Row row : {Row::p3l, Row::p5l, Row::p4}) {
    for (const std::string_view solutions : {"none", "FENCE"}) {
      REQUIRE(decide(UseCase::evicted, row, solutions).verdict ==
              decide(UseCase::evicted, row, solutions, true).verdict);
    }
  }
}

TEST_CASE("solutions are read as they are written") {
  REQUIRE(text_of(*parse_solutions("4,FENCE")) == "4,FENCE");
  REQUIRE(text_of(*parse_solutions("none")) == "none");
  REQUIRE(parse_solutions("-M")->has(SomPolicy::epoch_rule));
  REQUIRE_FALSE(parse_solutions("-M")->has(SomPolicy::mount_rule));
  REQUIRE_FALSE(parse_solutions("13"));
}

}  // namespace harness::som
