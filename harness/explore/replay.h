// Capsules of schedules: making one, running it again.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "harness/explore/decision.h"
#include "harness/explore/scenario.h"
#include "harness/explore/walk.h"
#include "harness/record/capsule.h"

namespace harness::explore {

// Of a schedule that violates the property; runs it once for what its steps show.
record::Capsule make_capsule(const Scenario& scenario, const Schedule& schedule,
                             std::string_view property, std::string_view build_id);

// What a capsule says, or what is wrong with it.
std::expected<Scenario, std::string> scenario_of(const record::Capsule& capsule);
std::expected<Schedule, std::string> schedule_of(const record::Capsule& capsule,
                                                 const Scenario& scenario);

struct Replayed {
  size_t steps = 0;
  // The first step (from 1) that could not happen or showed something else, and how.
  std::optional<std::string> difference;
  bool violated = false;  // the capsule's property, at its last step
};
// `walk` is of the capsule's scenario and not begun.
Replayed replay(const record::Capsule& capsule, const Schedule& schedule, Walk& walk);

// "REPLAY-1: mkdir, crash + drop": property, operation, fault kinds.
std::string title_of(std::string_view property, std::string_view operation,
                     const Schedule& schedule);
std::string_view call_name(reference::Syscall::Kind kind);

}  // namespace harness::explore
