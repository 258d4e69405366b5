// What an audit counted of objects: those that files have, that are to be destroyed, that were made
// in advance, and that there are.
#pragma once

#include <tuple>
#include <vector>

#include "harness/check/flat_map.h"
#include "harness/check/seen.h"
#include "reference/counts.h"

namespace harness::check {

class CountedObjects {
 public:
  struct Range {
    uint32_t ost = 0;
    uint64_t seq = 0;
    uint64_t first = 0, last = 0;
    reference::ClientName client;  // who has a file open that has it
    Seen at;
    bool has(uint32_t in, uint64_t sequence, uint64_t id) const {
      return ost == in && seq == sequence && first <= id && id <= last;
    }
    void state(auto&& visit) const { visit(ost, seq, first, last, client); }
  };

  // Starts and `counted` notes.
  void on(const record::Record& record) {
    if (const auto* started = std::get_if<record::Started>(&record.what)) {
      if (started->node.role == record::Role::ost) osts_[record.node] = started->node.index;
      return;
    }
    const reference::Fact& fact = *fact_of(record);
    const Range range{static_cast<uint32_t>(fact.xid),
                      fact.object.second,
                      fact.start,
                      fact.end,
                      fact.client,
                      {record.index}};
    if (fact.text == reference::count::kStripes) stripes_.push_back(range);
    if (fact.text == reference::count::kUnlinkLog) doomed_.push_back(range);
    if (fact.text == reference::count::kReady) ready_.push_back(range);
    if (fact.text == reference::count::kHeldStripes) held_.push_back(range);
    if (fact.text == reference::count::kOpenFiles) served_[fact.client] = true;
    if (fact.text == reference::count::kObjects && osts_.find(record.node) != nullptr) {
      there_.push_back(range);
    }
  }
  // All that wants objects was counted, and something was.
  bool complete() const { return !ready_.empty() && !there_.empty(); }
  const std::vector<Range>& stripes() const { return stripes_; }
  const std::vector<Range>& there() const { return there_; }
  // Whether the metadata server knows the client: who was evicted may not know it yet.
  bool is_served(const reference::ClientName& client) const {
    return served_.find(client) != nullptr;
  }
  // Of files that clients have open, by what these were told: one id each.
  const std::vector<Range>& held() const { return held_; }
  bool is_stripe(uint32_t ost, uint64_t seq, uint64_t id) const {
    return in(stripes_, ost, seq, id);
  }
  bool is_there(uint32_t ost, uint64_t seq, uint64_t id) const { return in(there_, ost, seq, id); }
  // Of a file, to be destroyed, or made in advance.
  bool is_wanted(uint32_t ost, uint64_t seq, uint64_t id) const {
    return in(stripes_, ost, seq, id) || in(doomed_, ost, seq, id) || in(ready_, ost, seq, id);
  }
  void forget() {
    for (std::vector<Range>* ranges : {&stripes_, &doomed_, &ready_, &there_, &held_})
      ranges->clear();
    served_.clear();
  }
  void state(auto&& visit) const {
    visit(osts_, stripes_, doomed_, ready_, there_, held_, served_);
  }

 private:
  static bool in(const std::vector<Range>& ranges, uint32_t ost, uint64_t seq, uint64_t id) {
    return std::ranges::any_of(ranges, [&](const Range& range) { return range.has(ost, seq, id); });
  }

  FlatMap<record::NodeIndex, uint32_t> osts_;
  FlatMap<reference::ClientName, bool> served_;
  std::vector<Range> stripes_, doomed_, ready_, there_, held_;
};

}  // namespace harness::check
