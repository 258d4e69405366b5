#include "faults/generate.h"

#include <catch2/catch.hpp>
#include <set>

using faults::generate;
using faults::Kind;
using faults::Plan;
using faults::Swarm;
using faults::Verb;

TEST_CASE("One seed gives one plan, with every compiler") {
  REQUIRE(to_text(generate(7, {})) == to_text(generate(7, {})));
  REQUIRE(to_text(generate(7, {})) != to_text(generate(8, {})));
  // Whoever changes these changes what every seed in a report means.
  REQUIRE(to_text(generate(1, {.kinds = bit(Kind::crash), .faults_max = 1})) ==
          "plan \"generated from 1\"\non time +490ms: restart ost1 after 1210ms\n");
  REQUIRE(to_text(generate(42, {})) == R"(plan "generated from 42"
seed 42
on MDS_CONNECT|OST_CONNECT #1 client2->*: drop request
on time +8490ms: failover mds after 1700ms
on MDS_CONNECT|OST_CONNECT #2 client1->*: drop request
on time +9430ms: evict client1 from ost*
)");
}

TEST_CASE("Every generated plan is printed as what parses back to it") {
  for (uint64_t seed = 0; seed < 3000; ++seed) {
    const Plan plan = generate(seed, {.kinds = faults::kEveryKind, .clients = 3, .faults_max = 9});
    INFO(to_text(plan));
    REQUIRE_FALSE(plan.lines.empty());
    const auto again = faults::parse_plan(to_text(plan));
    REQUIRE(again.has_value());
    REQUIRE(*again == plan);
  }
}

TEST_CASE("A swarm leaves kinds out, and over many seeds none") {
  std::set<Verb> all;
  size_t fewest = 100;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    std::set<Verb> verbs;
    for (const faults::Line& line : generate(seed, {.kinds = faults::kEveryKind}).lines) {
      verbs.insert(line.fault.verb);
    }
    fewest = std::min(fewest, verbs.size());
    all.merge(verbs);
  }
  REQUIRE(fewest == 1);
  for (const Verb verb :
       {Verb::drop,         Verb::delay,           Verb::duplicate,    Verb::reorder,
        Verb::disconnect,   Verb::partition,       Verb::crash,        Verb::restart,
        Verb::start,        Verb::upgrade,         Verb::downgrade,    Verb::failover,
        Verb::pause,        Verb::evict,           Verb::lose_clients, Verb::roll_back_clients,
        Verb::hold_commits, Verb::release_commits, Verb::fill_disk,    Verb::free_disk,
        Verb::jump_clock}) {
    INFO(faults::verb_name(verb));
    REQUIRE(all.contains(verb));
  }
}

TEST_CASE("Only what was allowed is drawn") {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    for (const auto& line : generate(seed, {.kinds = bit(Kind::reply_lost)}).lines) {
      REQUIRE(line.fault.verb == Verb::drop);
      REQUIRE(line.fault.part == faults::Part::reply);
    }
  }
}
