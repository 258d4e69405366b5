#include "harness/world.h"

#include <fmt/format.h>

#include "protocol/check.h"

namespace harness {

faults::NodeName plan_name(ServerId server) {
  switch (server.role) {
    case Role::mgs:
      return faults::kTheMgs;
    case Role::mds:
      return faults::kTheMds;
    case Role::ost:
      return faults::ost_name(server.index);
  }
  CHECK(false, "no such role");
}

std::optional<ServerId> server_named(const faults::NodeName& name) {
  if (!name.is_server() || !name.is_one()) return std::nullopt;
  switch (name.kind) {
    case faults::NodeName::Kind::mgs:
      return kMgs;
    case faults::NodeName::Kind::mds:
      return kMds;
    default:
      return ost(*name.index);
  }
}

std::vector<std::string> World::cannot(const faults::Plan& plan) const {
  std::vector<std::string> refused;
  for (const faults::NodeName& name : faults::names_in(plan)) {
    const std::optional<ServerId> server = server_named(name);
    if (!server || server->role != Role::ost || server->index < cast().osts.size()) continue;
    refused.push_back(fmt::format("there is no {}", to_text(name)));
  }
  return refused;
}

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

}  // namespace harness
