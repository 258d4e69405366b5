#include "harness/som/decide.h"

#include <fmt/format.h>

#include <algorithm>

#include "protocol/check.h"

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

// The search ended with the first violations: none is shorter than another.
void take_witness(const explore::SearchReport& report, Decided& decided) {
  const explore::Violated& first = report.violated.front();
  decided.verdict = Verdict::broken;
  decided.property = first.property;
  decided.why = fmt::format("{}: {}", first.property, first.what);
  decided.schedule = first.schedule;
  decided.depth = report.depth;
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

Decided decide(const Cell& cell, explore::SearchOptions options, Witness witness) {
  options.stop_at_violation = true;
  if (options.properties.empty()) options.properties = judged_properties(false);
  const explore::Scenario scenario = scenario_of(cell);
  const explore::SearchReport report = explore::search(scenario, options);
  Decided decided;
  decided.states = report.states;
  decided.transitions = report.transitions;
  decided.depth = report.depth;
  if (!report.violated.empty()) {
    take_witness(report, decided);
    decided.shortest = !options.reduce_order;
    if (witness == Witness::any || decided.shortest) return decided;
    options.sure_first = false;
    const explore::SearchReport again = explore::search(scenario, options);
    CHECK(!again.violated.empty() || again.end != explore::SearchReport::End::exhausted,
          "what is broken is so without reductions");
    decided.states_again = again.states;
    decided.transitions_again = again.transitions;
    decided.shortest = !again.violated.empty();
    if (decided.shortest) take_witness(again, decided);
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
