// LND-1: every zero-copy message is acknowledged or its connection fails, once and by its cookie;
// what comes on one connection comes in the order in which it was sent. (That a failed send is
// reported is the machines' to see: they hear of a lost peer.)
#pragma once

#include <tuple>
#include <utility>

#include "harness/check/checker.h"
#include "harness/check/flat_map.h"
#include "harness/check/seen.h"

namespace harness::check {

class Lnd1 {
 public:
  static constexpr Profile kProfile = {"LND-1", Needs::notes, kinds<record::Crashed>(),
                                       facts(Fact::Kind::zero_copy)};
  static constexpr size_t kMessagesMax = 1 << 16;

  void on(const Record& record, Findings& findings);
  void finish(Findings& findings);
  void state(auto&& visit) const { visit(owed_, awaited_, last_); }

 private:
  struct Connection {
    record::NodeIndex node = 0;
    uint64_t link = 0;
    auto operator<=>(const Connection&) const = default;
    void state(auto&& visit) const { visit(node, link); }
  };
  using Message = std::pair<Connection, uint64_t>;  // its cookie
  using Messages = FlatMap<Message, Seen>;
  void end(Messages& messages, const Message& message, const Record& record, std::string_view what,
           Findings& findings);

  Messages owed_;                       // received, to be acknowledged
  Messages awaited_;                    // sent, to be acknowledged
  FlatMap<Connection, uint64_t> last_;  // cookie received on it
};

}  // namespace harness::check
