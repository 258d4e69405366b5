// EVICT-1: a server that evicts a client drops its locks, closes its opens and erases its slot
// before anything else happens there, and its next export is another one. At rest the slots on the
// disk are those of the clients it knows.
#pragma once

#include <tuple>

#include "harness/check/checker.h"
#include "harness/check/flat_map.h"
#include "harness/check/seen.h"

namespace harness::check {

class Evict1 {
 public:
  static constexpr Profile kProfile = {
      "EVICT-1", Needs::notes, kinds<record::Received, record::Crashed>(),
      facts(Fact::Kind::connected, Fact::Kind::granted, Fact::Kind::cancelled, Fact::Kind::opened,
            Fact::Kind::closed, Fact::Kind::evicted, Fact::Kind::slot_erased,
            Fact::Kind::slot_found, Fact::Kind::counted)};

  void on(const Record& record, Findings& findings);
  void finish(Findings& findings);
  void state(auto&& visit) const { visit(held_, slots_, handles_, evicted_, counted_); }

 private:
  struct Handle {
    uint64_t handle = 0;
    bool evicted = false;
    void state(auto&& visit) const { visit(handle, evicted); }
  };
  using Place = std::pair<record::NodeIndex, uint64_t>;  // server, handle of a lock or an open
  void on_fact(const Record& record, const Fact& fact, Findings& findings);
  void judge(record::NodeIndex server, uint64_t index, Findings& findings);
  void audit(const Record& record, const Fact& fact, Findings& findings);

  FlatMap<Place, reference::ClientName> held_;
  FlatMap<ServedClient, bool> slots_;  // who has one
  FlatMap<ServedClient, Handle> handles_;
  FlatMap<ServedClient, Seen> evicted_;          // in this step
  FlatMap<record::NodeIndex, int64_t> counted_;  // slots, at rest
};

}  // namespace harness::check
