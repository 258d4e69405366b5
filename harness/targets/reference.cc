#include <fmt/format.h>

#include "harness/target.h"
#include "harness/targets/lustre.h"
#include "reference/defects.h"

namespace harness {

using reference::Dialect;

namespace {

constexpr std::string_view kReference = "reference";
constexpr std::string_view kDefect = "defect=";

std::string known_defects() {
  std::string names;
  for (const reference::DefectInfo& info : reference::kDefects) {
    names += names.empty() ? "" : ", ";
    names += info.name;
  }
  return names;
}

// Takes `prefix` off the front of `text`, if it is there.
bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

// Servers of a target file.
std::expected<std::vector<Target>, std::string> read_target(const std::string& path) {
  auto file = read_target_file(path);
  if (!file) {
    return std::unexpected(
        fmt::format("{} (other targets: reference, reference:1.8, "
                    "reference:2.0, reference:2.0+defect=NAME, reference:2.0+som)",
                    file.error()));
  }
  Target target{.name = file->name, .dialect = file->dialect, .som = file->som};
  target.file = std::make_shared<const TargetFile>(*std::move(file));
  return std::vector{std::move(target)};
}

}  // namespace

std::string_view dialect_name(Dialect dialect) { return dialect == Dialect::v1_8 ? "1.8" : "2.0"; }

std::expected<std::vector<Target>, std::string> parse_target(std::string_view text) {
  std::string_view rest = text;
  const bool ours = take(rest, kReference) && (rest.empty() || rest[0] == ':' || rest[0] == '+');
  if (!ours) return read_target(std::string(text));
  std::vector<Dialect> dialects = {Dialect::v1_8, Dialect::v2_0};
  if (take(rest, ":")) {
    if (take(rest, "1.8")) {
      dialects = {Dialect::v1_8};
    } else if (take(rest, "2.0")) {
      dialects = {Dialect::v2_0};
    } else {
      return std::unexpected(fmt::format("{}: the dialects are 1.8 and 2.0", text));
    }
  }
  reference::DefectSet defects;
  bool som = false;
  std::string suffix;
  while (take(rest, "+")) {
    if (take(rest, "som") && (rest.empty() || rest[0] == '+')) {
      som = true;
      suffix += "+som";
      std::erase(dialects, Dialect::v1_8);
      continue;
    }
    if (!take(rest, kDefect)) {
      return std::unexpected(fmt::format("{}: expected defect=NAME or som behind the +", text));
    }
    const std::string_view name = rest.substr(0, rest.find('+'));
    const auto defect = reference::find_defect(name);
    if (!defect) {
      return std::unexpected(
          fmt::format("{}: no defect is called \"{}\" (known: {})", text, name, known_defects()));
    }
    defects.add(*defect);
    const reference::DefectInfo& info = reference::defect_info(*defect);
    std::erase_if(dialects, [&](Dialect dialect) { return !info.exists_in(dialect); });
    if (dialects.empty()) {
      return std::unexpected(fmt::format("{}: {} is a defect of the other dialect", text, name));
    }
    suffix += fmt::format("+{}{}", kDefect, name);
    rest.remove_prefix(name.size());
  }
  if (!rest.empty()) return std::unexpected(fmt::format("{}: unexpected \"{}\"", text, rest));
  if (dialects.empty()) {
    return std::unexpected(fmt::format("{}: the profile som is of dialect 2.0", text));
  }

  std::vector<Target> targets;
  for (const Dialect dialect : dialects) {
    targets.push_back({.name = fmt::format("{}:{}{}", kReference, dialect_name(dialect), suffix),
                       .dialect = dialect,
                       .defects = defects,
                       .som = som});
  }
  return targets;
}

}  // namespace harness
