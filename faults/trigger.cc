#include "faults/trigger.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "protocol/operation_info.h"
#include "protocol/ptlrpc.h"

namespace faults {

using reference::Fact;
using reference::Time;

namespace {

constexpr std::array<std::pair<Part, std::string_view>, 6> kParts{{{Part::request, "request"},
                                                                   {Part::reply, "reply"},
                                                                   {Part::early, "early"},
                                                                   {Part::bulk, "bulk"},
                                                                   {Part::data, "data"},
                                                                   {Part::ack, "ack"}}};
constexpr std::array<std::pair<Fact::Kind, std::string_view>, 13> kFacts{
    {{Fact::Kind::executed, "executed"},
     {Fact::Kind::reconstructed, "reconstructed"},
     {Fact::Kind::committed, "committed"},
     {Fact::Kind::granted, "granted"},
     {Fact::Kind::blocked, "blocked"},
     {Fact::Kind::cancelled, "cancelled"},
     {Fact::Kind::evicted, "evicted"},
     {Fact::Kind::connected, "connected"},
     {Fact::Kind::recovery_began, "recovery-began"},
     {Fact::Kind::recovery_ended, "recovery-ended"},
     {Fact::Kind::opened, "opened"},
     {Fact::Kind::closed, "closed"},
     {Fact::Kind::reached, "reached"}}};

template <class Key, size_t N>
std::string_view name_in(const std::array<std::pair<Key, std::string_view>, N>& table, Key key) {
  for (const auto& [known, name] : table) {
    if (known == key) return name;
  }
  return "?";
}
template <class Key, size_t N>
std::optional<Key> find_in(const std::array<std::pair<Key, std::string_view>, N>& table,
                           std::string_view word) {
  for (const auto& [key, name] : table) {
    if (name == word) return key;
  }
  return std::nullopt;
}

}  // namespace

std::string_view part_name(Part part) { return name_in(kParts, part); }
std::optional<Part> parse_part(std::string_view word) { return find_in(kParts, word); }
std::string_view fact_name(Fact::Kind kind) { return name_in(kFacts, kind); }
std::optional<Fact::Kind> parse_fact(std::string_view word) { return find_in(kFacts, word); }

std::string_view sort_name(Sort sort) {
  switch (sort) {
    case Sort::any:
      return "";
    case Sort::first:
      return "first";
    case Sort::resent:
      return "resent";
    case Sort::replayed:
      return "replayed";
  }
  return "";
}

bool Operation::covers(uint32_t opcode, std::string_view name) const {
  if (opcodes.empty()) return true;
  if (std::ranges::find(opcodes, opcode) == opcodes.end()) return false;
  return variant.empty() || name.substr(std::min(name.find('/') + 1, name.size())) == variant;
}

std::string to_text(const Operation& operation) {
  if (operation.opcodes.empty()) return "any";
  std::string text;
  for (const uint32_t opcode : operation.opcodes) {
    const std::string_view name = protocol::ptlrpc::opcode::kNames.name_of(opcode);
    if (!text.empty()) text += '|';
    text += name.empty() ? fmt::format("opcode-{}", opcode) : std::string(name);
  }
  return operation.variant.empty() ? text : text + "/" + operation.variant;
}

namespace {

std::optional<uint32_t> parse_opcode(std::string_view word) {
  for (const protocol::NamedValue& named : protocol::ptlrpc::opcode::kNames.values) {
    if (named.lustre == word) return static_cast<uint32_t>(named.value);
  }
  return std::nullopt;
}

}  // namespace

std::optional<Operation> parse_operation(std::string_view word) {
  if (word == "any") return Operation{};
  for (const auto dialect : {protocol::Dialect::v2_0, protocol::Dialect::v1_8}) {
    for (const protocol::OperationInfo* info : protocol::operations(dialect)) {
      const size_t slash = info->name.find('/');
      if (info->name != word || slash == std::string_view::npos) continue;
      return Operation{{info->opcode}, std::string(word.substr(slash + 1))};
    }
  }
  Operation operation;
  while (true) {
    const std::string_view one = word.substr(0, word.find('|'));
    const std::optional<uint32_t> opcode = parse_opcode(one);
    if (!opcode) return std::nullopt;
    operation.opcodes.push_back(*opcode);
    if (one.size() == word.size()) return operation;
    word.remove_prefix(one.size() + 1);
  }
}

std::string to_text(const Count& count) {
  std::string text = fmt::format("#{}", count.first);
  if (count.times == kAlways) {
    text += "+";
  } else if (count.times != 1) {
    text += fmt::format("-{}", count.first + count.times - 1);
  }
  if (count.one_in != 1) text += fmt::format(" 1/{}", count.one_in);
  return text;
}

std::string duration_text(Time duration) {
  constexpr std::array<std::pair<Time, std::string_view>, 5> kUnits{
      {{3600 * reference::kSecond, "h"},
       {reference::kSecond, "s"},
       {reference::kMillisecond, "ms"},
       {reference::kMicrosecond, "us"},
       {1, "ns"}}};
  for (const auto& [unit, name] : kUnits) {
    if (duration % unit == 0 && duration / unit != 0)
      return fmt::format("{}{}", duration / unit, name);
  }
  return "0s";
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (byte < ' ' || byte == 0x7f) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string to_text(const Trigger& trigger, bool with_part) {
  const auto of_node = [&](std::string_view before) {
    return trigger.node == kAnybody ? std::string()
                                    : fmt::format("{}{}", before, to_text(trigger.node));
  };
  switch (trigger.kind) {
    case Trigger::Kind::message: {
      std::string text = to_text(trigger.operation);
      if (with_part && trigger.part != Part::request)
        text += fmt::format(" {}", part_name(trigger.part));
      if (trigger.sort != Sort::any) text += fmt::format(" {}", sort_name(trigger.sort));
      text += " " + to_text(trigger.count);
      if (trigger.link != Link{}) {
        text += fmt::format(" {}->{}", to_text(trigger.link.from), to_text(trigger.link.to));
      }
      return text;
    }
    case Trigger::Kind::time:
      return fmt::format("time +{}", duration_text(trigger.at));
    case Trigger::Kind::transno:
      return fmt::format("transno {}{}", trigger.transno, of_node(" "));
    case Trigger::Kind::point:
      return fmt::format("point {} {}{}", quoted(trigger.text), to_text(trigger.count),
                         of_node(" "));
    case Trigger::Kind::fact:
      return fmt::format("fact {} {}{}{}", fact_name(trigger.fact), to_text(trigger.count),
                         of_node(" "),
                         trigger.client == kAnybody ? "" : " of " + to_text(trigger.client));
  }
  return {};
}

}  // namespace faults
