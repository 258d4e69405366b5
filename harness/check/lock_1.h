// LOCK-1: no two incompatible locks are granted on one part of a resource. Replayed locks are the
// clients' word (LOCK-5 judges them).
#pragma once

#include <tuple>

#include "harness/check/checker.h"
#include "harness/check/held_locks.h"

namespace harness::check {

class Lock1 {
 public:
  static constexpr Profile kProfile = {
      "LOCK-1", Needs::notes, kinds<record::Crashed>(),
      facts(Fact::Kind::granted, Fact::Kind::waiting, Fact::Kind::cancelled)};

  void on(const Record& record, Findings& findings);
  void finish(Findings&) {}
  void state(auto&& visit) const { visit(locks_); }

 private:
  HeldLocks locks_;
};

}  // namespace harness::check
