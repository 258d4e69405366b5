#include "harness/sim/world.h"

#include <catch2/catch.hpp>

using harness::ClientId;
using harness::Dialect;
using harness::OrderId;
using harness::Result;
using harness::Syscall;
using harness::sim::Cluster;
using harness::sim::Happened;
using harness::sim::SimWorld;
using Kind = harness::Syscall::Kind;

namespace {

int32_t call(SimWorld& world, ClientId client, const Syscall& syscall) {
  const OrderId order = world.submit(client, syscall);
  REQUIRE(world.run_until([&] { return world.result(client, order) != nullptr; }));
  return world.result(client, order)->status;
}

// Delivers whatever can be delivered, always the first of the links, or always the last.
void drive(Cluster& cluster, bool first) {
  Happened happened;
  const auto post = [&] {
    for (const Happened::Sent& sent : happened.sent) {
      cluster.post(sent.from, sent.to, sent.message);
    }
  };
  while (!cluster.deliverable().empty()) {
    happened.clear();
    cluster.deliver(first ? cluster.deliverable().front() : cluster.deliverable().back(),
                    happened);
    post();
  }
}

void ask(Cluster& cluster, harness::sim::NodeIndex node, const Syscall& syscall) {
  Happened happened;
  cluster.ask(node, 1000, syscall, happened);
  for (const Happened::Sent& sent : happened.sent) {
    cluster.post(sent.from, sent.to, sent.message);
  }
}

}  // namespace

TEST_CASE("Two clients that each stat on their own leave equal clusters, in either order") {
  for (const Dialect dialect : {Dialect::v1_8, Dialect::v2_0}) {
    SimWorld world({.dialect = dialect});
    const ClientId a = world.add_client();
    const ClientId b = world.add_client();
    REQUIRE(call(world, a, {.kind = Kind::mount}) == 0);
    REQUIRE(call(world, b, {.kind = Kind::mount}) == 0);
    REQUIRE(call(world, a, {.kind = Kind::mkdir, .path = "/one", .mode = 0755}) == 0);
    REQUIRE(call(world, a, {.kind = Kind::mkdir, .path = "/two", .mode = 0755}) == 0);
    world.settle();

    Cluster a_first = world.cluster();
    Cluster b_first = world.cluster();
    REQUIRE(a_first.digest() == b_first.digest());
    const Syscall one{.kind = Kind::stat, .path = "/one"};
    const Syscall two{.kind = Kind::stat, .path = "/two"};
    ask(a_first, world.node_of(a), one);
    drive(a_first, true);
    REQUIRE(a_first.digest() != b_first.digest());
    ask(a_first, world.node_of(b), two);
    drive(a_first, true);
    ask(b_first, world.node_of(b), two);
    drive(b_first, true);
    ask(b_first, world.node_of(a), one);
    drive(b_first, true);

    REQUIRE(a_first.digest() == b_first.digest());
  }
}

TEST_CASE("A copy of a cluster in mid-operation goes its own way and disturbs nobody") {
  SimWorld world({});
  const ClientId a = world.add_client();
  const ClientId b = world.add_client();
  REQUIRE(call(world, a, {.kind = Kind::mount}) == 0);
  REQUIRE(call(world, b, {.kind = Kind::mount}) == 0);
  ask(world.cluster(), world.node_of(a), {.kind = Kind::mkdir, .path = "/a", .mode = 0755});
  ask(world.cluster(), world.node_of(b), {.kind = Kind::mkdir, .path = "/b", .mode = 0755});
  REQUIRE(!world.cluster().deliverable().empty());

  const Cluster before = world.cluster();
  Cluster forwards = before;
  Cluster backwards = before;
  drive(forwards, true);
  REQUIRE(backwards.digest() == before.digest());
  drive(backwards, false);
  REQUIRE(forwards.digest() != before.digest());
  Cluster again = before;
  drive(again, true);
  REQUIRE(again.digest() == forwards.digest());
}

TEST_CASE("One seed gives the same history twice, another seed another") {
  const auto run = [](uint64_t seed) {
    SimWorld world({.seed = seed});
    const ClientId a = world.add_client();
    REQUIRE(call(world, a, {.kind = Kind::mount}) == 0);
    REQUIRE(call(world, a, {.kind = Kind::mkdir, .path = "/d", .mode = 0755}) == 0);
    return world.history_digest();
  };
  REQUIRE(run(7) == run(7));
  REQUIRE(run(7) != run(8));
}
