// Whether the steps that a search takes first (Rules::sure) commute with all that may come before
// them: looked at in every position of small cells, and of large ones in many. Where it is so of
// each single step of others, and what was sure still is after it, it is so of all that others can
// do.
#include <catch2/catch.hpp>
#include <set>
#include <string>

#include "harness/explore/interned.h"
#include "harness/explore/position.h"
#include "harness/som/decide.h"

namespace harness::som {

namespace {

using explore::Decision;
using explore::Position;

class Walk {
 public:
  explicit Walk(const Cell& cell)
      : cast_(scenario_of(cell)), ground_(cast_, judged_properties(false)), rules_(cast_, ground_) {
    waiting_.push_back(rules_.root(cast_).value());
    seen_.insert(key(waiting_.back()));
  }

  // Depth first, at most so many positions. How many times something was sure.
  size_t look(size_t positions_max) {
    size_t sure = 0;
    std::vector<Decision> enabled, steps;
    while (!waiting_.empty() && seen_.size() < positions_max) {
      const Position position = waiting_.back();
      waiting_.pop_back();
      rules_.enabled(position, enabled);
      if (!enabled.empty() && rules_.sure(position, steps)) {
        for (size_t client = 0; client < position.clients.size(); ++client) {
          if (!rules_.sure_of(position, client, steps)) continue;
          ++sure;
          for (const Decision& other : enabled) compare(position, client, steps, other);
        }
      }
      for (const Decision& decision : enabled) {
        Position next = after(position, decision);
        if (!next.broken && seen_.insert(key(next)).second) waiting_.push_back(std::move(next));
      }
    }
    return sure;
  }

 private:
  static std::string key(const Position& position) {
    std::vector<uint8_t> bytes;
    encode(position, bytes);
    return {bytes.begin(), bytes.end()};
  }
  Position after(Position position, const Decision& decision) const {
    rules_.apply(position, decision);
    while (!position.broken) {
      const auto next = rules_.prompt(position);
      if (!next) break;
      rules_.apply(position, *next);
    }
    return position;
  }
  void compare(const Position& position, size_t client, const std::vector<Decision>& steps,
               const Decision& other) const {
    if (std::ranges::find(steps, other) != steps.end()) return;
    INFO(cast_.names().text(other) << " before " << cast_.names().text(steps.front()));
    REQUIRE(other.node != cast_.first_client() + client);
    const Position first = after(position, other);
    std::vector<Decision> still;
    if (!first.broken && !rules_.spoken(first)) {
      REQUIRE(rules_.sure_of(first, client, still));
      REQUIRE(still == steps);
    }
    for (const Decision& step : steps) {
      const Position then = after(after(position, step), other);
      REQUIRE(then.broken == first.broken);
      REQUIRE(rules_.spoken(then) == rules_.spoken(first));
      if (!still.empty()) REQUIRE(key(after(first, step)) == key(then));
    }
  }

  explore::Cast cast_;
  explore::InternedGround ground_;
  explore::Rules rules_;
  std::vector<Position> waiting_;
  std::set<std::string> seen_;
};

}  // namespace

TEST_CASE("what is sure commutes with all that may come before it") {
  struct Case {
    UseCase use_case;
    Row row;
    std::string_view solutions;
    Bounds bounds = {};
  };
  using enum UseCase;
  const Case each = GENERATE(
      Case{evicted, Row::p4, "none"}, Case{evicted, Row::p5k, "FENCE"},
      Case{evicted, Row::p5l, "8"}, Case{evicted, Row::p2k, "2,8c"},
      Case{failover, Row::p5l, "none"}, Case{failover, Row::p5l, "FENCE", {.osts = 2}},
      Case{failover, Row::p3c, "8b"}, Case{failover, Row::p2k, "5,10"},
      Case{failover, Row::p5k, "12"}, Case{failover, Row::p3l, "4,12"},
      Case{evicted_then_failover, Row::p3l, "8,11"}, Case{evicted_then_failover, Row::p2k, "FENCE"},
      Case{evicted_then_failover, Row::p4, "shipped", {.ost_crashes = 1}},
      Case{upgrade, Row::p6, "6,9"}, Case{never_back, Row::p2l, "1,7"},
      Case{never_back, Row::p5l, "8a", {.mds_crashes = 2, .ost_crashes = 1, .osts = 2}});
  const Cell cell{each.use_case, each.row, *parse_solutions(each.solutions), each.bounds};
  INFO(text_of(cell));
  REQUIRE(Walk(cell).look(5000) > 100);
}

}  // namespace harness::som
