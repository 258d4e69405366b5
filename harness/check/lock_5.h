// LOCK-5: when recovery ends, the locks that clients of ours replayed are compatible: they were
// granted together before. At rest the server knows as many locks of a client as that has from it.
#pragma once

#include <tuple>

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
  void state(auto&& visit) const { visit(locks_, honest_, targets_, served_, held_); }

 private:
  using Target = uint64_t;  // 0 the MDT, an OST's index and 1
  using Account = std::pair<Target, reference::ClientName>;
  struct Count {
    int64_t locks = 0;
    Seen at;
    void state(auto&& visit) const { visit(locks); }
  };
  void audit(const Record& record, const Fact& fact);
  void judge(const Record& record, Findings& findings) const;

  HeldLocks locks_;
  FlatMap<reference::ClientName, bool> honest_;  // clients of ours; a probe may say what it likes
  FlatMap<record::NodeIndex, Target> targets_;
  FlatMap<Account, Count> served_;  // at rest, by the server
  FlatMap<Account, Count> held_;    // by the client
};

}  // namespace harness::check
