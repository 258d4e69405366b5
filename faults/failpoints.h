// Lustre's own fault points: what `lctl set_param fail_loc=0x80000119 fail_val=…` asks for, as
// triggers and faults. Facts: failpoints.csv (codes by version), and Lustre's own sources for what
// each point does.
//
// The low 16 bits are the point; it fails every time it is passed, or, by the bits above:
// 0x80000000 once, 0x20000000 (skip) from the (fail_val + 1)th time on, 0x10000000 (some) the first
// fail_val times, 0x08000000 (rand) one in fail_val times.
#pragma once

#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "faults/plan.h"
#include "faults/struck.h"

namespace faults {

// Which end of a message's exchange passes the point: where fail_loc is to be set.
enum class Passed : uint8_t { responder, requester };

struct FailPoint {
  std::string_view name;                  // MDS_REINT_NET_REP, without OBD_FAIL_
  uint32_t code_1_8, code_2_1, code_2_5;  // 0 where the version has no such point
  // As a plan says it, {val} and {opcode} filled in from fail_val; empty if no plan can.
  std::string_view line;
  std::string_view why_not = {};  // then the reason
  Passed passed = Passed::responder;
  bool once = false;  // the point switches itself off
  uint32_t code(LustreVersion version) const;
};

// Every point of the three versions, in the order of their codes.
std::span<const FailPoint> fail_points();
// The point with this code; null if the version has none.
const FailPoint* find_fail_point(LustreVersion version, uint32_t loc);
// What it comes to; or why that cannot be said.
std::expected<Line, std::string> line_of(const FailLoc& spelled);
// Whether what struck is what the point does, however it was asked for; a point of fail_points().
bool is_hit(const FailPoint& point, const Struck& struck);

}  // namespace faults
