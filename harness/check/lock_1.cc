#include "harness/check/lock_1.h"

#include <fmt/format.h>

#include "protocol/ldlm.h"

namespace harness::check {

void Lock1::on(const Record& record, Findings& findings) {
  const HeldLock* lock = locks_.on(record);
  if (lock == nullptr || lock->waits) return;
  if ((lock->flags & protocol::ldlm::lock_flag::kReplay) != 0) return;
  const Fact& fact = *fact_of(record);
  const HeldLock* other = locks_.conflicting(record.node, fact.handle, *lock);
  if (other == nullptr) return;
  findings.broken("LOCK-1",
                  fmt::format("two incompatible locks are granted on resource {}:{}",
                              lock->resource.first, lock->resource.second),
                  {other->at.index, record.index});
}

}  // namespace harness::check
