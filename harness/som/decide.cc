#include "harness/som/decide.h"

#include <fmt/format.h>

#include <algorithm>

namespace harness::som {

namespace {

std::string_view bound_name(explore::SearchReport::End end) {
  using enum explore::SearchReport::End;
  switch (end) {
    case states:
      return "states";
    case depth:
      return "depth";
    case seconds:
      return "seconds";
    case memory:
      return "memory";
    case interrupt:
      return "interrupted";
    case exhausted:
    case violation:
      return "";
  }
  return "";
}

}  // namespace

std::string_view verdict_name(Verdict verdict) {
  switch (verdict) {
    case Verdict::holds:
      return "holds";
    case Verdict::broken:
      return "broken";
    case Verdict::undecided:
      return "undecided";
  }
  return "";
}

std::vector<std::string_view> judged_properties(bool invariant) {
  if (invariant) return {"SOM-3"};
  return {"SOM-1", "SOM-2", "SOM-4", "SOM-5"};
}

Decided decide(const Cell& cell, explore::SearchOptions options) {
  options.stop_at_violation = true;
  if (options.properties.empty()) options.properties = judged_properties(false);
  const explore::SearchReport report = explore::search(scenario_of(cell), options);
  Decided decided;
  decided.states = report.states;
  decided.transitions = report.transitions;
  decided.depth = report.depth;
  if (!report.violated.empty()) {
    // The search ended with the first of them: none is shorter than another.
    const explore::Violated& first = report.violated.front();
    decided.verdict = Verdict::broken;
    decided.property = first.property;
    decided.why = fmt::format("{}: {}", first.property, first.what);
    decided.schedule = first.schedule;
  } else if (!report.trouble.empty()) {
    decided.why = report.trouble;
  } else if (report.end != explore::SearchReport::End::exhausted) {
    decided.why = fmt::format("a bound was reached: {}", bound_name(report.end));
  } else if (!report.inconclusive.empty()) {
    const auto& [property, why] = *report.inconclusive.begin();
    decided.why = fmt::format("{} gave up: {}", property, why);
  } else {
    decided.verdict = Verdict::holds;
  }
  return decided;
}

}  // namespace harness::som
