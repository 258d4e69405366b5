// One run of a scenario along a schedule: what a capsule replays, a campaign walks at random and a
// report is drawn from. Keeps the records of the run if asked to.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/explore/decision.h"
#include "harness/explore/plain.h"
#include "harness/explore/position.h"

namespace harness::explore {

// What ended a schedule badly.
struct Broken {
  std::string property;  // "CHECK" for an invariant of the machines themselves
  std::string what;
  std::vector<uint64_t> witness;  // indices of records
};

class Walk {
 public:
  explicit Walk(const Scenario& scenario, const std::vector<std::string_view>& properties = {});
  Walk(const Walk&) = delete;
  Walk& operator=(const Walk&) = delete;

  // Up to the root; or why there is none.
  std::optional<std::string> begin();
  void keep_records() { ground_.keep_records(); }

  const std::vector<Decision>& enabled();
  bool can(const Decision& decision);
  const Stepped& apply(const Decision& decision);
  // True when nothing is enabled: the checkers have been told that it ends.
  bool over();
  const std::vector<Broken>& broken() const { return broken_; }
  bool violates(std::string_view property) const;

  const Cast& cast() const { return cast_; }
  const Position& position() const { return position_; }
  const std::vector<record::Record>& records() const { return ground_.records(); }
  // How many were made before the root, and where each step's begin.
  size_t prepared() const { return prepared_; }
  const sim::Node& node(NodeIndex node) const { return ground_.node(position_.nodes[node]); }
  const Bytes& message(uint32_t number) const { return ground_.message(number); }

 private:
  void look_for_violations();

  Cast cast_;
  PlainGround ground_;
  Rules rules_;
  Position position_;
  std::vector<Decision> enabled_;
  bool current_ = false;  // enabled_ is of this position
  bool finished_ = false;
  size_t prepared_ = 0;
  std::vector<Broken> broken_;
};

// Digest of what a step showed: messages sent, calls ended. A replay compares it.
uint64_t shown_by(const Stepped& stepped, const Walk& walk);

}  // namespace harness::explore
