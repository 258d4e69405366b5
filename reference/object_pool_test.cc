#include "reference/object_pool.h"

#include <catch2/catch.hpp>

using namespace reference;

namespace {

using Outcome = ObjectPool::Outcome;

ObjectPool two_osts() {
  ObjectPool pool{Store{}};
  for (const uint32_t ost : {0u, 1u}) {
    pool.know(ost);
    pool.usable(ost, 40);
  }
  return pool;
}

}  // namespace

TEST_CASE("Files begin on one OST after the other", "[object pool]") {
  ObjectPool pool = two_osts();
  REQUIRE(pool.allocate(1, kStripeAnywhere, 1).stripes[0].ost_index == 0);
  REQUIRE(pool.allocate(1, kStripeAnywhere, 1).stripes[0].ost_index == 1);
  REQUIRE(pool.allocate(0, kStripeAnywhere, 2).stripes.size() == 2);
  REQUIRE(pool.allocate(kStripeOnAll, kStripeAnywhere, 1).stripes.size() == 2);
  REQUIRE(pool.allocate(7, kStripeAnywhere, 1).stripes.size() == 2);
}

TEST_CASE("A file may begin where its maker wants", "[object pool]") {
  ObjectPool pool = two_osts();
  REQUIRE(pool.allocate(1, 1, 1).stripes[0].ost_index == 1);
  REQUIRE(pool.allocate(1, 2, 1).outcome == Outcome::impossible);
}

TEST_CASE("An object is given once, also over a restart", "[object pool]") {
  Store store;
  ObjectPool pool = two_osts();
  const uint64_t first = pool.allocate(1, 0, 1).stripes[0].object_id;
  for (Write& write : pool.take_writes()) store[write.key] = *write.value;
  REQUIRE_FALSE(pool.has_writes());

  ObjectPool again(store);
  REQUIRE(again.last_used(0) == first);
  again.know(0);
  again.usable(0, 40);
  REQUIRE(again.allocate(1, 0, 1).stripes[0].object_id == first + 1);
}

TEST_CASE("Without objects a file waits, without OSTs it cannot be", "[object pool]") {
  ObjectPool pool{Store{}};
  REQUIRE(pool.allocate(1, kStripeAnywhere, 1).outcome == Outcome::impossible);
  pool.know(0);
  REQUIRE(pool.allocate(1, kStripeAnywhere, 1).outcome == Outcome::wait);
  pool.usable(0, 1);
  REQUIRE(pool.allocate(1, kStripeAnywhere, 1).outcome == Outcome::given);
  REQUIRE(pool.allocate(1, kStripeAnywhere, 1).outcome == Outcome::wait);
  pool.precreated(0, 9);
  REQUIRE(pool.allocate(1, kStripeAnywhere, 1).outcome == Outcome::given);
}

TEST_CASE("More objects are asked for when few are left", "[object pool]") {
  ObjectPool pool{Store{}};
  pool.know(0);
  REQUIRE(pool.wanted(0) == 0);
  pool.usable(0, 0);
  REQUIRE(pool.wanted(0) == ObjectPool::kPrecreated);
  pool.precreated(0, ObjectPool::kPrecreated);
  REQUIRE(pool.wanted(0) == 0);
  pool.lost(0);
  REQUIRE(pool.allocate(1, kStripeAnywhere, 1).outcome == Outcome::wait);
}

TEST_CASE("What a replay brings is used", "[object pool]") {
  ObjectPool pool{Store{}};
  pool.use({.object_id = 12, .object_seq = 0, .ost_generation = 0, .ost_index = 3});
  REQUIRE(pool.last_used(3) == 12);
  pool.use({.object_id = 5, .object_seq = 0, .ost_generation = 0, .ost_index = 3});
  REQUIRE(pool.last_used(3) == 12);
  REQUIRE(pool.has_writes());
}
