// Where attacks are run: a fresh world for each, in a process of its own, so that a failing CHECK
// of a simulated server ends that run and not the search.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "harness/fuzzing/attack.h"
#include "harness/fuzzing/script.h"
#include "harness/target.h"

namespace harness::fuzzing {

struct Arena {
  Target target;
  WorldKind world = WorldKind::sim;
  ServerId server = kMds;
};

// A script of so many steps for that kind of server, drawn from the seed.
Script draw_script(const Arena& arena, uint64_t seed, uint32_t steps);

std::optional<Finding> attack_in(const Arena& arena, uint64_t seed, const Script& script);

// Leaves steps out as long as what is left still fails, asking at most this many times.
inline constexpr uint32_t kShrinkRunsMax = 200;
Script shrink(Script script, const std::function<bool(const Script&)>& fails);

}  // namespace harness::fuzzing
