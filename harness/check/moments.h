// Moments of a history as a checker counts them, for itself and from 1: an exploration numbers no
// records. And what of them can matter to a later verdict.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <vector>

#include "harness/check/linear.h"
#include "harness/record/record.h"

namespace harness::check {

class Moments {
 public:
  // A new one, at this record.
  Moment next(const record::Record& record) {
    records_.push_back(record.index);
    return records_.size();
  }
  // The index of its record, for witnesses.
  uint64_t record_of(Moment moment) const { return records_.at(moment - 1); }

 private:
  std::vector<uint64_t> records_;
};

struct Span {
  Moment begin = 0;
  Moment end = kNeverEnds;
  void state(auto&& visit) const { visit(begin, end); }
};

// The same spans as far as it can matter which of them ended before which began: beginnings between
// which nothing ended become one moment, and so do ends between which nothing began.
inline std::vector<Span> plainest(std::vector<Span> spans) {
  std::vector<std::tuple<Moment, bool, size_t>> points;  // when, whether an end, of whom
  for (size_t i = 0; i < spans.size(); ++i) {
    points.emplace_back(spans[i].begin, false, i);
    if (spans[i].end != kNeverEnds) points.emplace_back(spans[i].end, true, i);
  }
  std::ranges::sort(points);
  Moment now = 0;
  bool ends = true;
  for (const auto& [when, is_end, of] : points) {
    if (is_end != ends) ++now;
    ends = is_end;
    (is_end ? spans[of].end : spans[of].begin) = now;
  }
  return spans;
}

}  // namespace harness::check
