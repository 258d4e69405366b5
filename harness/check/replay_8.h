// REPLAY-8 (VBR): a replay executes only if the objects have the versions that it brings; otherwise
// it fails with -EOVERFLOW, and its client, and no other, is evicted for it when the stage ends.
#pragma once

#include <tuple>

#include "harness/check/checker.h"
#include "harness/check/flat_map.h"
#include "harness/check/seen.h"

namespace harness::check {

class Replay8 {
 public:
  static constexpr Profile kProfile = {
      "REPLAY-8", Needs::notes, kinds<record::Received, record::Sent, record::Crashed>(),
      facts(Fact::Kind::connected, Fact::Kind::executed, Fact::Kind::evicted, Fact::Kind::reached,
            Fact::Kind::recovery_began, Fact::Kind::recovery_ended)};

  void on(const Record& record, Findings& findings);
  void finish(Findings&) {}
  void state(auto&& visit) const { visit(recovering_, clients_, brought_, failed_); }

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
  void on_executed(const Record& record, const Fact& fact, Findings& findings);
  void forget(record::NodeIndex server);

  FlatMap<record::NodeIndex, bool> recovering_;
  FlatMap<Place, reference::ClientName> clients_;  // with VBR, by handle
  FlatMap<ServedRequest, Brought> brought_;        // replays
  FlatMap<ServedClient, Seen> failed_;             // with -EOVERFLOW
};

}  // namespace harness::check
