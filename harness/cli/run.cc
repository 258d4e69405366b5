#include <fmt/core.h>
#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <expected>
#include <fstream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "harness/cli/commands.h"
#include "harness/cli/coverage.h"
#include "harness/cli/terminal.h"
#include "harness/json_text.h"
#include "harness/target.h"
#include "harness/targets/lustre.h"
#include "harness/workers.h"
#include "protocol/check.h"
#include "suites/runner.h"

namespace harness {
namespace {

using Json = nlohmann::ordered_json;
using suites::Outcome;
using suites::Verdict;

struct RunOptions {
  std::string target = "reference";
  std::string world;
  std::string only;
  std::string except;
  std::string out;
  std::string faults;
  uint64_t seed = 1;
  uint32_t jobs = 0;
  uint32_t repeat = 1;
  bool coverage = false;
  bool audit = false;
  bool json = false;
};

// More live worlds than cores: most of their time they wait for a timeout.
constexpr uint32_t kLiveJobs = 24;

const suites::Case& find_case(std::string_view id) {
  for (const auto suite : suites::catalogue()) {
    for (const suites::Case& c : suite) {
      if (c.id == id) return c;
    }
  }
  CHECK(false, "a verdict on no case");
}

Colour colour_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::pass:
      return Colour::green;
    case Outcome::fail:
      return Colour::red;
    case Outcome::unsupported:
      return Colour::dim;
    case Outcome::inconclusive:
    case Outcome::broken:
      return Colour::yellow;
  }
  CHECK(false, "no such outcome");
}

// What was left at the end of the case.
void print_audit(const Verdict& verdict) {
  if (verdict.audit.empty()) return;
  const Json audit = Json::parse(verdict.audit);
  for (const auto& [node, counts] : audit.items()) {
    std::string line;
    for (const auto& [what, value] : counts.items()) {
      if (value.get<int64_t>() == 0) continue;
      line += fmt::format("{}{} {}", line.empty() ? "" : ", ", value.get<int64_t>(), what);
    }
    fmt::print("  at rest {}: {}\n", node, line.empty() ? "nothing" : line);
  }
}

// What somebody needs to act on a verdict: the requirement, where it is written, what was seen,
// and how to see it again.
void explain(const RunOptions& options, const Target& target, const Verdict& verdict) {
  const suites::Case& c = find_case(verdict.id);
  const bool colours = use_colour(stdout);
  std::string issue;
  if (!verdict.issue.empty()) {
    const bool failed = verdict.outcome == Outcome::fail;
    issue = (failed ? ", as expected: " : ", though a failure is expected: ") + verdict.issue;
  }
  fmt::print("{} {} on {}{}\n",
             coloured(suites::outcome_name(verdict.outcome), colour_of(verdict.outcome), colours),
             coloured(verdict.id, Colour::bold, colours), target.name, issue);
  if (verdict.outcome == Outcome::pass) return options.audit ? print_audit(verdict) : void();
  fmt::print("  {}: {} ({})\n", c.requirement, c.sentence, c.source);
  for (std::string_view rest = verdict.why; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    fmt::print("  {}\n", line);
  }
  const std::string on =
      target.file ? options.target : fmt::format("{} --world {}", target.name, options.world);
  fmt::print("  again: ./assay run --target {} --only {} --seed {}{}\n", on, verdict.id,
             verdict.seed, options.faults.empty() ? "" : " --faults " + options.faults);
  print_audit(verdict);
}

// What the target cannot do or was not given, and which cases need it.
void print_unsupported(const Target& target, const std::vector<Verdict>& verdicts) {
  std::map<std::string_view, std::string> cases;
  for (const Verdict& verdict : verdicts) {
    if (verdict.outcome != Outcome::unsupported) continue;
    std::string& ids = cases[verdict.why];
    ids += fmt::format("{}{}", ids.empty() ? "" : ", ", verdict.id);
  }
  for (const auto& [why, ids] : cases) {
    fmt::print("{} on {}: {}\n  {}\n",
               coloured("unsupported", colour_of(Outcome::unsupported), use_colour(stdout)),
               target.name, ids, why);
  }
}

