#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "harness/cli/commands.h"
#include "harness/target.h"
#include "reference/defects.h"
#include "suites/conformance.h"
#include "suites/lustre_tests.h"

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
                                   {Needs::stop, "stop"},
                                   {Needs::abort_recovery, "abort_recovery"},
                                   {Needs::notes, "notes"},
                                   {Needs::som, "som"},
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
    std::vector<std::string_view> dialects;
    for (const reference::Dialect dialect : {reference::Dialect::v1_8, reference::Dialect::v2_0}) {
      if (info.exists_in(dialect)) dialects.push_back(dialect_name(dialect));
    }
    all.push_back({{"name", info.name},
                   {"requirement", info.requirement},
                   {"dialects", dialects},
                   {"clients", info.clients},
                   {"faults", info.faults},
                   {"what", info.what}});
    if (json) continue;
    fmt::print("{:<36} {:<10} {:<8} {}\n", info.name, info.requirement,
               fmt::format("{}", fmt::join(dialects, ",")), info.what);
  }
  if (json) fmt::print("{}\n", all.dump(2));
}

void list_lustre_tests(bool json) {
  Json all = Json::array();
  for (const suites::LustreTest& test : suites::lustre_tests()) {
    all.push_back({{"script", test.script},
                   {"test", test.test},
                   {"versions", test.branches},
                   {"title", test.title},
                   {"cases", test.cases},
                   {"why", test.why}});
    if (json) continue;
    const std::string answer =
        test.covered() ? fmt::format("{}", fmt::join(test.cases, " ")) : test.why;
    fmt::print("{:<18} {:<4} {:<8} {:<44} {}\n", test.script, test.test, test.branches, answer,
               test.title);
  }
  if (json) return fmt::print("{}\n", all.dump(2));
  fmt::print("\n{:<18} {:>6} {:>11} {:>8}\n", "script", "tests", "applicable", "covered");
  for (const suites::LustreCoverage& script : suites::lustre_coverage()) {
    fmt::print("{:<18} {:>6} {:>11} {:>8}  {:>3}%\n", script.script, script.tests,
               script.applicable, script.covered,
               100 * script.covered / std::max<size_t>(script.applicable, 1));
  }
}

}  // namespace

void add_list(CLI::App& app, ExitCode& exit) {
  struct Options {
    bool defects = false;
    bool lustre_tests = false;
    bool json = false;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("list", "list every test, or every planted defect");
  command->add_flag("--defects", options->defects, "the planted defects of the reference");
  command->add_flag("--lustre-tests", options->lustre_tests,
                    "Lustre's own tests, and the cases that check the same");
  command->add_flag("--json", options->json, "as JSON");
  command->callback([options, &exit] {
    if (options->lustre_tests) {
      list_lustre_tests(options->json);
    } else {
      options->defects ? list_defects(options->json) : list_cases(options->json);
    }
    exit = ExitCode::pass;
  });
}

}  // namespace harness
