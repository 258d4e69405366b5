#include "faults/failpoints.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "protocol/check.h"
#include "protocol/ptlrpc.h"

namespace faults {
namespace {

constexpr uint32_t kOnce = 0x8000'0000, kSkip = 0x2000'0000, kSome = 0x1000'0000,
                   kRand = 0x0800'0000, kPoint = 0xffff;
constexpr std::string_view kVal = "{val}", kOpcode = "{opcode}";

std::string replaced(std::string text, std::string_view what, const std::string& by) {
  const size_t at = text.find(what);
  return at == std::string::npos ? text : text.replace(at, what.size(), by);
}

// Which of the passages fail; or what is wrong with fail_val.
std::expected<Count, std::string> count_of(const FailLoc& spelled, bool once) {
  const uint32_t val = spelled.val.value_or(0);
  Count count{.first = 1, .times = kAlways};
  if ((spelled.loc & kRand) != 0) {
    if (val < 2) return std::unexpected("with a fail_val below 2 it never fails");
    count.one_in = val;
  }
  if ((spelled.loc & kSkip) != 0) {
    if (val == kAlways) return std::unexpected("it would skip for ever");
    count.first = val + 1;
  }
  if ((spelled.loc & kSome) != 0) count.times = std::max(val, 1u);
  if ((spelled.loc & kOnce) != 0 || once) count.times = 1;
  return count;
}

std::string with_val(const FailPoint& point, const FailLoc& spelled) {
  std::string text(point.line);
  const bool counts = (spelled.loc & (kRand | kSkip | kSome)) != 0;
  const uint32_t val = counts ? 0 : spelled.val.value_or(0);
  text = replaced(std::move(text), kOpcode,
                  std::string(protocol::ptlrpc::opcode::kNames.name_of(val)));
  return replaced(std::move(text), kVal, std::to_string(val));
}

// What each point does, whichever duration, opcode or OST a fail_val names.
std::vector<std::optional<Line>> patterns() {
  std::vector<std::optional<Line>> all;
  for (const FailPoint& point : fail_points()) {
    auto& pattern = all.emplace_back();
    if (point.line.empty()) continue;
    const std::string text = replaced(replaced(std::string(point.line), kVal, "1"), kOpcode, "any");
    const auto line = parse_line(replaced(text, "ost1", "ost*"));
    CHECK(line.has_value(), "a fault point whose line does not parse");
    pattern = *line;
  }
  return all;
}

}  // namespace

uint32_t FailPoint::code(LustreVersion version) const {
  switch (version) {
    case LustreVersion::v1_8:
      return code_1_8;
    case LustreVersion::v2_1:
      return code_2_1;
    case LustreVersion::v2_5:
      return code_2_5;
  }
  return 0;
}

const FailPoint* find_fail_point(LustreVersion version, uint32_t loc) {
  const uint32_t code = loc & kPoint;
  if (code == 0) return nullptr;
  const auto found = std::ranges::find_if(
      fail_points(), [&](const FailPoint& point) { return point.code(version) == code; });
  return found == fail_points().end() ? nullptr : &*found;
}

std::expected<Line, std::string> line_of(const FailLoc& spelled) {
  const FailPoint* point = find_fail_point(spelled.version, spelled.loc);
  if (point == nullptr) {
    return std::unexpected(fmt::format("Lustre {} has no fail_loc 0x{:x}",
                                       version_name(spelled.version), spelled.loc & kPoint));
  }
  const auto refuse = [&](std::string_view why) {
    return std::unexpected(fmt::format("OBD_FAIL_{}: {}", point->name, why));
  };
  if (point->line.empty()) return refuse(point->why_not);
  const auto count = count_of(spelled, point->once);
  if (!count) return refuse(count.error());
  auto parsed = parse_line(with_val(*point, spelled));
  if (!parsed) return refuse("its fail_val is no opcode");
  Line line = *std::move(parsed);
  if (line.when.kind == Trigger::Kind::message) line.when.count = *count;
  line.spelled = spelled;
  if (spelled.node == kAnybody) return line;
  NodeName& place = line.when.kind != Trigger::Kind::message ? line.fault.node
                    : point->passed == Passed::requester     ? line.when.link.from
                                                             : line.when.link.to;
  if (!place.covers(spelled.node)) {
    return refuse(
        fmt::format("{} does not pass it, {} does", to_text(spelled.node), to_text(place)));
  }
  place = spelled.node;
  return line;
}

bool is_hit(const FailPoint& point, const Struck& struck) {
  static const std::vector<std::optional<Line>> kPatterns = patterns();
  const std::optional<Line>& line =
      kPatterns.at(static_cast<size_t>(&point - fail_points().data()));
  if (!line) return false;
  const Fault& fault = line->fault;
  if (fault.verb != struck.verb || !struck.refused.empty()) return false;
  if (!is_of_message(fault.verb)) return fault.node.covers(struck.node);
  const Trigger& when = line->when;
  return when.part == struck.part && when.operation.covers(struck.opcode, struck.operation) &&
         (when.sort == Sort::any || when.sort == struck.sort) &&
         when.link.covers(struck.link.from, struck.link.to);
}

}  // namespace faults
