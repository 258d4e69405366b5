// REPLAY-8 (VBR): a replay executes only if the objects have the versions that it brings; otherwise
// it fails with -EOVERFLOW, and its client, and no other, is evicted for it when the stage ends.
// Where all clients come back and none was lost before, no replay meets another version: nobody was
// told done what depends on an operation that its client has not been told of.
#pragma once

#include <tuple>

#include "harness/check/checker.h"
#include "harness/check/flat_map.h"
#include "harness/check/seen.h"

namespace harness::check {

class Replay8 {
 public:
  static constexpr Profile kProfile = {
      "REPLAY-8", Needs::notes,
      kinds<record::Started, record::Received, record::Sent, record::Crashed>(),
      facts(Fact::Kind::connected, Fact::Kind::slot_found, Fact::Kind::slot_erased,
            Fact::Kind::executed, Fact::Kind::evicted, Fact::Kind::reached,
            Fact::Kind::recovery_began, Fact::Kind::recovery_ended)};

  void on(const Record& record, Findings& findings);
  void finish(Findings&) {}
  void state(auto&& visit) const {
    visit(recovering_, clients_, brought_, failed_, servers_, awaited_, put_out_, met_,
          somebody_lost_);
  }

 private:
  using Place = std::pair<record::NodeIndex, uint64_t>;  // server, handle or transno
  using Versions = std::array<uint64_t, 4>;
  struct Brought {
    Versions versions = {};
    Seen at;
    void state(auto&& visit) const { visit(versions); }
  };
  void on_message(const Record& record, Findings& findings);
  void on_fact(const Record& record, const Fact& fact, Findings& findings);
  void on_reached(const Record& record, const Fact& fact);
  void on_executed(const Record& record, const Fact& fact, Findings& findings);
  void lose_somebody(record::NodeIndex server);
  void judge_all_back(const Record& record, Findings& findings) const;
  void forget(record::NodeIndex server);

  FlatMap<record::NodeIndex, bool> recovering_;
  FlatMap<Place, reference::ClientName> clients_;  // with VBR, by handle
  FlatMap<ServedRequest, Brought> brought_;        // replays
  FlatMap<ServedClient, Seen> failed_;             // with -EOVERFLOW
  FlatMap<record::NodeIndex, bool> servers_;       // of metadata: true
  FlatMap<ServedClient, bool> awaited_;            // their slot was found, they have not connected
  FlatMap<ServedClient, bool> put_out_;            // evicted for a version
  FlatMap<record::NodeIndex, Seen> met_;           // servers where a replay met another version
  bool somebody_lost_ = false;                     // what a client did may be replayed by nobody
};

}  // namespace harness::check
