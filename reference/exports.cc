#include "reference/exports.h"

#include <algorithm>

#include "protocol/check.h"
#include "protocol/codec.h"

namespace reference {

std::string_view Export::name() const { return protocol::name_of(uuid); }

Export* Exports::find(ExportId id) {
  const auto found = std::ranges::lower_bound(exports_, id, {}, &Export::id);
  return found != exports_.end() && found->id == id ? &*found : nullptr;
}

const Export* Exports::find(ExportId id) const {
  const auto found = std::ranges::lower_bound(exports_, id, {}, &Export::id);
  return found != exports_.end() && found->id == id ? &*found : nullptr;
}

Export* Exports::find_uuid(std::string_view uuid) {
  const auto found = std::ranges::find(exports_, uuid, &Export::name);
  return found != exports_.end() ? &*found : nullptr;
}

Export& Exports::add(Export entry) {
  const auto place = std::ranges::lower_bound(exports_, entry.id, {}, &Export::id);
  CHECK(place == exports_.end() || place->id != entry.id, "an export's cookie was given twice");
  return *exports_.insert(place, std::move(entry));
}

void Exports::erase(ExportId id) {
  std::erase_if(exports_, [id](const Export& entry) { return entry.id == id; });
}

uint64_t Exports::count_new(PeerId peer) {
  const auto place = std::ranges::lower_bound(made_, peer, {}, &Made::peer);
  Made& made =
      place != made_.end() && place->peer == peer ? *place : *made_.insert(place, Made{peer, 0});
  return ++made.exports;
}

uint32_t Exports::free_slot() const {
  std::vector<uint32_t> taken;
  for (const Export& entry : exports_) {
    if (entry.slot_index != kNoSlot) taken.push_back(entry.slot_index);
  }
  std::ranges::sort(taken);
  uint32_t index = 0;
  for (const uint32_t one : taken) {
    if (one != index) break;
    ++index;
  }
  return index;
}

void Exports::invariants() const {
  CHECK(exports_.size() <= kExportsMax);
  CHECK(std::ranges::is_sorted(exports_, std::ranges::less_equal{}, &Export::id));
  for (const Export& entry : exports_) {
    CHECK(entry.id != 0);
    CHECK(entry.from_disk || (!entry.request_replay_needed && !entry.lock_replay_needed));
  }
}

}  // namespace reference
