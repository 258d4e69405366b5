#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "harness/cli/commands.h"
#include "reference/defects.h"
#include "suites/conformance.h"

namespace harness {
namespace {

using Json = nlohmann::ordered_json;
using suites::Needs;

// In words: the dialect that a case is for, and the verbs that its target must have.
std::vector<std::string_view> needs_of(const suites::Case& c) {
  std::vector<std::string_view> words;
  for (const auto& [need, word] : {std::pair{Needs::only_1_8, "1.8"},
                                   {Needs::only_2_0, "2.0"},
                                   {Needs::crash, "crash"},
                                   {Needs::evict, "evict"},
                                   {Needs::hold_commits, "replay_barrier"},
                                   {Needs::release_commits, "release_commits"},
                                   {Needs::crash_at_commit, "crash_at_commit"},
                                   {Needs::notes, "notes"},
                                   {Needs::stripes, "stripes"},
                                   {Needs::fresh, "fresh"}}) {
    if (suites::has(c.needs, need)) words.push_back(word);
  }
  return words;
}

void list_cases(bool json) {
  Json all = Json::array();
  for (const auto suite : suites::catalogue()) {
    for (const suites::Case& c : suite) {
      const std::vector<std::string_view> needs = needs_of(c);
      all.push_back({{"id", c.id},
                     {"requirement", c.requirement},
                     {"sentence", c.sentence},
                     {"source", c.source},
                     {"needs", needs}});
      if (json) continue;
      std::string words;
      for (const std::string_view word : needs) words += fmt::format(" [{}]", word);
      fmt::print("{:<16} {:<10} {}{}\n", c.id, c.requirement, c.sentence, words);
    }
  }
  if (json) fmt::print("{}\n", all.dump(2));
}

void list_defects(bool json) {
  Json all = Json::array();
  for (const reference::DefectInfo& info : reference::kDefects) {
    all.push_back({{"name", info.name}, {"requirement", info.requirement}, {"what", info.what}});
    if (!json) fmt::print("{:<32} {:<10} {}\n", info.name, info.requirement, info.what);
  }
  if (json) fmt::print("{}\n", all.dump(2));
}

}  // namespace

void add_list(CLI::App& app, ExitCode& exit) {
  struct Options {
    bool defects = false;
    bool json = false;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("list", "list every test, or every planted defect");
  command->add_flag("--defects", options->defects, "the planted defects of the reference");
  command->add_flag("--json", options->json, "as JSON");
  command->callback([options, &exit] {
    options->defects ? list_defects(options->json) : list_cases(options->json);
    exit = ExitCode::pass;
  });
}

}  // namespace harness
