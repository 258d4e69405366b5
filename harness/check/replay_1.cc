#include "harness/check/replay_1.h"

#include <fmt/format.h>

namespace harness::check {

void Replay1::on(const Record& record, Findings& findings) {
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
  if (const Effect* before = effects_.find(request)) {
    return findings.broken(
        "REPLAY-1",
        fmt::format("request x{} of {} was executed twice: transno {} (record {}) and {}", fact.xid,
                    fact.client.view(), before->transno, before->at.index, fact.transno),
        {before->at.index, record.index});
  }
  if (effects_.size() == kRequestsMax) return findings.inconclusive("too many requests");
  effects_[request] = {fact.transno, {record.index}};
}

}  // namespace harness::check
