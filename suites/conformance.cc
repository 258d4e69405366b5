#include "suites/conformance.h"

#include <fmt/format.h>

#include "suites/application.h"
#include "suites/peer.h"

namespace suites {

using harness::Plan;
using harness::ServerId;

namespace {

Plan plan_of(const Setting& setting, const Case& c, harness::record::Recorder& recorder) {
  Plan plan{.dialect = setting.target.dialect,
            .defects = setting.target.defects,
            .seed = setting.seed,
            .recorder = &recorder};
  if (setting.world == harness::WorldKind::live) plan.timing = harness::live_timing();
  if (!setting.out.empty()) plan.capture = fmt::format("{}/{}.pcapng", setting.out, c.id);
  return plan;
}

}  // namespace

Conformance::Conformance(const Setting& setting, const Case& c)
    : setting_(setting) {
  if (!setting.out.empty()) {
    history_ = std::make_unique<harness::record::HistoryWriter>(
        fmt::format("{}/{}.history", setting.out, c.id));
    judge_.recorder().listen(
        [this](const harness::record::Record& record) { history_->write(record); });
  }
  world_ = harness::make_world(setting.world, plan_of(setting, c, judge_.recorder()));
}

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

void Conformance::judge() {
  world_->quiesce();
  if (history_) history_->flush();
  for (const std::string& complaint : judge_.complaints()) ADD_FAILURE() << complaint;
}

void Conformance::restart(ServerId server) {
  world_->crash(server);
  world_->start(server);
}

size_t Conformance::count(ServerId server, harness::Fact::Kind kind) const {
  size_t found = 0;
  for (const harness::Fact& fact : world_->facts(server)) found += fact.kind == kind ? 1 : 0;
  return found;
}

}  // namespace suites
