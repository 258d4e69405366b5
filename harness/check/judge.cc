#include "harness/check/judge.h"

#include <fmt/format.h>

namespace harness::check {

Judge::Judge(const std::vector<std::string_view>& wanted) : checkers_(wanted) {
  recorder_.listen([this](const Record& record) {
    records_.push_back(record);
    text_.see(record);
    audit_.on(record);
    checkers_.on(record);
  });
}

std::vector<std::string> Judge::complaints() const {
  std::vector<std::string> complaints;
  for (const Violation& violation : checkers_.violations()) {
    std::string complaint = fmt::format("{}: {}", violation.property, violation.what);
    for (const uint64_t index : violation.witness) {
      complaint += "\n  " + text_.line(records_.at(index - 1));
    }
    complaints.push_back(std::move(complaint));
  }
  return complaints;
}

}  // namespace harness::check
