#include "harness/check/lock_2.h"

#include <fmt/format.h>

namespace harness::check {

void Lock2::on(const Record& record, Findings& findings) {
  const Fact* fact = fact_of(record);
  if (fact == nullptr) {
    lost_.erase_if([&](const Place& place, Seen) { return place.first == record.node; });
    return;
  }
  const Place place{record.node, fact->handle};
  if (fact->kind == Fact::Kind::lock_lost) {
    if (lost_.size() == kLostMax) return findings.inconclusive("too many locks came and went");
    lost_[place] = {record.index};
  } else if (const Seen* lost = lost_.find(place)) {
    findings.broken("LOCK-2", fmt::format("lock {:#x} is used after it was given up", fact->handle),
                    {lost->index, record.index});
  }
}

}  // namespace harness::check
