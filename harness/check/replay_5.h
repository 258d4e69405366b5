// REPLAY-5: from the start of a server to the end of request replay nothing executes but replays;
// in 2.0, locks are replayed after all requests.
#pragma once

#include <tuple>

#include "harness/check/checker.h"
#include "harness/check/flat_map.h"
#include "harness/check/seen.h"

namespace harness::check {

class Replay5 {
 public:
  static constexpr Profile kProfile = {
      "REPLAY-5", Needs::notes, kinds<record::Started, record::Crashed>(),
      facts(Fact::Kind::executed, Fact::Kind::granted, Fact::Kind::recovery_began,
            Fact::Kind::replays_ended, Fact::Kind::recovery_ended)};

  void on(const Record& record, Findings& findings);
  void finish(Findings&) {}
  void state(auto&& visit) const { visit(replaying_, locks_last_); }

 private:
  FlatMap<record::NodeIndex, Seen> replaying_;   // servers, since the record
  FlatMap<record::NodeIndex, bool> locks_last_;  // servers of 2.0
};

}  // namespace harness::check
