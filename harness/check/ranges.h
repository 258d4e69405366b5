// A set of bytes as ranges: sorted, apart from each other, ends excluded.
#pragma once

#include <algorithm>
#include <cstdint>
#include <tuple>
#include <vector>

namespace harness::check {

class Ranges {
 public:
  void add(uint64_t start, uint64_t end) {
    if (start >= end) return;
    auto at =
        std::lower_bound(ranges_.begin(), ranges_.end(), start,
                         [](const Range& range, uint64_t wanted) { return range.end < wanted; });
    auto behind = at;
    for (; behind != ranges_.end() && behind->start <= end; ++behind) {
      start = std::min(start, behind->start);
      end = std::max(end, behind->end);
    }
    ranges_.insert(ranges_.erase(at, behind), {start, end});
  }
  void remove(uint64_t start, uint64_t end) {
    std::vector<Range> kept;
    for (const Range& range : ranges_) {
      if (range.start < std::min(range.end, start))
        kept.push_back({range.start, std::min(range.end, start)});
      if (std::max(range.start, end) < range.end)
        kept.push_back({std::max(range.start, end), range.end});
    }
    ranges_ = std::move(kept);
  }
  bool touches(uint64_t start, uint64_t end) const {
    return std::ranges::any_of(
        ranges_, [&](const Range& range) { return range.start < end && start < range.end; });
  }
  bool empty() const { return ranges_.empty(); }
  size_t size() const { return ranges_.size(); }
  template <class Visit>
  void each(Visit visit) const {
    for (const Range& range : ranges_) visit(range.start, range.end);
  }
  void state(auto&& visit) const { visit(ranges_); }

 private:
  struct Range {
    uint64_t start = 0;
    uint64_t end = 0;
    void state(auto&& visit) const { visit(start, end); }
  };
  std::vector<Range> ranges_;
};

}  // namespace harness::check
