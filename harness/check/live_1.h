// LIVE-1: after faults stop, every call returns. At quiescence nothing is left that could end a
// call, so one that has not ended never will. (Calls of a client that crashed end with it; who
// waits for a flock waits as long as another client has one in its way, and no longer.)
#pragma once

#include <tuple>
#include <vector>

#include "harness/check/checker.h"
#include "harness/check/descriptors.h"

namespace harness::check {

class Live1 {
 public:
  static constexpr Profile kProfile = {
      "LIVE-1", Needs::messages, kinds<record::CallBegan, record::CallEnded, record::Crashed>(), 0};
  static constexpr size_t kOpenCallsMax = 1 << 16;

  void on(const Record& record, Findings& findings);
  void finish(Findings& findings);
  void state(auto&& visit) const { visit(under_way_, flocks_, descriptors_); }

 private:
  // As an application asked for it.
  struct Flock {
    record::NodeIndex node = 0;
    Descriptors::File file;
    bool exclusive = false, unlocks = false;
    uint64_t start = 0, end = 0;  // both included
    bool same_file(const Flock& other) const {
      return file.seq == other.file.seq && file.oid == other.file.oid && file.ino == other.file.ino;
    }
    bool within(const Flock& other) const { return other.start <= start && end <= other.end; }
    bool in_the_way_of(const Flock& other) const {
      return node != other.node && same_file(other) && start <= other.end && other.start <= end &&
             (exclusive || other.exclusive);
    }
    void state(auto&& visit) const { visit(node, file, exclusive, unlocks, start, end); }
  };
  struct Call {
    record::NodeIndex node = 0;
    reference::OrderId order = 0;
    bool is_flock = false;
    Flock flock;
    uint64_t began = 0;  // the record
    void state(auto&& visit) const { visit(node, order, is_flock, flock); }
  };
  void begin(const Record& record, const record::CallBegan& began, Findings& findings);
  void end_flock(const Flock& flock);

  std::vector<Call> under_way_;  // sorted by node, then as they began
  std::vector<Flock> flocks_;  // that applications have; what an unlock may have split stays whole
  Descriptors descriptors_;
};

}  // namespace harness::check
