// WIRE-1: a malformed request changes nothing and stops nobody: it is answered with an error, or
// its connection is closed.
#pragma once

#include <tuple>

#include "harness/check/checker.h"
#include "harness/check/flat_map.h"
#include "harness/check/seen.h"

namespace harness::check {

class Wire1 {
 public:
  static constexpr Profile kProfile = {
      "WIRE-1", Needs::messages,
      kinds<record::Started, record::Received, record::Sent, record::Dropped, record::Lost,
            record::Faulted, record::Crashed>(),
      facts(Fact::Kind::executed)};
  static constexpr size_t kAwaitedMax = 1 << 16;

  void on(const Record& record, Findings& findings);
  void finish(Findings& findings);
  void state(auto&& visit) const { visit(servers_, struck_, awaited_); }

 private:
  struct Awaited {  // a malformed request that has no answer yet
    record::NodeIndex server = 0;
    record::PeerId peer;
    uint64_t xid = 0;
    auto operator<=>(const Awaited&) const = default;
    void state(auto&& visit) const { visit(server, peer, xid); }
  };
  void on_crash(const Record& record, Findings& findings);
  void forget(record::NodeIndex server, const record::PeerId& peer);

  FlatMap<record::NodeIndex, bool> servers_;
  FlatMap<record::NodeIndex, bool> struck_;  // by a fault, so that they may stop
  FlatMap<Awaited, Seen> awaited_;
};

}  // namespace harness::check
