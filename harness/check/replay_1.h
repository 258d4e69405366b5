// REPLAY-1: of each request of a client at most one execution survives. What a crash lost does not
// count; a replay executes again what was lost, and a resend of what survives changes nothing. What
// an OST does to an object comes to the same when it is done twice, unless another client has
// changed the object between: OSTs keep no record of each of the many requests under way.
#pragma once

#include <tuple>

#include "harness/check/checker.h"
#include "harness/check/flat_map.h"
#include "harness/check/seen.h"

namespace harness::check {

class Replay1 {
 public:
  static constexpr Profile kProfile = {"REPLAY-1", Needs::notes, kinds<record::Started>(),
                                       facts(Fact::Kind::executed, Fact::Kind::started)};
  static constexpr size_t kRequestsMax = 1 << 20;

  void on(const Record& record, Findings& findings);
  void finish(Findings&) {}
  void state(auto&& visit) const { visit(osts_, effects_); }

 private:
  struct Effect {
    uint64_t transno = 0;
    reference::ObjectName object;
    Seen at;
    void state(auto&& visit) const { visit(transno, object); }
  };
  bool same_again(const ServedRequest& request, const Effect& before) const;

  FlatMap<record::NodeIndex, bool> osts_;
  FlatMap<ServedRequest, Effect> effects_;  // that survive, as far as is known
};

}  // namespace harness::check
