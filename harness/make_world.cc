#include "harness/live/world.h"
#include "harness/sim/world.h"
#include "harness/target.h"
#include "protocol/check.h"

namespace harness {

reference::Timing live_timing() { return reference::short_timing(); }

std::unique_ptr<World> make_world(WorldKind kind, const Setup& setup) {
  switch (kind) {
    case WorldKind::sim:
      return std::make_unique<sim::SimWorld>(setup);
    case WorldKind::live:
      return live::make_world(setup);
  }
  CHECK(false, "no such world");
}

}  // namespace harness
