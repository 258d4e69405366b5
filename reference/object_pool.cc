#include "reference/object_pool.h"

#include <algorithm>
#include <limits>

#include "protocol/check.h"
#include "reference/record.h"

namespace reference {

namespace {
constexpr std::string_view kPrefix = "objid/";
}

ObjectPool::ObjectPool(const Store& store) {
  for (auto row = store.lower_bound(std::string(kPrefix));
       row != store.end() && row->first.starts_with(kPrefix); ++row) {
    RecordReader record(row->second.view());
    ost(static_cast<uint32_t>(number_in_key(row->first, kPrefix.size()))).last_used =
        record.number<uint64_t>();
  }
}

ObjectPool::Ost& ObjectPool::ost(uint32_t index) {
  const auto place = std::ranges::lower_bound(osts_, index, {}, &Ost::index);
  if (place != osts_.end() && place->index == index) return *place;
  Ost added;
  added.index = index;
  return *osts_.insert(place, added);
}

const ObjectPool::Ost* ObjectPool::find(uint32_t index) const {
  const auto place = std::ranges::lower_bound(osts_, index, {}, &Ost::index);
  return place != osts_.end() && place->index == index ? &*place : nullptr;
}

void ObjectPool::know(uint32_t index) { ost(index).known = true; }

void ObjectPool::usable(uint32_t index, uint64_t last_id) {
  Ost& entry = ost(index);
  entry.known = true;
  entry.usable = true;
  entry.last_made = std::max(last_id, entry.last_used);
}

void ObjectPool::precreated(uint32_t index, uint64_t last_id) {
  Ost& entry = ost(index);
  if (entry.usable) entry.last_made = std::max(entry.last_made, last_id);
}

void ObjectPool::lost(uint32_t index) { ost(index).usable = false; }

uint64_t ObjectPool::wanted(uint32_t index) const {
  const Ost* entry = find(index);
  if (entry == nullptr || !entry->usable) return 0;
  return entry->last_made - entry->last_used < kPrecreatedLow ? entry->last_used + kPrecreated : 0;
}

uint64_t ObjectPool::last_used(uint32_t index) const {
  const Ost* entry = find(index);
  return entry == nullptr ? 0 : entry->last_used;
}

ObjectPool::Allocation ObjectPool::allocate(uint32_t count, uint32_t offset,
                                            uint32_t default_count) {
  std::vector<size_t> usable, ready;  // positions, from where this file begins
  bool known = false;
  uint32_t first = next_;
  if (offset != kStripeAnywhere) {
    const Ost* entry = find(offset);
    if (entry == nullptr) return {Outcome::impossible, {}};
    if (!entry->known) return {Outcome::wait, {}};
    first = static_cast<uint32_t>(entry - osts_.data());
  }
  for (size_t i = 0; i < osts_.size(); ++i) {
    const size_t position = (first + i) % osts_.size();
    known = known || osts_[position].known;
    if (!osts_[position].usable) continue;
    usable.push_back(position);
    if (osts_[position].last_used < osts_[position].last_made) ready.push_back(position);
  }
  // From before a restart: the configuration will name it again.
  if (!known) return {osts_.empty() ? Outcome::impossible : Outcome::wait, {}};
  size_t stripes = count == 0 ? default_count : count;
  if (count == kStripeOnAll || default_count == 0) stripes = usable.size();
  stripes = std::min<size_t>({stripes, usable.size(), kStripeCountMax});
  if (stripes == 0 || ready.size() < stripes) return {Outcome::wait, {}};
  if (offset != kStripeAnywhere && ready.front() != first) return {Outcome::wait, {}};

  Allocation allocation{Outcome::given, {}};
  for (size_t i = 0; i < stripes; ++i) {
    Ost& entry = osts_[ready[i]];
    entry.dirty = true;
    allocation.stripes.push_back({++entry.last_used, 0, 0, entry.index});
  }
  if (offset == kStripeAnywhere) {
    next_ = static_cast<uint32_t>((ready[stripes - 1] + 1) % osts_.size());
  }
  return allocation;
}

void ObjectPool::use(const Stripe& stripe) {
  Ost& entry = ost(stripe.ost_index);
  if (stripe.object_id <= entry.last_used) return;
  entry.last_used = stripe.object_id;
  entry.last_made = std::max(entry.last_made, entry.last_used);
  entry.dirty = true;
}

std::vector<Write> ObjectPool::take_writes() {
  std::vector<Write> writes;
  for (Ost& entry : osts_) {
    if (!entry.dirty) continue;
    entry.dirty = false;
    Key key(kPrefix);
    append_key(key, entry.index);
    RecordWriter record;
    record.number(entry.last_used);
    writes.push_back({std::move(key), record.finish()});
  }
  return writes;
}

bool ObjectPool::has_writes() const { return std::ranges::any_of(osts_, &Ost::dirty); }

uint64_t ObjectPool::free_objects() const {
  uint64_t count = 0;
  for (const Ost& entry : osts_) {
    if (entry.usable) count += entry.last_made - entry.last_used;
  }
  return count;
}

std::vector<ObjectPool::Ready> ObjectPool::ready() const {
  std::vector<Ready> ranges;
  for (const Ost& entry : osts_) {
    const uint64_t last = entry.usable ? entry.last_made : std::numeric_limits<uint64_t>::max();
    ranges.push_back({entry.index, entry.last_used + 1, last});
  }
  return ranges;
}

void ObjectPool::invariants() const {
  for (const Ost& entry : osts_) {
    CHECK(!entry.usable || entry.last_used <= entry.last_made, "an object nobody made is used");
  }
}

}  // namespace reference
