// REPLAY-4: what a client was told is done, is done after a recovery that the client comes back to
// and is not evicted in: it was durable, or was replayed; until then nothing that came after it
// becomes durable. Not so a close: where its open was
// durable it may find nothing to close any more (facts: semantics 2.4, 2.6), and OPEN-2 and OPEN-3
// say what has to come of it. At rest the files that clients have open have the objects that these
// were told of.
#pragma once

#include <tuple>

#include "harness/check/checker.h"
#include "harness/check/counted_objects.h"
#include "harness/check/flat_map.h"
#include "harness/check/seen.h"

namespace harness::check {

class Replay4 {
 public:
  static constexpr Profile kProfile = {
      "REPLAY-4", Needs::notes, kinds<record::Started, record::Received>(),
      facts(Fact::Kind::executed, Fact::Kind::committed, Fact::Kind::started,
            Fact::Kind::slot_found, Fact::Kind::slot_erased, Fact::Kind::evicted,
            Fact::Kind::recovery_ended, Fact::Kind::reached, Fact::Kind::counted)};
  static constexpr size_t kOperationsMax = 1 << 18;

  void on(const Record& record, Findings& findings);
  void finish(Findings& findings);
  void state(auto&& visit) const { visit(servers_, operations_, found_, objects_); }

 private:
  struct Operation {  // executed, not committed
    reference::ClientName client;
    uint64_t xid = 0;
    bool told = false;  // its client has the reply
    bool here = true;   // in the present incarnation, first or by replay
    Seen at;
    void state(auto&& visit) const { visit(client, xid, told, here); }
  };
  using Place = std::pair<record::NodeIndex, uint64_t>;  // server, transno

  void on_fact(const Record& record, const Fact& fact, Findings& findings);
  void not_heard(const Fact& fact);
  void forget(record::NodeIndex server, const reference::ClientName& client);
  bool missing(record::NodeIndex server, const Place& place, const Operation& operation) const;
  void judge_commit(const Record& record, const Fact& fact, Findings& findings) const;
  void judge(const Record& record, Findings& findings) const;

  FlatMap<record::PeerId, record::NodeIndex> servers_;
  FlatMap<Place, Operation> operations_;
  FlatMap<ServedClient, bool> found_;  // slots of the last start
  CountedObjects objects_;             // at rest
};

}  // namespace harness::check
