#include "harness/world.h"

#include <fmt/format.h>

#include "protocol/check.h"

namespace harness {

void World::arm(const faults::Plan& plan) {
  const std::vector<std::string> refused = cannot(plan);
  CHECK(refused.empty(), "a plan that this world cannot do");
  injector().arm(plan, now());
  faults::Effects effects;
  injector().on_time(now(), effects);
  take_effect(effects);
}

void World::end_faults() {
  faults::Effects effects;
  injector().end(now(), effects);
  take_effect(effects);
}

void World::release_held() {
  faults::Effects effects;
  injector().release(effects);
  take_effect(effects);
}

}  // namespace harness
