// assay sensitivity: which planted defects exploration finds, where, and by how short a schedule.
#include "harness/explore/sensitivity.h"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "harness/cli/commands.h"
#include "harness/cli/terminal.h"
#include "harness/som/planted.h"

namespace harness {
namespace {

using explore::Planted;
using explore::Sensed;
using Json = nlohmann::ordered_json;

struct SensitivityOptions {
  std::vector<std::string> only;
  uint32_t workers = 0;
  bool json = false;
};

Json json_of(const Planted& planted, const Sensed& sensed) {
  const explore::Scenario& scenario = planted.scenario;
  const explore::Names names(scenario);
  Json steps = Json::array();
  for (const explore::Decision& step : sensed.schedule) steps.push_back(names.text(step));
  return {{"defect", planted.defect},
          {"scenario", scenario.name},
          {"dialect", scenario.dialect == explore::Dialect::v1_8 ? "1.8" : "2.0"},
          {"budget", scenario.budget.text()},
          {"clients", scenario.clients.size()},
          {"property", sensed.property},
          {"what", sensed.what},
          {"states", sensed.states},
          {"faults", sensed.faults},
          {"steps", std::move(steps)}};
}

void print(const Planted& planted, const Sensed& sensed) {
  const explore::Scenario& scenario = planted.scenario;
  if (sensed.property.empty()) {
    fmt::print("{:<36} MISSED in {}, {}: {} states\n", planted.defect, scenario.name,
               scenario.budget.text(), sensed.states);
    return;
  }
  fmt::print("{:<36} {:<13} {:<16} {:<20} {:>8} states {:>3} steps {} fault(s)\n", planted.defect,
             sensed.property, scenario.name, scenario.budget.text(), sensed.states,
             sensed.schedule.size(), sensed.faults);
}

ExitCode run(const SensitivityOptions& options) {
  std::vector<Planted> all = explore::planted();
  std::ranges::move(som::planted(), std::back_inserter(all));
  std::vector<Planted> rows;
  for (Planted& one : all) {
    const bool named = std::ranges::find(options.only, one.defect) != options.only.end();
    if (options.only.empty() || named) rows.push_back(std::move(one));
  }
  if (rows.size() < std::max<size_t>(1, options.only.size())) {
    complain("--only names a defect that is looked for nowhere");
    return ExitCode::usage;
  }
  const unsigned workers =
      options.workers != 0 ? options.workers : std::thread::hardware_concurrency();
  size_t found = 0;
  Json told = Json::array();
  for (const Planted& planted : rows) {
    const Sensed sensed = explore::sense(planted, workers);
    found += sensed.property.empty() ? 0 : 1;
    if (options.json) {
      told.push_back(json_of(planted, sensed));
    } else {
      print(planted, sensed);
    }
  }
  if (options.json) {
    fmt::print("{}\n", told.dump(2));
  } else {
    fmt::print("{} of {} defects found, each within {} states\n", found, rows.size(),
               explore::kSensitivityStatesMax);
  }
  return found == rows.size() ? ExitCode::pass : ExitCode::fail;
}

}  // namespace

void add_sensitivity(CLI::App& app, ExitCode& exit) {
  auto options = std::make_shared<SensitivityOptions>();
  CLI::App* command = app.add_subcommand(
      "sensitivity", "explore with each planted defect: where is it found, and how soon?");
  command->footer("Exit status: 0 all are found, 1 some are not.");
  command->add_option("--only", options->only, "these defects (all that are looked for)")
      ->delimiter(',');
  command->add_option("--workers", options->workers, "threads (one a core)");
  command->add_flag("--json", options->json, "with the schedules, as JSON");
  command->callback([options, &exit] { exit = run(*options); });
}

}  // namespace harness
