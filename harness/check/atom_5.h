// ATOM-5: no object is lost. At rest each is of exactly one file, or waits in the unlink log, or
// was made in advance. Not so an object whose file was lost with the client that made it, in a
// crash of the metadata server: objects that others used since then lie behind it (facts:
// rpc-formats "OST", CREATE with DELORPHAN); nor one that somebody else asked the OST for.
#pragma once

#include <compare>
#include <utility>

#include "harness/check/checker.h"
#include "harness/check/counted_objects.h"

namespace harness::check {

class Atom5 {
 public:
  static constexpr Profile kProfile = {
      "ATOM-5", Needs::notes, kinds<record::Started>(),
      facts(Fact::Kind::layout_set, Fact::Kind::started, Fact::Kind::counted)};
  static constexpr size_t kStripesMax = 1 << 16;

  void on(const Record& record, Findings& findings);
  void finish(Findings& findings);
  void state(auto&& visit) const { visit(objects_, used_); }

 private:
  using Stripe = std::pair<uint32_t, uint64_t>;  // OST, id
  struct Use {
    record::NodeIndex server = 0;
    uint64_t transno = 0;  // by which a file got it
    void state(auto&& visit) const { visit(server, transno); }
  };

  CountedObjects objects_;
  FlatMap<Stripe, Use> used_;
};

}  // namespace harness::check
