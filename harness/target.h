// What is under test: our own servers, or somebody's. `reference` stands for both dialects of ours;
// `reference:2.0+defect=NAME` is ours with a planted defect, `reference:2.0+som` has the profile of
// Size-on-MDS; anything else is the path of a target
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

// Somebody's servers, as a client of ours has met them.
struct Servers {
  Cast cast;
  uint32_t stripes = 1;  // OSTs on which one file can lie
};

struct Target {
  std::string name;  // what reports call it
  reference::Dialect dialect = reference::Dialect::v2_0;
  reference::DefectSet defects;
  bool som = false;  // the profile
  std::shared_ptr<const TargetFile> file;  // of servers that are not ours
  Servers servers;                         // likewise, once reach() has met them
};

// The targets that a --target argument names; or what is wrong with it, or with the file.
std::expected<std::vector<Target>, std::string> parse_target(std::string_view text);

// "1.8" or "2.0".
std::string_view dialect_name(reference::Dialect dialect);

// Short intervals, for our own servers in live suites.
reference::Timing live_timing();

// Where the setup names servers of a target file: a world around them, whatever the kind. It throws
// Broken when they do not answer.
std::unique_ptr<World> make_world(WorldKind kind, const Setup& setup);

// Mounts from the servers of a target file to see who they are and what they can do, and says so in
// the target. The text says what was dialled in vain. Nothing is done for servers of ours.
std::expected<void, std::string> reach(Target& target);

}  // namespace harness
