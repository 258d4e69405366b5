#include "suites/selection.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <charconv>
#include <optional>

namespace suites {
namespace {

// The number at the front of `text`, and what follows it.
std::optional<uint32_t> number(std::string_view& text) {
  uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return value;
}

}  // namespace

std::expected<Selection, std::string> Selection::parse(std::string_view list) {
  Selection selection;
  while (!list.empty()) {
    const std::string_view element = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), element.size() + 1));
    if (element.empty()) continue;
    const size_t dot = element.find('.');
    if (dot == std::string_view::npos) {
      selection.elements_.push_back({.glob = fmt::format("{}.*", element)});
      continue;
    }
    std::string_view rest = element.substr(dot + 1);
    const std::optional<uint32_t> first = number(rest);
    if (!first || !rest.starts_with('-')) {
      selection.elements_.push_back({.glob = std::string(element)});
      continue;
    }
    rest.remove_prefix(1);
    const std::optional<uint32_t> last = number(rest);
    if (!last || !rest.empty() || *last < *first) {
      return std::unexpected(
          fmt::format("\"{}\" is no range of cases (like open-replay.3-7)", element));
    }
    selection.elements_.push_back({.glob = std::string(element.substr(0, dot)),
                                   .first = *first,
                                   .last = *last,
                                   .range = true});
  }
  return selection;
}

bool Selection::contains(std::string_view id) const {
  for (const Element& element : elements_) {
    if (!element.range) {
      if (fnmatch(element.glob.c_str(), std::string(id).c_str(), 0) == 0) return true;
      continue;
    }
    const size_t dot = id.find('.');
    std::string_view rest = dot == std::string_view::npos ? "" : id.substr(dot + 1);
    const std::optional<uint32_t> found = number(rest);
    if (found && id.substr(0, dot) == element.glob && *found >= element.first &&
        *found <= element.last) {
      return true;
    }
  }
  return false;
}

}  // namespace suites
