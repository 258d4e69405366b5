// SOM-3: while the MDS would tell the size of a file (no epoch is open, and one is kept) nothing
// changes the size or the blocks of any of its objects. The inductive invariant behind SOM-1: it is
// broken before anybody asks.
#pragma once

#include "harness/check/som_files.h"

namespace harness::check {

class Som3 {
 public:
  static constexpr Profile kProfile = {"SOM-3", Needs::notes,
                                       kSomFileRecords | kinds<record::Crashed>(),
                                       kSomFileFacts | facts(Fact::Kind::som_state)};

  void on(const Record& record, Findings& findings);
  void finish(Findings&) {}
  void state(auto&& visit) const { visit(files_, told_); }

 private:
  struct Told {
    record::NodeIndex mds = 0;
    Seen at;
    void state(auto&& visit) const { visit(mds); }
  };
  SomFiles files_;
  FlatMap<ObjectName, Told> told_;  // files whose size would be told
};

}  // namespace harness::check
