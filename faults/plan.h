// A fault plan: what goes wrong and when, as an ordered list of (trigger, fault). A plain value,
// the same in both worlds, with a text form that parses back:
//
//   plan "close lost, then MDS dies"
//   on MDS_CLOSE #1 client1->mds: drop reply
//   on time +2s: crash mds
//   on time +3s: start mds version 2.0
//   fail_loc=0x80000119 version 2.1 mds
//
// Empty lines and lines that begin with '#' are skipped. "seed N" behind the title seeds what a
// plan draws (counts such as "#1+ 1/8"). docs of triggers and faults: trigger.h, fault.h; Lustre's
// spellings: failpoints.h.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "faults/fault.h"
#include "faults/trigger.h"

namespace faults {

// Whose numbers a fail_loc is of: they changed meaning between versions (failpoints.h).
enum class LustreVersion : uint8_t { v1_8, v2_1, v2_5 };
std::string_view version_name(LustreVersion version);

// A line in Lustre's own spelling: what a test writes to fail_loc and fail_val of a node.
struct FailLoc {
  uint32_t loc = 0;
  std::optional<uint32_t> val;
  LustreVersion version = LustreVersion::v2_1;
  NodeName node = {};  // where it was set, anybody: where the point is
  bool operator==(const FailLoc&) const = default;
  void state(auto&& visit) const { visit(loc, val, version, node); }
};

struct Line {
  Trigger when;
  Fault fault;
  std::optional<FailLoc> spelled;  // then when and fault follow from it
  bool operator==(const Line&) const = default;
  void state(auto&& visit) const { visit(when, fault, spelled); }
};

struct Plan {
  std::string title;
  uint64_t seed = 1;
  std::vector<Line> lines;
  bool operator==(const Plan&) const = default;
  void state(auto&& visit) const { visit(title, seed, lines); }
};

inline constexpr size_t kPlanBytesMax = 1u << 20;
inline constexpr size_t kPlanLinesMax = 10'000;

// Where a text is no plan, both counted from 1 (columns in bytes), and what was expected there.
struct PlanError {
  uint32_t line = 0, column = 0;
  std::string what;
  std::string text() const;  // "3:14: expected …"
};

std::expected<Plan, PlanError> parse_plan(std::string_view text);
// One line of a plan, without its title.
std::expected<Line, PlanError> parse_line(std::string_view text);
// Every node that the plan names, once each.
std::vector<NodeName> names_in(const Plan& plan);
std::string to_text(const Line& line);
std::string to_text(const Plan& plan);

}  // namespace faults
