// Hears what happens in a run and judges it: the records, and what the checkers say of them, told
// with the records that explain it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/check/audit.h"
#include "harness/check/checkers.h"
#include "harness/record/record_text.h"
#include "harness/record/recorder.h"

namespace harness::check {

class Judge {
 public:
  // By these properties; by all if none is named.
  explicit Judge(const std::vector<std::string_view>& wanted = {});
  Judge(const Judge&) = delete;
  Judge& operator=(const Judge&) = delete;

  // What a world is given (Setup::recorder).
  record::Recorder& recorder() { return recorder_; }
  // One text a broken property: the property, what is wrong, and the records that explain it, a
  // line each.
  std::vector<std::string> complaints() const;
  const Checkers& checkers() const { return checkers_; }
  const Audit& audit() const { return audit_; }

 private:
  record::Recorder recorder_;
  Checkers checkers_;
  Audit audit_;
  record::RecordText text_;
  std::vector<record::Record> records_;
};

}  // namespace harness::check
