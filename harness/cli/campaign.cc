// assay campaign: random walks with random faults, one seed a run.
#include "harness/explore/campaign.h"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "harness/cli/campaign_live.h"
#include "harness/cli/capsule_file.h"
#include "harness/cli/commands.h"
#include "harness/cli/terminal.h"
#include "harness/cli/version.h"
#include "harness/cli/watch.h"
#include "harness/explore/replay.h"
#include "harness/explore/shrink.h"
#include "reference/defects.h"

namespace harness {
namespace {

using explore::RunResult;

struct CampaignOptions {
  std::string scenario = "random";
  std::string world = "sim";
  std::string dialect = "2.0";
  std::vector<std::string> defects;
  uint64_t seed = 1;
  uint64_t runs = 1000;
  uint32_t seconds = 0;
  double memory_gib = 16;
  uint32_t jobs = 0;
  std::string out;
  bool json = false;
};

struct Tally {
  uint64_t runs = 0, steps = 0, failed = 0, unfinished = 0;
  double cluster_seconds = 0;
  std::map<std::string, uint64_t> titles;
};

// The first failure of each title is cut down and kept.
void on_failure(const RunResult& result, const CampaignOptions& options, Tally& tally) {
  ++tally.failed;
  const auto shrunk = explore::shrink(result.scenario, result.schedule, result.property);
  if (!shrunk) {
    ++tally.titles[fmt::format("{}: seed {}: {}", result.property, result.seed, result.what)];
    return;
  }
  const record::Capsule capsule =
      explore::make_capsule(result.scenario, shrunk->schedule, result.property, build_id());
  if (tally.titles[capsule.title]++ != 0) return;
  if (!options.json)
    fmt::print("{} (seed {}, {} of {} steps): {}\n", capsule.title, result.seed,
               shrunk->schedule.size(), result.schedule.size(), capsule.what);
  if (options.out.empty()) return;
  const auto path = save_capsule(capsule, options.out);
  if (path && !options.json) fmt::print("  {}\n", *path);
}

nlohmann::ordered_json json_of(const CampaignOptions& options, const Tally& tally, double elapsed) {
  return {{"scenario", options.scenario}, {"dialect", options.dialect},
          {"first_seed", options.seed},   {"runs", tally.runs},
          {"failed", tally.failed},       {"unfinished", tally.unfinished},
          {"steps", tally.steps},         {"cluster_seconds", tally.cluster_seconds},
          {"seconds", elapsed},           {"titles", tally.titles}};
}

void print_tally(const CampaignOptions& options, const Tally& tally, double elapsed) {
  fmt::print("{} runs of {} in dialect {}, seeds from {}: {} failed, {} unfinished\n", tally.runs,
             options.scenario, options.dialect, options.seed, tally.failed, tally.unfinished);
  fmt::print("  {:.1f} s, {:.0f} runs/s, {:.0f} steps/s, {:.0f} s of cluster time a second\n",
             elapsed, static_cast<double>(tally.runs) / elapsed,
             static_cast<double>(tally.steps) / elapsed, tally.cluster_seconds / elapsed);
  for (const auto& [title, count] : tally.titles) fmt::print("  {:>6} {}\n", count, title);
}

bool read_defects(const CampaignOptions& options, reference::DefectSet& into) {
  for (const std::string& name : options.defects) {
    const auto defect = reference::find_defect(name);
    if (!defect) {
      complain(fmt::format("no defect \"{}\"; `assay list --defects` shows all", name));
      return false;
    }
    into.add(*defect);
  }
  return true;
}

ExitCode run_live(const CampaignOptions& options) {
  if (options.scenario != "random") {
    complain("in the live world calls are drawn from the seed; scenarios are for exploration");
    return ExitCode::usage;
  }
  LiveCampaign campaign{
      .dialect = options.dialect == "1.8" ? reference::Dialect::v1_8 : reference::Dialect::v2_0,
      .first_seed = options.seed,
      .runs = options.runs,
      .out = options.out,
      .json = options.json};
  if (options.jobs != 0) campaign.jobs = options.jobs;
  if (!read_defects(options, campaign.defects)) return ExitCode::usage;
  return run_live_campaign(campaign);
}

ExitCode run(const CampaignOptions& options) {
  const bool random = options.scenario == "random";
  if (options.world == "live") return run_live(options);
  const explore::Scenario* known = explore::find_scenario(random ? "life" : options.scenario);
  if (known == nullptr) {
    complain(fmt::format("no scenario \"{}\"; `assay explore --list` shows all", options.scenario));
    return ExitCode::usage;
  }
  explore::Scenario scenario = *known;
  scenario.dialect = options.dialect == "1.8" ? reference::Dialect::v1_8 : reference::Dialect::v2_0;
  if (!read_defects(options, scenario.defects)) return ExitCode::usage;
  const Watch watch(options.seconds, options.memory_gib);
  ProgressLine progress;
  Tally tally;
  explore::CampaignOptions campaign;
  campaign.first_seed = options.seed;
  campaign.runs = options.runs;
  campaign.workers = options.jobs != 0 ? options.jobs : std::thread::hardware_concurrency();
  campaign.random_scripts = random;
  campaign.stop = &watch.stop();
  campaign.done = [&](const RunResult& result) {
    ++tally.runs;
    tally.steps += result.steps;
    tally.unfinished += result.over ? 0 : 1;
    tally.cluster_seconds += static_cast<double>(result.cluster_time) / reference::kSecond;
    if (!result.property.empty()) {
      progress.clear();
      on_failure(result, options, tally);
    }
    progress.show(fmt::format("{} of {} runs, {} failed, {:.0f} steps/s", tally.runs, options.runs,
                              tally.failed, static_cast<double>(tally.steps) / watch.elapsed()));
  };
  explore::campaign(scenario, campaign);
  progress.clear();
  if (options.json) {
    fmt::print("{}\n", json_of(options, tally, watch.elapsed()).dump(2));
  } else {
    print_tally(options, tally, watch.elapsed());
  }
  if (tally.failed != 0) return ExitCode::fail;
  const bool decided = tally.runs == options.runs && tally.unfinished == 0;
  return decided ? ExitCode::pass : ExitCode::inconclusive;
}

}  // namespace

void add_campaign(CLI::App& app, ExitCode& exit) {
  auto options = std::make_shared<CampaignOptions>();
  CLI::App* command = app.add_subcommand("campaign", "walk randomly with random faults");
  command->footer("Exit status: 0 nothing violated, 1 something is, 2 not all runs ended.");
  command->add_option("scenario", options->scenario,
                      "of `assay explore --list`, or random: scripts drawn from the seed (random)");
  command
      ->add_option("--world", options->world,
                   "sim (the default), or live: processes that are killed, TCP, real time")
      ->check(CLI::IsMember({"sim", "live"}));
  command->add_option("--dialect", options->dialect, "1.8 or 2.0 (2.0)")
      ->check(CLI::IsMember({"1.8", "2.0"}));
  command->add_option("--defect", options->defects, "a planted defect of the servers");
  command->add_option("--seed", options->seed, "of the first run; each has the next (1)");
  command->add_option("--runs", options->runs, "how many (1000)");
  command->add_option("--seconds", options->seconds, "stop after (never)");
  command->add_option("--memory", options->memory_gib, "GiB, stop beyond (16)");
  command->add_option("--jobs", options->jobs, "threads (one a core), or live worlds (24)");
  command->add_option("--out", options->out,
                      "folder for capsules of failures; of the live world: history and plan");
  command->add_flag("--json", options->json, "the result as JSON");
  command->callback([options, &exit] { exit = run(*options); });
}

}  // namespace harness
