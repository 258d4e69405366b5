// The ground of a search. The positions of a search are products of few local values: a machine in
// one of its states, a message, the checkers. Each value is kept once, under a number, and so is
// the outcome of each step: a machine is deterministic, so that the same event on the same value at
// the same time needs no second run. What is left of a transition is then a few look-ups, and a
// position is a hundred bytes.
//
// Values are told apart by 64 bits of digest (their `state()`, reference/digest.h).
#pragma once

#include <map>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "harness/explore/ground.h"
#include "harness/explore/shelf.h"

namespace harness::explore {

class InternedGround final : public Ground {
 public:
  // With one value a property: all, or those that are named.
  InternedGround(const Cast& cast, const std::vector<std::string_view>& properties);

  const Stepped& step(NodeIndex self, uint32_t node, const Happening& happening, Time now) override;
  uint32_t add(NodeIndex self, sim::Node node) override;
  const sim::Node& node(uint32_t number) const override { return nodes_[number].node; }
  const Bytes& message(uint32_t number) const override { return messages_[number].bytes; }
  Checking checking() override { return first_checkers_; }
  bool judge(Checking& checkers, const Stepped& stepped) override;
  const check::Checkers& checkers(uint32_t number) const override {
    return checkers_[number].checkers;
  }

  // Whether all checkers come to the same, whichever of two moves they hear of first, and neither
  // breaks a property. A move is a step, with those that follow from it at once.
  using Move = std::span<const Stepped* const>;
  bool commute(const Checking& checkers, Move one, Move other);
  // Whether the end of the run breaks a property.
  bool broken_by_end(const Checking& checkers);
  // Checkers that came to a bound of theirs, by property, and why.
  std::map<std::string, std::string> gave_up();
  uint64_t node_digest(uint32_t number) const { return nodes_[number].digest; }
  uint64_t message_digest(uint32_t number) const { return messages_[number].digest; }
  uint64_t checkers_digest(uint32_t number) const { return checkers_[number].digest; }

  struct Sizes {
    uint32_t nodes, messages, steps, checkers;
  };
  Sizes sizes() const { return {nodes_.size(), messages_.size(), steps_.size(), checkers_.size()}; }

 private:
  struct KeptNode {
    sim::Node node;
    uint64_t digest = 0;
  };
  struct KeptMessage {
    Bytes bytes;
    uint64_t digest = 0;
  };
  struct KeptCheckers {
    check::Checkers checkers;
    uint64_t digest = 0;
    bool broken = false;
  };
  static constexpr uint32_t kEnd = 0xffff'ffff;  // in place of a step
  uint32_t add_message(Bytes message);
  uint32_t add_checkers(size_t place, check::Checkers checkers);
  uint32_t judge_one(size_t place, uint32_t checkers, const Stepped& stepped);
  uint32_t judge_move(size_t place, uint32_t checkers, Move move);

  const Cast& cast_;
  Shelf<KeptNode> nodes_;
  Shelf<KeptMessage> messages_;  // 0 is none
  Shelf<KeptCheckers> checkers_;
  Shelf<Stepped> steps_;
  void note_gave_up(const check::Checkers& checkers);

  Checking first_checkers_;
  std::mutex giving_up_;
  std::map<std::string, std::string> gave_up_;
  Index node_index_, message_index_, checkers_index_, step_index_, judged_index_, end_index_;
};

}  // namespace harness::explore
