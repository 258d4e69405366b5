// LOCK-2: a client uses nothing under a lock that it has cancelled, dropped or lost.
#pragma once

#include <tuple>

#include "harness/check/checker.h"
#include "harness/check/flat_map.h"
#include "harness/check/seen.h"

namespace harness::check {

class Lock2 {
 public:
  static constexpr Profile kProfile = {"LOCK-2", Needs::notes, kinds<record::Crashed>(),
                                       facts(Fact::Kind::lock_used, Fact::Kind::lock_lost)};
  static constexpr size_t kLostMax = 1 << 16;

  void on(const Record& record, Findings& findings);
  void finish(Findings&) {}
  void state(auto&& visit) const { visit(lost_); }

 private:
  using Place = std::pair<record::NodeIndex, uint64_t>;  // client, handle
  FlatMap<Place, Seen> lost_;
};

}  // namespace harness::check
