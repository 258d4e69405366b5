// What exploring costs: transitions a second and core, bytes a visited position, what each
// reduction leaves out (apart from raw speed), what a second core brings, and what random walks
// cost. Prints ratios side by side from one run; figures of one machine are only to be compared
// with each other.
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <string_view>

#include "harness/explore/campaign.h"
#include "harness/explore/search.h"

namespace harness::explore {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_of(const auto& work) {
  const auto begin = Clock::now();
  work();
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

struct Measured {
  SearchReport report;
  double seconds = 0;
};

Measured measure(const Scenario& scenario, bool reduce, unsigned workers, bool symmetry = true) {
  Measured measured;
  SearchOptions options;
  options.reduce_order = reduce;
  options.reduce_symmetry = symmetry;
  options.workers = workers;
  options.states_max = 3'000'000;
  measured.seconds = seconds_of([&] { measured.report = search(scenario, options); });
  return measured;
}

void print(std::string_view what, const Measured& measured) {
  const SearchReport& report = measured.report;
  const auto states = static_cast<double>(std::max<uint64_t>(1, report.states));
  fmt::print("  {:<22} {:>9} states {:>10} transitions {:>8.2f} s {:>9.0f}/s {:>5.1f} B/state{}\n",
             what, report.states, report.transitions, measured.seconds,
             static_cast<double>(report.transitions) / measured.seconds,
             static_cast<double>(report.visited_bytes) / states,
             report.end == SearchReport::End::exhausted ? "" : " (not exhausted)");
}

void searches(std::string_view name, Budget budget) {
  Scenario scenario = *find_scenario(name);
  scenario.budget = budget;
  fmt::print("{}, {}\n", name, budget.text());
  const Measured all = measure(scenario, false, 1);
  const Measured one = measure(scenario, true, 1);
  const Measured two = measure(scenario, true, 2);
  print("all orders, 1 core", all);
  print("sleep sets, 1 core", one);
  print("sleep sets, 2 cores", two);
  fmt::print("  sleep sets leave out {:.1f}% of the transitions; two cores {:.2f}x\n",
             100.0 * (1 - static_cast<double>(one.report.transitions) /
                              static_cast<double>(all.report.transitions)),
             one.seconds / two.seconds);
}

// Of clients that could change places.
void mirrored(std::string_view name, Budget budget) {
  Scenario scenario = *find_scenario(name);
  scenario.budget = budget;
  fmt::print("{}, {}\n", name, budget.text());
  const Measured apart = measure(scenario, true, 1, false);
  const Measured alike = measure(scenario, true, 1);
  print("clients told apart", apart);
  print("symmetry", alike);
  fmt::print("  symmetry leaves out {:.1f}% of the states\n",
             100.0 * (1 - static_cast<double>(alike.report.states) /
                              static_cast<double>(apart.report.states)));
}

void walks(std::string_view name, uint64_t runs) {
  uint64_t steps = 0;
  double cluster = 0;
  CampaignOptions options;
  options.runs = runs;
  options.random_scripts = name == "random";
  options.done = [&](const RunResult& result) {
    steps += result.steps;
    cluster += static_cast<double>(result.cluster_time) / reference::kSecond;
  };
  const Scenario& scenario = *find_scenario(options.random_scripts ? "life" : name);
  const double seconds = seconds_of([&] { campaign(scenario, options); });
  fmt::print("{:<24} {:>7.0f} runs/s {:>9.0f} steps/s {:>10.0f} s of cluster time a second\n", name,
             static_cast<double>(runs) / seconds, static_cast<double>(steps) / seconds,
             cluster / seconds);
}

}  // namespace
}  // namespace harness::explore

int main() {
  using harness::explore::Budget;
  using harness::explore::Fault;
  Budget none, crash, drop;
  crash.of(Fault::crash) = 1;
  drop.of(Fault::drop) = 1;
  harness::explore::searches("mkdirs", none);
  harness::explore::searches("life", none);
  harness::explore::searches("create", crash);
  harness::explore::searches("life", crash);
  harness::explore::searches("mkdirs", drop);
  harness::explore::mirrored("twins", none);
  harness::explore::mirrored("twins", drop);
  harness::explore::walks("life", 300);
  harness::explore::walks("flock-held", 300);  // one waits: most of the time there are but pings
  harness::explore::walks("random", 3000);
  return 0;
}
