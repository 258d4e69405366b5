// Random walks, one seed a run, for scenarios that are too large to exhaust. Swarm: each run draws
// which kinds of fault it may use at all and how often they strike, since a run that may do
// everything does little of anything.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/explore/decision.h"
#include "harness/explore/scenario.h"
#include "harness/explore/search.h"

namespace harness::explore {

struct RunResult {
  uint64_t seed = 0;
  uint64_t steps = 0;
  Time cluster_time = 0;  // that passed
  bool over = true;       // else it reached kWalkStepsMax
  std::string property;   // that was violated first, or empty
  std::string what;
  Scenario scenario;  // with the run's own script and budget
  Schedule schedule;
};
inline constexpr uint64_t kWalkStepsMax = 1'000'000;

// A script for 1 to 3 clients on few names, drawn from the seed.
Scenario random_scenario(const Scenario& like, uint64_t seed);
// The scenario with a budget drawn from the seed, walked at random.
RunResult random_walk(const Scenario& scenario, uint64_t seed);

struct CampaignOptions {
  uint64_t first_seed = 1;
  uint64_t runs = 1000;
  unsigned workers = 1;
  bool random_scripts = false;
  const std::atomic<Stop>* stop = nullptr;
  // Called by one worker at a time, after each run.
  std::function<void(const RunResult&)> done;
};
// Runs all seeds; the order of `done` depends on the workers, what each run does does not.
void campaign(const Scenario& scenario, const CampaignOptions& options);

}  // namespace harness::explore
