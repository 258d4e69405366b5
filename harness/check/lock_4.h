// LOCK-4: a lock that waits is granted or fails in the end, if holders answer or are evicted. (Who
// waits for a flock or a group lock waits as long as its holder likes, but no longer.) At rest as
// many wait as were told of.
#pragma once

#include <tuple>

#include "harness/check/checker.h"
#include "harness/check/held_locks.h"

namespace harness::check {

class Lock4 {
 public:
  static constexpr Profile kProfile = {
      "LOCK-4", Needs::notes, kinds<record::Crashed>(),
      facts(Fact::Kind::granted, Fact::Kind::waiting, Fact::Kind::cancelled, Fact::Kind::counted)};

  void on(const Record& record, Findings& findings);
  void finish(Findings& findings);
  void state(auto&& visit) const { visit(locks_); }

 private:
  HeldLocks locks_;
};

}  // namespace harness::check
