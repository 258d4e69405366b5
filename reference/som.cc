#include "reference/som.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "protocol/check.h"
#include "reference/record.h"

namespace reference {

namespace {

constexpr std::string_view kSomTable = "som/";
constexpr unsigned kSomMountShift = 32;  // of epoch numbers that never go back

Key som_key(uint64_t inode) {
  Key key(kSomTable);
  append_key(key, inode);
  return key;
}

Bytes encode_cache(const SomCache& cache) {
  RecordWriter out;
  out.number(cache.epoch);
  out.number(cache.size);
  out.number(cache.blocks);
  out.number(cache.mount);
  return out.finish();
}

SomCache decode_cache(protocol::ByteView record) {
  RecordReader in(record);
  SomCache cache;
  cache.epoch = in.number<uint64_t>();
  cache.size = in.number<uint64_t>();
  cache.blocks = in.number<uint64_t>();
  cache.mount = in.number<uint64_t>();
  return cache;
}

}  // namespace

Som::Som(const Config& config, const Store& store) : config_(config.som), defects_(config.defects) {
  if (!config_.on) return;
  for (auto record = store.lower_bound(Key(kSomTable));
       record != store.end() && record->first.starts_with(kSomTable); ++record) {
    caches_.push_back(
        {number_in_key(record->first, kSomTable.size()), decode_cache(record->second.view())});
  }
}

// --- holders ---

size_t Som::count(uint64_t inode) const {
  return static_cast<size_t>(std::ranges::count_if(holders_, [&](const Holder& each) {
    return each.inode == inode && each.holding != Holding::update;
  }));
}

Som::File* Som::file(uint64_t inode) {
  const auto place = std::ranges::lower_bound(files_, inode, {}, &File::inode);
  return place != files_.end() && place->inode == inode ? &*place : nullptr;
}

Som::Holder* Som::holder(uint64_t handle) {
  const auto place = std::ranges::lower_bound(holders_, handle, {}, &Holder::handle);
  return place != holders_.end() && place->handle == handle ? &*place : nullptr;
}

const Som::Holder* Som::find(uint64_t export_id, uint64_t handle, bool replay) const {
  const auto found = std::ranges::find_if(holders_, [&](const Holder& each) {
    return each.export_id == export_id &&
           (each.handle == handle || (replay && handle != 0 && each.old_handle == handle));
  });
  return found == holders_.end() ? nullptr : &*found;
}

const Som::Holder* Som::find_by_xid(uint64_t export_id, uint64_t xid) const {
  const auto found = std::ranges::find_if(
      holders_, [&](const Holder& each) { return each.export_id == export_id && each.xid == xid; });
  return found == holders_.end() ? nullptr : &*found;
}

std::vector<Som::Holder> Som::of_export(uint64_t export_id) const {
  std::vector<Holder> all;
  std::ranges::copy_if(holders_, std::back_inserter(all),
                       [&](const Holder& each) { return each.export_id == export_id; });
  return all;
}

uint64_t Som::epoch(uint64_t inode) const {
  const auto place = std::ranges::lower_bound(files_, inode, {}, &File::inode);
  return place != files_.end() && place->inode == inode ? place->epoch : 0;
}

uint64_t Som::next_epoch() {
  const uint64_t base = config_.has(SomPolicy::fence) ? mount_ << kSomMountShift : 0;
  return last_epoch_ = std::max(last_epoch_, base) + 1;
}

uint64_t Som::open(Holder holder, uint64_t saved, bool created) {
  const bool first = count(holder.inode) == 0;
  if (first) {
    auto place = std::ranges::lower_bound(files_, holder.inode, {}, &File::inode);
    if (place == files_.end() || place->inode != holder.inode) {
      place = files_.insert(place, File{.inode = holder.inode});
    }
    place->epoch = saved != 0 ? saved : next_epoch();
    last_epoch_ = std::max(last_epoch_, saved);
    place->created = place->created || created;
  }
  // Who waits for its open to be committed before lockless I/O counts on this.
  const bool clears =
      config_.has(SomPolicy::clear_on_open) || config_.has(SomPolicy::wait_for_commit);
  if (clears) clear(holder.inode);
  holder.epoch = file(holder.inode)->epoch;
  const auto place = std::ranges::lower_bound(holders_, holder.handle, {}, &Holder::handle);
  holders_.insert(place, holder);
  return holder.epoch;
}

void Som::erase(uint64_t handle) {
  std::erase_if(holders_, [&](const Holder& each) { return each.handle == handle; });
}

void Som::end_epoch(uint64_t inode) {
  std::erase_if(files_, [&](const File& each) { return each.inode == inode; });
}

SomVerdict Som::close(uint64_t handle, const SomClosing& closing) {
  Holder* holder = this->holder(handle);
  CHECK(holder != nullptr);
  if (!closing.epoch_close) {
    holder->holding = Holding::epoch;
    return SomVerdict::done;
  }
  const uint64_t inode = holder->inode;
  File* file = this->file(inode);
  CHECK(file != nullptr, "a holder has an epoch");
  if (config_.has(SomPolicy::clear_on_close)) clear(inode);
  const size_t others = count(inode) - (holder->holding != Holding::update ? 1 : 0);
  if (closing.replay) {
    if (planted(Defect::som_replayed_close_validates) && others == 0) {
      if (const SomCache* cache = kept(inode)) keep(inode, *cache);
    }
    if (closing.update_asked) {
      holder->holding = Holding::update;
    } else {
      erase(handle);
    }
    if (others == 0) end_epoch(inode);
    return closing.update_asked ? SomVerdict::update : SomVerdict::done;
  }
  if (others != 0) {
    if (!planted(Defect::som_change_forgotten)) file->change = file->change || closing.change;
    erase(handle);
    return SomVerdict::done;
  }
  return close_last(*holder, *file, closing);
}

// The last holder: what it says is taken, or the attributes are asked for (the table in semantics
// 4.4, rows with n = 1).
SomVerdict Som::close_last(Holder& holder, File& file, const SomClosing& closing) {
  const uint64_t inode = holder.inode;
  const bool distrusted = file.recov || (!file.created && !valid(inode));
  const bool asks = distrusted || file.change || (closing.change && !closing.attributes);
  if (withheld_ && closing.has_objects) {
    clear(inode);
    erase(holder.handle);
    end_epoch(inode);
    return SomVerdict::done;
  }
  if (closing.has_objects && asks) {
    holder.holding = Holding::update;
    file.change = true;
    if (planted(Defect::som_epoch_ends_at_close)) end_epoch(inode);
    // A replay brought an epoch back that is older than those of a mount in between: the fence has
    // to be above all of them.
    const bool old = file.epoch >> kSomMountShift != mount_;
    if (config_.has(SomPolicy::fence) && old) file.epoch = next_epoch();
    // The fence is raised under the lock: data in caches is written before, or refused.
    const bool locks =
        config_.has(SomPolicy::fence) || (distrusted && config_.has(SomPolicy::getattr_under_lock));
    const bool locked = locks && !planted(Defect::som_read_without_lock);
    return locked ? SomVerdict::update_under_lock : SomVerdict::update;
  }
  if (closing.change || file.created) {
    SomCache cache = closing.attributes.value_or(SomCache{});
    cache.epoch = file.epoch;
    keep(inode, cache);
  }
  erase(holder.handle);
  end_epoch(inode);
  return SomVerdict::done;
}

void Som::update(uint64_t handle, uint64_t epoch, const std::optional<SomCache>& told,
                 bool replay) {
  const Holder* holder = this->holder(handle);
  CHECK(holder != nullptr && holder->holding == Holding::update);
  const uint64_t inode = holder->inode;
  const bool counts = !withheld_ && !holder->tainted;
  const std::optional<SomCache> attributes = counts ? told : std::nullopt;
  erase(handle);
  File* file = this->file(inode);
  const bool stale = (file == nullptr ? 0 : file->epoch) != epoch;
  const bool checked =
      config_.has(SomPolicy::epoch_rule) && !planted(Defect::som_late_update_accepted);
  if (stale && checked && !planted(Defect::som_epoch_ends_at_close)) return;
  if (count(inode) != 0) {
    if (!attributes && file != nullptr) file->recov = true;
    return;
  }
  if (!replay && attributes) {
    SomCache cache = *attributes;
    cache.epoch = epoch;
    keep(inode, cache);
  }
  if (!attributes && !planted(Defect::som_failed_update_keeps)) clear(inode);
  end_epoch(inode);
}

void Som::times_set(uint64_t inode) {
  for (Holder& each : holders_) {
    each.times_set = each.times_set || (each.inode == inode && each.holding == Holding::update);
  }
}

void Som::evict(uint64_t handle) {
  const Holder* holder = this->holder(handle);
  if (holder == nullptr) return;
  const uint64_t inode = holder->inode;
  erase(handle);
  File* file = this->file(inode);
  if (count(inode) != 0) {
    if (file != nullptr) file->change = file->recov = true;
    return;
  }
  const bool kept =
      !config_.has(SomPolicy::clear_at_eviction) || planted(Defect::som_kept_at_eviction);
  if (!kept) clear(inode);
  end_epoch(inode);
}

// --- sizes ---

bool Som::withhold(bool on) {
  if (on == withheld_) return false;
  withheld_ = on;
  for (Holder& each : holders_)
    each.tainted = each.tainted || (on && each.holding == Holding::update);
  return true;
}

bool Som::valid(uint64_t inode) const {
  const SomCache* cache = kept(inode);
  if (cache == nullptr) return false;
  const bool compared =
      config_.has(SomPolicy::mount_rule) && !planted(Defect::som_mount_not_compared);
  return !compared || cache->mount == mount_;
}

const SomCache* Som::kept(uint64_t inode) const {
  const auto place = std::ranges::lower_bound(caches_, inode, {}, &Kept::inode);
  return place != caches_.end() && place->inode == inode ? &place->cache : nullptr;
}

const SomCache* Som::told(uint64_t inode) const {
  const bool open = epoch(inode) != 0 && !planted(Defect::som_told_within_epoch);
  return !open && !withheld_ && valid(inode) ? kept(inode) : nullptr;
}

void Som::keep(uint64_t inode, SomCache cache) {
  cache.mount = mount_;
  const auto place = std::ranges::lower_bound(caches_, inode, {}, &Kept::inode);
  if (place != caches_.end() && place->inode == inode) {
    place->cache = cache;
  } else {
    caches_.insert(place, {inode, cache});
  }
  writes_.push_back({som_key(inode), encode_cache(cache)});
}

void Som::clear(uint64_t inode) {
  if (kept(inode) == nullptr) return;
  std::erase_if(caches_, [&](const Kept& each) { return each.inode == inode; });
  writes_.push_back({som_key(inode), std::nullopt});
}

void Som::forget(uint64_t inode) {
  clear(inode);
  std::erase_if(holders_, [&](const Holder& each) { return each.inode == inode; });
  end_epoch(inode);
}

std::vector<uint64_t> Som::kept_inodes() const {
  std::vector<uint64_t> all;
  for (const Kept& each : caches_) all.push_back(each.inode);
  return all;
}

std::vector<Write> Som::take_writes() { return std::exchange(writes_, {}); }

void Som::invariants() const {
  CHECK(writes_.empty());
  CHECK(std::ranges::is_sorted(holders_, {}, &Holder::handle));
  CHECK(std::ranges::is_sorted(files_, {}, &File::inode));
  for (const Holder& each : holders_) {
    CHECK(each.holding == Holding::update || epoch(each.inode) != 0, "a holder has an epoch");
  }
}

}  // namespace reference
