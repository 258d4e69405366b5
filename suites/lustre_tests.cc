#include "suites/lustre_tests.h"

#include <algorithm>

#include "protocol/check.h"

namespace suites {
namespace {

constexpr std::string_view kTable =
#include "suites/lustre_tests.inc"
    ;

// The next field of a line of comma-separated values, quoted or not.
std::string take_field(std::string_view& line) {
  std::string field;
  if (line.starts_with('"')) {
    line.remove_prefix(1);
    while (true) {
      const size_t quote = line.find('"');
      CHECK(quote != std::string_view::npos, "an unfinished field in lustre_tests.csv");
      field += line.substr(0, quote);
      line.remove_prefix(quote + 1);
      if (!line.starts_with('"')) break;
      field += '"';
      line.remove_prefix(1);
    }
  } else {
    field = line.substr(0, line.find(','));
    line.remove_prefix(field.size());
  }
  if (!line.empty()) line.remove_prefix(1);
  return field;
}

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> found;
  while (!text.empty()) {
    found.emplace_back(text.substr(0, text.find(' ')));
    text.remove_prefix(std::min(found.back().size() + 1, text.size()));
  }
  return found;
}

std::vector<LustreTest> read_table() {
  std::vector<LustreTest> tests;
  std::string_view rest = kTable;
  rest.remove_prefix(rest.find('\n') + 1);  // the columns' names
  while (!rest.empty()) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    LustreTest test;
    test.script = take_field(line);
    test.test = take_field(line);
    test.branches = take_field(line);
    test.title = take_field(line);
    test.cases = words(take_field(line));
    test.why = take_field(line);
    tests.push_back(std::move(test));
  }
  return tests;
}

}  // namespace

const std::vector<LustreTest>& lustre_tests() {
  static const std::vector<LustreTest> tests = read_table();
  return tests;
}

std::vector<LustreCoverage> lustre_coverage() {
  std::vector<LustreCoverage> scripts;
  for (const LustreTest& test : lustre_tests()) {
    if (scripts.empty() || scripts.back().script != test.script) {
      scripts.push_back({.script = test.script});
    }
    LustreCoverage& script = scripts.back();
    script.tests += test.versions();
    if (test.applies()) script.applicable += test.versions();
    if (test.covered()) script.covered += test.versions();
  }
  return scripts;
}

}  // namespace suites
