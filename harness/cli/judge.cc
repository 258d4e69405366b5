#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "harness/check/audit.h"
#include "harness/check/checkers.h"
#include "harness/cli/commands.h"
#include "harness/cli/terminal.h"
#include "harness/json_text.h"
#include "harness/record/history.h"
#include "harness/record/record_text.h"

namespace harness {
namespace {

using Json = nlohmann::ordered_json;
using check::Outcome;
using check::Verdict;

struct JudgeOptions {
  std::string file;
  bool json = false;
  bool growing = false;
  bool records = false;
};

std::string_view word(Outcome outcome) {
  switch (outcome) {
    case Outcome::holds:
      return "holds";
    case Outcome::broken:
      return "broken";
    case Outcome::inconclusive:
      return "inconclusive";
    case Outcome::unsupported:
      return "unsupported";
  }
  return "";
}

// The lines of the records that verdicts name; the file is read again for them.
std::map<uint64_t, std::string> witness_lines(const std::string& path,
                                              const std::vector<Verdict>& verdicts) {
  std::map<uint64_t, std::string> lines;
  for (const Verdict& verdict : verdicts) {
    for (const uint64_t index : verdict.violation.witness) lines[index];
  }
  auto reader = record::HistoryReader::open(path);
  record::RecordText text;
  while (reader) {
    const auto record = reader->next();
    if (!record || !*record) break;
    text.see(**record);
    const auto at = lines.find((*record)->index);
    if (at != lines.end()) at->second = text.line(**record);
  }
  return lines;
}

void print(const std::vector<Verdict>& verdicts, const std::map<uint64_t, std::string>& lines,
           const check::Audit& audit, uint64_t records, bool rested) {
  for (const Verdict& verdict : verdicts) {
    fmt::print("{:<13} {}", word(verdict.outcome), verdict.property);
    if (verdict.outcome == Outcome::broken) fmt::print(": {}", verdict.violation.what);
    if (!verdict.why.empty()) fmt::print(": {}", verdict.why);
    fmt::print("\n");
    for (const uint64_t index : verdict.violation.witness) fmt::print("    {}\n", lines.at(index));
  }
  for (const std::string& line : audit.lines()) fmt::print("at rest {}\n", line);
  const auto count = [&](Outcome outcome) {
    return std::ranges::count(verdicts, outcome, &Verdict::outcome);
  };
  if (!rested) {
    fmt::print("the history does not come to rest: what holds only then was not judged\n");
  }
  fmt::print("{} records: {} hold, {} broken, {} inconclusive, {} unsupported\n", records,
             count(Outcome::holds), count(Outcome::broken), count(Outcome::inconclusive),
             count(Outcome::unsupported));
}

Json to_json(const Verdict& verdict, const std::map<uint64_t, std::string>& lines) {
  Json witness = Json::array();
  for (const uint64_t index : verdict.violation.witness) {
    witness.push_back({{"record", index}, {"text", lines.at(index)}});
  }
  return {{"property", verdict.property},
          {"outcome", word(verdict.outcome)},
          {"what", verdict.outcome == Outcome::broken ? verdict.violation.what : verdict.why},
          {"witness", witness}};
}

Json to_json(const check::Audit& audit) {
  Json json = Json::object();
  for (const check::Audit::Node& node : audit.nodes()) {
    for (const check::Audit::Count& count : node.counts) json[node.name][count.what] = count.value;
  }
  return json;
}

ExitCode judge(const JudgeOptions& options) {
  auto reader = record::HistoryReader::open(options.file);
  if (!reader) {
    complain(reader.error());
    return ExitCode::usage;
  }
  check::Checkers checkers;
  check::Audit audit;
  record::RecordText text;
  uint64_t records = 0;
  std::set<record::NodeIndex> servers;
  bool notes = false;
  bool rested = false;
  while (true) {
    const auto record = reader->next();
    if (!record) {
      complain(fmt::format("{} {}", options.file, record.error()));
      return ExitCode::usage;
    }
    if (!*record) break;
    ++records;
    if (const auto* started = std::get_if<record::Started>(&(*record)->what)) {
      if (record::is_server(started->node.role)) servers.insert((*record)->node);
    }
    // Clients of ours give some of whatever serves.
    notes = notes || (servers.contains((*record)->node) &&
                      std::holds_alternative<record::Noted>((*record)->what));
    rested = std::holds_alternative<record::Quiesced>((*record)->what);
    checkers.on(**record);
    audit.on(**record);
    if (!options.records) continue;
    text.see(**record);
    fmt::print("{}\n", text.line(**record));
  }
  if (reader->cut_at() && !options.growing) {
    complain(
        fmt::format("{}: it is cut short: at byte {} begins a record that has no end "
                    "(--growing, if somebody is writing it)",
                    options.file, *reader->cut_at()));
    return ExitCode::usage;
  }
  const std::vector<Verdict> verdicts = checkers.verdicts(notes);
  const auto lines = witness_lines(options.file, verdicts);
  if (options.json) {
    Json properties = Json::array();
    for (const Verdict& verdict : verdicts) properties.push_back(to_json(verdict, lines));
    const Json all = {{"properties", properties}, {"audit", to_json(audit)}};
    fmt::print("{}\n", json_text(all));
  } else {
    print(verdicts, lines, audit, records, rested);
  }
  if (checkers.broken()) return ExitCode::fail;
  const bool undecided = std::ranges::any_of(
      verdicts, [](const Verdict& verdict) { return verdict.outcome == Outcome::inconclusive; });
  return undecided ? ExitCode::inconclusive : ExitCode::pass;
}

}  // namespace

void add_judge(CLI::App& app, ExitCode& exit) {
  auto options = std::make_shared<JudgeOptions>();
  CLI::App* command = app.add_subcommand("judge", "judge a history again, property by property");
  command->add_option("FILE", options->file, "a .history file, as `assay run --out` leaves it")
      ->required();
  command->add_flag("--growing", options->growing, "it may end in the middle of a record");
  command->add_flag("--records", options->records, "print every record too, a line each");
  command->add_flag("--json", options->json, "verdicts as JSON");
  command->callback([options, &exit] { exit = judge(*options); });
}

}  // namespace harness
