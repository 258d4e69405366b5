#include "harness/check/lock_6.h"

#include <fmt/format.h>

namespace harness::check {

void Lock6::on(const Record& record, Findings& findings) {
  const Fact* fact = fact_of(record);
  const bool of_lock =
      fact == nullptr || fact->kind == Fact::Kind::granted || fact->kind == Fact::Kind::cancelled;
  if (of_lock) {
    locks_.on(record);
    return;
  }
  const HeldLock* group = nullptr;
  for (const auto& [place, lock] : locks_.all()) {
    const bool holds = place.first == record.node && lock.resource == fact->object &&
                       lock.mode == reference::LockMode::group;
    if (!holds) continue;
    if (lock.client == fact->client) return;
    group = &lock;
  }
  if (group == nullptr) return;
  findings.broken("LOCK-6",
                  fmt::format("x{} of {} has object {} while group {} holds it", fact->xid,
                              fact->client.view(), fact->object.first, group->owner),
                  {group->at.index, record.index});
}

}  // namespace harness::check
