#include "faults/plan.h"

#include <fmt/format.h>

#include <algorithm>

namespace faults {

std::string_view version_name(LustreVersion version) {
  switch (version) {
    case LustreVersion::v1_8:
      return "1.8";
    case LustreVersion::v2_1:
      return "2.1";
    case LustreVersion::v2_5:
      return "2.5";
  }
  return "?";
}

std::string PlanError::text() const { return fmt::format("{}:{}: {}", line, column, what); }

std::vector<NodeName> names_in(const Plan& plan) {
  std::vector<NodeName> names;
  const auto add = [&](const NodeName& name) {
    if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  };
  const auto add_trigger = [&](const Trigger& trigger) {
    for (const NodeName& name :
         {trigger.link.from, trigger.link.to, trigger.node, trigger.client}) {
      add(name);
    }
  };
  for (const Line& line : plan.lines) {
    add_trigger(line.when);
    if (line.fault.until) add_trigger(*line.fault.until);
    for (const NodeName& name :
         {line.fault.link.from, line.fault.link.to, line.fault.node, line.fault.server}) {
      add(name);
    }
  }
  return names;
}

std::string to_text(const Line& line) {
  if (line.spelled) {
    std::string text = fmt::format("fail_loc=0x{:x}", line.spelled->loc);
    if (line.spelled->val) text += fmt::format(" fail_val={}", *line.spelled->val);
    text += fmt::format(" version {}", version_name(line.spelled->version));
    if (line.spelled->node != kAnybody) text += " " + to_text(line.spelled->node);
    return text;
  }
  const bool with_part = !is_of_message(line.fault.verb);
  return fmt::format("on {}: {}", to_text(line.when, with_part), to_text(line.fault));
}

std::string to_text(const Plan& plan) {
  std::string text = fmt::format("plan {}\n", quoted(plan.title));
  if (plan.seed != 1) text += fmt::format("seed {}\n", plan.seed);
  for (const Line& line : plan.lines) text += to_text(line) + "\n";
  return text;
}

}  // namespace faults
