// The cells of the Size-on-MDS laboratory: a use case of the mail, a row of what the lost client
// still does, and solutions (facts: semantics 4.6; solutions are policies of
// reference/som_policy.h).
//
// A cell is a scenario: use case and row give calls, faults and their budget. Client 1 is the
// victim A, client 2 the honest writer B, that opens the file for writing, writes, closes and so
// revalidates what the MDS keeps, and then asks for the size. The file is there, has a size on the
// MDS that counts, and A has changed it since in an epoch of its own. When what happens is the
// search's: no step of a prefix is forced. In rows P5 what A sent is on its way from the beginning.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/explore/scenario.h"

namespace harness::som {

using reference::SomPolicies;
using reference::SomPolicy;

enum class UseCase : uint8_t { evicted, failover, evicted_then_failover, upgrade, never_back };
struct UseCaseInfo {
  UseCase use_case;
  std::string_view name;  // "1"
  std::string_view what;
};
std::span<const UseCaseInfo> use_cases();

enum class Row : uint8_t { p3c, p3l, p4, p5k, p5l, p2l, p2k, p6 };
struct RowInfo {
  Row row;
  std::string_view name;  // "P5l"
  std::string_view what;
};
std::span<const RowInfo> rows();

// What a cell holds for, besides its calls.
struct Bounds {
  uint8_t mds_crashes = 1;  // where the use case has any
  uint8_t ost_crashes = 0;
  uint8_t osts = 1;          // stripes of the file
  bool crash_loses = false;  // what a server has sent and has not arrived is lost with it
  bool operator==(const Bounds&) const = default;
};

struct Cell {
  UseCase use_case = UseCase::failover;
  Row row = Row::p5l;
  SomPolicies policies = reference::kSomBase;
  Bounds bounds;
};

// Row P6 is of the upgrade alone.
bool exists(UseCase use_case, Row row);
explore::Scenario scenario_of(const Cell& cell);
// "2 x P5l, solutions 4,8b"; only what comes to the base is named.
std::string text_of(const Cell& cell);
// "none", "4,8b", "base without M".
std::string text_of(SomPolicies policies);
// "4,8b" on top of the base, "none", "shipped" (3 and 4, and neither M nor E); nothing when a name
// is none's.
std::optional<SomPolicies> parse_solutions(std::string_view text);

}  // namespace harness::som
