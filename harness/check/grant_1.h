// GRANT-1: with no reply outstanding, a client believes in no more grant than the OST accounts to
// it; all grants together are never more than what is free.
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
      facts(Fact::Kind::grant, Fact::Kind::grant_known, Fact::Kind::evicted)};

  void on(const Record& record, Findings& findings);
  void finish(Findings& findings);
  void state(auto&& visit) const { visit(osts_, accounts_, believed_); }

 private:
  using Account = std::pair<uint32_t, reference::ClientName>;  // OST, client
  struct Amount {
    int64_t bytes = 0;
    record::NodeIndex node = 0;  // who said so
    Seen at;
    void state(auto&& visit) const { visit(bytes, node); }
  };
  FlatMap<record::NodeIndex, uint32_t> osts_;
  FlatMap<Account, Amount> accounts_;
  FlatMap<Account, Amount> believed_;
};

}  // namespace harness::check
