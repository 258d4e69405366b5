// The open files (mfd) of metadata servers, as their notes tell.
#pragma once

#include <algorithm>
#include <tuple>
#include <utility>

#include "harness/check/flat_map.h"
#include "harness/check/seen.h"

namespace harness::check {

class Opens {
 public:
  struct Open {
    reference::ClientName client;
    uint64_t xid = 0;
    reference::ObjectName object;
    uint32_t mode = 0;
    Seen at;
    void state(auto&& visit) const { visit(client, xid, object, mode); }
  };
  using Place = std::pair<record::NodeIndex, uint64_t>;  // server, handle

  void on(const record::Record& record) {
    const reference::Fact* fact = fact_of(record);
    if (fact == nullptr) {
      open_.erase_if([&](const Place& place, const Open&) { return place.first == record.node; });
    } else if (fact->kind == reference::Fact::Kind::opened) {
      open_[{record.node, fact->handle}] = {fact->client,
                                            fact->xid,
                                            fact->object,
                                            static_cast<uint32_t>(fact->value),
                                            {record.index}};
    } else {
      open_.erase({record.node, fact->handle});
    }
  }
  template <class Condition>
  size_t count(record::NodeIndex server, Condition condition) const {
    return static_cast<size_t>(std::ranges::count_if(open_, [&](const auto& entry) {
      return entry.key.first == server && condition(entry.value);
    }));
  }
  template <class Condition>
  const Open* find(record::NodeIndex server, Condition condition) const {
    const auto at = std::ranges::find_if(open_, [&](const auto& entry) {
      return entry.key.first == server && condition(entry.value);
    });
    return at == open_.end() ? nullptr : &at->value;
  }
  void state(auto&& visit) const { visit(open_); }

 private:
  FlatMap<Place, Open> open_;
};

}  // namespace harness::check
