// REPLAY-1: of each request of a client at most one execution survives. What a crash lost does not
// count; a replay executes again what was lost, and a resend of what survives changes nothing. What
// an OST does to an object comes to the same when it is done twice, unless another client has
// changed the object between: OSTs keep no record of each of the many requests under way. To 1.8 a
// failure is an outcome like another: what failed is not executed when it is sent again.
#pragma once

#include <tuple>

#include "harness/check/checker.h"
#include "harness/check/flat_map.h"
#include "harness/check/seen.h"

namespace harness::check {

class Replay1 {
 public:
  static constexpr Profile kProfile = {
      "REPLAY-1", Needs::notes, kinds<record::Started, record::Sent>(),
      facts(Fact::Kind::connected, Fact::Kind::executed, Fact::Kind::started)};
  static constexpr size_t kRequestsMax = 1 << 20;
  static constexpr size_t kFailedMax = 1 << 12;  // then they are forgotten

  void on(const Record& record, Findings& findings);
  void finish(Findings&) {}
  void state(auto&& visit) const {
    visit(osts_, effects_, peers_, clients_, records_failures_, failed_);
  }

 private:
  struct Effect {
    uint64_t transno = 0;
    reference::ObjectName object;
    Seen at;
    void state(auto&& visit) const { visit(transno, object); }
  };
  void on_reply(const Record& record, const record::Sent& sent);
  bool same_again(const ServedRequest& request, const Effect& before) const;

  FlatMap<record::NodeIndex, bool> osts_;
  FlatMap<ServedRequest, Effect> effects_;            // that survive, as far as is known
  FlatMap<record::NodeIndex, record::PeerId> peers_;  // clients
  FlatMap<record::PeerId, reference::ClientName> clients_;
  FlatMap<record::NodeIndex, bool> records_failures_;  // metadata servers of 1.8
  FlatMap<ServedRequest, Seen> failed_;                // in this incarnation
};

}  // namespace harness::check
