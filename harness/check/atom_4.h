// ATOM-4, as an audit shows it: no object that a file has is destroyed. At rest each is there.
#pragma once

#include "harness/check/checker.h"
#include "harness/check/counted_objects.h"

namespace harness::check {

class Atom4 {
 public:
  static constexpr Profile kProfile = {"ATOM-4", Needs::notes, kinds<record::Started>(),
                                       facts(Fact::Kind::counted)};

  void on(const Record& record, Findings&) { objects_.on(record); }
  void finish(Findings& findings);
  void state(auto&& visit) const { visit(objects_); }

 private:
  CountedObjects objects_;
};

}  // namespace harness::check
