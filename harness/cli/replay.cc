// assay replay: runs a capsule again, and draws it. assay shrink: cuts one down.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "harness/cli/capsule_file.h"
#include "harness/cli/commands.h"
#include "harness/cli/terminal.h"
#include "harness/cli/version.h"
#include "harness/explore/replay.h"
#include "harness/explore/shrink.h"
#include "harness/record/message_capture.h"
#include "harness/report/perfetto.h"
#include "harness/report/sequence.h"

namespace harness {
namespace {

struct Options {
  std::string file;
  std::string svg;
  std::string text;
  std::string pcapng;
  std::string perfetto;
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

bool save_reports(const Options& options, const report::Run& run) {
  bool saved = true;
  if (!options.svg.empty()) saved &= save_file(options.svg, report::sequence_svg(run));
  if (!options.text.empty()) saved &= save_file(options.text, report::sequence_text(run));
  if (!options.perfetto.empty()) saved &= save_file(options.perfetto, report::perfetto_trace(run));
  if (!options.pcapng.empty()) saved &= save_capture(options.pcapng, run);
  return saved;
}

ExitCode replay(const Options& options) {
  const auto loaded = load_capsule(options.file);
  if (!loaded) {
    complain(loaded.error());
    return ExitCode::usage;
  }
  explore::Walk walk(loaded->scenario);
  walk.keep_records();
  const explore::Replayed replayed = explore::replay(loaded->capsule, loaded->schedule, walk);
  fmt::print("{}\n", loaded->capsule.title);
  const bool saved = save_reports(options, run_of(*loaded, walk));
  if (replayed.difference) {
    fmt::print("differs at {}\n", *replayed.difference);
    if (loaded->capsule.build_id != build_id()) {
      fmt::print("  made by build {}, this is {}\n", loaded->capsule.build_id, build_id());
    }
    return ExitCode::inconclusive;
  }
  if (!saved) return ExitCode::broken;
  if (!replayed.violated) {
    fmt::print("the same {} steps, and {} is not violated\n", replayed.steps,
               loaded->capsule.property);
    return ExitCode::pass;
  }
  fmt::print("the same {} steps; {} violated: {}\n", replayed.steps, loaded->capsule.property,
             walk.broken().front().what);
  return ExitCode::fail;
}

ExitCode shrink(const Options& options, const std::string& out) {
  const auto loaded = load_capsule(options.file);
  if (!loaded) {
    complain(loaded.error());
    return ExitCode::usage;
  }
  const auto shrunk =
      explore::shrink(loaded->scenario, loaded->schedule, loaded->capsule.property);
  if (!shrunk) {
    fmt::print("{} is not violated\n", loaded->capsule.property);
    return ExitCode::inconclusive;
  }
  const record::Capsule capsule = explore::make_capsule(loaded->scenario, shrunk->schedule,
                                                        loaded->capsule.property, build_id());
  fmt::print("{}: {} steps where there were {}, {} tries{}\n", capsule.title,
             shrunk->schedule.size(), loaded->schedule.size(), shrunk->tries,
             shrunk->minimal ? "; no step can be left out" : "");
  const std::vector<uint8_t> content = record::write_capsule(capsule);
  if (!out.empty() && !save_file(out, protocol::as_text(content))) return ExitCode::broken;
  if (out.empty()) {
    for (const auto& step : capsule.steps) fmt::print("  {}\n", step.decision);
  }
  return ExitCode::fail;
}

}  // namespace

void add_replay(CLI::App& app, ExitCode& exit) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("replay", "run a capsule again, and draw it");
  command->add_option("file", options->file, "the capsule")->required();
  command->add_option("--svg", options->svg, "draw a sequence diagram into this file");
  command->add_option("--text", options->text, "the same as text");
  command->add_option("--pcapng", options->pcapng, "its messages, faults as packet comments");
  command->add_option("--perfetto", options->perfetto, "a trace for ui.perfetto.dev");
  command->callback([options, &exit] { exit = replay(*options); });
}

void add_shrink(CLI::App& app, ExitCode& exit) {
  auto options = std::make_shared<Options>();
  auto out = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("shrink", "cut a capsule down to what cannot be left out");
  command->add_option("file", options->file, "the capsule")->required();
  command->add_option("--out", *out, "the smaller capsule's file (its steps are printed)");
  command->callback([options, out, &exit] { exit = shrink(*options, *out); });
}

}  // namespace harness
