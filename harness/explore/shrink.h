// Cuts a schedule down until no step can be left out: with any one left out (and what cannot happen
// without it, and the rest of the run going its plainest way) the property is not violated by fewer
// faults, or as many and fewer steps.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "harness/explore/decision.h"
#include "harness/explore/scenario.h"

namespace harness::explore {

struct Shrunk {
  Schedule schedule;     // ends with the violation
  uint64_t tries = 0;    // runs
  bool minimal = false;  // no step could be left out; else `tries_max` was reached
};

// Nothing when the schedule does not violate the property in the first place.
std::optional<Shrunk> shrink(const Scenario& scenario, const Schedule& schedule,
                             std::string_view property, uint64_t tries_max = 100'000);

// The schedule, where a step is skipped that cannot happen, then the plainest way to the end:
// always the first of what is enabled. Returned is what was done up to the violation, or nothing
// without one.
std::optional<Schedule> violating(const Scenario& scenario, const Schedule& schedule,
                                  std::string_view property);

}  // namespace harness::explore
