#include <fmt/core.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <fstream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>

#include "harness/cli/commands.h"
#include "harness/cli/terminal.h"
#include "harness/fuzzing/arena.h"
#include "harness/target.h"

namespace harness {
namespace {

using fuzzing::Arena;
using fuzzing::Finding;
using fuzzing::Script;
using Clock = std::chrono::steady_clock;
using Json = nlohmann::ordered_json;

struct FuzzOptions {
  std::string target = "reference";
  std::string world = "sim";
  std::string server = "all";
  std::string script;
  std::string out;
  uint64_t seed = 1;
  uint32_t runs = 0;
  uint32_t seconds = 0;
  uint32_t steps = 0;
  bool json = false;
};

constexpr uint32_t kSecondsDefault = 60;
// A live world takes a second to begin, a simulated one a few milliseconds.
constexpr uint32_t kStepsSim = 60, kStepsLive = 400;

constexpr std::pair<std::string_view, ServerId> kServers[] = {
    {"mgs", kMgs}, {"mds", kMds}, {"ost", ost(0)}};

std::string_view name_of(ServerId server) {
  return kServers[static_cast<size_t>(server.role)].first;
}

std::vector<Arena> arenas_of(const FuzzOptions& options, const std::vector<Target>& targets) {
  std::vector<Arena> arenas;
  for (const Target& target : targets) {
    for (const auto& [name, server] : kServers) {
      if (options.server != "all" && options.server != name) continue;
      arenas.push_back({.target = target,
                        .world = options.world == "live" ? WorldKind::live : WorldKind::sim,
                        .server = server});
    }
  }
  return arenas;
}

// The file that a finding leaves, to be run again with --script.
std::string keep(const FuzzOptions& options, const Arena& arena, uint64_t seed,
                 const Finding& finding, const Script& script) {
  const std::string path = !options.out.empty()
                               ? options.out
                               : fmt::format("fuzz-{}-{}.script", name_of(arena.server), seed);
  std::ofstream file(path, std::ios::app);
  file << fmt::format("# {}: {}\n# {} {} seed {} world {}\n", fuzzing::finding_name(finding.kind),
                      finding.what.substr(0, finding.what.find('\n')), arena.target.name,
                      name_of(arena.server), seed, options.world)
       << script_text(script);
  return file.flush() ? path : std::string();
}

ExitCode report(const FuzzOptions& options, const Arena& arena, uint64_t seed,
                const Finding& finding, const Script& script) {
  const std::string path = keep(options, arena, seed, finding, script);
  if (path.empty()) complain("the sequence could not be written");
  if (options.json) {
    fmt::print("{}\n", Json{{"target", arena.target.name},
                            {"server", name_of(arena.server)},
                            {"seed", seed},
                            {"finding", fuzzing::finding_name(finding.kind)},
                            {"what", finding.what},
                            {"steps", script.size()},
                            {"script", path}}
                           .dump(2));
  } else {
    fmt::print("{}: {} (seed {})\n  {}\n", arena.target.name, fuzzing::finding_name(finding.kind),
               seed, finding.what);
    fmt::print("  {} steps are needed:\n{}", script.size(), script_text(script));
    fmt::print("  again: ./assay fuzz --target {} --world {} --server {} --seed {} --script {}\n",
               arena.target.name, options.world, name_of(arena.server), seed, path);
  }
  return finding.kind == Finding::Kind::broken ? ExitCode::broken : ExitCode::fail;
}

ExitCode run_script(const FuzzOptions& options, const std::vector<Arena>& arenas) {
  std::ifstream file(options.script);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  const auto script = fuzzing::parse_script_text(text);
  if (!file || !script || arenas.size() != 1) {
    complain(!file     ? fmt::format("{} cannot be read", options.script)
             : !script ? fmt::format("{}: {}", options.script, script.error())
                       : "--script is for one server of one dialect: give --server and "
                         "--target reference:2.0");
    return ExitCode::usage;
  }
  const auto finding = fuzzing::attack_in(arenas[0], options.seed, *script);
  if (!finding) {
    fmt::print("{} {}: nothing found\n", arenas[0].target.name, name_of(arenas[0].server));
    return ExitCode::pass;
  }
  fmt::print("{}: {}\n  {}\n", arenas[0].target.name, fuzzing::finding_name(finding->kind),
             finding->what);
  return finding->kind == Finding::Kind::broken ? ExitCode::broken : ExitCode::fail;
}

ExitCode search(const FuzzOptions& options, const std::vector<Arena>& arenas) {
  const auto began = Clock::now();
  const uint32_t seconds =
      options.seconds != 0 || options.runs != 0 ? options.seconds : kSecondsDefault;
  const uint32_t steps = options.steps != 0        ? options.steps
                         : options.world == "live" ? kStepsLive
                                                   : kStepsSim;
  ProgressLine progress;
  uint64_t runs = 0, messages = 0;
  const auto more = [&] {
    if (options.runs != 0 && runs >= options.runs) return false;
    return seconds == 0 || Clock::now() - began < std::chrono::seconds(seconds);
  };
  for (; more(); ++runs) {
    const Arena& arena = arenas[runs % arenas.size()];
    const uint64_t seed = options.seed + runs;
    progress.show(fmt::format("{} {}: run {}, seed {}, {} messages", arena.target.name,
                              name_of(arena.server), runs + 1, seed, messages));
    const Script script = fuzzing::draw_script(arena, seed, steps);
    messages += script.size();
    const auto finding = fuzzing::attack_in(arena, seed, script);
    if (!finding) continue;
    progress.show("found something; leaving out what is not needed for it");
    const Script least = fuzzing::shrink(script, [&](const Script& fewer) {
      const auto again = fuzzing::attack_in(arena, seed, fewer);
      return again && again->kind == finding->kind;
    });
    progress.clear();
    return report(options, arena, seed, *finding, least);
  }
  progress.clear();
  const auto took = std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - began);
  if (options.json) {
    fmt::print("{}\n", Json{{"runs", runs}, {"messages", messages}, {"finding", nullptr}}.dump(2));
  } else {
    fmt::print("{} runs, {} messages, {} s: nothing found\n", runs, messages, took.count());
  }
  return ExitCode::pass;
}

}  // namespace

