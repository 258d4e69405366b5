// assay decode: a capture as text or JSON, and how much of it could be explained.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "harness/cli/commands.h"
#include "harness/cli/terminal.h"
#include "harness/decode/entry_text.h"

namespace harness {
namespace {

struct DecodeOptions {
  std::string file;
  bool json = false;
  bool brief = false;
  bool summary = false;
  bool strict = false;
};

// Whether all that was sent is there and explained.
bool complete(const TraceSummary& summary) {
  return summary.account.count().unexplained == 0 && summary.capture.cut.empty() &&
         summary.account.entries(EntryKind::gap) == 0 &&
         summary.account.entries(EntryKind::broken) == 0;
}

// Names on the wire need not be UTF-8, JSON's strings must be.
std::string line_of(const nlohmann::ordered_json& json) {
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

void print_entry(const Entry& entry, const DecodeOptions& options) {
  if (options.json) {
    fmt::print("{}\n", line_of(to_json(entry)));
    return;
  }
  const Colour colour =
      entry.kind == EntryKind::broken || entry.kind == EntryKind::gap
          ? Colour::red
          : (entry.description.unexplained.empty() ? Colour::bold : Colour::yellow);
  fmt::print("{}\n", coloured(headline(entry), colour, use_colour(stdout)));
  if (!options.brief) fmt::print("{}", details(entry));
}

ExitCode decode(const DecodeOptions& options) {
  auto capture = Capture::open(options.file);
  if (!capture) {
    complain(capture.error());
    return ExitCode::usage;
  }
  const auto summary = trace_capture(std::move(*capture), [&options](const Entry& entry) {
    if (!options.summary) print_entry(entry, options);
  });
  if (!summary) {
    complain(fmt::format("{}: {}", options.file, summary.error()));
    return ExitCode::usage;
  }
  if (options.json) {
    fmt::print("{}\n", line_of({{"summary", to_json(*summary)}}));
  } else {
    fmt::print("{}{}", options.brief && !options.summary ? "\n" : "", to_text(*summary));
  }
  if (!summary->capture.cut.empty()) {
    complain(fmt::format("{} ends early: {}", options.file, summary->capture.cut));
    return ExitCode::usage;
  }
  return options.strict && !complete(*summary) ? ExitCode::fail : ExitCode::pass;
}

}  // namespace

void add_decode(CLI::App& app, ExitCode& exit) {
  CLI::App* command = app.add_subcommand(
      "decode", "explain a capture (pcap, pcapng, also gzipped) and say what could not be");
  auto options = std::make_shared<DecodeOptions>();
  command->add_option("FILE", options->file, "the capture")->required();
  command->add_flag("--json", options->json, "one JSON object a frame and line, the summary last");
  command->add_flag("--brief", options->brief, "one line a frame, without its fields");
  command->add_flag("--summary", options->summary, "only what it says in the end");
  command->add_flag("--strict", options->strict, "exit 1 if any byte is missing or unexplained");
  command->callback([options, &exit] { exit = decode(*options); });
}

}  // namespace harness
