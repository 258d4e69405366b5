#include "suites/conformance.h"

#include <fmt/format.h>

#include "protocol/check.h"
#include "suites/application.h"
#include "suites/peer.h"

namespace suites {

using harness::Plan;
using harness::ServerId;

namespace {

Plan plan_of(const Setting& setting, const Case& c) {
  Plan plan{
      .dialect = setting.target.dialect, .defects = setting.target.defects, .seed = setting.seed};
  if (setting.world == harness::WorldKind::live) plan.timing = harness::live_timing();
  if (!setting.out.empty()) plan.capture = fmt::format("{}/{}.pcapng", setting.out, c.id);
  return plan;
}

}  // namespace

Conformance::Conformance(const Setting& setting, const Case& c)
    : setting_(setting), world_(harness::make_world(setting.world, plan_of(setting, c))) {}

Conformance::~Conformance() = default;

Application& Conformance::client() {
  applications_.push_back(std::make_unique<Application>(*this, world_->add_client()));
  return *applications_.back();
}

Application& Conformance::mount() {
  Application& application = client();
  EXPECT_EQ(application.mount(), 0) << "mount";
  return application;
}

Peer& Conformance::peer() {
  peers_.push_back(std::make_unique<Peer>(*this, world_->add_probe()));
  return *peers_.back();
}

void Conformance::wait_for(std::string_view what, const std::function<bool()>& condition) {
  if (!world_->run_until(condition)) {
    throw Stop{Outcome::inconclusive, fmt::format("waited in vain for {}", what)};
  }
}

void Conformance::expect(std::string_view what, const std::function<bool()>& condition) {
  if (!world_->run_until(condition)) {
    throw Stop{Outcome::fail, fmt::format("this never came: {}", what)};
  }
}

void Conformance::restart(ServerId server) {
  world_->crash(server);
  world_->start(server);
}

harness::PeerId Conformance::address(ServerId server) const {
  const harness::Cast& cast = world_->cast();
  switch (server.role) {
    case harness::Role::mgs:
      return cast.mgs;
    case harness::Role::mds:
      return cast.mds;
    case harness::Role::ost:
      return cast.osts.at(server.index);
  }
  CHECK(false, "no such role");
}

size_t Conformance::lose(faults::Part part, uint32_t opcode, ServerId server, uint32_t times,
                         uint32_t first) {
  world_->add_rule(
      {.part = part, .opcode = opcode, .server = address(server), .first = first, .times = times});
  return rules_++;
}

void Conformance::wait_for_loss(size_t rule, uint32_t times) {
  wait_for("a message to be lost", [&] { return world_->struck(rule) >= times; });
}

size_t Conformance::count(ServerId server, harness::Fact::Kind kind) const {
  size_t found = 0;
  for (const harness::Fact& fact : world_->facts(server)) found += fact.kind == kind ? 1 : 0;
  return found;
}

}  // namespace suites