void add_fuzz(CLI::App& app, ExitCode& exit) {
  auto options = std::make_shared<FuzzOptions>();
  CLI::App* command =
      app.add_subcommand("fuzz", "mangled requests against running servers, until one breaks");
  command
      ->add_option("--target", options->target,
                   "reference, reference:1.8, reference:2.0, reference:2.0+defect=NAME")
      ->capture_default_str();
  command->add_option("--world", options->world, "sim (virtual time) or live (processes, TCP)")
      ->check(CLI::IsMember({"sim", "live"}))
      ->capture_default_str();
  command->add_option("--server", options->server, "mgs, mds, ost, or one after the other")
      ->check(CLI::IsMember({"all", "mgs", "mds", "ost"}))
      ->capture_default_str();
  command->add_option("--seed", options->seed, "of the first run; each further one adds 1")
      ->capture_default_str();
  command->add_option("--seconds", options->seconds, "how long (default: 60 without --runs)");
  command->add_option("--runs", options->runs, "how many sequences, each against fresh servers");
  command->add_option("--steps", options->steps, "messages in a sequence (default: by world)")
      ->check(CLI::Range(1u, 100'000u));
  command->add_option("--script", options->script, "run one sequence that was left by a finding");
  command->add_option("--out", options->out, "the file that a finding leaves; added to");
  command->add_flag("--json", options->json, "the result as JSON");
  command->callback([options, &exit] {
    const auto targets = parse_target(options->target);
    if (!targets) {
      complain(targets.error());
      exit = ExitCode::usage;
      return;
    }
    const std::vector<Arena> arenas = arenas_of(*options, *targets);
    exit = options->script.empty() ? search(*options, arenas) : run_script(*options, arenas);
  });
}

}  // namespace harness
