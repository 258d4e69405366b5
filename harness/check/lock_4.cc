#include "harness/check/lock_4.h"

#include <fmt/format.h>

#include "reference/counts.h"

namespace harness::check {

void Lock4::on(const Record& record, Findings& findings) {
  const Fact* fact = fact_of(record);
  if (fact == nullptr || fact->kind != Fact::Kind::counted) {
    locks_.on(record);
    return;
  }
  if (fact->text != reference::count::kWaiting) return;
  const auto known = std::ranges::count_if(locks_.all(), [&](const auto& entry) {
    return entry.key.first == record.node && entry.value.waits;
  });
  if (known == fact->value) return;
  findings.broken("LOCK-4", fmt::format("{} locks wait, it was told of {}", fact->value, known),
                  {record.index});
}

void Lock4::finish(Findings& findings) {
  using reference::LockMode;
  for (const auto& [place, lock] : locks_.all()) {
    if (!lock.waits) continue;
    if (lock.type == reference::LockType::flock &&
        locks_.conflicting(place.first, place.second, lock) != nullptr) {
      continue;
    }
    const bool group = std::ranges::any_of(locks_.all(), [&](const auto& entry) {
      return entry.key.first == place.first && !entry.value.waits &&
             entry.value.resource == lock.resource && entry.value.mode == LockMode::group;
    });
    if (group) continue;
    return findings.broken("LOCK-4",
                           fmt::format("lock {:#x} on resource {}:{} waits for ever", place.second,
                                       lock.resource.first, lock.resource.second),
                           {lock.at.index});
  }
}

}  // namespace harness::check
