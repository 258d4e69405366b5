// assay explore: walks all schedules of a small scenario.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "harness/cli/commands.h"
#include "harness/cli/capsule_file.h"
#include "harness/cli/terminal.h"
#include "harness/cli/watch.h"
#include "harness/cli/version.h"
#include "harness/explore/replay.h"
#include "harness/explore/search.h"
#include "harness/explore/shrink.h"
#include "reference/defects.h"

namespace harness {
namespace {

using explore::Scenario;
using explore::SearchOptions;
using explore::SearchReport;
using Json = nlohmann::ordered_json;

constexpr double kGiB = 1 << 30;

struct Options {
  std::string scenario;
  bool list = false;
  std::string dialect = "2.0";
  std::array<int, explore::kFaults> faults;
  std::vector<std::string> defects;
  std::vector<std::string> properties;
  uint32_t depth = 30'000;
  uint64_t states = ~uint64_t{0};
  uint32_t seconds = 0;
  double memory_gib = 16;
  uint32_t workers = 0;
  uint64_t seed = 1;
  bool all_orders = false;
  bool no_symmetry = false;
  bool json = false;
  std::string out;
  Options() { faults.fill(-1); }
};

void list_scenarios(bool json) {
  Json all = Json::array();
  for (const Scenario& scenario : explore::scenarios()) {
    all.push_back({{"name", scenario.name},
                   {"what", scenario.what},
                   {"clients", scenario.clients.size()},
                   {"osts", scenario.osts},
                   {"budget", scenario.budget.text()}});
    if (!json) fmt::print("{:<16} {} ({})\n", scenario.name, scenario.what, scenario.budget.text());
  }
  if (json) fmt::print("{}\n", all.dump(2));
}

// The scenario as asked for; none, and said so, when something in it does not exist.
std::optional<Scenario> chosen(const Options& options) {
  const Scenario* known = explore::find_scenario(options.scenario);
  if (known == nullptr) {
    complain(fmt::format("no scenario \"{}\"; `assay explore --list` shows all", options.scenario));
    return std::nullopt;
  }
  Scenario scenario = *known;
  scenario.dialect =
      options.dialect == "1.8" ? reference::Dialect::v1_8 : reference::Dialect::v2_0;
  scenario.seed = options.seed;
  for (size_t i = 0; i < explore::kFaults; ++i) {
    if (options.faults[i] >= 0) scenario.budget.left[i] = static_cast<uint8_t>(options.faults[i]);
  }
  for (const std::string& name : options.defects) {
    const auto defect = reference::find_defect(name);
    if (!defect) {
      complain(fmt::format("no defect \"{}\"; `assay list --defects` shows all", name));
      return std::nullopt;
    }
    scenario.defects |= reference::defect_bit(*defect);
  }
  return scenario;
}

std::string_view end_text(SearchReport::End end) {
  using enum SearchReport::End;
  switch (end) {
    case exhausted:
      return "exhausted";
    case states:
      return "stopped: states";
    case depth:
      return "stopped: depth";
    case seconds:
      return "stopped: seconds";
    case memory:
      return "stopped: memory";
    case interrupt:
      return "stopped: interrupted";
    case violation:
      return "stopped: violation";
  }
  return "";
}

void print_report(const Scenario& scenario, const Options& options, const SearchReport& report,
                  double elapsed, uint64_t peak) {
  const auto each = [&](uint64_t bytes) {
    return static_cast<double>(bytes) / static_cast<double>(std::max<uint64_t>(1, report.states));
  };
  fmt::print("{}: {}\n", scenario.name, scenario.what);
  fmt::print("  dialect {}, {} client(s), 1 MDS, {} OST(s); budget: {}; timing: Lustre's defaults\n",
             options.dialect, scenario.clients.size(), scenario.osts, scenario.budget.text());
  fmt::print("  rules: free deliveries, commits, calls, starts; time only when nothing else is left\n");
  fmt::print("  reduction: order {}, symmetry {}\n", options.all_orders ? "off" : "sleep sets",
             options.no_symmetry ? "off" : "on");
  fmt::print("  {}: {} states, {} transitions, {} ends, {} steps deep\n", end_text(report.end),
             report.states, report.transitions, report.ends, report.depth);
  fmt::print("  expanded again {}; local: {} node values, {} messages, {} steps, {} checkers\n",
             report.expanded_again, report.local_states, report.messages, report.local_steps,
             report.checker_states);
  fmt::print("  {:.2f} s, {:.0f} transitions/s, {:.1f} bytes a visited state, frontier {:.1f} MiB, "
             "peak {:.2f} GiB\n",
             elapsed, static_cast<double>(report.transitions) / elapsed, each(report.visited_bytes),
             static_cast<double>(report.frontier_bytes_max) / (1 << 20),
             static_cast<double>(peak) / kGiB);
}

// Each violated property: its schedule, cut down, and its capsule if a folder was named.
void print_violated(const Scenario& scenario, const Options& options,
                    const explore::Violated& violated) {
  const auto shrunk = explore::shrink(scenario, violated.schedule, violated.property);
  const explore::Schedule& schedule = shrunk ? shrunk->schedule : violated.schedule;
  fmt::print("{} violated: {}\n", violated.property, violated.what);
  fmt::print("  in {} steps (found in {}{}):\n", schedule.size(), violated.schedule.size(),
             !shrunk           ? "; does not happen again"
             : shrunk->minimal ? ", no step can be left out"
                               : "");
  const explore::Names names(scenario);
  for (const explore::Decision& decision : schedule) fmt::print("    {}\n", names.text(decision));
  if (options.out.empty() || !shrunk) return;
  const record::Capsule capsule =
      explore::make_capsule(scenario, schedule, violated.property, build_id());
  const auto path = save_capsule(capsule, options.out);
  if (path) fmt::print("  capsule: {}\n", *path);
}

ExitCode run(const Options& options) {
  if (options.list) {
    list_scenarios(options.json);
    return ExitCode::pass;
  }
  const auto scenario = chosen(options);
  if (!scenario) return ExitCode::usage;
  const Watch watch(options.seconds, options.memory_gib);
  ProgressLine progress;
  SearchOptions search;
  search.reduce_order = !options.all_orders;
  search.reduce_symmetry = !options.no_symmetry;
  search.workers = options.workers != 0 ? options.workers : std::thread::hardware_concurrency();
  search.states_max = options.states;
  search.depth_max = std::min<uint32_t>(options.depth, 30'000);
  search.properties.assign(options.properties.begin(), options.properties.end());
  search.stop = &watch.stop();
  search.progress = [&](const SearchOptions::Progress& at) {
    progress.show(fmt::format("{} states, {} transitions, {} steps deep, {:.0f} MiB waiting",
                              at.states, at.transitions, at.depth,
                              static_cast<double>(at.waiting) / (1 << 20)));
  };
  const SearchReport report = explore::search(*scenario, search);
  progress.clear();
  if (!report.trouble.empty()) {
    complain(report.trouble);
    return ExitCode::broken;
  }
  print_report(*scenario, options, report, watch.elapsed(), watch.peak_bytes());
  for (const explore::Violated& violated : report.violated) {
    print_violated(*scenario, options, violated);
  }
  if (!report.violated.empty()) return ExitCode::fail;
  return report.end == SearchReport::End::exhausted ? ExitCode::pass : ExitCode::inconclusive;
}

}  // namespace

void add_explore(CLI::App& app, ExitCode& exit) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("explore", "walk all schedules of a small scenario");
  command->add_option("scenario", options->scenario, "its name (--list)");
  command->add_flag("--list", options->list, "the scenarios, with the budget each is meant for");
  command->add_option("--dialect", options->dialect, "1.8 or 2.0 (2.0)")
      ->check(CLI::IsMember({"1.8", "2.0"}));
  for (size_t i = 0; i < explore::kFaults; ++i) {
    const auto fault = static_cast<explore::Fault>(i);
    command
        ->add_option(fmt::format("--{}", explore::fault_option(fault)), options->faults[i],
                     "so many in a schedule (the scenario's)")
        ->check(CLI::Range(0, 200));
  }
  command->add_option("--defect", options->defects, "a planted defect of the servers");
  command->add_option("--property", options->properties, "only these (all)");
  command->add_option("--depth", options->depth, "steps of a schedule (30000)");
  command->add_option("--states", options->states, "stop beyond so many (no bound)");
  command->add_option("--seconds", options->seconds, "stop after (never)");
  command->add_option("--memory", options->memory_gib, "GiB, stop beyond (16)");
  command->add_option("--workers", options->workers, "threads (one a core)");
  command->add_option("--seed", options->seed, "of cookies, uuids and xids (1)");
  command->add_flag("--all-orders", options->all_orders, "without partial-order reduction");
  command->add_flag("--no-symmetry", options->no_symmetry, "tell interchangeable clients apart");
  command->add_option("--out", options->out, "folder for capsules of what is violated");
  command->add_flag("--json", options->json, "the list as JSON");
  command->callback([options, &exit] { exit = run(*options); });
}

}  // namespace harness
