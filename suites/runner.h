// Runs cases and collects verdicts: what `assay run` does, apart from its command line.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "suites/conformance.h"
#include "suites/selection.h"

namespace suites {

// The verdict on one case against one target.
struct Verdict {
  std::string id;
  Outcome outcome = Outcome::broken;
  std::string why;  // expected and actual, or what the case waited for; empty for a pass
  double seconds = 0;
  uint64_t seed = 0;
  std::vector<uint32_t> points = {};  // Lustre's fault points that were hit (faults/failpoints.h)
  std::string audit = {};  // what was left at rest: {"mds": {"open files": 1, …}, …} as JSON
  std::string issue;       // under which the target file expects this case to fail; else empty
};

struct Order {
  Setting setting;
  Selection only;  // empty: all
  Selection except;
  uint32_t jobs = 1;    // worker processes, each with a world of its own
  uint32_t repeat = 1;  // times that each case runs, with the seed and those after it
};

// The cases that an order means, in the order of the catalogue.
std::vector<const Case*> select(const Order& order);

// Runs them; `seen` hears each verdict as it falls. A worker that dies makes the verdict of its
// case broken and the others go on.
std::vector<Verdict> run(const Order& order, const std::function<void(const Verdict&)>& seen);

std::string_view outcome_name(Outcome outcome);

// 0 all pass, or unsupported, or fail as expected; 1 some fail, 3 some broken, 2 some inconclusive:
// 1 before 3 before 2.
int exit_status(const std::vector<Verdict>& verdicts);

// "N passed, N failed, N unsupported, N inconclusive, N broken", and what of the failures was
// expected, if any was.
std::string summary(const std::vector<Verdict>& verdicts);

}  // namespace suites
