// Symmetry. Where two clients have one script and the same preparation, a position has a twin:
// where the schedule leads in which the two have changed places. Nothing that is judged tells a
// position from its twin, so a search keeps the one with the smaller key and never sees the other.
//
// The twin is made by taking the mirrored steps along, not by rewriting values (uuids, cookies and
// xids are hashes of the client's address), and each step is compared: one that sends, ends or
// breaks something else in the mirror has no twin from there on. The clients got their places in
// the servers' tables (client slots, exports) one after the other; that those differ is taken not
// to matter, which the comparison of reduced and unreduced searches tests.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "harness/explore/ground.h"
#include "harness/explore/position.h"

namespace harness::explore {

class Mirror {
 public:
  Mirror() = default;
  // Of the first two clients that are interchangeable, if there are any.
  explicit Mirror(const Scenario& scenario);
  bool any() const { return pair_.has_value(); }

  NodeIndex of(NodeIndex node) const {
    if (!pair_) return node;
    return node == pair_->first ? pair_->second : node == pair_->second ? pair_->first : node;
  }
  LinkKey of(LinkKey link) const {
    return {static_cast<uint8_t>(of(NodeIndex{link.from})),
            static_cast<uint8_t>(of(NodeIndex{link.to})), link.bulk};
  }
  // The step of the twin that mirrors this one, among those that the twin may take; none where that
  // cannot be told.
  std::optional<Decision> of(const Decision& decision, const std::vector<Decision>& enabled,
                             const std::vector<Decision>& enabled_in_twin) const;
  // Whether the one shows in the mirror what the other shows.
  bool same(const Stepped& stepped, const Stepped& mirrored) const;

 private:
  std::optional<std::pair<NodeIndex, NodeIndex>> pair_;
};

// A position with its twin, if it has one.
struct Twins {
  Position position;
  Position twin;
  bool twinned = false;
};

}  // namespace harness::explore
