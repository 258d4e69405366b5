#include "faults/scanner.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <utility>

namespace faults {

using reference::Time;

namespace {

constexpr std::string_view kBlanks = " \t\r";

// Decimal, or hexadecimal behind "0x".
std::optional<uint64_t> number_of(std::string_view word) {
  const int base = word.starts_with("0x") ? 16 : 10;
  const std::string_view digits = base == 16 ? word.substr(2) : word;
  uint64_t value = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size()) {
    return std::nullopt;
  }
  return value;
}

}  // namespace

void Scanner::skip_blanks() {
  while (at_ < text_.size() && kBlanks.find(text_[at_]) != std::string_view::npos) ++at_;
}

void Scanner::fail_at(size_t offset, std::string_view complaint) {
  if (!error_) error_ = PlanError{line_, static_cast<uint32_t>(offset + 1), std::string(complaint)};
}

void Scanner::fail(std::string_view expected) {
  if (at_end())
    return fail_at(at_, fmt::format("expected {}, found the end of the line", expected));
  const std::string_view found = peek().empty() ? text_.substr(at_, 1) : peek();
  fail_at(at_, fmt::format("expected {}, found {}", expected, quoted(found)));
}

std::string_view Scanner::peek() const {
  if (error_) return {};
  size_t end = at_;
  while (end < text_.size() && kBlanks.find(text_[end]) == std::string_view::npos &&
         text_[end] != ':') {
    ++end;
  }
  return text_.substr(at_, end - at_);
}

std::string_view Scanner::word() {
  const std::string_view found = peek();
  at_ += found.size();
  skip_blanks();
  return found;
}

bool Scanner::take(std::string_view words) {
  if (error_) return false;
  const size_t before = at_;
  while (!words.empty()) {
    const std::string_view one = words.substr(0, words.find(' '));
    if (peek() != one) {
      at_ = before;
      return false;
    }
    word();
    words.remove_prefix(std::min(words.size(), one.size() + 1));
  }
  return true;
}

bool Scanner::take_colon() {
  if (error_ || at_end() || text_[at_] != ':') return false;
  ++at_;
  skip_blanks();
  return true;
}

void Scanner::expect_end() {
  if (!error_ && !at_end()) fail("the end of the line");
}

uint64_t Scanner::number(std::string_view what, uint64_t max) {
  const std::optional<uint64_t> value = number_of(peek());
  if (!value) {
    fail(what);
    return 0;
  }
  if (*value > max) {
    fail_at(at_, fmt::format("{} is at most {}", what, max));
    return 0;
  }
  word();
  return *value;
}

Time Scanner::duration() {
  constexpr std::array<std::pair<std::string_view, Time>, 6> kUnits{
      {{"h", 3600 * reference::kSecond},
       {"min", 60 * reference::kSecond},
       {"s", reference::kSecond},
       {"ms", reference::kMillisecond},
       {"us", reference::kMicrosecond},
       {"ns", 1}}};
  constexpr std::string_view kExpected = "a duration such as 2s, 500ms or 1h";
  const std::string_view text = peek();
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const std::optional<uint64_t> value = number_of(text.substr(0, digits));
  for (const auto& [unit, nanoseconds] : kUnits) {
    if (!value || text.substr(digits) != unit) continue;
    if (*value > static_cast<uint64_t>(std::numeric_limits<Time>::max() / nanoseconds)) {
      fail_at(at_, "a duration is at most 292 years");
      return 0;
    }
    word();
    return static_cast<Time>(*value) * nanoseconds;
  }
  fail(kExpected);
  return 0;
}

std::string Scanner::string() {
  if (error_ || at_end() || text_[at_] != '"') {
    fail("a text in double quotes");
    return {};
  }
  const size_t begin = at_;
  std::string out;
  for (size_t i = at_ + 1; i < text_.size(); ++i) {
    if (text_[i] == '"') {
      at_ = i + 1;
      skip_blanks();
      return out;
    }
    if (text_[i] != '\\') {
      out += text_[i];
      continue;
    }
    const char escape = ++i < text_.size() ? text_[i] : '\0';
    if (escape == '"' || escape == '\\') {
      out += escape;
    } else if (escape == 'n') {
      out += '\n';
    } else if (escape == 't') {
      out += '\t';
    } else if (const auto byte = number_of(fmt::format("0{}", text_.substr(i, 3)));
               escape == 'x' && i + 2 < text_.size() && byte) {
      out += static_cast<char>(*byte);
      i += 2;
    } else {
      fail_at(i - 1, "expected one of \\\" \\\\ \\n \\t \\xNN");
      return {};
    }
  }
  fail_at(begin, "this text has no end: expected a closing double quote");
  return {};
}

NodeName Scanner::node(std::string_view what) {
  const std::optional<NodeName> found = parse_node(peek());
  if (!found) {
    fail(fmt::format("{} (client1, mds, mgs, ost0, client*, ost*, *)", what));
    return {};
  }
  word();
  return *found;
}

NodeName Scanner::node_of(std::string_view what, std::initializer_list<NodeName::Kind> kinds) {
  const std::optional<NodeName> found = parse_node(peek());
  if (!found || std::ranges::find(kinds, found->kind) == kinds.end()) {
    fail(what);
    return {};
  }
  word();
  return *found;
}

Link Scanner::link(bool* both_ways) {
  const std::string_view text = peek();
  const size_t arrow = text.find("->");
  const bool both = arrow != std::string_view::npos && arrow > 0 && text[arrow - 1] == '<';
  if (arrow != std::string_view::npos && (!both || both_ways != nullptr)) {
    const auto from = parse_node(text.substr(0, both ? arrow - 1 : arrow));
    const auto to = parse_node(text.substr(arrow + 2));
    if (from && to) {
      if (both_ways != nullptr) *both_ways = both;
      word();
      return {*from, *to};
    }
  }
  fail(both_ways != nullptr ? "a link such as client1->mds or client1<->mds"
                            : "a link such as client1->mds");
  return {};
}

}  // namespace faults
