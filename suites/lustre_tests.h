// Lustre's own tests of the areas that the suites cover, in its versions 1.8 and 2.1, each with the
// cases that check the same behaviour, or the reason why none does. lustre_tests.csv is the table;
// its rows come from the titles in lustre/tests/*.sh of lustre-release, branches b1_8 and b2_1.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace suites {

struct LustreTest {
  std::string script;    // "replay-single"
  std::string test;      // "20b"
  std::string branches;  // "1.8", "2.1", or "1.8+2.1"
  std::string title;
  std::vector<std::string> cases;  // ids of ours
  std::string why;                 // "class: what it needs", where there is none

  // Whether a server can pass or fail it: not so if it is about something else.
  bool applies() const { return why.empty() || why.starts_with("open:"); }
  bool covered() const { return !cases.empty(); }
  size_t versions() const { return branches.contains('+') ? 2 : 1; }
};

const std::vector<LustreTest>& lustre_tests();

// Why a test is not ours to check; the first is for those that are, and wait.
inline constexpr std::string_view kReasons[] = {
    "open",        // applies, and no case checks it yet
    "client",      // what a client does within itself
    "delayed",     // 1.8's recovery of clients that missed the window, compiled out by default
    "disk",        // the format of the servers' disks
    "empty",       // it does nothing
    "internal",    // a failure within a server that nobody outside can cause
    "kernel",      // the kernel's own structures: asks for no panic
    "later",       // what a later version introduced
    "load",        // an endurance run of a program
    "mdts",        // several metadata targets
    "setting",     // a server that is set otherwise than by default
    "tooling",     // lfs, lctl and other programs
    "unmodelled",  // a feature outside the suites' areas
};

// Counts of one script's tests, a test of both versions counted twice.
struct LustreCoverage {
  std::string_view script;
  size_t tests = 0, applicable = 0, covered = 0;
};
std::vector<LustreCoverage> lustre_coverage();

}  // namespace suites
