// ORDER-1: two modifications of one client, whose replies it saw in the order of their xids, take
// effect in that order: a resent older request never overwrites a newer one. Of an OST's only what
// is executed again is judged: it has many of a client's under way at once.
#pragma once

#include <tuple>
#include <vector>

#include "harness/check/checker.h"
#include "harness/check/flat_map.h"
#include "harness/check/seen.h"

namespace harness::check {

class Order1 {
 public:
  static constexpr Profile kProfile = {
      "ORDER-1", Needs::notes, kinds<record::Started, record::Received>(),
      facts(Fact::Kind::executed, Fact::Kind::started, Fact::Kind::connected)};
  // Of each client and server so many are remembered, the newest.
  static constexpr size_t kRememberedMax = 256;

  void on(const Record& record, Findings& findings);
  void finish(Findings&) {}
  void state(auto&& visit) const { visit(servers_, osts_, names_, effects_); }

 private:
  struct Effect {
    uint64_t xid = 0;
    uint64_t transno = 0;
    uint32_t told = 0;  // its reply was the client's so many-th of those remembered; 0: not yet
    Seen at;
    void state(auto&& visit) const { visit(xid, transno, told); }
  };
  using Effects = std::vector<Effect>;  // in the order in which they took effect last
  void on_executed(const Record& record, const Fact& fact, Findings& findings);
  void on_reply(const Record& record, const record::Received& received, Findings& findings);
  static void judge(const Effects& effects, const Effect& older, uint64_t index,
                    Findings& findings);

  FlatMap<record::PeerId, record::NodeIndex> servers_;
  FlatMap<record::NodeIndex, bool> osts_;
  FlatMap<record::NodeIndex, reference::ClientName> names_;
  FlatMap<ServedClient, Effects> effects_;
};

}  // namespace harness::check
