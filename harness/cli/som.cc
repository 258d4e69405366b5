// assay som: the Size-on-MDS laboratory.
#include <fmt/core.h>

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
#include "harness/som/claims.h"
#include "harness/som/matrix.h"

namespace harness {
namespace {

using Json = nlohmann::ordered_json;

struct SomOptions {
  std::string use_case = "2";
  std::string row = "P5l";
  std::string solutions;
  int crashes = 1;
  int ost_crashes = 0;
  int osts = 1;
  bool crash_loses = false;
  bool invariant = false;
  uint64_t states = ~uint64_t{0};
  uint32_t seconds = 0;
  double memory_gib = 8;
  uint32_t workers = 0;
  bool reduce = true;
  bool backwards = false;
  uint64_t hash_seed = 0;
  bool json = false;
  std::string out;
  std::string html;
  int size = 4;
  bool only_minimal = false;
  std::vector<std::string> leave_out;
  bool witnesses = false;
};

som::Bounds bounds_of(const SomOptions& options) {
  return {static_cast<uint8_t>(options.crashes), static_cast<uint8_t>(options.ost_crashes),
          static_cast<uint8_t>(options.osts), options.crash_loses};
}

std::optional<som::Cell> cell_of(const SomOptions& options) {
  som::Cell cell;
  const auto use_case = std::ranges::find(som::use_cases(), std::string_view(options.use_case),
                                          &som::UseCaseInfo::name);
  const auto row =
      std::ranges::find(som::rows(), std::string_view(options.row), &som::RowInfo::name);
  const auto policies =
      som::parse_solutions(options.solutions.empty() ? "none" : options.solutions);
  if (use_case == som::use_cases().end() || row == som::rows().end() || !policies) {
    complain("there is no such use case, row or solution; `assay som list` shows all");
    return std::nullopt;
  }
  cell.use_case = use_case->use_case;
  cell.row = row->row;
  cell.policies = *policies;
  cell.bounds = bounds_of(options);
  if (som::exists(cell.use_case, cell.row)) return cell;
  complain("row P6 is of use case 4 alone");
  return std::nullopt;
}

unsigned workers_of(const SomOptions& options) {
  return options.workers != 0 ? options.workers : std::thread::hardware_concurrency();
}

explore::SearchOptions search_options(const SomOptions& options, const Watch& watch,
                                      ProgressLine& progress) {
  explore::SearchOptions search;
  search.reduce_order = options.reduce;
  search.backwards = options.backwards;
  search.hash_seed = options.hash_seed;
  search.workers = workers_of(options);
  search.states_max = options.states;
  search.properties = som::judged_properties(options.invariant);
  search.stop = &watch.stop();
  search.progress = [&](const explore::SearchOptions::Progress& at) {
    progress.show(fmt::format("{} states, {} transitions, {} steps deep", at.states, at.transitions,
                              at.depth));
  };
  return search;
}

ExitCode exit_of(som::Verdict verdict) {
  switch (verdict) {
    case som::Verdict::holds:
      return ExitCode::pass;
    case som::Verdict::broken:
      return ExitCode::fail;
    case som::Verdict::undecided:
      return ExitCode::inconclusive;
  }
  return ExitCode::broken;
}

void list() {
  fmt::print("use cases\n");
  for (const auto& each : som::use_cases()) fmt::print("  {:<6} {}\n", each.name, each.what);
  fmt::print("rows: what A does when the MDS has lost track of it\n");
  for (const auto& each : som::rows()) fmt::print("  {:<6} {}\n", each.name, each.what);
  fmt::print("solutions; the base {} is on unless \"-NAME\" takes it away\n", "3,M,E");
  for (const auto& each : reference::kSomPolicies) {
    fmt::print("  {:<6} {}\n", each.name, each.what);
  }
}

// A capsule of what breaks the cell; its file, or nothing.
std::string save_witness(const som::Cell& cell, const som::Decided& decided,
                         const std::string& folder) {
  if (decided.verdict != som::Verdict::broken || folder.empty()) return {};
  record::Capsule capsule =
      explore::make_capsule(som::scenario_of(cell), decided.schedule, decided.property, build_id());
  capsule.title = fmt::format("{}: {}", decided.property, som::text_of(cell));
  return save_capsule(capsule, folder).value_or("");
}

ExitCode check_cell(const SomOptions& options) {
  const auto cell = cell_of(options);
  if (!cell) return ExitCode::usage;
  const Watch watch(options.seconds, options.memory_gib);
  ProgressLine progress;
  const som::Decided decided = som::decide(*cell, search_options(options, watch, progress));
  progress.clear();
  const explore::Scenario scenario = som::scenario_of(*cell);
  const explore::Names names(scenario);
  const std::string capsule = save_witness(*cell, decided, options.out);
  if (options.json) {
    Json steps = Json::array();
    for (const auto& step : decided.schedule) steps.push_back(names.text(step));
    const Json all = {{"cell", som::text_of(*cell)},
                      {"verdict", som::verdict_name(decided.verdict)},
                      {"why", decided.why},
                      {"budget", scenario.budget.text()},
                      {"osts", cell->bounds.osts},
                      {"crash_loses", cell->bounds.crash_loses},
                      {"states", decided.states},
                      {"transitions", decided.transitions},
                      {"states_again", decided.states_again},
                      {"transitions_again", decided.transitions_again},
                      {"depth", decided.depth},
                      {"seconds", watch.elapsed()},
                      {"shortest", decided.shortest},
                      {"steps", steps},
                      {"capsule", capsule}};
    fmt::print("{}\n", all.dump(2));
    return exit_of(decided.verdict);
  }
  fmt::print("{}: {}{}{}\n", som::text_of(*cell), som::verdict_name(decided.verdict),
             decided.why.empty() ? "" : "; ", decided.why);
  fmt::print("  {}; {} OST(s); budget: {}\n", scenario.what, cell->bounds.osts,
             scenario.budget.text());
  fmt::print("  {}; {} moves deep, {:.1f} s\n", som::figures_of(decided, watch.elapsed()),
             decided.depth, watch.elapsed());
  if (!decided.schedule.empty())
    fmt::print("  {}, {} moves, {} steps:\n",
               decided.shortest ? "a shortest witness" : "a witness, not the shortest perhaps",
               decided.depth, decided.schedule.size());
  for (const auto& step : decided.schedule) fmt::print("    {}\n", names.text(step));
  if (!capsule.empty()) fmt::print("  capsule: {}\n", capsule);
  return exit_of(decided.verdict);
}

Json json_of(const som::Matrix& matrix) {
  Json cells = Json::array();
  for (const som::MatrixCell& cell : matrix.cells) {
    cells.push_back({{"cell", som::name_of(cell.line)},
                     {"solutions", matrix.columns[cell.column].name},
                     {"verdict", som::verdict_name(cell.decided.verdict)},
                     {"why", cell.decided.why},
                     {"property", cell.decided.property},
                     {"depth", cell.decided.depth},
                     {"states", cell.decided.states},
                     {"transitions", cell.decided.transitions},
                     {"states_again", cell.decided.states_again},
                     {"transitions_again", cell.decided.transitions_again},
                     {"seconds", cell.seconds},
                     {"shortest", cell.decided.shortest},
                     {"steps", som::witness_of(matrix, cell)}});
  }
  return {{"mds_crashes", matrix.bounds.mds_crashes},
          {"ost_crashes", matrix.bounds.ost_crashes},
          {"osts", matrix.bounds.osts},
          {"crash_loses", matrix.bounds.crash_loses},
          {"states_max", matrix.states_max},
          {"cells", std::move(cells)}};
}

// Cells that are not reached in time are undecided, and counted as such.
ExitCode decide_matrix(const SomOptions& options) {
  std::vector<som::Column> columns = som::columns();
  if (!options.solutions.empty()) {
    const auto policies = som::parse_solutions(options.solutions);
    if (!policies) {
      complain("there is no such solution; `assay som list` shows all");
      return ExitCode::usage;
    }
    columns = {{options.solutions, *policies}};
  }
  Watch watch(options.seconds, options.memory_gib);
  ProgressLine progress;
  const auto decide_cell = [&](const som::Cell& cell, som::MatrixCell& made) {
    const double begin = watch.elapsed();
    explore::SearchOptions search = search_options(options, watch, progress);
    search.workers = 1;  // cells side by side take less than one cell on several cores
    search.progress = {};
    if (watch.stop().load() != explore::Stop::none) {
      made.decided.why = "not reached";
    } else {
      made.decided = som::decide(cell, search);
      watch.go_on_after_memory();
    }
    made.seconds = watch.elapsed() - begin;
  };
  const auto done = [&](size_t count, size_t all) {
    progress.show(fmt::format("{} of {} cells", count, all));
  };
  const som::Matrix matrix = som::decide_all(std::move(columns), bounds_of(options), options.states,
                                             workers_of(options), decide_cell, done);
  progress.clear();
  if (!options.html.empty() && !save_file(options.html, som::html_of(matrix))) {
    return ExitCode::broken;
  }
  if (options.json) {
    fmt::print("{}\n", json_of(matrix).dump(2));
  } else {
    fmt::print("{}{:.0f} s\n", som::text_of(matrix, options.witnesses), watch.elapsed());
  }
  return matrix.count(som::Verdict::undecided) == 0 ? ExitCode::pass : ExitCode::inconclusive;
}

ExitCode combine(const SomOptions& options) {
  som::Which which{static_cast<size_t>(options.size), options.only_minimal, {}};
  for (const std::string& text : options.leave_out) {
    const auto policies = som::parse_solutions(text);
    if (!policies) {
      complain("there is no such solution; `assay som list` shows all");
      return ExitCode::usage;
    }
    which.left_open.push_back(*policies);
  }
  Watch watch(options.seconds, options.memory_gib);
  ProgressLine progress;
  const auto decided = [&](const som::Cell& cell, uint64_t states_max) {
    explore::SearchOptions search = search_options(options, watch, progress);
    search.states_max = states_max;
    som::Decided made = som::decide(cell, search, som::Witness::any);
    watch.go_on_after_memory();
    return made;
  };
  const auto stopped = [&] { return watch.stop().load() != explore::Stop::none; };
  Json sets = Json::array();
  const auto done = [&](const som::SetDecided& set) {
    progress.clear();
    if (!options.json) {
      // Thousands are broken; those that are not are what is looked for, and what a subset's safety
      // would not have told.
      if (set.verdict != som::Verdict::broken || set.superset) fmt::print("{}", som::text_of(set));
      std::fflush(stdout);
      return;
    }
    sets.push_back({{"solutions", som::text_of(set.policies)},
                    {"verdict", som::verdict_name(set.verdict)},
                    {"by", set.by},
                    {"undecided_cells", set.undecided},
                    {"minimal", set.minimal},
                    {"subset_holds", set.superset},
                    {"states", set.states}});
  };
  const som::Combinations all =
      som::combine(std::move(which), bounds_of(options), options.states, decided, stopped, done);
  if (options.json) {
    const Json whole = {{"mds_crashes", options.crashes}, {"ost_crashes", options.ost_crashes},
                        {"osts", options.osts},           {"crash_loses", options.crash_loses},
                        {"states_max", options.states},   {"not_reached", all.left},
                        {"left_open", all.left_open},     {"seconds", watch.elapsed()},
                        {"sets", std::move(sets)}};
    fmt::print("{}\n", whole.dump(2));
  } else {
    fmt::print("{}{:.0f} s\n", som::text_of(all), watch.elapsed());
  }
  const bool whole = all.left == 0 && all.count(som::Verdict::undecided) == 0;
  return whole ? ExitCode::pass : ExitCode::inconclusive;
}

// The mail's claims side by side with what is found; as suites/som/README.md has it.
ExitCode claims(const SomOptions& options) {
  Watch watch(options.seconds, options.memory_gib);
  ProgressLine progress;
  std::vector<som::Found> all;
  for (const som::Claim& claim : som::claims()) {
    const som::Cell cell = som::cell_of(claim);
    som::Decided decided = som::decide(cell, search_options(options, watch, progress));
    watch.go_on_after_memory();
    std::string capsule = save_witness(cell, decided, options.out);
    all.push_back({claim, std::move(decided), std::move(capsule)});
  }
  progress.clear();
  fmt::print("{}", som::page_of(all, options.states));
  return ExitCode::pass;
}

void add_bounds(CLI::App& command, SomOptions& options) {
  command.add_option("--crashes", options.crashes, "of the MDS, in use cases that have any (1)")
      ->check(CLI::Range(1, 3));
  command.add_option("--ost-crashes", options.ost_crashes, "(0)")->check(CLI::Range(0, 2));
  command.add_flag("--crash-loses", options.crash_loses,
                   "what a server has sent and has not arrived goes with it");
  command.add_option("--osts", options.osts, "stripes of the file (1)")->check(CLI::Range(1, 3));
  command.add_option("--states", options.states, "stop beyond so many (no bound)");
  command.add_option("--seconds", options.seconds, "stop after (never)");
  command.add_option("--memory", options.memory_gib, "GiB, stop beyond (8)");
  command.add_option("--workers", options.workers, "threads (one a core)");
  command.add_flag("--backwards", options.backwards, "try steps in the other order");
  command.add_option("--hash-seed", options.hash_seed, "of the states' hashes (0)");
  command.add_flag("!--all-orders", options.reduce, "also of independent steps");
  command.add_flag("--invariant", options.invariant, "judge SOM-3 in place of the others");
  command.add_flag("--json", options.json, "the result as JSON");
}

}  // namespace

void add_som(CLI::App& app, ExitCode& exit) {
  auto options = std::make_shared<SomOptions>();
  CLI::App* lab = app.add_subcommand("som", "the Size-on-MDS laboratory");
  lab->require_subcommand(1);
  lab->footer("Exit status of check: 0 holds (exhausted), 1 broken, 2 a bound was reached.");
  lab->add_subcommand("list", "use cases, rows, solutions")->callback([] { list(); });
  CLI::App* one = lab->add_subcommand("check", "decide one cell by walking all its schedules");
  one->add_option("--use-case", options->use_case, "1 to 5 (2)");
  one->add_option("--row", options->row, "P3c, P3l, P4, P5k, P5l, P2l, P2k, P6 (P5l)");
  one->add_option("--solutions", options->solutions, "names, \"none\" or \"shipped\" (none)");
  one->add_option("--out", options->out, "folder for the witness's capsule");
  add_bounds(*one, *options);
  one->callback([options, &exit] { exit = check_cell(*options); });
  constexpr uint64_t kStatesOfCell = 1'000'000;
  CLI::App* matrix =
      lab->add_subcommand("matrix", "decide all cells: about ten minutes on two cores");
  matrix->add_option("--html", options->html, "a file for the grid as a page");
  matrix->add_flag("--witnesses", options->witnesses, "with the steps that break each cell");
  matrix->add_option("--solutions", options->solutions,
                     "this set alone, in place of a column for each solution");
  add_bounds(*matrix, *options);
  matrix->callback([options, &exit] { exit = decide_matrix(*options); });
  CLI::App* page = lab->add_subcommand("claims", "the mail's claims, and what is found of each");
  page->add_option("--out", options->out, "folder for the witnesses' capsules");
  add_bounds(*page, *options);
  page->callback([options, &exit] {
    if (options->states == ~uint64_t{0}) options->states = 10 * kStatesOfCell;
    exit = claims(*options);
  });
  CLI::App* sets = lab->add_subcommand("combinations", "sets of solutions that no schedule breaks");
  sets->add_option("--size", options->size, "of the sets, at most (4)")->check(CLI::Range(0, 8));
  sets->add_flag("--minimal", options->only_minimal,
                 "leave open whether what holds a safe set is safe");
  sets->add_option("--leave-out", options->leave_out, "leave open all that holds this set");
  add_bounds(*sets, *options);
  sets->callback([options, &exit] {
    if (options->states == ~uint64_t{0}) options->states = kStatesOfCell;
    exit = combine(*options);
  });
}

}  // namespace harness
