#include "reference/journal.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "protocol/check.h"
#include "protocol/codec.h"

namespace reference {

namespace {

constexpr std::string_view kServerKey = "last_rcvd/server";
constexpr std::string_view kSlotPrefix = "last_rcvd/slot/";
constexpr size_t kSlotKeySize = kSlotPrefix.size() + sizeof(uint32_t);

// Features of the disk that a dialect's MDT can live with (facts: differences 14).
struct DiskRow {
  Dialect dialect;
  bool compat_20;          // marks the disk so; the other kind of mark costs all slots
  uint32_t incompat_mask;  // any other bit refuses the disk
  uint32_t incompat_set;
};
constexpr auto kMdtDisk = std::to_array<DiskRow>({
    {Dialect::v1_8, false, 0x1c, 0},
    {Dialect::v2_0, true, 0x5c, ServerRecord::kIncompatFid},
});

template <class Record>
Record read_record(const Bytes& value) {
  CHECK(value.size() >= sizeof(Record), "a record of last_rcvd is cut");
  Record record;
  std::memcpy(&record, value.data(), sizeof record);
  return record;
}

template <class Record>
Bytes write_record(const Record& record) {
  return Bytes(protocol::ByteView(reinterpret_cast<const uint8_t*>(&record), sizeof record));
}

uint32_t slot_index(const Key& key) {
  uint32_t index = 0;
  for (size_t i = kSlotPrefix.size(); i < kSlotKeySize; ++i) {
    index = index << 8 | static_cast<uint8_t>(key[i]);
  }
  return index;
}

}  // namespace

std::string target_uuid(const Config& config, TargetKind kind) {
  switch (kind) {
    case TargetKind::mgs:
      return "MGS";
    case TargetKind::mdt:
      return fmt::format("{}-MDT{:04x}_UUID", config.fsname, config.index);
    case TargetKind::ost:
      return fmt::format("{}-OST{:04x}_UUID", config.fsname, config.index);
  }
  return {};
}

SlotRecord ClientSlot::record(Group group) const {
  if (group == Group::close) {
    const auto result = static_cast<int32_t>(last_close_result);
    return {.transno = result == 0 ? last_close_transno : 0,
            .xid = last_close_xid,
            .result = result,
            .data = last_close_data};
  }
  const auto result = static_cast<int32_t>(last_result);
  return {.transno = result == 0 ? last_transno : 0,
          .xid = last_xid,
          .result = result,
          .data = last_data,
          .versions = pre_versions};
}

void ClientSlot::set(Group group, const SlotRecord& record) {
  if (group == Group::close) {
    if (record.transno != 0) last_close_transno = record.transno;
    last_close_xid = record.xid;
    last_close_result = static_cast<uint32_t>(record.result);
    last_close_data = record.data;
    return;
  }
  if (record.transno != 0) last_transno = record.transno;
  last_xid = record.xid;
  last_result = static_cast<uint32_t>(record.result);
  last_data = record.data;
  pre_versions = record.versions;
}

Key slot_key(uint32_t index) {
  Key key;
  key.reserve(kSlotKeySize);
  key.append(kSlotPrefix);
  for (int shift = 24; shift >= 0; shift -= 8) key.push_back(static_cast<char>(index >> shift));
  return key;
}

Write slot_write(uint32_t index, const ClientSlot& slot) {
  return {slot_key(index), write_record(slot)};
}

Journal::Journal(const Config& config, TargetKind kind, const Store& store)
    : kind_(kind), defects_(config.defects) {
  const auto found = store.find(Key(kServerKey));
  const bool fresh = found == store.end();
  if (!fresh) record_ = read_record<ServerRecord>(found->second);
  const std::string uuid = target_uuid(config, kind);
  if (!fresh && protocol::name_of(record_.uuid) != uuid) {
    refused_ = true;
    return;
  }
  if (fresh) fresh_record(config);
  last_transno_ = record_.last_transno;
  load_slots(store);
  last_committed_ = last_transno_;
  if (kind != TargetKind::mdt) return;
  const DiskRow& row = *std::ranges::find(kMdtDisk, config.dialect, &DiskRow::dialect);
  if ((record_.feature_incompat & ~row.incompat_mask) != 0) {
    refused_ = true;
    stored_.clear();
    return;
  }
  const bool marked = (record_.feature_compat & ServerRecord::kCompat20) != 0;
  if (marked != row.compat_20) {
    for (const StoredSlot& stored : stored_) erase_at_start_.push_back(slot_key(stored.index));
    stored_.clear();
  }
  record_.feature_compat &= ~ServerRecord::kCompat20;
  if (row.compat_20) record_.feature_compat |= ServerRecord::kCompat20;
  record_.feature_incompat |= row.incompat_set;
}

void Journal::fresh_record(const Config& config) {
  protocol::set_name(record_.uuid, target_uuid(config, kind_));
  record_.feature_incompat = ServerRecord::kIncompatCommon;
  if (kind_ == TargetKind::mdt) {
    record_.feature_compat = ServerRecord::kCompatMdt;
    record_.feature_incompat |= ServerRecord::kIncompatMdt;
    record_.mdt_index = config.index;
  } else if (kind_ == TargetKind::ost) {
    record_.feature_compat = ServerRecord::kCompatOst;
    record_.feature_incompat |= ServerRecord::kIncompatOst;
    record_.ost_index = config.index;
  }
}

void Journal::load_slots(const Store& store) {
  if (kind_ == TargetKind::mgs) return;
  for (auto row = store.lower_bound(Key(kSlotPrefix));
       row != store.end() && row->first.starts_with(kSlotPrefix); ++row) {
    CHECK(row->first.size() == kSlotKeySize);
    auto slot = read_record<ClientSlot>(row->second);
    if (planted(Defect::reply_data_lost_at_restart)) slot.last_xid = slot.last_close_xid = 0;
    stored_.push_back({slot_index(row->first), slot});
    last_transno_ = std::max({last_transno_, slot.last_transno, slot.last_close_transno});
  }
}

Write Journal::server_write() const { return {Key(kServerKey), write_record(record_)}; }

void Journal::start(Actions& out) {
  if (refused_) return;
  ++record_.mount_count;
  record_.last_transno = last_transno_;
  std::vector<Write> writes{server_write()};
  for (Key& key : erase_at_start_) writes.push_back({std::move(key), std::nullopt});
  erase_at_start_.clear();
  persist(std::move(writes), 0, out);
}

CommitId Journal::persist(std::vector<Write> writes, uint64_t transno, Actions& out) {
  ++last_commit_;
  if (transno != 0) pending_.push_back({last_commit_, transno});
  out.push_back(Persist{last_commit_, std::move(writes)});
  return last_commit_;
}

CommitId Journal::erase_slot(uint32_t index, Actions& out) {
  if (!planted(Defect::transno_forgotten_with_slot)) record_.last_transno = last_transno_;
  return persist({server_write(), {slot_key(index), std::nullopt}}, 0, out);
}

bool Journal::durable(CommitId up_to) {
  CHECK(up_to <= last_commit_, "a transaction became durable that was never asked for");
  durable_ = std::max(durable_, up_to);
  const uint64_t before = last_committed_;
  const auto end = std::ranges::upper_bound(pending_, up_to, {}, &Pending::id);
  for (auto entry = pending_.begin(); entry != end; ++entry) {
    last_committed_ = std::max(last_committed_, entry->transno);
  }
  pending_.erase(pending_.begin(), end);
  return last_committed_ > before;
}

void Journal::invariants() const {
  CHECK(last_committed_ <= last_transno_);
  CHECK(durable_ <= last_commit_);
  CHECK(std::ranges::is_sorted(pending_, std::ranges::less_equal{}, &Pending::id));
  for (const Pending& entry : pending_)
    CHECK(entry.id > durable_ && entry.transno <= last_transno_);
}

}  // namespace reference
