// What is under test: our own servers, or somebody's. `reference` stands for both dialects of ours;
// `reference:2.0+defect=NAME` is ours with a planted defect; anything else is the path of a target
// file (targets/lustre.h).
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/world.h"

namespace harness {

enum class WorldKind : uint8_t { sim, live };

struct Target {
  std::string name;  // what reports call it
  reference::Dialect dialect = reference::Dialect::v2_0;
  reference::DefectSet defects;
};

// The targets that a --target argument names; or what is wrong with it.
std::expected<std::vector<Target>, std::string> parse_target(std::string_view text);

// "1.8" or "2.0".
std::string_view dialect_name(reference::Dialect dialect);


// Short intervals, for our own servers in live suites.
reference::Timing live_timing();

std::unique_ptr<World> make_world(WorldKind kind, const Plan& plan);

}  // namespace harness
