// assay replay: runs a capsule again, and draws it. assay shrink: cuts one down.
#include "harness/explore/replay.h"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "harness/check/audit.h"
#include "harness/cli/capsule_file.h"
#include "harness/cli/commands.h"
#include "harness/cli/terminal.h"
#include "harness/cli/version.h"
#include "harness/explore/fault_plan.h"
#include "harness/explore/shrink.h"
#include "harness/json_text.h"
#include "harness/record/message_capture.h"
#include "harness/report/perfetto.h"
#include "harness/report/sequence.h"

namespace harness {
namespace {

using Json = nlohmann::ordered_json;

struct ReplayOptions {
  std::string file;
  std::string svg;
  std::string text;
  std::string pcapng;
  std::string perfetto;
  std::string plan;
  bool json = false;
};

report::Run run_of(const LoadedCapsule& loaded, const explore::Walk& walk) {
  report::Run run;
  run.title = loaded.capsule.title;
  run.dialect = loaded.scenario.dialect;
  run.records = walk.records();
  run.first = walk.prepared();
  const explore::Cast& cast = walk.cast();
  for (explore::NodeIndex i = 0; i < cast.size(); ++i) run.nodes.push_back(cast.node(i));
  if (!walk.broken().empty()) {
    run.verdict = walk.broken().front().property + ": " + walk.broken().front().what;
    run.witness = walk.broken().front().witness;
  }
  return run;
}

// What was received, with what was done to a message as its comment; what was lost on the way too.
bool save_capture(const std::string& path, const report::Run& run) {
  record::MessageCapture capture(path, reference::Config{}.wall_clock_base_s);
  std::map<uint64_t, std::string> comments;
  for (const record::Record& record : run.records) {
    const auto* faulted = std::get_if<record::Faulted>(&record.what);
    if (faulted != nullptr && faulted->message != 0) comments[faulted->message] += faulted->what;
  }
  for (const record::Record& record : run.records) {
    const auto* sent = std::get_if<record::Sent>(&record.what);
    if (sent == nullptr) continue;
    const auto comment = comments.find(sent->message);
    capture.message(record.time, run.nodes[record.node].peer, sent->to, sent->bytes,
                    comment == comments.end() ? std::string_view() : comment->second);
  }
  if (!capture.ok()) complain(fmt::format("{} cannot be written", path));
  return capture.ok();
}

bool save_reports(const ReplayOptions& options, const report::Run& run, const faults::Plan& plan) {
  bool saved = true;
  if (!options.svg.empty()) saved &= save_file(options.svg, report::sequence_svg(run));
  if (!options.text.empty()) saved &= save_file(options.text, report::sequence_text(run));
  if (!options.perfetto.empty()) saved &= save_file(options.perfetto, report::perfetto_trace(run));
  if (!options.pcapng.empty()) saved &= save_capture(options.pcapng, run);
  if (!options.plan.empty()) saved &= save_file(options.plan, faults::to_text(plan));
  return saved;
}

void print_replayed(const LoadedCapsule& loaded, const explore::Replayed& replayed,
                    const explore::Walk& walk) {
  fmt::print("{}\n", loaded.capsule.title);
  if (replayed.difference) {
    fmt::print("differs at {}\n", *replayed.difference);
    if (loaded.capsule.build_id == build_id()) return;
    fmt::print("  made by build {}, this is {}\n", loaded.capsule.build_id, build_id());
  } else if (replayed.violated) {
    fmt::print("the same {} steps; {} violated: {}\n", replayed.steps, loaded.capsule.property,
               walk.broken().front().what);
  } else {
    fmt::print("the same {} steps, and {} is not violated\n", replayed.steps,
               loaded.capsule.property);
  }
}

check::Audit audit_of(const explore::Walk& walk) {
  check::Audit audit;
  for (const record::Record& record : walk.records()) audit.on(record);
  return audit;
}

Json json_of(const LoadedCapsule& loaded, const explore::Replayed& replayed,
             const explore::Walk& walk) {
  Json audit = Json::object();
  for (const check::Audit::Node& node : audit_of(walk).nodes()) {
    for (const check::Audit::Count& count : node.counts) audit[node.name][count.what] = count.value;
  }
  return {{"title", loaded.capsule.title},
          {"property", loaded.capsule.property},
          {"build", loaded.capsule.build_id},
          {"steps", replayed.steps},
          {"difference", replayed.difference.value_or("")},
          {"violated", replayed.violated},
          {"what", replayed.violated ? walk.broken().front().what : ""},
          {"audit", audit}};
}

ExitCode replay(const ReplayOptions& options) {
  const auto loaded = load_capsule(options.file);
  if (!loaded) {
    complain(loaded.error());
    return ExitCode::usage;
  }
  explore::Walk walk(loaded->scenario, {loaded->capsule.property});
  walk.keep_records();
  const explore::Replayed replayed = explore::replay(loaded->capsule, loaded->schedule, walk);
  const faults::Plan plan =
      explore::plan_of(walk.cast(), walk.records(), walk.prepared(), loaded->capsule.title);
  const bool saved = save_reports(options, run_of(*loaded, walk), plan);
  if (options.json) {
    fmt::print("{}\n", json_text(json_of(*loaded, replayed, walk)));
  } else {
    print_replayed(*loaded, replayed, walk);
    for (const std::string& line : audit_of(walk).lines()) fmt::print("at rest {}\n", line);
  }
  if (replayed.difference) return ExitCode::inconclusive;
  if (!saved) return ExitCode::broken;
  return replayed.violated ? ExitCode::fail : ExitCode::pass;
}

ExitCode shrink(const ReplayOptions& options, const std::string& out) {
  const auto loaded = load_capsule(options.file);
  if (!loaded) {
    complain(loaded.error());
    return ExitCode::usage;
  }
  const auto shrunk = explore::shrink(loaded->scenario, loaded->schedule, loaded->capsule.property);
  if (!shrunk) {
    fmt::print("{} is not violated\n", loaded->capsule.property);
    return ExitCode::inconclusive;
  }
  const record::Capsule capsule = explore::make_capsule(loaded->scenario, shrunk->schedule,
                                                        loaded->capsule.property, build_id());
  const std::vector<uint8_t> content = record::write_capsule(capsule);
  if (!out.empty() && !save_file(out, protocol::as_text(content))) return ExitCode::broken;
  if (options.json) {
    Json steps = Json::array();
    for (const auto& step : capsule.steps) steps.push_back(step.decision);
    const Json all = {{"title", capsule.title},
                      {"steps_before", loaded->schedule.size()},
                      {"tries", shrunk->tries},
                      {"minimal", shrunk->minimal},
                      {"steps", std::move(steps)}};
    fmt::print("{}\n", json_text(all));
    return ExitCode::fail;
  }
  fmt::print("{}: {} steps where there were {}, {} tries{}\n", capsule.title,
             shrunk->schedule.size(), loaded->schedule.size(), shrunk->tries,
             shrunk->minimal ? "; no step can be left out" : "");
  if (out.empty()) {
    for (const auto& step : capsule.steps) fmt::print("  {}\n", step.decision);
  }
  return ExitCode::fail;
}

}  // namespace

void add_replay(CLI::App& app, ExitCode& exit) {
  auto options = std::make_shared<ReplayOptions>();
  CLI::App* command = app.add_subcommand("replay", "run a capsule again, and draw it");
  command->footer("Exit status: 1 the same violation, 0 none, 2 the run differs, 64 no capsule.");
  command->add_option("file", options->file, "the capsule")->required();
  command->add_option("--svg", options->svg, "draw a sequence diagram into this file");
  command->add_option("--text", options->text, "the same as text");
  command->add_option("--pcapng", options->pcapng, "its messages, faults as packet comments");
  command->add_option("--perfetto", options->perfetto, "a trace for ui.perfetto.dev");
  command->add_option("--plan", options->plan, "its faults, as a plan for `assay run --faults`");
  command->add_flag("--json", options->json, "the result as JSON");
  command->callback([options, &exit] { exit = replay(*options); });
}

void add_shrink(CLI::App& app, ExitCode& exit) {
  auto options = std::make_shared<ReplayOptions>();
  auto out = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("shrink", "cut a capsule down to what cannot be left out");
  command->footer("Exit status: 1 cut down and still violated, 2 not violated, 64 no capsule.");
  command->add_option("file", options->file, "the capsule")->required();
  command->add_option("--out", *out, "the smaller capsule's file (its steps are printed)");
  command->add_flag("--json", options->json, "the result as JSON");
  command->callback([options, out, &exit] { exit = shrink(*options, *out); });
}

}  // namespace harness
