#include "harness/explore/shrink.h"

#include <algorithm>
#include <tuple>

#include "harness/explore/walk.h"

namespace harness::explore {
namespace {

constexpr size_t kStepsMax = 200'000;

auto size_of(const Schedule& schedule) {
  return std::tuple(std::ranges::count_if(schedule, &Decision::is_fault), schedule.size());
}

Schedule without(const Schedule& schedule, size_t begin, size_t count) {
  Schedule rest = schedule;
  const auto first = rest.begin() + static_cast<ptrdiff_t>(begin);
  rest.erase(first, first + static_cast<ptrdiff_t>(count));
  return rest;
}

}  // namespace

std::optional<Schedule> violating(const Scenario& scenario, const Schedule& schedule,
                                  std::string_view property) {
  std::vector<std::string_view> properties;
  if (property != "CHECK") properties.push_back(property);
  Walk walk(scenario, properties);
  if (walk.begin()) return std::nullopt;
  Schedule done;
  for (const Decision& decision : schedule) {
    if (!walk.can(decision)) continue;
    done.push_back(decision);
    walk.apply(decision);
    if (!walk.broken().empty()) break;
  }
  while (!walk.over() && done.size() < kStepsMax) {
    done.push_back(walk.enabled().front());
    walk.apply(done.back());
  }
  if (!walk.violates(property)) return std::nullopt;
  return done;
}

std::optional<Shrunk> shrink(const Scenario& scenario, const Schedule& schedule,
                             std::string_view property, uint64_t tries_max) {
  std::optional<Schedule> best = violating(scenario, schedule, property);
  if (!best) return std::nullopt;
  Shrunk shrunk{.schedule = *std::move(best), .tries = 1};
  // Big pieces first; down to single steps until a whole round of these changes nothing.
  for (size_t piece = std::max<size_t>(1, shrunk.schedule.size() / 2);;) {
    bool smaller = false;
    for (size_t at = 0; at < shrunk.schedule.size();) {
      if (shrunk.tries++ >= tries_max) return shrunk;
      const size_t count = std::min(piece, shrunk.schedule.size() - at);
      std::optional<Schedule> tried =
          violating(scenario, without(shrunk.schedule, at, count), property);
      if (tried && size_of(*tried) < size_of(shrunk.schedule)) {
        shrunk.schedule = *std::move(tried);
        smaller = true;
      } else {
        at += count;
      }
    }
    if (piece == 1 && !smaller) break;
    if (!smaller || piece > 1) piece = std::max<size_t>(1, piece / 2);
  }
  shrunk.minimal = true;
  return shrunk;
}

}  // namespace harness::explore
