// LIVE-1: after faults stop, every call returns. At quiescence nothing is left that could end a
// call, so one that has not ended never will. (Calls of a client that crashed
// end with it; who waits for a flock waits as long as its holder likes.)
#pragma once

#include <tuple>
#include <vector>

#include "harness/check/checker.h"

namespace harness::check {

class Live1 {
 public:
  static constexpr Profile kProfile = {
      "LIVE-1", Needs::messages, kinds<record::CallBegan, record::CallEnded, record::Crashed>(), 0};
  static constexpr size_t kOpenCallsMax = 1 << 16;

  void on(const Record& record, Findings& findings);
  void finish(Findings& findings);
  void state(auto&& visit) const { visit(under_way_); }

 private:
  struct Call {
    record::NodeIndex node = 0;
    reference::OrderId order = 0;
    uint64_t began = 0;  // the record
    void state(auto&& visit) const { visit(node, order); }
  };

  std::vector<Call> under_way_;  // sorted by node, then as they began
};

}  // namespace harness::check
