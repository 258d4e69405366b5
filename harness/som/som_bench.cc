// How fast cells are decided: som_bench USE_CASE ROW SOLUTIONS [STATES_MAX [MDS_CRASHES
// [OST_CRASHES [OSTS [all-orders]]]]]. The same without the suites that the program is linked with.
#include <fmt/core.h>

#include <chrono>
#include <cstdlib>
#include <thread>

#include "harness/som/decide.h"

int main(int argc, char** argv) {
  using namespace harness;
  if (argc < 4) return 64;
  som::Cell cell;
  for (const auto& each : som::use_cases()) {
    if (each.name == argv[1]) cell.use_case = each.use_case;
  }
  for (const auto& each : som::rows()) {
    if (each.name == argv[2]) cell.row = each.row;
  }
  const auto policies = som::parse_solutions(argv[3]);
  if (!policies || !som::exists(cell.use_case, cell.row)) return 64;
  cell.policies = *policies;
  explore::SearchOptions options;
  options.workers = std::thread::hardware_concurrency();
  if (argc > 4) options.states_max = std::strtoull(argv[4], nullptr, 10);
  const auto small = [&](int at, uint8_t& out) {
    if (argc > at) out = static_cast<uint8_t>(std::atoi(argv[at]));
  };
  small(5, cell.bounds.mds_crashes);
  small(6, cell.bounds.ost_crashes);
  small(7, cell.bounds.osts);
  options.reduce_order = argc <= 8;
  const auto begin = std::chrono::steady_clock::now();
  const som::Decided decided = som::decide(cell, options);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  fmt::print("{}: {}; {}\n{} states, {} transitions, {} deep, {:.2f} s, {:.0f} transitions/s\n",
             som::text_of(cell), som::verdict_name(decided.verdict), decided.why, decided.states,
             decided.transitions, decided.depth, took.count(),
             static_cast<double>(decided.transitions) / took.count());
  const explore::Names names(som::scenario_of(cell));
  for (const auto& step : decided.schedule) fmt::print("  {}\n", names.text(step));
}
