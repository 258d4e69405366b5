// assay explore: walks all schedules of a small scenario.
#include <fmt/core.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "harness/cli/capsule_file.h"
#include "harness/cli/commands.h"
#include "harness/cli/terminal.h"
#include "harness/cli/version.h"
#include "harness/cli/watch.h"
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

struct ExploreOptions {
  std::string scenario;
  bool list = false;
  std::string dialect = "2.0";
  std::array<int, explore::kFaults> faults;
  std::vector<std::string> crash_of;  // servers
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
  bool all_ways = false;
  bool json = false;
  std::string out;
  ExploreOptions() { faults.fill(-1); }
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
std::optional<Scenario> chosen(const ExploreOptions& options) {
  const Scenario* known = explore::find_scenario(options.scenario);
  if (known == nullptr) {
    complain(fmt::format("no scenario \"{}\"; `assay explore --list` shows all", options.scenario));
    return std::nullopt;
  }
  Scenario scenario = *known;
  scenario.dialect = options.dialect == "1.8" ? reference::Dialect::v1_8 : reference::Dialect::v2_0;
  scenario.seed = options.seed;
  for (size_t i = 0; i < explore::kFaults; ++i) {
    if (options.faults[i] >= 0) scenario.budget.left[i] = static_cast<uint8_t>(options.faults[i]);
  }
  const explore::Names names(scenario);
  for (const std::string& server : options.crash_of) {
    const auto crash = names.parse("crash " + server);
    if (!crash || server == "mgs" || server.starts_with("client")) {
      complain(fmt::format("--crash-of {}: the servers that may crash are mds, ost0, …", server));
      return std::nullopt;
    }
    scenario.aims.push_back(
        {explore::Fault::crash, explore::Aim::kAny, static_cast<uint8_t>(crash->node)});
  }
  for (const std::string& name : options.defects) {
    const auto defect = reference::find_defect(name);
    if (!defect) {
      complain(fmt::format("no defect \"{}\"; `assay list --defects` shows all", name));
      return std::nullopt;
    }
    scenario.defects.add(*defect);
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

void print_report(const Scenario& scenario, const ExploreOptions& options,
                  const SearchReport& report, double elapsed, uint64_t peak) {
  const auto each = [&](uint64_t bytes) {
    return static_cast<double>(bytes) / static_cast<double>(std::max<uint64_t>(1, report.states));
  };
  fmt::print("{}: {}\n", scenario.name, scenario.what);
  fmt::print("  dialect {}, {} client(s), 1 MDS, {} OST(s); budget: {}; timing: {}\n",
             options.dialect, scenario.clients.size(), scenario.osts, scenario.budget.text(),
             explore::timing_text(scenario.timing));
  fmt::print("  rules: {}\n", explore::rules_text(scenario));
  fmt::print("  reduction: order {}, symmetry {}{}\n", options.all_orders ? "off" : "sleep sets",
             options.no_symmetry ? "off" : "on", options.all_ways ? ", states not merged" : "");
  fmt::print("  {}: {} states, {} transitions, {} ends, {} steps deep\n", end_text(report.end),
             report.states, report.transitions, report.ends, report.depth);
  fmt::print("  expanded again {}; local: {} node values, {} messages, {} steps, {} checkers\n",
             report.expanded_again, report.local_states, report.messages, report.local_steps,
             report.checker_states);
  fmt::print(
      "  {:.2f} s, {:.0f} transitions/s, {:.1f} bytes a visited state, frontier {:.1f} MiB, "
      "peak {:.2f} GiB\n",
      elapsed, static_cast<double>(report.transitions) / elapsed, each(report.visited_bytes),
      static_cast<double>(report.frontier_bytes_max) / (1 << 20), static_cast<double>(peak) / kGiB);
  for (const auto& [property, why] : report.inconclusive) {
    fmt::print("{} undecided: {}\n", property, why);
  }
}

// A violated property with its schedule, cut down, and its capsule if a folder was named.
struct Shown {
  const explore::Violated* violated = nullptr;
  explore::Schedule schedule;
  bool again = false;    // it happened again
  bool minimal = false;  // no step can be left out
  std::string capsule;   // its path
};

Shown show(const Scenario& scenario, const ExploreOptions& options,
           const explore::Violated& violated) {
  Shown shown{.violated = &violated, .schedule = violated.schedule};
  auto shrunk = explore::shrink(scenario, violated.schedule, violated.property);
  if (!shrunk) return shown;
  shown.again = true;
  shown.minimal = shrunk->minimal;
  shown.schedule = std::move(shrunk->schedule);
  if (options.out.empty()) return shown;
  const record::Capsule capsule =
      explore::make_capsule(scenario, shown.schedule, violated.property, build_id());
  shown.capsule = save_capsule(capsule, options.out).value_or("");
  return shown;
}

void print_violated(const Scenario& scenario, const Shown& shown) {
  fmt::print("{} violated: {}\n", shown.violated->property, shown.violated->what);
  fmt::print("  in {} steps (found in {}{}):\n", shown.schedule.size(),
             shown.violated->schedule.size(),
             !shown.again    ? "; does not happen again"
             : shown.minimal ? ", no step can be left out"
                             : "");
  const explore::Names names(scenario);
  for (const explore::Decision& step : shown.schedule) fmt::print("    {}\n", names.text(step));
  if (!shown.capsule.empty()) fmt::print("  capsule: {}\n", shown.capsule);
}

Json json_of(const Scenario& scenario, const ExploreOptions& options, const SearchReport& report,
             const Watch& watch, const std::vector<Shown>& all) {
  const explore::Names names(scenario);
  Json violated = Json::array();
  for (const Shown& shown : all) {
    Json steps = Json::array();
    for (const explore::Decision& step : shown.schedule) steps.push_back(names.text(step));
    violated.push_back({{"property", shown.violated->property},
                        {"what", shown.violated->what},
                        {"found_in", shown.violated->schedule.size()},
                        {"minimal", shown.minimal},
                        {"steps", std::move(steps)},
                        {"capsule", shown.capsule}});
  }
  Json undecided = Json::object();
  for (const auto& [property, why] : report.inconclusive) undecided[property] = why;
  return {{"scenario", scenario.name},
          {"dialect", options.dialect},
          {"budget", scenario.budget.text()},
          {"rules", explore::rules_text(scenario)},
          {"timing", explore::timing_text(scenario.timing)},
          {"reduce_order", !options.all_orders},
          {"reduce_symmetry", !options.no_symmetry},
          {"merge", !options.all_ways},
          {"end", end_text(report.end)},
          {"states", report.states},
          {"transitions", report.transitions},
          {"ends", report.ends},
          {"depth", report.depth},
          {"expanded_again", report.expanded_again},
          {"seconds", watch.elapsed()},
          {"visited_bytes", report.visited_bytes},
          {"frontier_bytes_max", report.frontier_bytes_max},
          {"peak_bytes", watch.peak_bytes()},
          {"inconclusive", std::move(undecided)},
          {"violated", std::move(violated)}};
}

ExitCode run(const ExploreOptions& options) {
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
  search.merge = !options.all_ways;
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
  std::vector<Shown> all;
  for (const explore::Violated& violated : report.violated) {
    all.push_back(show(*scenario, options, violated));
  }
  if (options.json) {
    fmt::print("{}\n", json_of(*scenario, options, report, watch, all).dump(2));
  } else {
    print_report(*scenario, options, report, watch.elapsed(), watch.peak_bytes());
    for (const Shown& shown : all) print_violated(*scenario, shown);
  }
  if (!report.violated.empty()) return ExitCode::fail;
  const bool decided = report.end == SearchReport::End::exhausted && report.inconclusive.empty();
  return decided ? ExitCode::pass : ExitCode::inconclusive;
}

}  // namespace

void add_explore(CLI::App& app, ExitCode& exit) {
  auto options = std::make_shared<ExploreOptions>();
  CLI::App* command = app.add_subcommand("explore", "walk all schedules of a small scenario");
  command->footer(
      "Exit status: 0 exhausted and nothing violated, 1 something is, 2 a bound was reached.");
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
  command->add_option("--crash-of", options->crash_of, "only this server crashes: mds, ost0 (any)");
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
  command->add_flag("--all-ways", options->all_ways,
                    "do not merge states to which several ways lead (tiny scenarios only)");
  command->add_option("--out", options->out, "folder for capsules of what is violated");
  command->add_flag("--json", options->json, "the result, or the list, as JSON");
  command->callback([options, &exit] { exit = run(*options); });
}

}  // namespace harness
