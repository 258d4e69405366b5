#include "harness/fuzzing/script.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <sstream>
#include <utility>

namespace harness::fuzzing {

namespace {

constexpr std::array<std::string_view, Step::kKinds> kKindNames = {
    "request", "answer", "bulk", "lnet", "connect", "lost", "commit", "timer", "restart"};
constexpr size_t kHead = 3;
constexpr size_t kLength = 2;

}  // namespace

Script parse_script(protocol::ByteView bytes) {
  Script script;
  while (bytes.size() >= kHead && script.size() < kStepsMax) {
    Step& step = script.emplace_back();
    step.kind = static_cast<Step::Kind>((bytes[0] & 0x0f) % Step::kKinds);
    step.peer = bytes[0] >> 4;
    step.place = bytes[1];
    step.quirks = bytes[2];
    bytes = bytes.subspan(kHead);
    if (!step.carries_bytes()) continue;
    size_t length = 0;
    for (size_t i = 0; i < kLength && i < bytes.size(); ++i) length |= size_t{bytes[i]} << (8 * i);
    bytes = bytes.subspan(std::min(kLength, bytes.size()));
    length = std::min(length, bytes.size());
    step.bytes.assign(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(length));
    bytes = bytes.subspan(length);
  }
  return script;
}

void append_step(std::vector<uint8_t>& out, const Step& step) {
  out.push_back(static_cast<uint8_t>(static_cast<uint8_t>(step.kind) | (step.peer & 0x0f) << 4));
  out.push_back(step.place);
  out.push_back(step.quirks);
  if (!step.carries_bytes()) return;
  const size_t length = std::min<size_t>(step.bytes.size(), UINT16_MAX);
  out.push_back(static_cast<uint8_t>(length));
  out.push_back(static_cast<uint8_t>(length >> 8));
  out.insert(out.end(), step.bytes.begin(),
             step.bytes.begin() + static_cast<std::ptrdiff_t>(length));
}

std::vector<uint8_t> script_bytes(const Script& script) {
  std::vector<uint8_t> out;
  for (const Step& step : script) append_step(out, step);
  return out;
}

std::string script_text(const Script& script) {
  std::string out;
  for (const Step& step : script) {
    out += fmt::format("{} peer {} place {} quirks {}",
                       kKindNames[static_cast<size_t>(step.kind)], step.peer, step.place,
                       step.quirks);
    if (step.carries_bytes()) out += fmt::format(": {:02x}", fmt::join(step.bytes, ""));
    out += '\n';
  }
  return out;
}

namespace {

bool take_hex(std::string_view hex, std::vector<uint8_t>& out) {
  if (hex.size() % 2 != 0) return false;
  for (size_t at = 0; at < hex.size(); at += 2) {
    uint8_t byte = 0;
    const auto [end, error] = std::from_chars(hex.data() + at, hex.data() + at + 2, byte, 16);
    if (error != std::errc() || end != hex.data() + at + 2) return false;
    out.push_back(byte);
  }
  return true;
}

std::optional<Step> parse_line(std::string_view line) {
  const std::string_view head = line.substr(0, line.find(':'));
  std::istringstream words{std::string(head)};
  std::string kind, peer_word, place_word, quirks_word;
  unsigned peer = 0, place = 0, quirks = 0;
  words >> kind >> peer_word >> peer >> place_word >> place >> quirks_word >> quirks;
  const auto name = std::ranges::find(kKindNames, kind);
  if (!words || name == kKindNames.end() || peer > 15 || place > 255 || quirks > 255) {
    return std::nullopt;
  }
  Step step{.kind = static_cast<Step::Kind>(name - kKindNames.begin()),
            .peer = static_cast<uint8_t>(peer),
            .place = static_cast<uint8_t>(place),
            .quirks = static_cast<uint8_t>(quirks)};
  if (head.size() == line.size()) return step;
  const std::string_view hex = line.substr(std::min(line.size(), head.size() + 2));
  if (!step.carries_bytes() || !take_hex(hex, step.bytes)) return std::nullopt;
  return step;
}

}  // namespace

std::expected<Script, std::string> parse_script_text(std::string_view text) {
  Script script;
  for (size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.empty() || line.front() == '#') continue;
    std::optional<Step> step = parse_line(line);
    if (!step) return std::unexpected(fmt::format("line {}: no step", number));
    script.push_back(*std::move(step));
  }
  return script;
}

}  // namespace harness::fuzzing
