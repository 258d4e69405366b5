#include "suites/conformance.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "faults/failpoints.h"
#include "harness/targets/lustre.h"
#include "protocol/check.h"
#include "suites/application.h"
#include "suites/peer.h"

namespace suites {

using harness::ServerId;
using harness::Setup;

namespace {

Setup setup_of(const Setting& setting, const Case& c, harness::record::Recorder& recorder) {
  Setup setup{.dialect = setting.target.dialect,
              .defects = setting.target.defects,
              .seed = setting.seed,
              .server_links = setting.plan.has_value()};
  // A history costs live servers time, and its end the patience to wait for it: there on request.
  const bool live = setting.world == harness::WorldKind::live;
  if (!live || setting.plan || !setting.out.empty()) setup.recorder = &recorder;
  if (live) setup.timing = harness::live_timing();
  setup.servers = setting.target.file;
  if (setting.target.som) setup.som = {.on = true, .policies = reference::kSomComplete};
  setup.cast = setting.target.servers.cast;
  if (!setting.out.empty()) setup.capture = fmt::format("{}/{}.pcapng", setting.out, c.id);
  return setup;
}

}  // namespace

std::optional<std::string> lacking(const harness::Target& target, Needs needs) {
  if (has(needs, Needs::som) && !target.som) return "the profile som is off there";
  if (!target.file) return std::nullopt;
  const auto can = [&](std::string_view verb) {
    return target.file->can.contains(std::string(verb));
  };
  if (has(needs, Needs::crash) && !(can("crash") && can("start"))) {
    return "the target file names no commands for crash and start";
  }
  for (const auto& [need, verb] : {std::pair{Needs::evict, "evict"},
                                   {Needs::hold_commits, "replay_barrier"},
                                   {Needs::stop, "stop"},
                                   {Needs::abort_recovery, "abort_recovery"}}) {
    if (has(needs, need) && !can(verb)) {
      return fmt::format("the target file names no command for {}", verb);
    }
  }
  if (has(needs, Needs::notes)) return "servers of others do not say what they did";
  if (has(needs, Needs::crash_at_commit)) return "a server of others dies at no chosen commit";
  if (has(needs, Needs::release_commits)) {
    return "behind a replay barrier commits flow again only after a crash";
  }
  if (has(needs, Needs::fresh)) return "the file system is not made anew for each case";
  if (has(needs, Needs::stripes) && target.servers.stripes < 2) {
    return "no file lies on two OSTs there, not even one that asks for it";
  }
  return std::nullopt;
}

namespace {

// All; of servers that tell nothing few: most checkers reckon with what ours would tell.
std::vector<std::string_view> properties_judged(const Setting& setting) {
  using harness::check::Checkers, harness::check::Judges;
  if (!setting.target.file) return {};
  return Checkers::properties(Judges::without_one_clock);
}

}  // namespace

Conformance::Conformance(const Setting& setting, const Case& c)
    : setting_(setting), judge_(properties_judged(setting)) {
  if (!setting.out.empty()) {
    history_ = std::make_unique<harness::record::HistoryWriter>(
        fmt::format("{}/{}.history", setting.out, c.id));
    judge_.recorder().listen(
        [this](const harness::record::Record& record) { history_->write(record); });
  }
  world_ = harness::make_world(setting.world, setup_of(setting, c, judge_.recorder()));
  if (!setting.plan) return;
  const std::vector<std::string> cannot = world_->cannot(*setting.plan);
  if (!cannot.empty()) throw harness::Unsupported{fmt::format("{}", fmt::join(cannot, "\n"))};
  world_->arm(*setting.plan);
}

// Servers of others keep what clients do not give up.
Conformance::~Conformance() {
  if (!setting_.target.file) return;
  for (const auto& peer : peers_) peer->leave();
}

std::vector<ServerId> Conformance::osts() const {
  std::vector<ServerId> all;
  for (uint32_t i = 0; i < world_->cast().osts.size(); ++i) all.push_back(harness::ost(i));
  return all;
}

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

void Conformance::expect_in_time(std::string_view what, const std::function<bool()>& asked) {
  constexpr int kTimes = 60;
  constexpr harness::Time kWhile = 1'000'000'000;
  for (int i = 0; i < kTimes; ++i) {
    if (asked()) return;
    world_->pass(kWhile);
  }
  throw Stop{Outcome::fail, fmt::format("this never came: {}", what)};
}

void Conformance::expect(std::string_view what, const std::function<bool()>& condition) {
  if (!world_->run_until(condition)) {
    throw Stop{Outcome::fail, fmt::format("this never came: {}", what)};
  }
}

size_t Conformance::judge() {
  world_->quiesce();
  if (history_) history_->flush();
  const std::vector<std::string> complaints = judge_.complaints();
  for (const std::string& complaint : complaints) ADD_FAILURE() << complaint;
  return complaints.size();
}

// The plan was armed first: its lines are the first of all.
std::optional<std::string> Conformance::struck_by_plan() const {
  const size_t lines = setting_.plan ? setting_.plan->lines.size() : 0;
  std::vector<std::string> words;
  for (const faults::Struck& struck : world_->strikes()) {
    if (struck.line >= lines || !struck.refused.empty()) continue;
    words.push_back(fmt::format("{} {}", struck.what, struck.where));
  }
  if (words.empty()) return std::nullopt;
  return fmt::format("{}", fmt::join(words, ", "));
}

std::vector<uint32_t> Conformance::points_hit() const {
  std::vector<uint32_t> hit;
  const std::span<const faults::FailPoint> points = faults::fail_points();
  for (uint32_t i = 0; i < points.size(); ++i) {
    const bool any = std::ranges::any_of(world_->strikes(), [&](const faults::Struck& struck) {
      return faults::is_hit(points[i], struck);
    });
    if (any) hit.push_back(i);
  }
  return hit;
}

void Conformance::restart(ServerId server) {
  world_->crash(server);
  world_->start(server);
}

harness::Time Conformance::silence_max() const {
  const bool live = setting_.world == harness::WorldKind::live;
  return (live ? harness::live_timing() : harness::Setup{}.timing).ping_evict_timeout;
}

void Conformance::drain() {
  world_->settle();
  world_->pass(silence_max() / 3);
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
