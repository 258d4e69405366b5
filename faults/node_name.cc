#include "faults/node_name.h"

#include <fmt/format.h>

#include <array>
#include <charconv>

namespace faults {
namespace {

struct KindInfo {
  NodeName::Kind kind;
  std::string_view word;
  bool several;  // in one cluster
  uint32_t first;
};
constexpr std::array<KindInfo, 5> kNamed{{{NodeName::Kind::client, "client", true, 1},
                                          {NodeName::Kind::mds, "mds", false, 0},
                                          {NodeName::Kind::mgs, "mgs", false, 0},
                                          {NodeName::Kind::ost, "ost", true, 0},
                                          {NodeName::Kind::probe, "probe", true, 1}}};
constexpr uint32_t kIndexMax = 65535;  // of an OST in Lustre

}  // namespace

std::string to_text(const NodeName& node) {
  for (const KindInfo& info : kNamed) {
    if (info.kind != node.kind) continue;
    if (!info.several) return std::string(info.word);
    return node.index ? fmt::format("{}{}", info.word, *node.index) : fmt::format("{}*", info.word);
  }
  return "*";
}

std::optional<NodeName> parse_node(std::string_view word) {
  if (word == "*") return kAnybody;
  for (const KindInfo& info : kNamed) {
    if (!word.starts_with(info.word)) continue;
    const std::string_view rest = word.substr(info.word.size());
    if (!info.several) return rest.empty() ? std::optional(NodeName{info.kind, 0}) : std::nullopt;
    if (rest == "*") return NodeName{info.kind, std::nullopt};
    uint32_t index = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), index);
    if (rest.empty() || error != std::errc{} || end != rest.data() + rest.size()) continue;
    const bool one_way_to_write_it = rest == "0" || rest.front() != '0';
    if (index < info.first || index > kIndexMax || !one_way_to_write_it) return std::nullopt;
    return NodeName{info.kind, index};
  }
  return std::nullopt;
}

}  // namespace faults
