// MGS-1: each configuration log names each target once, with every target that exists and none of
// another file system; a client's view comes to it. At rest: of the OSTs that run the clients' log
// and that of the metadata server name each once, of the metadata server the clients' log does, and
// who has mounted knows what the clients' log names.
#pragma once

#include <tuple>
#include <utility>

#include "harness/check/checker.h"
#include "harness/check/flat_map.h"
#include "harness/check/seen.h"

namespace harness::check {

class Mgs1 {
 public:
  static constexpr Profile kProfile = {
      "MGS-1", Needs::notes, kinds<record::Started, record::Crashed>(), facts(Fact::Kind::counted)};

  void on(const Record& record, Findings& findings);
  void finish(Findings& findings);
  void state(auto&& visit) const { visit(running_, managers_, named_, known_, counted_); }

 private:
  using Target = std::pair<uint8_t, uint64_t>;  // 0 an MDT, 1 an OST; index
  struct Named {
    reference::ClientName log;
    Target target;
    auto operator<=>(const Named&) const = default;
    void state(auto&& visit) const { visit(log, target); }
  };
  struct Count {
    int64_t times = 0;
    Seen at;
    void state(auto&& visit) const { visit(times); }
  };
  void expect(std::string_view log, const Target& target, Findings& findings) const;
  void judge_views(Findings& findings) const;

  FlatMap<record::NodeIndex, Target> running_;  // servers that were started
  FlatMap<record::NodeIndex, bool> managers_;   // MGSes
  FlatMap<Named, Count> named_;                 // at rest, by logs
  FlatMap<Named, Count> known_;                 // by clients, under their uuids
  Seen counted_;                                // the last of named_
};

}  // namespace harness::check
