// SOM-4: a size that the MDS tells was read since the MDS was mounted last.
#pragma once

#include <tuple>

#include "harness/check/checker.h"
#include "harness/check/seen.h"

namespace harness::check {

class Som4 {
 public:
  static constexpr Profile kProfile = {"SOM-4", Needs::notes, 0, facts(Fact::Kind::som_answered)};

  void on(const Record& record, Findings& findings);
  void finish(Findings&) {}
  void state(auto&& visit) const { visit(); }
};

}  // namespace harness::check
