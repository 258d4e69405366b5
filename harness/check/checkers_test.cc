#include "harness/check/checkers.h"

#include <catch2/catch.hpp>

namespace harness::check {

using record::CallBegan;
using record::CallEnded;
using reference::Result;
using reference::Syscall;

namespace {

Record began(uint64_t index, record::NodeIndex node, reference::OrderId order) {
  return {.index = index, .node = node, .what = CallBegan{order, std::make_shared<Syscall>()}};
}
Record ended(uint64_t index, record::NodeIndex node, reference::OrderId order) {
  return {.index = index, .node = node, .what = CallEnded{order, std::make_shared<Result>()}};
}

}  // namespace

TEST_CASE("a call that has ended is no violation, one that never ends is, with its beginning") {
  Checkers checkers({"LIVE-1"});
  checkers.on(began(1, 5, 10));
  Checkers early = checkers;
  checkers.on(ended(2, 5, 10));
  checkers.finish();
  REQUIRE_FALSE(checkers.broken());
  early.finish();
  REQUIRE(early.broken());
  REQUIRE(early.violations().at(0).witness == std::vector<uint64_t>{1});
}

TEST_CASE("a copy goes its own way") {
  Checkers one({"LIVE-1"});
  one.on(began(1, 5, 10));
  Checkers other = one;
  other.on(ended(2, 5, 10));
  REQUIRE(one.digest() != other.digest());
  one.on(ended(7, 5, 10));
  REQUIRE(one.digest() == other.digest());
}

TEST_CASE("record indices are no part of the state, which call is under way is") {
  for (const char* property : {"LIVE-1", "ATOMIC-DATA", "ATOMIC-NAMES", "LOCK-7"}) {
    Checkers one({property}), other({property}), third({property});
    one.on(began(1, 5, 10));
    other.on(began(99, 5, 10));
    third.on(began(1, 5, 77));
    REQUIRE(one.digest() == other.digest());
    REQUIRE(one.digest() != third.digest());
  }
}

TEST_CASE("calls that run at once have no order, one after the other they have") {
  const auto begins = [](record::NodeIndex node, reference::OrderId order) {
    auto call = std::make_shared<Syscall>();
    call->kind = Syscall::Kind::mkdir;
    call->path = "/d";
    return Record{.node = node, .what = CallBegan{order, std::move(call)}};
  };
  const auto told = [](const std::vector<Record>& records) {
    Checkers checkers({"ATOMIC-NAMES"});
    for (const Record& record : records) checkers.on(record);
    return checkers.digest();
  };
  const Record a = begins(5, 10), b = begins(6, 20), later = begins(5, 11);
  const Record a_ends = ended(0, 5, 10), b_ends = ended(0, 6, 20);
  REQUIRE(told({a, b, a_ends, b_ends}) == told({b, a, b_ends, a_ends}));
  REQUIRE(told({a, b, a_ends, b_ends}) != told({a, a_ends, b, b_ends}));
  REQUIRE(told({a, b, a_ends, b_ends, later}) == told({b, a, b_ends, a_ends, later}));
  REQUIRE(told({a, b, a_ends, b_ends, later}) != told({a, b, a_ends, later, b_ends}));
}

}  // namespace harness::check
