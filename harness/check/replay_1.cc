#include "harness/check/replay_1.h"

#include <fmt/format.h>

#include <algorithm>

namespace harness::check {

void Replay1::on(const Record& record, Findings& findings) {
  if (const auto* started = std::get_if<record::Started>(&record.what)) {
    if (started->node.role == record::Role::ost) osts_[record.node] = true;
    return;
  }
  const Fact& fact = *fact_of(record);
  if (fact.kind == Fact::Kind::started) {
    effects_.erase_if([&](const ServedRequest& request, const Effect& effect) {
      return request.server == record.node && effect.transno > fact.transno;
    });
    return;
  }
  // Without records it was a number and no change: an open, a close.
  if (fact.start == 0 || fact.client.empty()) return;
  const ServedRequest request{record.node, fact.client, fact.xid};
  const Effect* before = effects_.find(request);
  if (before != nullptr && !same_again(request, *before)) {
    return findings.broken(
        "REPLAY-1",
        fmt::format("request x{} of {} was executed twice: transno {} (record {}) and {}", fact.xid,
                    fact.client.view(), before->transno, before->at.index, fact.transno),
        {before->at.index, record.index});
  }
  if (effects_.size() == kRequestsMax) return findings.inconclusive("too many requests");
  effects_[request] = {fact.transno, fact.object, {record.index}};
}

bool Replay1::same_again(const ServedRequest& request, const Effect& before) const {
  if (osts_.find(request.server) == nullptr) return false;
  return std::ranges::none_of(effects_, [&](const auto& entry) {
    return entry.key.server == request.server && entry.key.client != request.client &&
           entry.value.object == before.object && entry.value.transno > before.transno;
  });
}

}  // namespace harness::check
