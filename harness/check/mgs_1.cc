#include "harness/check/mgs_1.h"

#include <fmt/format.h>

#include "reference/config.h"
#include "reference/counts.h"

namespace harness::check {
namespace {

constexpr uint8_t kMdt = 0, kOst = 1;

std::string target_text(const std::pair<uint8_t, uint64_t>& target) {
  return fmt::format("{}{:04x}", target.first == kMdt ? "MDT" : "OST", target.second);
}

}  // namespace

void Mgs1::on(const Record& record, Findings&) {
  if (const auto* started = std::get_if<record::Started>(&record.what)) {
    const record::Node& node = started->node;
    if (node.role == record::Role::mgs) managers_[record.node] = true;
    if (node.role == record::Role::mds) running_[record.node] = {kMdt, node.index};
    if (node.role == record::Role::ost) running_[record.node] = {kOst, node.index};
    return;
  }
  const Fact* fact = fact_of(record);
  if (fact == nullptr) return running_.erase(record.node);
  const Target target{fact->type, fact->xid};
  if (fact->text == reference::count::kNamed && managers_.find(record.node) != nullptr) {
    named_[{fact->client, target}] = {fact->value, {record.index}};
    counted_ = {record.index};
  } else if (fact->text == reference::count::kKnown) {
    known_[{fact->client, target}] = {1, {record.index}};
  }
}

void Mgs1::expect(std::string_view log, const Target& target, Findings& findings) const {
  const Count* count = named_.find({log, target});
  const int64_t times = count == nullptr ? 0 : count->times;
  if (times == 1) return;
  findings.broken("MGS-1",
                  fmt::format("the log {} names {} {} times", log, target_text(target), times),
                  {count == nullptr ? counted_.index : count->at.index});
}

// Who knows any target knows all that the log names, and no other.
void Mgs1::judge_views(Findings& findings) const {
  const reference::ClientName log = reference::Config{}.fsname + "-client";
  const auto wrong = [&](const reference::ClientName& client, const Target& target,
                         std::string_view what, const Seen& at) {
    findings.broken("MGS-1", fmt::format("{} {} {}", client.view(), what, target_text(target)),
                    {at.index});
  };
  for (const auto& [view, count] : known_) {
    if (named_.find({log, view.target}) == nullptr) {
      wrong(view.log, view.target, "knows of what no log names:", count.at);
    }
    for (const auto& [entry, times] : named_) {
      if (entry.log != log || known_.find({view.log, entry.target}) != nullptr) continue;
      wrong(view.log, entry.target, "does not know", count.at);
    }
  }
}

void Mgs1::finish(Findings& findings) {
  if (named_.size() != 0) {
    const std::string fsname = reference::Config{}.fsname;
    for (const auto& [node, target] : running_) {
      expect(fsname + "-client", target, findings);
      if (target.first == kOst) expect(fsname + "-MDT0000", target, findings);
    }
    judge_views(findings);
  }
  named_.clear();
  known_.clear();
}

}  // namespace harness::check
