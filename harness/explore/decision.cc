#include "harness/explore/decision.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "protocol/ptlrpc.h"

namespace harness::explore {
namespace {

using Kind = Decision::Kind;

constexpr std::array<std::string_view, 13> kVerbs = {
    "call", "deliver", "commit",    "start",   "release", "timer", "crash",
    "drop", "delay",   "duplicate", "reorder", "evict",   "die"};

bool on_link(Kind kind) {
  return kind == Kind::deliver || kind == Kind::release ||
         (kind >= Kind::drop && kind <= Kind::reorder);
}

std::string_view next_word(std::string_view& rest) {
  const size_t begin = rest.find_first_not_of(' ');
  if (begin == std::string_view::npos) {
    rest = {};
    return {};
  }
  rest.remove_prefix(begin);
  const std::string_view word = rest.substr(0, rest.find(' '));
  rest.remove_prefix(word.size());
  return word;
}

std::optional<uint64_t> number(std::string_view word, int base) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value, base);
  if (error != std::errc() || end != word.data() + word.size() || word.empty()) return std::nullopt;
  return value;
}

std::string aim_text(const Aim& aim, const Names& names) {
  const auto name = [&](uint8_t node) {
    return node == Aim::kAny ? std::string("any") : names[node];
  };
  std::string text = fmt::format("{} only ", fault_name(aim.fault));
  if (aim.fault == Fault::crash || aim.fault == Fault::death) {
    text += "of " + name(aim.to);
  } else {
    text += fmt::format("{}>{}", name(aim.from), name(aim.to));
  }
  if (aim.most != Aim::kAny) text += fmt::format(", {} at most", aim.most);
  if (aim.opcode == 0) return text;
  const std::string_view operation = protocol::ptlrpc::opcode::kNames.name_of(aim.opcode);
  return fmt::format("{} {}{}", text, aim.answers ? "answers to " : "", operation);
}

}  // namespace

std::string rules_text(const Scenario& scenario) {
  const Names names(scenario);
  std::string text = "free deliveries, commits, calls, starts; time only when nothing else is left";
  if (scenario.prompt) text += "; the MGS is prompt, and commits of servers that do not crash";
  if (scenario.prompt_osts) text += "; MDS and OSTs are, to each other";
  if (scenario.crash_loses) text += "; a crash loses what the server had sent";
  for (const Aim& aim : scenario.aims) text += "; " + aim_text(aim, names);
  return text;
}

Names::Names(const Scenario& scenario) : names_{"mgs", "mds"} {
  for (uint32_t i = 0; i < scenario.osts; ++i) names_.push_back(fmt::format("ost{}", i));
  for (size_t i = 0; i < scenario.clients.size(); ++i) {
    names_.push_back(fmt::format("client{}", i + 1));
  }
}

std::string Names::text(const Decision& decision) const {
  std::string text(kVerbs[static_cast<size_t>(decision.kind)]);
  if (on_link(decision.kind)) {
    text += fmt::format(" {}>{}{}", names_[decision.link.from], names_[decision.link.to],
                        decision.link.bulk ? " bulk" : "");
  } else if (decision.kind == Kind::evict) {
    text += fmt::format(" {} {}", names_[decision.link.from], names_[decision.link.to]);
  } else {
    text += fmt::format(" {}", names_[decision.node]);
  }
  if (decision.kind == Kind::release) text += fmt::format(" {}", decision.which);
  if (decision.kind == Kind::timer) {
    text += fmt::format(" {:x}/{:x}", decision.timer.kind, decision.timer.which);
  }
  return text;
}

std::expected<Decision, std::string> Names::parse(std::string_view line) const {
  std::string_view rest = line;
  const auto wrong = [&](std::string_view why) {
    return std::unexpected(fmt::format("\"{}\": {}", line, why));
  };
  const auto node = [&](std::string_view name) -> std::optional<NodeIndex> {
    const auto at = std::ranges::find(names_, name);
    if (at == names_.end()) return std::nullopt;
    return static_cast<NodeIndex>(at - names_.begin());
  };
  const auto verb = std::ranges::find(kVerbs, next_word(rest));
  if (verb == kVerbs.end()) return wrong("no such verb");
  Decision decision{.kind = static_cast<Kind>(verb - kVerbs.begin())};
  if (on_link(decision.kind)) {
    const std::string_view ends = next_word(rest);
    const size_t arrow = ends.find('>');
    if (arrow == std::string_view::npos) return wrong("a link is written FROM>TO");
    const auto from = node(ends.substr(0, arrow));
    const auto to = node(ends.substr(arrow + 1));
    if (!from || !to) return wrong("no such node");
    decision.link = {static_cast<uint8_t>(*from), static_cast<uint8_t>(*to), false};
    std::string_view word = next_word(rest);
    if (word == "bulk") {
      decision.link.bulk = true;
      word = next_word(rest);
    }
    if (decision.kind == Kind::release) {
      const auto which = number(word, 10);
      if (!which || *which > 255) return wrong("which one is released?");
      decision.which = static_cast<uint32_t>(*which);
      word = next_word(rest);
    }
    if (!word.empty()) return wrong("something is left over at its end");
    return decision;
  }
  const auto first = node(next_word(rest));
  if (!first) return wrong("no such node");
  decision.node = *first;
  if (decision.kind == Kind::evict) {
    const auto server = node(next_word(rest));
    if (!server) return wrong("no such node");
    decision.link = {static_cast<uint8_t>(*first), static_cast<uint8_t>(*server), false};
    decision.node = *server;
  }
  if (decision.kind == Kind::timer) {
    const std::string_view word = next_word(rest);
    const size_t slash = word.find('/');
    const auto kind = number(word.substr(0, slash), 16);
    const auto which =
        number(slash == std::string_view::npos ? std::string_view() : word.substr(slash + 1), 16);
    if (!kind || !which || *kind > 0xffff'ffff) return wrong("a timer is written KIND/WHICH");
    decision.timer = {static_cast<uint32_t>(*kind), *which};
  }
  if (!next_word(rest).empty()) return wrong("something is left over at its end");
  return decision;
}

}  // namespace harness::explore
