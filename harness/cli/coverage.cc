#include "harness/cli/coverage.h"

#include <fmt/format.h>

#include "faults/failpoints.h"

namespace harness {

using faults::FailPoint;
using suites::Verdict;

std::vector<std::string_view> point_names(const Verdict& verdict) {
  std::vector<std::string_view> names;
  for (const uint32_t point : verdict.points) names.push_back(faults::fail_points()[point].name);
  return names;
}

void print_coverage(std::string_view target, const std::vector<Verdict>& verdicts) {
  const auto points = faults::fail_points();
  std::vector<std::vector<std::string_view>> hit(points.size());
  for (const Verdict& verdict : verdicts) {
    for (const uint32_t point : verdict.points) {
      auto& cases = hit[point];
      if (cases.empty() || cases.back() != verdict.id) cases.push_back(verdict.id);
    }
  }
  const auto code = [](uint32_t number) {
    return number == 0 ? std::string("-") : fmt::format("0x{:x}", number);
  };
  size_t can = 0, were = 0;
  fmt::print("{}: fault points, their fail_loc in 1.8, 2.1 and 2.5, and what hit them\n", target);
  for (size_t i = 0; i < points.size(); ++i) {
    const FailPoint& point = points[i];
    if (point.line.empty()) continue;
    ++can;
    were += hit[i].empty() ? 0 : 1;
    std::string by = hit[i].empty() ? "not hit" : std::string(hit[i].front());
    if (hit[i].size() > 1) by += fmt::format(" and {} more", hit[i].size() - 1);
    fmt::print("  {:<36} {:>6} {:>6} {:>6}  {}\n", point.name, code(point.code_1_8),
               code(point.code_2_1), code(point.code_2_5), by);
  }
  fmt::print("{}: {} of {} fault points were hit; {} more cannot be had from outside a server\n",
             target, were, can, points.size() - can);
}

}  // namespace harness
