#include "harness/explore/replay.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "harness/explore/campaign.h"
#include "harness/explore/fault_plan.h"
#include "harness/explore/interned.h"
#include "harness/explore/search.h"
#include "harness/explore/shrink.h"
#include "reference/defects.h"

using namespace harness::explore;
using harness::record::Capsule;

namespace {

Scenario lost_completion() {
  Scenario scenario = *find_scenario("write-write");
  scenario.defects = reference::Defect::completion_lost;
  return scenario;
}

Violated found_in(const Scenario& scenario) {
  const SearchReport report = search(scenario, {});
  REQUIRE_FALSE(report.violated.empty());
  return report.violated.front();
}

}  // namespace

TEST_CASE("A decision's text parses back") {
  const Names names(*find_scenario("conflict"));
  for (const char* text :
       {"call client1", "deliver client1>mds", "deliver ost0>client2 bulk", "commit mds",
        "start ost0", "release client2>mds 1", "timer mds 80000002/1f", "crash mds",
        "drop mds>client1", "delay client1>ost0 bulk", "duplicate mds>client1",
        "reorder client2>ost0", "evict client2 ost0"}) {
    const auto decision = names.parse(text);
    REQUIRE(decision);
    CHECK(names.text(*decision) == text);
  }
  for (const char* text : {"", "jump mds", "deliver client1", "deliver client1>nobody",
                           "timer mds 5", "call client1 twice", "release client1>mds 999"}) {
    CHECK_FALSE(names.parse(text));
  }
}

TEST_CASE("The faults of a run read as a fault plan") {
  Scenario scenario = *find_scenario("mkdir");
  scenario.defects = reference::Defect::reply_data_lost_at_restart;
  scenario.budget.of(Fault::crash) = scenario.budget.of(Fault::drop) = 1;
  const Violated violated = found_in(scenario);
  Walk walk(scenario);
  walk.keep_records();
  REQUIRE_FALSE(walk.begin());
  for (const Decision& decision : violated.schedule) walk.apply(decision);
  const faults::Plan plan = plan_of(walk.cast(), walk.records(), walk.prepared(), "both");
  const auto struck = std::ranges::count_if(violated.schedule, &Decision::is_fault);
  CHECK(plan.lines.size() == static_cast<size_t>(struck));
  const auto read = faults::parse_plan(faults::to_text(plan));
  REQUIRE(read);
  CHECK(*read == plan);
}

TEST_CASE("A capsule replays to the same violation, also from its file") {
  const Scenario scenario = lost_completion();
  const Violated violated = found_in(scenario);
  const Capsule made = make_capsule(scenario, violated.schedule, violated.property, "a build");
  const auto capsule = harness::record::read_capsule(harness::record::write_capsule(made));
  REQUIRE(capsule);
  CHECK(capsule->title == made.title);
  CHECK(capsule->steps == made.steps);
  const auto again = scenario_of(*capsule);
  REQUIRE(again);
  const auto schedule = schedule_of(*capsule, *again);
  REQUIRE(schedule);
  CHECK(*schedule == violated.schedule);
  Walk walk(*again);
  const Replayed replayed = replay(*capsule, *schedule, walk);
  CHECK_FALSE(replayed.difference);
  CHECK(replayed.violated);
}

TEST_CASE("A replay stops at the first difference and says so") {
  const Scenario scenario = lost_completion();
  const Violated violated = found_in(scenario);
  Capsule capsule = make_capsule(scenario, violated.schedule, violated.property, "a build");
  capsule.steps[2].shown ^= 1;
  Walk walk(scenario);
  const Replayed replayed = replay(capsule, violated.schedule, walk);
  CHECK(replayed.steps == 3);
  REQUIRE(replayed.difference);
  CHECK(replayed.difference->starts_with("step 3, " + capsule.steps[2].decision));
}

TEST_CASE("What is left after shrinking cannot be left out") {
  Scenario scenario = lost_completion();
  scenario.budget.of(Fault::duplicate) = 2;
  std::optional<RunResult> failed;
  for (uint64_t seed = 1; seed < 50 && !failed; ++seed) {
    RunResult result = random_walk(scenario, seed);
    if (!result.property.empty()) failed = std::move(result);
  }
  REQUIRE(failed);
  const auto shrunk = shrink(failed->scenario, failed->schedule, failed->property);
  REQUIRE(shrunk);
  CHECK(shrunk->minimal);
  CHECK(shrunk->schedule.size() <= failed->schedule.size());
  for (size_t i = 0; i < shrunk->schedule.size(); ++i) {
    Schedule less = shrunk->schedule;
    less.erase(less.begin() + static_cast<ptrdiff_t>(i));
    const auto done = violating(failed->scenario, less, failed->property);
    CHECK((!done || done->size() >= shrunk->schedule.size()));
  }
}

TEST_CASE("Kept values step as nodes in place do") {
  for (const uint64_t seed : {1, 2, 3, 4, 5}) {
    const RunResult run = random_walk(*find_scenario("life"), seed);
    Walk walk(run.scenario);
    REQUIRE_FALSE(walk.begin());
    Cast cast(run.scenario);
    InternedGround ground(cast, {});
    Rules rules(cast, ground);
    Position position = *rules.root(cast);
    for (const Decision& decision : run.schedule) {
      const Stepped& plain = walk.apply(decision);
      const Stepped& kept = rules.apply(position, decision);
      REQUIRE(plain.posts.size() == kept.posts.size());
      for (size_t i = 0; i < plain.posts.size(); ++i) {
        REQUIRE(walk.message(plain.posts[i].message) == ground.message(kept.posts[i].message));
      }
      REQUIRE(plain.ended.size() == kept.ended.size());
    }
  }
}

TEST_CASE("A position comes back from its bytes") {
  Scenario scenario = *find_scenario("conflict");
  Cast cast(scenario);
  InternedGround ground(cast, {});
  Rules rules(cast, ground);
  Position position = *rules.root(cast);
  std::vector<Decision> decisions;
  rules.enabled(position, decisions);
  rules.apply(position, decisions.front());
  std::vector<uint8_t> bytes, again;
  encode(position, bytes);
  encode(decode(bytes.data()), again);
  CHECK(bytes == again);
}
