#include "suites/lustre_tests.h"

#include <fmt/core.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <set>

#include "suites/conformance.h"

using namespace suites;

namespace {

std::set<std::string, std::less<>> ids_of_cases() {
  std::set<std::string, std::less<>> ids;
  for (const auto suite : catalogue()) {
    for (const Case& c : suite) ids.emplace(c.id);
  }
  return ids;
}

// "1.8" or "2.1" of a branch's name; empty for others.
std::string version_of(std::string_view branch) {
  if (branch == "b1_8") return "1.8";
  return branch == "b2_1" ? "2.1" : "";
}

bool has_row(std::string_view version, std::string_view script, std::string_view test) {
  return std::ranges::any_of(lustre_tests(), [&](const LustreTest& row) {
    return row.script == script && row.test == test &&
           row.branches.find(version) != std::string::npos;
  });
}

}  // namespace

TEST_CASE("Lustre's tests: every row names cases that exist, or a reason that is known") {
  const auto ids = ids_of_cases();
  REQUIRE(lustre_tests().size() > 500);
  for (const LustreTest& row : lustre_tests()) {
    INFO(row.script << " " << row.test);
    REQUIRE((row.branches == "1.8" || row.branches == "2.1" || row.branches == "1.8+2.1"));
    REQUIRE_FALSE(row.title.empty());
    REQUIRE(row.cases.empty() != row.why.empty());
    for (const std::string& id : row.cases) {
      INFO(id);
      REQUIRE(ids.contains(id));
    }
    if (row.why.empty()) continue;
    const size_t colon = row.why.find(": ");
    REQUIRE(colon != std::string::npos);
    REQUIRE(std::ranges::find(kReasons, row.why.substr(0, colon)) != std::end(kReasons));
  }
}

TEST_CASE("Lustre's tests: of those on recovery that apply, nine of ten are covered") {
  for (const LustreCoverage& script : lustre_coverage()) {
    INFO(script.script);
    fmt::print("{:<20} {:>3} tests, {:>3} apply, {:>3} covered\n", script.script, script.tests,
               script.applicable, script.covered);
    REQUIRE(script.applicable <= script.tests);
    REQUIRE(script.covered <= script.applicable);
    // Of sanity and sanityn only those on locks, opens and sizes are in the table.
    if (script.script.starts_with("sanity")) continue;
    REQUIRE(100 * script.covered >= 90 * script.applicable);
  }
}

TEST_CASE("Lustre's tests: no test is in the table twice") {
  std::set<std::string> seen;
  for (const LustreTest& row : lustre_tests()) {
    for (const std::string_view version : {"1.8", "2.1"}) {
      if (row.branches.find(version) == std::string::npos) continue;
      INFO(row.script << " " << row.test << " of " << version);
      REQUIRE(seen.insert(row.script + " " + row.test + " " + std::string(version)).second);
    }
  }
}

TEST_CASE("Lustre's tests: the table has every test of 1.8 and 2.1 that the facts list") {
  std::ifstream facts(ASSAY_LUSTRE_TESTS_FACTS);
  if (!facts) {
    WARN("skipped: " ASSAY_LUSTRE_TESTS_FACTS " is not there");
    return;
  }
  size_t rows = 0;
  for (std::string line; std::getline(facts, line);) {
    const size_t one = line.find(','), two = line.find(',', one + 1),
                 three = line.find(',', two + 1);
    const std::string version = version_of(line.substr(0, one));
    const std::string script = line.substr(one + 1, two - one - 1);
    if (version.empty() || script == "conf-sanity") continue;
    INFO(line);
    REQUIRE(has_row(version, script, line.substr(two + 1, three - two - 1)));
    ++rows;
  }
  REQUIRE(rows > 800);
}
