// The live half of `assay campaign`: random runs against processes that are killed
// (live/random_run.h), each in a process of its own, many side by side.
#pragma once

#include <cstdint>
#include <string>

#include "harness/cli/exit_code.h"
#include "reference/config.h"

namespace harness {

struct LiveCampaign {
  reference::Dialect dialect = reference::Dialect::v2_0;
  reference::DefectSet defects = {};
  uint64_t first_seed = 1;
  uint64_t runs = 200;
  uint32_t jobs = 24;  // most of the time they wait
  std::string out;     // a folder for history and plan of each failure, or empty
  bool json = false;
};

ExitCode run_live_campaign(const LiveCampaign& campaign);

}  // namespace harness
