// REPLAY-3: replays from the next transno on are executed in the order of transno over all clients,
// each once and under the transno that the request brought, which the reply says.
#pragma once

#include <tuple>

#include "harness/check/checker.h"
#include "harness/check/flat_map.h"
#include "harness/check/seen.h"

namespace harness::check {

class Replay3 {
 public:
  static constexpr Profile kProfile = {
      "REPLAY-3", Needs::notes, kinds<record::Received, record::Sent, record::Crashed>(),
      facts(Fact::Kind::executed, Fact::Kind::recovery_began, Fact::Kind::recovery_ended)};

  void on(const Record& record, Findings& findings);
  void finish(Findings&) {}
  void state(auto&& visit) const { visit(recovering_, replays_); }

 private:
  struct Recovery {
    uint64_t last = 0;  // executed, or the one before the next
    Seen at;
    void state(auto&& visit) const { visit(last); }
  };
  struct Replay {
    uint64_t transno = 0;
    Seen at;
    void state(auto&& visit) const { visit(transno); }
  };
  struct Asked {
    record::NodeIndex server = 0;
    record::PeerId client;
    uint64_t xid = 0;
    auto operator<=>(const Asked&) const = default;
    void state(auto&& visit) const { visit(server, client, xid); }
  };
  void on_executed(const Record& record, const Fact& fact, Findings& findings);
  const Replay* renumbered(record::NodeIndex server, const Fact& fact) const;
  void on_reply(const Record& record, const record::Sent& sent, Findings& findings);

  FlatMap<record::NodeIndex, Recovery> recovering_;
  FlatMap<Asked, Replay> replays_;  // not answered
};

}  // namespace harness::check
