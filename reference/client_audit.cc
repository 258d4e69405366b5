// Client: what it has, counted.
#include <algorithm>

#include "reference/client.h"
#include "reference/counts.h"
#include "reference/open_flags.h"

namespace reference {

// Before its first mount it has nothing, and no name.
std::vector<Fact> Client::audit() const {
  std::vector<Fact> counts;
  if (uuid_.empty()) return counts;
  const auto add = [&](std::string_view what, uint64_t value, uint64_t of = 0) -> Fact& {
    counts.push_back(counted(what, value, uuid_));
    counts.back().xid = of;
    return counts.back();
  };
  const auto open = std::ranges::count_if(files_, [](const OpenedFile& file) {
    return !file.closed && file.open_request != 0;  // without, an eviction has closed it
  });
  add(count::kHeldOpen, static_cast<uint64_t>(open));
  const auto writing = std::ranges::count_if(files_, [](const OpenedFile& file) {
    const bool held = !file.closed && file.open_request != 0;
    return held && (file.flags & open_flags::kAccess) != open_flags::kRead;
  });
  add(count::kHeldWriting, static_cast<uint64_t>(writing));
  for (const OpenedFile& file : files_) {
    const std::optional<Layout> layout = layout_of(file.ea);
    if (file.closed || file.open_request == 0 || !layout) continue;
    for (const Stripe& stripe : layout->stripes) {
      Fact& fact = add(count::kHeldStripes, 1, stripe.ost_index);
      fact.object.second = stripe.object_seq;
      fact.start = fact.end = stripe.object_id;
    }
  }
  for (uint32_t import = 1; import < imports_.size(); ++import) {
    const auto held = std::ranges::count_if(locks_, [&](const ClientLock& lock) {
      return lock.import == import && lock.granted && !lock.cancelling && !lock.ended &&
             lock.type != protocol::ldlm::lock_type::kFlock;
    });
    if (held != 0) add(count::kHeldLocks, static_cast<uint64_t>(held), import - 1);
  }
  for (const ClientGrant& grant : grants_) {
    const uint64_t unused = grant.available + grant.lost;
    add(count::kHeldGrant, unused + granted_dirty_on(grant.ost), grant.ost);
  }
  uint64_t dirty = 0;
  for (const ClientObject& object : objects_) dirty += object.cache.dirty_bytes();
  add(count::kDirty, dirty);
  add(count::kCalls, calls_.size());
  if (!mounted_ || !log_) return counts;
  for (const ConfigTarget& target : log_->targets()) {
    add(count::kKnown, 1, target.index).type = target.kind == ConfigTarget::Kind::mdt ? 0 : 1;
  }
  return counts;
}

}  // namespace reference
