// What exploration notices: for each planted defect a scenario and a budget of faults in which
// walking all schedules, shortest first, finds a violated property. A row names where to look, no
// step of the way.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "harness/explore/decision.h"
#include "harness/explore/scenario.h"
#include "reference/defects.h"

namespace harness::explore {

// The budget of each search: positions until the first violation at the latest.
inline constexpr uint64_t kSensitivityStatesMax = 3'000'000;

struct SensitivityRow {
  std::string_view defect;
  std::string_view scenario;
  Budget budget;
  Dialect dialect = Dialect::v2_0;  // where it has both
};
std::span<const SensitivityRow> sensitivity_rows();
const SensitivityRow* find_sensitivity_row(std::string_view defect);

// With the defect planted, in its dialect, and the row's budget.
Scenario sensitivity_scenario(const SensitivityRow& row);

struct Sensed {
  std::string property;  // that is violated first; empty: none was within the budget
  std::string what;
  uint64_t states = 0;  // until then
  Schedule schedule;    // a shortest one to it, cut down
  size_t faults = 0;    // in it
};
Sensed sense(const SensitivityRow& row, unsigned workers);

}  // namespace harness::explore
