// OPEN-5: nobody executes what somebody writes, and the count of writers is that of the files open
// for writing; so is what an audit counts.
#pragma once

#include <tuple>

#include "harness/check/both_ends.h"
#include "harness/check/checker.h"
#include "harness/check/opens.h"

namespace harness::check {

class Open5 {
 public:
  static constexpr Profile kProfile = {
      "OPEN-5", Needs::notes, kinds<record::Crashed>(),
      facts(Fact::Kind::opened, Fact::Kind::closed, Fact::Kind::recovery_began,
            Fact::Kind::recovery_ended, Fact::Kind::counted)};

  void on(const Record& record, Findings& findings);
  void finish(Findings& findings);
  void state(auto&& visit) const { visit(opens_, recovering_, at_rest_); }

 private:
  void audit(const Record& record, Findings& findings);

  Opens opens_;
  FlatMap<record::NodeIndex, bool> recovering_;
  BothEnds<reference::ClientName> at_rest_;  // files open for writing
};

}  // namespace harness::check
