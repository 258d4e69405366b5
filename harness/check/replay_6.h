// REPLAY-6: a message of an older connection, or with the handle of an export that is gone, has no
// effect; nor is there a newer connection while a message of the older one is executed.
#pragma once

#include <tuple>

#include "harness/check/checker.h"
#include "harness/check/flat_map.h"
#include "harness/check/seen.h"

namespace harness::check {

class Replay6 {
 public:
  static constexpr Profile kProfile = {
      "REPLAY-6", Needs::notes, kinds<record::Received, record::Crashed>(),
      facts(Fact::Kind::connected, Fact::Kind::evicted, Fact::Kind::executed, Fact::Kind::written,
            Fact::Kind::punched, Fact::Kind::object_destroyed)};
  static constexpr size_t kStaleMax = 1 << 16;

  void on(const Record& record, Findings& findings);
  void finish(Findings&) {}
  void state(auto&& visit) const { visit(exports_, stale_); }

 private:
  struct Export {
    reference::ClientName client;
    uint32_t conn_cnt = 0;
    bool gone = false;
    Seen at;
    void state(auto&& visit) const { visit(client, conn_cnt, gone); }
  };
  struct Stale {  // a message that must have no effect
    record::NodeIndex server = 0;
    reference::ClientName client;
    uint64_t xid = 0;
    uint32_t conn_cnt = 0;
    auto operator<=>(const Stale&) const = default;
    void state(auto&& visit) const { visit(server, client, xid, conn_cnt); }
  };
  using Place = std::pair<record::NodeIndex, uint64_t>;  // server, handle

  void on_request(const Record& record, const record::Received& received, Findings& findings);
  void on_connected(const Record& record, const Fact& fact);
  const Seen* overtaken(record::NodeIndex server, const Fact& fact) const;

  FlatMap<Place, Export> exports_;
  FlatMap<Stale, Seen> stale_;
};

}  // namespace harness::check
