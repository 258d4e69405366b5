#include "harness/check/audit.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/check/seen.h"
#include "reference/counts.h"

namespace harness::check {

void Audit::on(const record::Record& record) {
  if (const auto* started = std::get_if<record::Started>(&record.what)) {
    known_[record.node] = started->node;
  } else if (std::holds_alternative<record::Quiesced>(record.what)) {
    rested_ = true;
  }
  const reference::Fact* fact = fact_of(record);
  if (fact == nullptr || fact->kind != reference::Fact::Kind::counted) return;
  if (std::exchange(rested_, false)) nodes_.clear();
  const record::Node& node = known_[record.node];
  // What a server counts for each client is in its total; logs have no total.
  const bool part = node.role != record::Role::client && !fact->client.empty() &&
                    fact->text != reference::count::kNamed;
  if (part) return;
  const std::string name = node.name();
  auto at = std::ranges::find(nodes_, name, &Node::name);
  if (at == nodes_.end()) at = nodes_.insert(nodes_.end(), {name, {}});
  auto count = std::ranges::find(at->counts, fact->text, &Count::what);
  if (count == at->counts.end()) count = at->counts.insert(at->counts.end(), {fact->text, 0});
  count->value += fact->value;
}

std::vector<std::string> Audit::lines() const {
  std::vector<std::string> lines;
  for (const Node& node : nodes_) {
    std::string line;
    for (const Count& count : node.counts) {
      if (count.value == 0) continue;
      line += fmt::format("{}{} {}", line.empty() ? "" : ", ", count.value, count.what);
    }
    lines.push_back(fmt::format("{}: {}", node.name, line.empty() ? "nothing" : line));
  }
  return lines;
}

}  // namespace harness::check
