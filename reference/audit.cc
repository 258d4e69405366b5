#include "reference/audit.h"

#include <algorithm>

namespace reference {

void count_clients(const Service& service, std::vector<Fact>& counts) {
  const auto exports = service.exports();
  const auto connected = std::ranges::count(exports, true, &Export::connected);
  const auto slots = std::ranges::count_if(
      exports, [](const Export& client) { return client.slot_index != kNoSlot; });
  counts.push_back(counted(count::kClients, static_cast<uint64_t>(connected)));
  counts.push_back(counted(count::kSlots, static_cast<uint64_t>(slots)));
}

void count_locks(const Service& service, const Locks& locks, std::vector<Fact>& counts) {
  uint64_t granted = 0, waiting = 0;
  for (const Resource& resource : locks.resources()) {
    granted += resource.granted.size();
    waiting += resource.waiting.size();
  }
  counts.push_back(counted(count::kLocks, granted));
  counts.push_back(counted(count::kWaiting, waiting));
  for (const Export& client : service.exports()) {
    if (!client.connected) continue;  // it has yet to tell, in recovery, which it holds
    const auto held = std::ranges::count_if(locks.of_owner(client.id), [&](LockHandle handle) {
      const Lock& lock = *locks.find(handle);
      return lock.holds() && lock.type != LockType::flock;
    });
    counts.push_back(counted(count::kLocks, static_cast<uint64_t>(held), client.name()));
  }
}

}  // namespace reference
