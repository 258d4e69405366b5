#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "faults/failpoints.h"
#include "faults/plan.h"
#include "faults/scanner.h"

namespace faults {
namespace {

constexpr uint64_t kCountMax = 1'000'000'000;

// "#3", "#3-5", "#2+", and "1/8" behind it. Without any, the first.
Count parse_count(Scanner& scan) {
  Count count;
  const std::string_view word = scan.peek();
  if (word.starts_with('#')) {
    const size_t at = scan.offset();
    Scanner inner(word.substr(1), 1);
    std::string_view rest = word.substr(1);
    const bool open = rest.ends_with('+');
    if (open) rest.remove_suffix(1);
    const size_t dash = rest.find('-');
    Scanner first(rest.substr(0, dash), 1);
    const uint64_t from = first.number("a count", kCountMax);
    uint64_t to = from;
    bool good = first.ok() && from > 0 && !(open && dash != std::string_view::npos);
    if (good && dash != std::string_view::npos) {
      Scanner last(rest.substr(dash + 1), 1);
      to = last.number("a count", kCountMax);
      good = last.ok() && to >= from;
    }
    if (!good) {
      scan.fail_at(at,
                   fmt::format("expected a count such as #1, #2-5 or #3+, found {}", quoted(word)));
      return count;
    }
    scan.word();
    count.first = static_cast<uint32_t>(from);
    count.times = open ? kAlways : static_cast<uint32_t>(to - from + 1);
  }
  if (scan.peek().starts_with("1/")) {
    const size_t at = scan.offset();
    const std::string_view share = scan.word();
    Scanner inner(share.substr(2), 1);
    count.one_in = static_cast<uint32_t>(inner.number("a share", kCountMax));
    if (!inner.ok() || count.one_in == 0) {
      scan.fail_at(at, fmt::format("expected a share such as 1/8, found {}", quoted(share)));
    }
  }
  return count;
}

Trigger parse_fact_trigger(Scanner& scan) {
  Trigger trigger;
  trigger.kind = Trigger::Kind::fact;
  const std::optional<reference::Fact::Kind> fact = parse_fact(scan.peek());
  if (!fact) {
    scan.fail("a fact such as executed, committed, evicted or recovery-ended");
    return trigger;
  }
  scan.word();
  trigger.fact = *fact;
  trigger.count = parse_count(scan);
  if (scan.ok() && !scan.at_end() && scan.peek() != "of" && !scan.peek().empty()) {
    trigger.node = scan.node("whose fact");
  }
  if (scan.take("of")) trigger.client = scan.node("a client");
  return trigger;
}

// Stops before the colon, or at the end of the line.
Trigger parse_trigger(Scanner& scan) {
  Trigger trigger;
  if (scan.take("time")) {
    trigger.kind = Trigger::Kind::time;
    const std::string_view word = scan.peek();
    Scanner inner(word.starts_with('+') ? word.substr(1) : std::string_view(), 1);
    trigger.at = inner.duration();
    if (inner.ok()) {
      scan.word();
    } else {
      scan.fail("a time since the plan was armed, such as +2s");
    }
    return trigger;
  }
  if (scan.take("transno")) {
    trigger.kind = Trigger::Kind::transno;
    trigger.transno = scan.number("a transaction number", std::numeric_limits<uint64_t>::max());
    if (!scan.peek().empty()) trigger.node = scan.node("a server");
    return trigger;
  }
  if (scan.take("point")) {
    trigger.kind = Trigger::Kind::point;
    trigger.text = scan.string();
    trigger.count = parse_count(scan);
    if (!scan.peek().empty()) trigger.node = scan.node("a server");
    return trigger;
  }
  if (scan.take("fact")) return parse_fact_trigger(scan);

  const std::optional<Operation> operation = parse_operation(scan.peek());
  if (!operation) {
    scan.fail(
        "an operation such as MDS_CLOSE or MDS_REINT/UNLINK, or any, time, transno, point, "
        "fact");
    return trigger;
  }
  scan.word();
  trigger.operation = *operation;
  if (const auto part = parse_part(scan.peek())) {
    scan.word();
    trigger.part = *part;
  }
  for (const Sort sort : {Sort::first, Sort::resent, Sort::replayed}) {
    if (scan.take(sort_name(sort))) trigger.sort = sort;
  }
  trigger.count = parse_count(scan);
  if (!scan.peek().empty()) trigger.link = scan.link(nullptr);
  return trigger;
}

std::optional<Dialect> parse_version(Scanner& scan) {
  if (!scan.take("version")) return std::nullopt;
  if (scan.take("1.8")) return Dialect::v1_8;
  if (scan.take("2.0")) return Dialect::v2_0;
  scan.fail("1.8 or 2.0");
  return std::nullopt;
}

void parse_ending(Scanner& scan, Fault& fault, bool with_trigger) {
  if (scan.take("for")) {
    fault.duration = scan.duration();
  } else if (with_trigger && scan.take("until")) {
    fault.until = parse_trigger(scan);
  }
}

void parse_moment(Scanner& scan, Fault& fault) {
  if (scan.take("twice")) {
    fault.moment = Moment::twice;
    return;
  }
  if (scan.take("before commit")) {
    fault.moment = Moment::before_commit;
  } else if (scan.take("after commit")) {
    fault.moment = Moment::after_commit;
  } else if (scan.take("at write")) {
    fault.moment = Moment::at_write;
  } else {
    return;
  }
  const size_t at = scan.offset();
  const Count count = parse_count(scan);
  if (count.times != 1 || count.one_in != 1) scan.fail_at(at, "expected one number, such as #2");
  fault.nth = count.first;
}

void parse_message_fault(Scanner& scan, Fault& fault) {
  const std::optional<Part> part = parse_part(scan.peek());
  if (!part) return scan.fail("request, reply, early, bulk, data or ack");
  scan.word();
  fault.part = *part;
  if (fault.verb == Verb::delay) parse_ending(scan, fault, true);
  if (fault.verb == Verb::corrupt && scan.take("byte")) {
    fault.offset = static_cast<uint32_t>(scan.number("an offset", 1u << 20));
  }
  if (fault.verb == Verb::corrupt && scan.take("xor")) {
    const size_t at = scan.offset();
    fault.mask = static_cast<uint8_t>(scan.number("what is flipped", 0xff));
    if (scan.ok() && fault.mask == 0) scan.fail_at(at, "xor 0 would change nothing");
  }
}

void parse_clock(Scanner& scan, Fault& fault) {
  if (!scan.take("by")) return scan.fail("by");
  const std::string_view word = scan.peek();
  const bool signed_ = word.starts_with('+') || word.starts_with('-');
  Scanner inner(signed_ ? word.substr(1) : std::string_view(), 1);
  const reference::Time by = inner.duration();
  if (!inner.ok()) return scan.fail("how far the clock jumps, such as +1h or -10s");
  scan.word();
  fault.duration = word.front() == '-' ? -by : by;
}

NodeName parse_server(Scanner& scan) {
  using Kind = NodeName::Kind;
  return scan.node_of("a server: mds, mgs, ost0 or ost*", {Kind::mds, Kind::mgs, Kind::ost});
}
NodeName parse_server_or_client(Scanner& scan) {
  using Kind = NodeName::Kind;
  return scan.node_of("a server or client: mds, mgs, ost0, ost*, client1 or client*",
                      {Kind::mds, Kind::mgs, Kind::ost, Kind::client});
}

void parse_object(Scanner& scan, Fault& fault) {
  using Kind = NodeName::Kind;
  switch (fault.verb) {
    case Verb::drop:
    case Verb::delay:
    case Verb::duplicate:
    case Verb::reorder:
    case Verb::corrupt:
    case Verb::release:
      return;
    case Verb::disconnect: {
      bool both = false;
      fault.link = scan.link(&both);
      return;
    }
    case Verb::partition:
      fault.link = scan.link(&fault.both_ways);
      return parse_ending(scan, fault, true);
    case Verb::heal:
      fault.link = scan.link(&fault.both_ways);
      return;
    case Verb::crash:
      fault.node = parse_server_or_client(scan);
      if (fault.node.kind != Kind::client) parse_moment(scan, fault);
      return;
    case Verb::restart:
    case Verb::start:
    case Verb::failover:
      fault.node = parse_server(scan);
      fault.version = parse_version(scan);
      if (fault.verb != Verb::start && scan.take("after")) fault.duration = scan.duration();
      return;
    case Verb::upgrade:
    case Verb::downgrade:
      fault.node = parse_server(scan);
      if (scan.take("after")) fault.duration = scan.duration();
      return;
    case Verb::pause:
      fault.node = parse_server_or_client(scan);
      if (scan.peek() != "for") return scan.fail("for, and a duration");
      return parse_ending(scan, fault, false);
    case Verb::evict:
      fault.node = scan.node_of("a client: client1 or client*", {Kind::client});
      if (!scan.take("from")) return scan.fail("from");
      fault.server = scan.take("all") ? kAnybody : parse_server(scan);
      return;
    case Verb::jump_clock:
      fault.node = parse_server(scan);
      return parse_clock(scan, fault);
    case Verb::lose_clients:
    case Verb::roll_back_clients:
      fault.node =
          scan.node_of("a server with a client table: mds, ost0 or ost*", {Kind::mds, Kind::ost});
      return;
    case Verb::fill_disk:
    case Verb::free_disk:
      fault.node = scan.node_of("an OST: ost0 or ost*", {Kind::ost});
      return;
    case Verb::hold_commits:
    case Verb::release_commits:
      fault.node = parse_server(scan);
      return;
  }
}

Fault parse_fault(Scanner& scan, const Trigger& when) {
  Fault fault;
  const size_t at = scan.offset();
  const bool known = [&] {
    for (auto verb = Verb::drop; verb <= Verb::jump_clock;
         verb = static_cast<Verb>(static_cast<uint8_t>(verb) + 1)) {
      if (!scan.take(verb_name(verb))) continue;
      fault.verb = verb;
      return true;
    }
    return false;
  }();
  if (!known) {
    scan.fail("a fault such as drop, delay, crash, restart, evict, partition or pause");
    return fault;
  }
  if (!is_of_message(fault.verb)) {
    parse_object(scan, fault);
    return fault;
  }
  parse_message_fault(scan, fault);
  if (when.kind != Trigger::Kind::message) {
    scan.fail_at(at, fmt::format("{} is done to a message: its trigger is an operation",
                                 verb_name(fault.verb)));
  } else if (when.part != Part::request && when.part != fault.part) {
    scan.fail_at(at, fmt::format("the trigger is a {}, the fault of a {}", part_name(when.part),
                                 part_name(fault.part)));
  }
  return fault;
}

Line parse_spelling(Scanner& scan) {
  const size_t at = scan.offset();
  FailLoc spelled;
  const auto value_of = [&](std::string_view name) {
    const size_t begin = scan.offset();
    const std::string_view word = scan.word();
    Scanner inner(word.substr(name.size()), 1);
    const uint64_t value = inner.number("a number", std::numeric_limits<uint32_t>::max());
    if (!inner.ok()) {
      scan.fail_at(begin + name.size(), fmt::format("expected a number of 32 bits, found {}",
                                                    quoted(word.substr(name.size()))));
    }
    return static_cast<uint32_t>(value);
  };
  spelled.loc = value_of("fail_loc=");
  if (scan.peek().starts_with("fail_val=")) spelled.val = value_of("fail_val=");
  if (scan.take("version")) {
    bool known = false;
    for (const auto version : {LustreVersion::v1_8, LustreVersion::v2_1, LustreVersion::v2_5}) {
      if (known || !scan.take(version_name(version))) continue;
      spelled.version = version;
      known = true;
    }
    if (!known) scan.fail("1.8, 2.1 or 2.5");
  }
  if (scan.ok() && !scan.at_end()) spelled.node = scan.node("where it is set");
  if (!scan.ok()) return {};
  auto line = line_of(spelled);
  if (!line) {
    scan.fail_at(at, line.error());
    return {};
  }
  return *std::move(line);
}

Line parse_one(Scanner& scan) {
  Line line;
  if (scan.peek().starts_with("fail_loc=")) {
    line = parse_spelling(scan);
  } else if (scan.take("on")) {
    line.when = parse_trigger(scan);
    if (scan.ok() && !scan.take_colon()) scan.fail("a colon before the fault");
    if (scan.ok()) line.fault = parse_fault(scan, line.when);
    if (is_of_message(line.fault.verb)) line.when.part = line.fault.part;
  } else {
    scan.fail("on TRIGGER: FAULT, or fail_loc=CODE");
  }
  scan.expect_end();
  return line;
}

}  // namespace

std::expected<Line, PlanError> parse_line(std::string_view text) {
  Scanner scan(text, 1);
  Line line = parse_one(scan);
  if (!scan.ok()) return std::unexpected(scan.error());
  return line;
}

std::expected<Plan, PlanError> parse_plan(std::string_view text) {
  if (text.size() > kPlanBytesMax) {
    return std::unexpected(
        PlanError{1, 1, fmt::format("a plan has at most {} bytes", kPlanBytesMax)});
  }
  Plan plan;
  bool titled = false;
  uint32_t number = 0;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    Scanner scan(line, ++number);
    if (scan.at_end() || scan.peek().starts_with('#')) continue;
    if (!titled) {
      if (scan.take("plan")) {
        plan.title = scan.string();
        scan.expect_end();
      } else {
        scan.fail("plan \"TITLE\"");
      }
      titled = true;
    } else if (plan.lines.empty() && scan.take("seed")) {
      plan.seed = scan.number("a seed", std::numeric_limits<uint64_t>::max());
      scan.expect_end();
    } else if (plan.lines.size() == kPlanLinesMax) {
      scan.fail_at(0, fmt::format("a plan has at most {} faults", kPlanLinesMax));
    } else {
      plan.lines.push_back(parse_one(scan));
    }
    if (!scan.ok()) return std::unexpected(scan.error());
  }
  if (!titled) return std::unexpected(PlanError{number + 1, 1, "expected plan \"TITLE\""});
  return plan;
}

}  // namespace faults
