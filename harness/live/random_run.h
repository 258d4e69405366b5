// One run of a campaign in the live world: clients of ours make calls drawn from the seed while a
// plan drawn from it (faults/generate.h) strikes real processes and their messages. When all has
// come to rest the checkers have judged the history.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/live/world.h"

namespace harness::live {

struct RandomRunOptions {
  Dialect dialect = Dialect::v2_0;
  reference::DefectSet defects = {};
  uint32_t clients = 2;
  uint32_t osts = 2;
  uint32_t calls = 60;  // of all clients together
  std::string history;  // a file to write, or empty
};

struct RandomRun {
  uint64_t seed = 0;
  bool rested = false;  // all calls ended, and nothing but what is periodic was left
  uint64_t calls = 0;
  uint64_t records = 0;
  uint64_t kills = 0;                   // of servers, with SIGKILL
  std::string plan;                     // its text
  std::vector<std::string> struck;      // what of it happened
  std::vector<std::string> properties;  // that are broken
  std::vector<std::string> complaints;  // about each, with its witness
  std::vector<std::string> undecided;   // properties, and why
};

RandomRun random_run(const RandomRunOptions& options, uint64_t seed,
                     const std::string& program = own_program());

}  // namespace harness::live
