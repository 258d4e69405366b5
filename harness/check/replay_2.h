// REPLAY-2: a restarted server has exactly the effects up to its last committed transno: commits
// come in the order of transno, nothing that was said to be committed is gone, and each client's
// slot shows its last operation that is durable.
#pragma once

#include <optional>
#include <tuple>

#include "harness/check/checker.h"
#include "harness/check/flat_map.h"
#include "harness/check/seen.h"

namespace harness::check {

class Replay2 {
 public:
  static constexpr Profile kProfile = {
      "REPLAY-2", Needs::notes, kinds<record::Started>(),
      facts(Fact::Kind::executed, Fact::Kind::committed, Fact::Kind::started,
            Fact::Kind::slot_found, Fact::Kind::slot_erased, Fact::Kind::recovery_began)};
  static constexpr size_t kPendingMax = 1 << 20;

  void on(const Record& record, Findings& findings);
  void finish(Findings&) {}
  void state(auto&& visit) const { visit(servers_, slots_, pending_); }

 private:
  struct Server {
    uint64_t committed = 0;
    reference::Dialect dialect = reference::Dialect::v2_0;
    Seen at;  // the commit
    void state(auto&& visit) const { visit(committed, dialect); }
  };
  struct Operation {  // executed, not committed
    reference::ClientName client;
    bool close = false;
    Seen at;
    void state(auto&& visit) const { visit(client, close); }
  };
  struct Done {
    uint64_t transno = 0;
    Seen at;
    void state(auto&& visit) const { visit(transno); }
  };
  struct Slot {  // what it must show at least
    Done normal, close;
    bool found = true;  // since the last start
    void state(auto&& visit) const { visit(normal, close, found); }
  };
  using Place = std::pair<record::NodeIndex, uint64_t>;  // server, transno

  void on_started(const Record& record, const record::Started& started);
  void settle(record::NodeIndex server, uint64_t up_to);
  void on_commit(const Record& record, const Fact& fact, Findings& findings);
  void on_found(const Record& record, const Fact& fact, Findings& findings);
  void on_slot(const Record& record, const Fact& fact, Findings& findings);
  void on_slots_read(const Record& record, Findings& findings);

  FlatMap<record::NodeIndex, Server> servers_;
  FlatMap<ServedClient, Slot> slots_;
  FlatMap<Place, Operation> pending_;
};

}  // namespace harness::check
