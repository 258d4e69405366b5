#include <catch2/catch.hpp>

#include "harness/explore/shrink.h"
#include "harness/som/decide.h"
#include "harness/som/matrix.h"
#include "harness/som/planted.h"

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

// What 5 adds to 8 is that the MDS's next word to the OST comes behind the one before the crash.
TEST_CASE("5 with 8 rests on words that outlive the MDS that sent them") {
  Cell cell{UseCase::evicted_then_failover, Row::p5l, *parse_solutions("5,8"), {}};
  REQUIRE(som::decide(cell, {}).verdict == Verdict::holds);
  cell.bounds.crash_loses = true;
  REQUIRE(som::decide(cell, {}).verdict == Verdict::broken);
  cell.policies = *parse_solutions("FENCE");
  REQUIRE(som::decide(cell, {}).verdict == Verdict::holds);
}

// Executed and committed, its answer lost: when it is sent again it has an epoch, as any other.
TEST_CASE("a truncate that is answered again after a restart is known to the MDS") {
  Cell cell{UseCase::upgrade, Row::p2l, *parse_solutions("8b"), {}};
  cell.bounds.crash_loses = true;
  REQUIRE(som::decide(cell, {}).verdict == Verdict::holds);
}

TEST_CASE("a witness is called shortest only where no bound came before that was known") {
  explore::SearchOptions options;
  options.states_max = 3000;  // enough to break it, not to do so without taking sure steps early
  const Cell cell{UseCase::failover, Row::p5l, *parse_solutions("none"), {}};
  const Decided bounded = som::decide(cell, options);
  REQUIRE(bounded.verdict == Verdict::broken);
  REQUIRE_FALSE(bounded.shortest);
  REQUIRE(som::decide(cell, {}).shortest);
}

TEST_CASE("a bound that is reached is no verdict") {
  explore::SearchOptions options;
  options.states_max = 100;
  const Cell cell{UseCase::failover, Row::p5l, *parse_solutions("FENCE"), {}};
  REQUIRE(som::decide(cell, options).verdict == Verdict::undecided);
}

// Of all cells those that end within so many states; CI walks these, scripts/som_verdicts more.
TEST_CASE("verdicts depend on no order, seed, reduction or number of workers") {
  constexpr uint64_t kStates = 5000;
  size_t small = 0;
  for (const Line& line : lines()) {
    // Truncates and a failover have hundred times as many.
    if (line.use_case != UseCase::evicted && line.row >= Row::p2l) continue;
    for (const Column& column : columns()) {
      const Cell cell{line.use_case, line.row, column.policies, {}};
      explore::SearchOptions options;
      options.reduce_order = false;
      options.states_max = kStates;
      const Decided plain = som::decide(cell, options);
      if (plain.verdict == Verdict::undecided) continue;
      ++small;
      INFO(text_of(cell));
      const auto same = [&](const explore::SearchOptions& other, const Decided& as) {
        const Decided decided = som::decide(cell, other);
        REQUIRE(decided.verdict == as.verdict);
        REQUIRE(decided.property == as.property);
        REQUIRE((as.verdict != Verdict::broken || decided.depth == as.depth));
      };
      explore::SearchOptions reduced = options;
      reduced.reduce_order = true;
      const Decided less = som::decide(cell, reduced);
      REQUIRE(less.verdict == plain.verdict);
      REQUIRE(less.property == plain.property);
      if (plain.verdict == Verdict::broken) {
        REQUIRE(less.shortest);
        REQUIRE(less.depth == plain.depth);
      }
      if (plain.verdict == Verdict::holds) REQUIRE(less.states <= plain.states);
      reduced.backwards = options.backwards = true;
      reduced.hash_seed = 1;
      options.hash_seed = 2;
      // Which wait for each other at each step.
      if (small % 16 == 0) reduced.workers = options.workers = 2;
      same(reduced, less);
      same(options, plain);
    }
  }
  REQUIRE(small > 73);
}

TEST_CASE("cells find planted defects, by a schedule that holds no step too many") {
  for (const explore::Planted& planted : planted()) {
    CAPTURE(planted.defect);
    const explore::Sensed sensed = explore::sense(planted, 2);
    REQUIRE_FALSE(sensed.property.empty());
    REQUIRE(explore::violating(planted.scenario, sensed.schedule, sensed.property));
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