Json to_json(const RunOptions& options, const Target& target, const Verdict& verdict) {
  const suites::Case& c = find_case(verdict.id);
  Json json = {{"target", target.name},
               {"id", verdict.id},
               {"requirement", c.requirement},
               {"sentence", c.sentence},
               {"source", c.source},
               {"seed", verdict.seed},
               {"verdict", suites::outcome_name(verdict.outcome)},
               {"why", verdict.why},
               {"seconds", verdict.seconds}};
  if (!verdict.issue.empty()) json["expected"] = verdict.issue;
  if (!verdict.audit.empty()) json["audit"] = Json::parse(verdict.audit);
  if (options.coverage) json["fault_points"] = point_names(verdict);
  return json;
}

std::expected<faults::Plan, std::string> read_plan(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(faults::kPlanBytesMax + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file.eof() && !file) return std::unexpected(path + ": it cannot be read");
  text.resize(static_cast<size_t>(file.gcount()));
  auto plan = faults::parse_plan(text);
  if (!plan) return std::unexpected(fmt::format("{}:{}", path, plan.error().text()));
  return *std::move(plan);
}

// Parses what the options say; complains and returns none when they make no sense.
std::optional<suites::Order> order_of(const RunOptions& options) {
  suites::Order order;
  for (const auto& [text, selection] :
       {std::pair{&options.only, &order.only}, std::pair{&options.except, &order.except}}) {
    auto parsed = suites::Selection::parse(*text);
    if (!parsed) {
      complain(parsed.error());
      return std::nullopt;
    }
    *selection = *std::move(parsed);
  }
  if (!options.faults.empty()) {
    auto plan = read_plan(options.faults);
    if (!plan) {
      complain(plan.error());
      return std::nullopt;
    }
    order.setting.plan = *std::move(plan);
  }
  const bool live = options.world == "live";
  order.setting.world = live ? WorldKind::live : WorldKind::sim;
  order.setting.seed = options.seed;
  order.repeat = options.repeat;
  order.jobs = options.jobs != 0 ? options.jobs
               : live            ? kLiveJobs
                                 : std::max(1u, std::thread::hardware_concurrency());
  return order;
}

bool is_case(std::string_view id) {
  return std::ranges::any_of(suites::catalogue(), [&](const auto suite) {
    return std::ranges::find(suite, id, &suites::Case::id) != suite.end();
  });
}

// Servers of a target file are met before anything is judged. Pass: they answer.
ExitCode meet(const RunOptions& options, Target& target) {
  if (!target.file) return ExitCode::pass;
  if (options.world == "sim" || options.jobs > 1) {
    complain("the servers of a target file are live, and are used by one case at a time");
    return ExitCode::usage;
  }
  for (const auto& [id, issue] : target.file->expect) {
    if (is_case(id)) continue;
    complain(fmt::format("{}: expect: there is no case {}", options.target, id));
    return ExitCode::usage;
  }
  if (const auto met = reach(target); !met) {
    complain(met.error());
    return ExitCode::broken;
  }
  const auto& limit = target.file->stripe_count;
  if (limit && target.servers.stripes > *limit) {
    complain(fmt::format("{}: stripe_count is {}, but a file lies on {} OSTs", options.target,
                         *limit, target.servers.stripes));
  }
  return ExitCode::pass;
}

// A folder that is not there yet, or is empty.
bool make_out(const std::string& out) {
  if (out.empty()) return true;
  if (mkdir(out.c_str(), 0777) == 0) return true;
  complain(
      fmt::format("--out {}: it exists already, or cannot be made; nothing is overwritten", out));
  return false;
}

