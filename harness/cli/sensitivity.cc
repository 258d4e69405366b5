// assay sensitivity: which planted defects exploration finds, where, and by how short a schedule.
#include "harness/explore/sensitivity.h"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "harness/cli/commands.h"
#include "harness/cli/terminal.h"

namespace harness {
namespace {

using explore::Sensed;
using explore::SensitivityRow;
using Json = nlohmann::ordered_json;

struct SensitivityOptions {
  std::vector<std::string> only;
  uint32_t workers = 0;
  bool json = false;
};

Json json_of(const SensitivityRow& row, const Sensed& sensed) {
  const explore::Scenario scenario = explore::sensitivity_scenario(row);
  const explore::Names names(scenario);
  Json steps = Json::array();
  for (const explore::Decision& step : sensed.schedule) steps.push_back(names.text(step));
  return {{"defect", row.defect},
          {"scenario", row.scenario},
          {"dialect", scenario.dialect == explore::Dialect::v1_8 ? "1.8" : "2.0"},
          {"budget", row.budget.text()},
          {"clients", scenario.clients.size()},
          {"property", sensed.property},
          {"what", sensed.what},
          {"states", sensed.states},
          {"faults", sensed.faults},
          {"steps", std::move(steps)}};
}

void print(const SensitivityRow& row, const Sensed& sensed) {
  if (sensed.property.empty()) {
    fmt::print("{:<36} MISSED in {}, {}: {} states\n", row.defect, row.scenario, row.budget.text(),
               sensed.states);
    return;
  }
  fmt::print("{:<36} {:<13} {:<16} {:<20} {:>8} states {:>3} steps {} fault(s)\n", row.defect,
             sensed.property, row.scenario, row.budget.text(), sensed.states,
             sensed.schedule.size(), sensed.faults);
}

ExitCode run(const SensitivityOptions& options) {
  std::vector<const SensitivityRow*> rows;
  for (const SensitivityRow& row : explore::sensitivity_rows()) {
    const bool named = std::ranges::find(options.only, row.defect) != options.only.end();
    if (options.only.empty() || named) rows.push_back(&row);
  }
  if (rows.size() < std::max<size_t>(1, options.only.size())) {
    complain("--only names a defect that has no row");
    return ExitCode::usage;
  }
  const unsigned workers =
      options.workers != 0 ? options.workers : std::thread::hardware_concurrency();
  size_t found = 0;
  Json all = Json::array();
  for (const SensitivityRow* row : rows) {
    const Sensed sensed = explore::sense(*row, workers);
    found += sensed.property.empty() ? 0 : 1;
    if (options.json) {
      all.push_back(json_of(*row, sensed));
    } else {
      print(*row, sensed);
    }
  }
  if (options.json) {
    fmt::print("{}\n", all.dump(2));
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
  command->add_option("--only", options->only, "these defects (all that have a row)")
      ->delimiter(',');
  command->add_option("--workers", options->workers, "threads (one a core)");
  command->add_flag("--json", options->json, "with the schedules, as JSON");
  command->callback([options, &exit] { exit = run(*options); });
}

}  // namespace harness
