// What deciding a cell costs, in time and memory: som_bench USE_CASE ROW SOLUTIONS [STATES_MAX
// [MDS_CRASHES [OST_CRASHES [OSTS [all-orders]]]]]. One search, to the first violation.
#include <fmt/core.h>
#include <sys/resource.h>

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
  options.stop_at_violation = true;
  options.properties = som::judged_properties(false);
  const explore::Scenario scenario = som::scenario_of(cell);
  const auto begin = std::chrono::steady_clock::now();
  const explore::SearchReport report = explore::search(scenario, options);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  fmt::print("{}: {}; {} states, {} transitions, {} deep, {:.2f} s, {:.0f} transitions/s\n",
             som::text_of(cell),
             !report.violated.empty()                              ? report.violated.front().what
             : report.end == explore::SearchReport::End::exhausted ? "exhausted"
                                                                   : "a bound was reached",
             report.states, report.transitions, report.depth, took.count(),
             static_cast<double>(report.transitions) / took.count());
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  constexpr double kMiB = 1 << 20;
  fmt::print(
      "{:.0f} MiB in all: visited {:.0f}, frontier {:.0f}; {} local states, {} local steps "
      "({} again), {} messages, {} checker states\n",
      static_cast<double>(usage.ru_maxrss) / 1024, static_cast<double>(report.visited_bytes) / kMiB,
      static_cast<double>(report.frontier_bytes_max) / kMiB, report.local_states,
      report.local_steps, report.steps_again, report.messages, report.checker_states);
}
