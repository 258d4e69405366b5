// LOCK-5: when recovery ends, the locks that clients of ours replayed are compatible: they were
// granted together before. At rest the server knows as many locks of a client as that has from it.
#pragma once

#include <tuple>

#include "harness/check/both_ends.h"
#include "harness/check/checker.h"
#include "harness/check/held_locks.h"

namespace harness::check {

class Lock5 {
 public:
  static constexpr Profile kProfile = {
      "LOCK-5", Needs::notes, kinds<record::Started, record::Crashed>(),
      facts(Fact::Kind::granted, Fact::Kind::waiting, Fact::Kind::cancelled, Fact::Kind::connected,
            Fact::Kind::recovery_ended, Fact::Kind::counted)};

  void on(const Record& record, Findings& findings);
  void finish(Findings& findings);
  void state(auto&& visit) const { visit(locks_, honest_, targets_, at_rest_); }

 private:
  using Target = uint64_t;  // 0 the MDT, an OST's index and 1
  using Account = std::pair<Target, reference::ClientName>;
  void audit(const Record& record, const Fact& fact);
  void judge(const Record& record, Findings& findings) const;

  HeldLocks locks_;
  FlatMap<reference::ClientName, bool> honest_;  // clients of ours; a probe may say what it likes
  FlatMap<record::NodeIndex, Target> targets_;
  BothEnds<Account> at_rest_;  // locks
};

}  // namespace harness::check
