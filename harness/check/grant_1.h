// GRANT-1: with no reply outstanding, a client believes in no more grant than the OST accounts to
// it; all grants together are never more than what is free. At rest both ends are counted, what is
// dirty included, and the OST's sum is that of its clients.
#pragma once

#include <tuple>

#include "harness/check/checker.h"
#include "harness/check/flat_map.h"
#include "harness/check/seen.h"

namespace harness::check {

class Grant1 {
 public:
  static constexpr Profile kProfile = {
      "GRANT-1", Needs::notes, kinds<record::Started, record::Crashed>(),
      facts(Fact::Kind::grant, Fact::Kind::grant_known, Fact::Kind::evicted, Fact::Kind::counted)};

  void on(const Record& record, Findings& findings);
  void finish(Findings& findings);
  void state(auto&& visit) const { visit(osts_, accounts_, believed_, counted_, held_, totals_); }

 private:
  using Account = std::pair<uint32_t, reference::ClientName>;  // OST, client
  struct Amount {
    int64_t bytes = 0;
    record::NodeIndex node = 0;  // who said so
    Seen at;
    void state(auto&& visit) const { visit(bytes, node); }
  };
  void audit(const Record& record, const Fact& fact);
  void compare(const FlatMap<Account, Amount>& believed, const FlatMap<Account, Amount>& accounts,
               Findings& findings) const;

  FlatMap<record::NodeIndex, uint32_t> osts_;
  FlatMap<Account, Amount> accounts_;
  FlatMap<Account, Amount> believed_;
  // At rest: by OSTs, by clients, and the OSTs' sums.
  FlatMap<Account, Amount> counted_, held_;
  FlatMap<uint32_t, Amount> totals_;
};

}  // namespace harness::check
