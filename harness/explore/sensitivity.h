// What exploration notices: for each planted defect a scenario and a budget of faults in which
// walking all schedules, shortest first, finds a violated property. That says where to look, and no
// step of the way.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "harness/explore/decision.h"
#include "harness/explore/scenario.h"
#include "reference/defects.h"

namespace harness::explore {

// The budget of each search: positions until the first violation at the latest.
inline constexpr uint64_t kSensitivityStatesMax = 3'000'000;

// A search for a planted defect.
struct Planted {
  std::string_view defect;
  Scenario scenario;                         // with it
  std::vector<std::string_view> properties;  // that are judged; none: all
};
// In scenarios that have a name (harness/som has cells).
std::vector<Planted> planted();

struct Sensed {
  std::string property;  // that is violated first; empty: none was within the budget
  std::string what;
  uint64_t states = 0;  // until then
  Schedule schedule;    // a shortest one to it, cut down
  size_t faults = 0;    // in it
};
Sensed sense(const Planted& planted, unsigned workers);

}  // namespace harness::explore
