// SOM-1: a size that the MDS tells is the file's, and so are the blocks: what all its objects have
// at the moment of the answer.
#pragma once

#include "harness/check/som_files.h"

namespace harness::check {

class Som1 {
 public:
  static constexpr Profile kProfile = {"SOM-1", Needs::notes, kSomFileRecords,
                                       kSomFileFacts | facts(Fact::Kind::som_answered)};

  void on(const Record& record, Findings& findings);
  void finish(Findings&) {}
  void state(auto&& visit) const { visit(files_); }

 private:
  SomFiles files_;
};

}  // namespace harness::check
