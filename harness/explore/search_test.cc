#include "harness/explore/search.h"

#include <catch2/catch.hpp>
#include <set>
#include <string>

#include "reference/defects.h"

using namespace harness::explore;

namespace {

// A named scenario with another budget, dialect or defect; small enough to walk without reductions.
struct Small {
  std::string_view name;
  Budget budget;
  std::string_view defect;
  Dialect dialect = Dialect::v2_0;
};

Budget one(Fault fault) {
  Budget budget;
  budget.of(fault) = 1;
  return budget;
}

Scenario scenario_of(const Small& small) {
  Scenario scenario = *find_scenario(small.name);
  scenario.budget = small.budget;
  scenario.dialect = small.dialect;
  if (!small.defect.empty()) {
    scenario.defects = *reference::find_defect(small.defect);
  }
  return scenario;
}

std::set<std::string> properties(const SearchReport& report) {
  std::set<std::string> found;
  for (const Violated& violated : report.violated) found.insert(violated.property);
  return found;
}

}  // namespace

TEST_CASE("Reductions leave out no property that is violated") {
  const Budget none, crash = one(Fault::crash), drop = one(Fault::drop), evict = one(Fault::evict),
                     delay = one(Fault::delay);
  const Small small = GENERATE_COPY(
      Small{"mkdir", none, ""}, Small{"mkdir", crash, ""}, Small{"mkdir", drop, "", Dialect::v1_8},
      Small{"mkdir", delay, ""}, Small{"mkdir", crash, "slot-outside-transaction"},
      Small{"same-name", drop, "resent-create-executed-twice"}, Small{"create", evict, ""},
      Small{"mkdirs", none, ""}, Small{"mounts", none, ""}, Small{"twins", none, ""},
      Small{"open-unlink", drop, "unlink-destroys-open-file"},
      Small{"stat-size", none, "glimpse-from-disk"},
      Small{"write-write", none, "conflicting-extents-granted"},
      Small{"write-write", none, "completion-lost"},
      Small{"write-write", none, "completion-lost", Dialect::v1_8});
  CAPTURE(small.name, small.budget.text(), small.defect);
  const Scenario scenario = scenario_of(small);
  SearchOptions options{.workers = 2};
  const SearchReport reduced = search(scenario, options);
  options.reduce_order = false;
  const SearchReport ordered = search(scenario, options);
  options.reduce_symmetry = false;
  const SearchReport whole = search(scenario, options);
  REQUIRE(reduced.trouble.empty());
  REQUIRE(reduced.end == SearchReport::End::exhausted);
  REQUIRE(whole.end == SearchReport::End::exhausted);
  CHECK(properties(reduced) == properties(whole));
  CHECK(properties(whole).empty() == small.defect.empty());
  CHECK(properties(ordered) == properties(whole));
  // Sleep sets leave out steps, never positions.
  CHECK(reduced.states == ordered.states);
  CHECK(reduced.transitions <= ordered.transitions);
  CHECK(ordered.states <= whole.states);
}

TEST_CASE("Merging positions leaves out no property that is violated") {
  const Budget none, drop = one(Fault::drop);
  const Small small = GENERATE_COPY(
      Small{"mkdir", none, ""}, Small{"mkdir", drop, ""}, Small{"mkdir", drop, "", Dialect::v1_8},
      Small{"mkdirs", none, ""}, Small{"create", drop, ""}, Small{"same-name", drop, ""},
      Small{"same-name", drop, "resent-create-executed-twice"}, Small{"open-unlink", drop, ""},
      Small{"open-unlink", drop, "unlink-destroys-open-file"},
      Small{"stat-size", none, "glimpse-from-disk"},
      Small{"write-write", none, "conflicting-extents-granted"});
  CAPTURE(small.name, small.budget.text(), small.defect);
  const Scenario scenario = scenario_of(small);
  const SearchReport merged = search(scenario, {});
  const SearchReport whole = search(scenario, {.reduce_symmetry = false, .merge = false});
  REQUIRE(merged.end == SearchReport::End::exhausted);
  REQUIRE(whole.end == SearchReport::End::exhausted);
  CHECK(properties(merged) == properties(whole));
  CHECK(merged.states <= whole.states);
}

TEST_CASE("Positions whose checkers know different things are different") {
  // The size that a call reports is judged by what had been written when it began, which no machine
  // remembers: whether the write ended before or after that, the machines are the same.
  const Scenario scenario = scenario_of({"stat-size", {}, "glimpse-from-disk"});
  SearchOptions options;
  CHECK(properties(search(scenario, options)) == std::set<std::string>{"LOCK-7"});
  options.key_has_checkers = false;
  CHECK(properties(search(scenario, options)).empty());
}

TEST_CASE("A lost completion is found, and nothing without it") {
  Scenario scenario = scenario_of({"write-write", {}, ""});
  CHECK(search(scenario, {}).violated.empty());
  scenario = scenario_of({"write-write", {}, "completion-lost"});
  CHECK_FALSE(search(scenario, {}).violated.empty());
}

TEST_CASE("What a search finds does not depend on its workers") {
  const Scenario scenario = scenario_of({"write-write", {}, "completion-lost"});
  const SearchReport one_worker = search(scenario, {.workers = 1});
  const SearchReport two_workers = search(scenario, {.workers = 2});
  CHECK(one_worker.states == two_workers.states);
  CHECK(one_worker.transitions == two_workers.transitions);
  REQUIRE(one_worker.violated.size() == two_workers.violated.size());
  for (size_t i = 0; i < one_worker.violated.size(); ++i) {
    CHECK(one_worker.violated[i].schedule == two_workers.violated[i].schedule);
  }
}

TEST_CASE("A search that may not see all says so") {
  const Scenario scenario = scenario_of({"mkdirs", {}, ""});
  SearchOptions options;
  options.depth_max = 3;
  CHECK(search(scenario, options).end == SearchReport::End::depth);
  options = {};
  const std::atomic<Stop> stop = Stop::seconds;
  options.stop = &stop;
  CHECK(search(scenario, options).end == SearchReport::End::seconds);
}
