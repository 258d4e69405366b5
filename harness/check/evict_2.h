// EVICT-2: a client that has learned of its eviction sends no request of before any more, and
// writes no data that was dirty then.
#pragma once

#include <string>
#include <tuple>

#include "harness/check/checker.h"
#include "harness/check/flat_map.h"
#include "harness/check/ranges.h"
#include "harness/check/seen.h"

namespace harness::check {

class Evict2 {
 public:
  static constexpr Profile kProfile = {
      "EVICT-2", Needs::notes, kinds<record::Started, record::Sent, record::Crashed>(),
      facts(Fact::Kind::reached, Fact::Kind::dirtied, Fact::Kind::written)};
  static constexpr size_t kRangesMax = 1 << 16;

  void on(const Record& record, Findings& findings);
  void finish(Findings&) {}
  void state(auto&& visit) const { visit(osts_, sent_, evicted_, dirty_, lost_); }

 private:
  struct Way {  // from a client to a server
    record::NodeIndex client = 0;
    record::PeerId server;
    auto operator<=>(const Way&) const = default;
    void state(auto&& visit) const { visit(client, server); }
  };
  struct Mark {
    uint64_t xid = 0;
    Seen at;
    void state(auto&& visit) const { visit(xid); }
  };
  struct Data {  // of a client, at an OST
    reference::ClientName client;
    uint32_t ost = 0;
    reference::ObjectName object;
    auto operator<=>(const Data&) const = default;
    void state(auto&& visit) const { visit(client, ost, object); }
  };
  void on_sent(const Record& record, const record::Sent& sent, Findings& findings);
  void on_evicted(const Record& record, const Fact& fact);
  void on_written(const Record& record, const Fact& fact, Findings& findings);

  FlatMap<record::NodeIndex, uint32_t> osts_;  // their index
  FlatMap<Way, Mark> sent_;                    // the newest request
  FlatMap<Way, Mark> evicted_;                 // the newest request of before
  FlatMap<Data, Ranges> dirty_;
  FlatMap<Data, Ranges> lost_;
};

}  // namespace harness::check
