#include "harness/check/lock_4.h"

#include <fmt/format.h>

namespace harness::check {

void Lock4::finish(Findings& findings) {
  using reference::LockMode;
  for (const auto& [place, lock] : locks_.all()) {
    if (!lock.waits || lock.type == reference::LockType::flock) continue;
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
