#include "harness/check/lock_5.h"

#include <fmt/format.h>

#include "protocol/ldlm.h"

namespace harness::check {

void Lock5::on(const Record& record, Findings& findings) {
  const Fact* fact = fact_of(record);
  if (fact != nullptr && fact->kind == Fact::Kind::connected) {
    if (!fact->text.empty()) honest_[fact->client] = true;
  } else if (fact != nullptr && fact->kind == Fact::Kind::recovery_ended) {
    judge(record, findings);
  } else {
    locks_.on(record);
  }
}

void Lock5::judge(const Record& record, Findings& findings) const {
  for (const auto& [place, lock] : locks_.all()) {
    const bool replayed = (lock.flags & protocol::ldlm::lock_flag::kReplay) != 0;
    if (place.first != record.node || lock.waits || !replayed) continue;
    if (honest_.find(lock.client) == nullptr) continue;
    const HeldLock* other = locks_.conflicting(place.first, place.second, lock);
    if (other == nullptr || honest_.find(other->client) == nullptr) continue;
    return findings.broken(
        "LOCK-5",
        fmt::format("after recovery {} and {} hold incompatible locks on {}:{}", lock.client.view(),
                    other->client.view(), lock.resource.first, lock.resource.second),
        {lock.at.index, other->at.index, record.index});
  }
}

}  // namespace harness::check
