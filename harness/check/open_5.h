// OPEN-5: nobody executes what somebody writes, and the count of writers is that of the files open
// for writing.
#pragma once

#include <tuple>

#include "harness/check/checker.h"
#include "harness/check/opens.h"

namespace harness::check {

class Open5 {
 public:
  static constexpr Profile kProfile = {
      "OPEN-5", Needs::notes, kinds<record::Crashed>(),
      facts(Fact::Kind::opened, Fact::Kind::closed, Fact::Kind::recovery_began,
            Fact::Kind::recovery_ended)};

  void on(const Record& record, Findings& findings);
  void finish(Findings&) {}
  void state(auto&& visit) const { visit(opens_, recovering_); }

 private:
  Opens opens_;
  FlatMap<record::NodeIndex, bool> recovering_;
};

}  // namespace harness::check
