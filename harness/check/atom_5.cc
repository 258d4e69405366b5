#include "harness/check/atom_5.h"

#include <fmt/format.h>

namespace harness::check {

void Atom5::on(const Record& record, Findings& findings) {
  const Fact* fact = fact_of(record);
  if (fact == nullptr || fact->kind == Fact::Kind::counted) return objects_.on(record);
  if (fact->kind == Fact::Kind::layout_set) {
    if (used_.size() == kStripesMax) return findings.inconclusive("too many stripes");
    if (fact->end != 0) return;  // another sequence: not this metadata server's
    used_[{static_cast<uint32_t>(fact->value), fact->start}] = {record.node, fact->transno};
  } else {
    // A server starts with what was committed: what was not is undone, unless it is replayed.
    used_.erase_if([&](const Stripe&, const Use& use) {
      return use.server == record.node && use.transno > fact->transno;
    });
  }
}

void Atom5::finish(Findings& findings) {
  if (!objects_.complete()) return objects_.forget();
  const auto& stripes = objects_.stripes();
  for (size_t i = 1; i < stripes.size(); ++i) {
    if (!stripes[i].has(stripes[i - 1].ost, stripes[i - 1].seq, stripes[i - 1].last)) continue;
    findings.broken(
        "ATOM-5",
        fmt::format("two files have object {} of OST {}", stripes[i].first, stripes[i].ost),
        {stripes[i].at.index});
  }
  for (const auto& [stripe, use] : used_) {
    const auto& [ost, id] = stripe;
    if (!objects_.is_there(ost, 0, id) || objects_.is_wanted(ost, 0, id)) continue;
    findings.broken("ATOM-5",
                    fmt::format("object {} of OST {} is there, and no file has it", id, ost),
                    {objects_.there().front().at.index});
  }
  objects_.forget();
}

}  // namespace harness::check
