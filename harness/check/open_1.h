// OPEN-1: an open request makes at most one open file, and a file's open count is the number of
// those there are; so is what an audit counts.
#pragma once

#include <tuple>

#include "harness/check/checker.h"
#include "harness/check/opens.h"

namespace harness::check {

class Open1 {
 public:
  static constexpr Profile kProfile = {
      "OPEN-1", Needs::notes, kinds<record::Crashed>(),
      facts(Fact::Kind::opened, Fact::Kind::closed, Fact::Kind::counted)};

  void on(const Record& record, Findings& findings);
  void finish(Findings&) {}
  void state(auto&& visit) const { visit(opens_); }

 private:
  Opens opens_;
};

}  // namespace harness::check