ExitCode run_targets(const RunOptions& options, const std::vector<Target>& targets,
                     suites::Order order) {
  ExitCode exit = ExitCode::pass;
  Json results = Json::array();
  std::string summaries;
  bool any = false;
  for (const Target& target : targets) {
    order.setting.target = target;
    if (target.file) order.jobs = 1;
    if (!options.out.empty()) {
      order.setting.out = fmt::format("{}/{}", options.out, dialect_name(target.dialect));
      mkdir(order.setting.out.c_str(), 0777);
    }
    const size_t total = suites::select(order).size() * order.repeat;
    any = any || total != 0;
    ProgressLine progress;
    size_t done = 0;
    const auto seen = [&](const Verdict& verdict) {
      progress.show(fmt::format("{} {}/{} {}", target.name, ++done, total, verdict.id));
      const bool dull = verdict.outcome == Outcome::unsupported ||
                        (verdict.outcome == Outcome::pass && !options.audit);
      if (options.json || (dull && verdict.issue.empty())) return;
      progress.clear();
      explain(options, target, verdict);
      std::fflush(stdout);
    };
    const std::vector<Verdict> verdicts = suites::run(order, seen);
    for (const Verdict& verdict : verdicts) results.push_back(to_json(options, target, verdict));
    if (!options.json) print_unsupported(target, verdicts);
    if (options.coverage && !options.json) print_coverage(target.name, verdicts);
    summaries +=
        fmt::format("{} ({}): {}\n", target.name, target.file ? options.target : options.world,
                    suites::summary(verdicts));
    exit = worse(exit, static_cast<ExitCode>(suites::exit_status(verdicts)));
    if (told_to_end()) {
      complain("it was told to end before all cases had run");
      exit = worse(exit, ExitCode::inconclusive);
      break;
    }
  }
  if (!any) {
    complain("no case is selected; `assay list` shows them all");
    return ExitCode::usage;
  }
  fmt::print("{}", options.json ? json_text(results) + "\n" : summaries);
  return exit;
}

ExitCode run(RunOptions options) {
  auto targets = parse_target(options.target);
  if (!targets) {
    complain(targets.error());
    return ExitCode::usage;
  }
  const std::optional<suites::Order> order = order_of(options);
  if (!order) return ExitCode::usage;
  for (Target& target : *targets) {
    if (const ExitCode met = meet(options, target); met != ExitCode::pass) return met;
  }
  if (options.world.empty()) options.world = "sim";
  return make_out(options.out) ? run_targets(options, *targets, *order) : ExitCode::usage;
}

}  // namespace

void add_run(CLI::App& app, ExitCode& exit) {
  auto options = std::make_shared<RunOptions>();
  CLI::App* command = app.add_subcommand("run", "run the conformance suites against a target");
  command
      ->add_option("--target", options->target,
                   "reference, reference:1.8, reference:2.0, reference:2.0+defect=NAME, or the "
                   "file of a target: somebody's servers (README, Target files)")
      ->capture_default_str();
  command
      ->add_option("--world", options->world,
                   "sim (virtual time; the default) or live (processes, TCP)")
      ->check(CLI::IsMember({"sim", "live"}));
  command->add_option("--only", options->only, "cases: ids, suites, ranges, globs, by commas");
  command->add_option("--except", options->except, "cases to leave out, likewise");
  command->add_option("--faults", options->faults,
                      "a plan that strikes in every case (README, Fault plans)");
  command->add_flag("--coverage", options->coverage,
                    "which of Lustre's fault points were hit, and by which case");
  command->add_flag("--audit", options->audit,
                    "what each case left at rest, counted, also where it passed");
  command->add_option("--seed", options->seed, "what the schedule is drawn from")
      ->capture_default_str();
  command
      ->add_option("--repeat", options->repeat, "run each case so often, a seed further each time")
      ->check(CLI::Range(1u, 1'000'000u))
      ->capture_default_str();
  command->add_option("--jobs", options->jobs, "worlds side by side (default: by world)");
  command->add_option("--out", options->out, "a new folder for captures, one a case");
  command->add_flag("--json", options->json, "verdicts as JSON");
  command->callback([options, &exit] { exit = run(*options); });
}

}  // namespace harness
