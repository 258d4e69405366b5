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

TEST_CASE("record indices and numbers of calls are no part of the state") {
  Checkers one({"LIVE-1"});
  Checkers other({"LIVE-1"});
  one.on(began(1, 5, 10));
  other.on(began(99, 5, 77));
  REQUIRE(one.digest() == other.digest());
}

}  // namespace harness::check
