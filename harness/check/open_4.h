// OPEN-4: a volatile file (facts: semantics 5.4) never has a name, and is there as long as somebody
// has it open: it begins as an orphan, is not destroyed while it is open, and at rest none is left
// that nobody has open. No defect is planted for it: our servers know no volatile files, which come
// with the profile `layout`; until then its test tells it stories.
#pragma once

#include <tuple>
#include <utility>

#include "harness/check/checker.h"
#include "harness/check/opens.h"

namespace harness::check {

class Open4 {
 public:
  static constexpr Profile kProfile = {
      "OPEN-4", Needs::notes, kinds<record::Crashed>(),
      facts(Fact::Kind::inode_made, Fact::Kind::inode_orphaned, Fact::Kind::inode_destroyed,
            Fact::Kind::opened, Fact::Kind::closed, Fact::Kind::started, Fact::Kind::recovery_began,
            Fact::Kind::recovery_ended)};
  static constexpr size_t kFilesMax = 1 << 16;

  void on(const Record& record, Findings& findings);
  void finish(Findings& findings);
  void state(auto&& visit) const { visit(files_, opens_, not_serving_); }

 private:
  using Inode = std::pair<record::NodeIndex, reference::ObjectName>;
  struct File {
    uint64_t transno = 0;  // that made it
    bool nameless = false;
    Seen at;
    void state(auto&& visit) const { visit(transno, nameless); }
  };
  const Opens::Open* opener(const Inode& inode) const;
  void on_fact(const Record& record, const Fact& fact, Findings& findings);

  FlatMap<Inode, File> files_;
  Opens opens_;
  FlatMap<record::NodeIndex, bool> not_serving_;  // down, or in recovery
};

}  // namespace harness::check
