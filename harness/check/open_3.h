// OPEN-3: a file without a name lives, with its objects, while a client that is not evicted has it
// open; when nobody has any more, and all is recovered, it is gone.
#pragma once

#include <tuple>

#include "harness/check/checker.h"
#include "harness/check/descriptors.h"
#include "harness/check/opens.h"

namespace harness::check {

class Open3 {
 public:
  static constexpr Profile kProfile = {
      "OPEN-3", Needs::notes,
      kinds<record::Started, record::CallBegan, record::CallEnded, record::Crashed>(),
      facts(Fact::Kind::connected, Fact::Kind::evicted, Fact::Kind::opened, Fact::Kind::closed,
            Fact::Kind::layout_set, Fact::Kind::inode_orphaned, Fact::Kind::inode_destroyed,
            Fact::Kind::object_destroyed, Fact::Kind::recovery_began, Fact::Kind::recovery_ended,
            Fact::Kind::started, Fact::Kind::counted)};
  static constexpr size_t kStripesMax = 1 << 18;

  void on(const Record& record, Findings& findings);
  void finish(Findings& findings);
  void state(auto&& visit) const {
    visit(opens_, descriptors_, metadata_, osts_, not_serving_, orphans_, files_);
  }

 private:
  using Inode = std::pair<record::NodeIndex, reference::ObjectName>;
  struct Orphan {
    uint64_t transno = 0;  // that took its last name
    Seen at;
    void state(auto&& visit) const { visit(transno); }
  };
  struct Stripe {
    uint32_t ost = 0;
    reference::ObjectName object;
    auto operator<=>(const Stripe&) const = default;
    void state(auto&& visit) const { visit(ost, object); }
  };
  void on_fact(const Record& record, const Fact& fact, Findings& findings);
  void on_object(const Record& record, const Fact& fact, Findings& findings) const;
  const Descriptors::File* holder(const reference::ObjectName& inode) const;

  Opens opens_;
  Descriptors descriptors_;
  FlatMap<record::NodeIndex, bool> metadata_;
  FlatMap<record::NodeIndex, uint32_t> osts_;
  FlatMap<record::NodeIndex, bool> not_serving_;  // down, or in recovery
  FlatMap<Inode, Orphan> orphans_;
  FlatMap<Stripe, reference::ObjectName> files_;  // whose an object is
};

}  // namespace harness::check
