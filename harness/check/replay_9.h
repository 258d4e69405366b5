// REPLAY-9: a gap in the transnos is skipped only when every client that still replays has a
// request queued, or the window's time is over.
#pragma once

#include <tuple>

#include "harness/check/checker.h"
#include "harness/check/flat_map.h"
#include "harness/check/seen.h"

namespace harness::check {

class Replay9 {
 public:
  static constexpr Profile kProfile = {
      "REPLAY-9", Needs::notes, kinds<record::Received, record::Sent, record::Crashed>(),
      facts(Fact::Kind::connected, Fact::Kind::slot_found, Fact::Kind::slot_erased,
            Fact::Kind::evicted, Fact::Kind::gap_skipped, Fact::Kind::started,
            Fact::Kind::recovery_ended)};

  void on(const Record& record, Findings& findings);
  void finish(Findings&) {}
  void state(auto&& visit) const { visit(replaying_, handles_, queued_); }

 private:
  using Place = std::pair<record::NodeIndex, uint64_t>;  // server, handle
  void on_message(const Record& record);
  void on_fact(const Record& record, const Fact& fact, Findings& findings);
  void forget(record::NodeIndex server);

  FlatMap<ServedClient, Seen> replaying_;  // of the slots found, who is not done
  FlatMap<Place, reference::ClientName> handles_;
  FlatMap<ServedRequest, bool> queued_;  // replays that are not answered
};

}  // namespace harness::check
