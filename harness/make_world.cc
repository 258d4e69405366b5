#include "harness/live/target_world.h"
#include "harness/live/world.h"
#include "harness/sim/world.h"
#include "harness/target.h"
#include "protocol/check.h"

namespace harness {

reference::Timing live_timing() { return reference::short_timing(); }

std::unique_ptr<World> make_world(WorldKind kind, const Setup& setup) {
  if (setup.servers) return std::make_unique<live::TargetWorld>(setup, *setup.servers);
  switch (kind) {
    case WorldKind::sim:
      return std::make_unique<sim::SimWorld>(setup);
    case WorldKind::live:
      return live::make_world(setup);
  }
  CHECK(false, "no such world");
}

std::expected<void, std::string> reach(Target& target) {
  if (!target.file) return {};
  auto servers = live::find_servers(*target.file);
  if (!servers) return std::unexpected(servers.error());
  target.servers = *std::move(servers);
  return {};
}

}  // namespace harness
