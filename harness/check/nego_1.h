// NEGO-1: after a CONNECT both ends hold the same connect flags, and none that was not proposed.
#pragma once

#include <tuple>

#include "harness/check/checker.h"
#include "harness/check/flat_map.h"
#include "harness/check/seen.h"

namespace harness::check {

class Nego1 {
 public:
  static constexpr Profile kProfile = {"NEGO-1", Needs::messages,
                                       kinds<record::Sent, record::Received, record::Crashed>(),
                                       facts(Fact::Kind::connected)};

  void on(const Record& record, Findings& findings);
  void finish(Findings&) {}
  void state(auto&& visit) const { visit(proposed_, agreed_, granted_); }

 private:
  struct Way {  // a CONNECT under way
    record::NodeIndex client = 0;
    record::PeerId server;
    uint64_t xid = 0;
    auto operator<=>(const Way&) const = default;
    void state(auto&& visit) const { visit(client, server, xid); }
  };
  struct Flags {
    uint64_t flags = 0;
    Seen at;
    void state(auto&& visit) const { visit(flags); }
  };
  void on_reply(const Record& record, const record::Received& received, Findings& findings);
  void on_connected(const Record& record, const Fact& fact, Findings& findings);

  FlatMap<Way, Flags> proposed_;
  FlatMap<uint64_t, Flags> agreed_;            // by the export's handle: the server's word
  FlatMap<record::NodeIndex, Flags> granted_;  // the reply that a client just got
};

}  // namespace harness::check
