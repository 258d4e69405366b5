#include "harness/check/live_1.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace harness::check {

void Live1::on(const Record& record, Findings& findings) {
  if (const auto* began = std::get_if<record::CallBegan>(&record.what)) {
    const bool flock = began->call->kind == reference::Syscall::Kind::flock;
    if (flock && (began->call->flags & reference::kFlockNoWait) == 0) return;
    if (under_way_.size() == kOpenCallsMax) return findings.inconclusive("too many calls at once");
    const auto place = std::ranges::upper_bound(under_way_, record.node, {}, &Call::node);
    under_way_.insert(place, {record.node, began->order, record.index});
  } else if (const auto* ended = std::get_if<record::CallEnded>(&record.what)) {
    std::erase_if(under_way_, [&](const Call& call) {
      return call.node == record.node && call.order == ended->order;
    });
  } else {
    std::erase_if(under_way_, [&](const Call& call) { return call.node == record.node; });
  }
}

void Live1::finish(Findings& findings) {
  if (under_way_.empty()) return;
  const auto first = std::ranges::min_element(under_way_, {}, &Call::began);
  findings.broken("LIVE-1",
                  fmt::format("{} call(s) never return, the first from record {}",
                              under_way_.size(), first->began),
                  {first->began});
}

}  // namespace harness::check
