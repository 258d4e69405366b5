// Which of a client's requests set an object's times last. Requests of one client overtake each
// other, and an older write must not move times back (facts: semantics 3.7).
#pragma once

#include <algorithm>
#include <cstdint>
#include <tuple>
#include <vector>

#include "reference/exports.h"
#include "reference/objects.h"

namespace reference {

class ObjectTimes {
 public:
  static constexpr size_t kRemembered = 4096;  // of all clients; the oldest xids go first

  // Whether a request may set times; a setattr or punch is remembered by `set`.
  bool may_set(ExportId client, ObjectId object, uint64_t xid) const {
    const auto found = std::ranges::lower_bound(entries_, std::tuple(client, object), {}, key);
    return found == entries_.end() || key(*found) != std::tuple(client, object) || found->xid < xid;
  }
  void set(ExportId client, ObjectId object, uint64_t xid) {
    auto place = std::ranges::lower_bound(entries_, std::tuple(client, object), {}, key);
    if (place != entries_.end() && key(*place) == std::tuple(client, object)) {
      place->xid = std::max(place->xid, xid);
      return;
    }
    if (entries_.size() >= kRemembered) {
      entries_.erase(std::ranges::min_element(entries_, {}, &Entry::xid));
      place = std::ranges::lower_bound(entries_, std::tuple(client, object), {}, key);
    }
    entries_.insert(place, {client, object, xid});
  }
  void gone(ExportId client) {
    std::erase_if(entries_, [client](const Entry& entry) { return entry.client == client; });
  }

  void state(auto&& visit) const { visit(entries_); }

 private:
  struct Entry {
    ExportId client = 0;
    ObjectId object;
    uint64_t xid = 0;
    void state(auto&& visit) const { visit(client, object, xid); }
  };
  static std::tuple<ExportId, ObjectId> key(const Entry& entry) {
    return {entry.client, entry.object};
  }
  std::vector<Entry> entries_;  // sorted by client and object
};

}  // namespace reference
