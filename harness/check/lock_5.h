// LOCK-5: when recovery ends, the locks that clients of ours replayed are compatible: they were
// granted together before.
#pragma once

#include <tuple>

#include "harness/check/checker.h"
#include "harness/check/held_locks.h"

namespace harness::check {

class Lock5 {
 public:
  static constexpr Profile kProfile = {
      "LOCK-5", Needs::notes, kinds<record::Crashed>(),
      facts(Fact::Kind::granted, Fact::Kind::waiting, Fact::Kind::cancelled, Fact::Kind::connected,
            Fact::Kind::recovery_ended)};

  void on(const Record& record, Findings& findings);
  void finish(Findings&) {}
  void state(auto&& visit) const { visit(locks_, honest_); }

 private:
  void judge(const Record& record, Findings& findings) const;

  HeldLocks locks_;
  FlatMap<reference::ClientName, bool> honest_;  // clients of ours; a probe may say what it likes
};

}  // namespace harness::check
