#include "reference/som.h"

#include <catch2/catch.hpp>

namespace reference {

namespace {

constexpr uint64_t epoch_of(uint64_t mount, uint64_t number) { return mount << 32 | number; }

Som mounted(uint64_t mount, SomPolicies policies) {
  Config config;
  config.som = {true, policies};
  Som som(config, {});
  som.mounted(mount);
  return som;
}

const SomClosing kChanged{.epoch_close = true, .change = true, .attributes = {}};

}  // namespace

// An epoch of the mount in between is younger: a fence above the old one would let it pass.
TEST_CASE("fence: sizes of an epoch that a replay brought back are read with one of this mount") {
  Som som = mounted(3, kSomComplete);
  const uint64_t saved = epoch_of(1, 5);
  REQUIRE(som.open({.handle = 7, .inode = 1, .export_id = 1}, saved, false) == saved);
  REQUIRE(som.close(7, kChanged) == SomVerdict::update_under_lock);
  const uint64_t named = som.epoch(1);
  REQUIRE(named > epoch_of(3, 0));
  som.update(7, named, SomCache{.size = 4}, false);
  REQUIRE(som.told(1) != nullptr);
  REQUIRE(som.open({.handle = 8, .inode = 1, .export_id = 1}, 0, false) > named);
}

TEST_CASE("fence: an epoch of this mount keeps its number to the end") {
  Som som = mounted(3, kSomComplete);
  const uint64_t epoch = som.open({.handle = 7, .inode = 1, .export_id = 1}, 0, false);
  REQUIRE(som.close(7, kChanged) == SomVerdict::update_under_lock);
  REQUIRE(som.epoch(1) == epoch);
}

TEST_CASE("without a fence an epoch that a replay brought back keeps its number") {
  Som som = mounted(3, kSomBase);
  const uint64_t saved = epoch_of(1, 5);
  som.open({.handle = 7, .inode = 1, .export_id = 1}, saved, false);
  REQUIRE(som.close(7, kChanged) == SomVerdict::update);
  REQUIRE(som.epoch(1) == saved);
}

}  // namespace reference
