// LOCK-6: while a group lock is granted, nobody reads or writes the object but holders of that
// group.
#pragma once

#include <tuple>

#include "harness/check/checker.h"
#include "harness/check/held_locks.h"

namespace harness::check {

class Lock6 {
 public:
  static constexpr Profile kProfile = {
      "LOCK-6", Needs::notes, kinds<record::Crashed>(),
      facts(Fact::Kind::granted, Fact::Kind::cancelled, Fact::Kind::written, Fact::Kind::punched,
            Fact::Kind::read)};

  void on(const Record& record, Findings& findings);
  void finish(Findings&) {}
  void state(auto&& visit) const { visit(locks_); }

 private:
  HeldLocks locks_;
};

}  // namespace harness::check
