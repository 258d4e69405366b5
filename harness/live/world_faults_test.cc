// Plans in the live world: kills, stops and orders to processes, and messages between servers
// through the relay.
#include <fcntl.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "harness/live/world.h"

namespace harness::live {
namespace {

using Kind = Syscall::Kind;

Result call(LiveWorld& world, ClientId client, const Syscall& syscall) {
  const OrderId order = world.submit(client, syscall);
  REQUIRE(world.run_until([&] { return world.result(client, order) != nullptr; }));
  return *world.result(client, order);
}

// Makes a directory and a file in it. A client that was evicted may be told so once.
void work(LiveWorld& world, ClientId client, const std::string& name) {
  int32_t status = -1;
  for (int i = 0; i < 3 && status != 0; ++i) {
    const std::string directory = name + "-" + std::to_string(i);
    status = call(world, client, {.kind = Kind::mkdir, .path = directory, .mode = 0755}).status;
    if (status != 0) continue;
    const Result opened = call(
        world, client,
        {.kind = Kind::open, .path = directory + "/f", .flags = O_CREAT | O_RDWR, .mode = 0644});
    status = opened.status;
    if (status != 0) continue;
    const Bytes data(std::vector<uint8_t>(9000, 3));
    call(world, client, {.kind = Kind::write, .fd = opened.value, .data = data});
    call(world, client, {.kind = Kind::close, .fd = opened.value});
  }
  REQUIRE(status == 0);
}

}  // namespace

TEST_CASE("a plan is carried out on processes, and between servers through the relay") {
  Setup setup;
  setup.timing = reference::short_timing();
  setup.server_links = true;
  LiveWorld world(setup, ASSAY_PROGRAM);
  const ClientId client = world.add_client();
  REQUIRE(call(world, client, {.kind = Kind::mount, .path = "/"}).status == 0);

  size_t armed = 0;
  for (const std::string lines : {
           "on any #1 mds->ost0: drop request",
           "on OBD_PING #1 mds->ost1: delay reply for 1s",
           "on time +0s: disconnect mds<->ost1",
           "on time +0s: restart mds after 1s",
           "on time +0s: failover ost0",
           "on time +0s: pause mds for 1s",
           "on MDS_REINT #1: crash mds after commit #1\non time +9s: start mds",
           "on time +0s: lose clients of mds\non MDS_REINT #1: restart mds",
           "on time +0s: evict client1 from mds",
       }) {
    INFO(lines);
    const auto plan = faults::parse_plan("plan \"t\"\n" + lines);
    REQUIRE(plan.has_value());
    REQUIRE(world.cannot(*plan).empty());
    const size_t before = world.strikes().size();
    world.arm(*plan);
    work(world, client, "/d" + std::to_string(armed));
    for (size_t line = armed; line < armed + plan->lines.size(); ++line) {
      INFO("line " << line - armed);
      REQUIRE(world.run_until([&] {
        return std::ranges::any_of(
            world.strikes(), [&](const faults::Struck& struck) { return struck.line == line; });
      }));
    }
    REQUIRE(world.run_until([&] { return world.running(kMds) && world.running(ost(0)); }));
    world.end_faults();
    work(world, client, "/e" + std::to_string(armed));
    for (size_t i = before; i < world.strikes().size(); ++i) {
      const faults::Struck& struck = world.strikes()[i];
      INFO(struck.what << ' ' << struck.where);
      REQUIRE(struck.refused.empty());
    }
    armed += plan->lines.size();
  }
}

TEST_CASE("without a relay a plan on what servers say to each other is refused, line by line") {
  Setup setup;
  setup.timing = reference::short_timing();
  LiveWorld world(setup, ASSAY_PROGRAM);
  const auto plan = faults::parse_plan(
      "plan \"t\"\non OST_CREATE #1 mds->ost0: drop request\non MDS_CLOSE #1 client1->mds: drop "
      "reply\non time +1s: crash ost7\n");
  REQUIRE(plan.has_value());
  REQUIRE(world.cannot(*plan) ==
          std::vector<std::string>{"there is no ost7",
                                   "what servers say to each other is not seen here: on OST_CREATE "
                                   "#1 mds->ost0: drop request"});
}

}  // namespace harness::live
