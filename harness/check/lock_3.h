// LOCK-3: before an OST grants a lock, what holders of incompatible ones had dirty under it was
// written, or they were evicted, or told to discard it. What a client makes dirty after an OST
// evicted it, since it has not learned of it yet, is as lost as what it had before.
#pragma once

#include <tuple>
#include <utility>

#include "harness/check/checker.h"
#include "harness/check/flat_map.h"
#include "harness/check/ranges.h"
#include "harness/check/seen.h"

namespace harness::check {

class Lock3 {
 public:
  static constexpr Profile kProfile = {
      "LOCK-3", Needs::notes, kinds<record::Started, record::Crashed>(),
      facts(Fact::Kind::dirtied, Fact::Kind::discarded, Fact::Kind::written, Fact::Kind::granted,
            Fact::Kind::evicted, Fact::Kind::connected)};
  static constexpr size_t kRangesMax = 1 << 16;

  void on(const Record& record, Findings& findings);
  void finish(Findings&) {}
  void state(auto&& visit) const { visit(osts_, dirty_, evicted_); }

 private:
  struct Data {  // at an OST, of a client
    uint32_t ost = 0;
    reference::ObjectName object;
    reference::ClientName client;
    auto operator<=>(const Data&) const = default;
    void state(auto&& visit) const { visit(ost, object, client); }
  };
  struct Dirty {
    record::NodeIndex node = 0;  // of the client
    Ranges ranges;
    Seen at;
    void state(auto&& visit) const { visit(node, ranges); }
  };
  void on_fact(const Record& record, const Fact& fact, Findings& findings);
  void on_granted(const Record& record, uint32_t ost, const Fact& fact, Findings& findings);

  FlatMap<record::NodeIndex, uint32_t> osts_;
  FlatMap<Data, Dirty> dirty_;
  // By that OST, and not connected to it since.
  FlatMap<std::pair<uint32_t, reference::ClientName>, bool> evicted_;
};

}  // namespace harness::check
