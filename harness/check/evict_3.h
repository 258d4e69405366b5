// EVICT-3: every eviction has a cause of semantics 1.11: silence, a lock callback, recovery not
// finished, another version, the administrator, another server's word. A client that speaks, and
// answers, is not silent.
#pragma once

#include <tuple>

#include "harness/check/checker.h"
#include "harness/check/flat_map.h"
#include "harness/check/seen.h"

namespace harness::check {

class Evict3 {
 public:
  static constexpr Profile kProfile = {
      "EVICT-3", Needs::notes, kinds<record::Received, record::Crashed>(),
      facts(Fact::Kind::connected, Fact::Kind::evicted, Fact::Kind::blocked, Fact::Kind::granted,
            Fact::Kind::recovery_began, Fact::Kind::recovery_ended)};

  void on(const Record& record, Findings& findings);
  void finish(Findings&) {}
  void state(auto&& visit) const { visit(handles_, called_back_, recovering_); }

 private:
  using Place = std::pair<record::NodeIndex, uint64_t>;  // server, handle
  struct Known {
    reference::ClientName client;
    reference::Time heard = 0;
    void state(auto&& visit) const { visit(client, heard); }
  };
  void on_evicted(const Record& record, const Fact& fact, Findings& findings);

  FlatMap<Place, Known> handles_;
  FlatMap<ServedClient, Seen> called_back_;  // had a callback of any kind
  FlatMap<record::NodeIndex, bool> recovering_;
};

}  // namespace harness::check
