#include "harness/explore/sensitivity.h"

#include <catch2/catch.hpp>
#include <set>
#include <string_view>

#include "harness/explore/shrink.h"

using namespace harness::explore;

TEST_CASE("Exploration finds the planted defects, by a schedule that holds no step too many") {
  // These take a million positions and more; `assay sensitivity` walks them too.
  const std::set<std::string_view> large = {
      "orphans-kept-after-recovery",  "removed-file-made-again", "gap-skipped-early",
      "cancelling-lock-not-replayed", "target-logged-twice",     "objects-destroyed-before-commit",
      "unlink-log-not-written",       "versions-not-checked",    "version-failure-evicts-all"};
  for (const Planted& planted : planted()) {
    if (large.contains(planted.defect)) continue;
    CAPTURE(planted.defect);
    const Sensed sensed = sense(planted, 2);
    REQUIRE_FALSE(sensed.property.empty());
    CHECK(violating(planted.scenario, sensed.schedule, sensed.property));
  }
}

TEST_CASE("Each defect is looked for in one place") {
  std::set<std::string_view> defects;
  for (const Planted& planted : planted()) CHECK(defects.insert(planted.defect).second);
}
