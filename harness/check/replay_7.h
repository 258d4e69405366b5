// REPLAY-7: a restarted server gives no transno that is durable, and no two operations that both
// survive carry the same one: survive means durable, or kept by a client that is not evicted.
#pragma once

#include <tuple>

#include "harness/check/checker.h"
#include "harness/check/flat_map.h"
#include "harness/check/seen.h"

namespace harness::check {

class Replay7 {
 public:
  static constexpr Profile kProfile = {
      "REPLAY-7", Needs::notes, kinds<record::Started, record::Received>(),
      facts(Fact::Kind::executed, Fact::Kind::committed, Fact::Kind::started,
            Fact::Kind::slot_erased, Fact::Kind::evicted)};
  static constexpr size_t kOperationsMax = 1 << 18;

  void on(const Record& record, Findings& findings);
  void finish(Findings&) {}
  void state(auto&& visit) const { visit(servers_, committed_, operations_); }

 private:
  struct Operation {  // not committed, but its client may have it
    reference::ClientName client;
    uint64_t xid = 0;
    bool told = false;  // the reply has arrived, so that the client keeps it
    Seen at;
    void state(auto&& visit) const { visit(client, xid, told); }
  };
  struct Committed {
    uint64_t transno = 0;
    Seen at;
    void state(auto&& visit) const { visit(transno); }
  };
  using Place = std::pair<record::NodeIndex, uint64_t>;  // server, transno
  void on_message(const Record& record);
  void on_executed(const Record& record, const Fact& fact, Findings& findings);

  FlatMap<record::PeerId, record::NodeIndex> servers_;
  FlatMap<record::NodeIndex, Committed> committed_;
  FlatMap<Place, Operation> operations_;
};

}  // namespace harness::check
