// OPEN-2: what an application has open is open at the metadata server after each recovery, unless
// its client was evicted. At rest both count the same.
#pragma once

#include <tuple>

#include "harness/check/both_ends.h"
#include "harness/check/checker.h"
#include "harness/check/descriptors.h"
#include "harness/check/opens.h"

namespace harness::check {

class Open2 {
 public:
  static constexpr Profile kProfile = {
      "OPEN-2", Needs::notes, kinds<record::CallBegan, record::CallEnded, record::Crashed>(),
      facts(Fact::Kind::connected, Fact::Kind::evicted, Fact::Kind::opened, Fact::Kind::closed,
            Fact::Kind::recovery_ended, Fact::Kind::counted)};

  void on(const Record& record, Findings& findings);
  void finish(Findings& findings);
  void state(auto&& visit) const { visit(opens_, descriptors_, metadata_, at_rest_); }

 private:
  void judge(const Record& record, Findings& findings) const;
  void audit(const Record& record, const Fact& fact);

  Opens opens_;
  Descriptors descriptors_;
  FlatMap<record::NodeIndex, bool> metadata_;  // servers where something was open once
  BothEnds<reference::ClientName> at_rest_;    // open files
};

}  // namespace harness::check
