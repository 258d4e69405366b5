// Which of Lustre's own fault points (faults/failpoints.h) a run has hit.
#pragma once

#include <string_view>
#include <vector>

#include "suites/runner.h"

namespace harness {

// "MDS_REINT_NET_REP", without OBD_FAIL_.
std::vector<std::string_view> point_names(const suites::Verdict& verdict);

// On standard output: a line for each point that a plan can ask for, with the first case that hit
// it and how many others did; then how many were.
void print_coverage(std::string_view target, const std::vector<suites::Verdict>& verdicts);

}  // namespace harness
