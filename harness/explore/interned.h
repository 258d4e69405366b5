// The ground of a search. The positions of a search are products of few local values: a machine in
// one of its states, a message, the checkers. Each value is kept once, under a number, and so is
// the outcome of each step: a machine is deterministic, so that the same event on the same value at
// the same time needs no second run. What is left of a transition is then a few look-ups, and a
// position is a hundred bytes.
//
// Values are told apart by 64 bits of digest (their `state()`, reference/digest.h). A machine of a
// server is 10 KiB and more. New ones are stepped soon after, most for the last time; so where
// there are many, those that are some levels of the search old are let go, and made again, from the
// value before and what happened to it, if they are stepped once more.
#pragma once

#include <array>
#include <atomic>
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
  // With one checkers' value a property: all, or those that are named. Up to `whole_max` nodes keep
  // their machines, however old.
  static constexpr uint32_t kWholeMax = 1 << 15;
  InternedGround(const Cast& cast, const std::vector<std::string_view>& properties,
                 uint32_t whole_max = kWholeMax);

  const Stepped& step(NodeIndex self, uint32_t node, const Happening& happening, Time now) override;
  uint32_t add(NodeIndex self, sim::Node node) override;
  const sim::Node& node(uint32_t number) const override { return nodes_[number].node; }
  bool recovering(uint32_t number) const override { return nodes_[number].recovering; }
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

  // After each level, while all workers rest: lets go memory that is of little use.
  void trim();

  struct Sizes {
    uint32_t nodes, messages, steps, checkers;
    uint64_t steps_again;  // to make again what was let go
  };
  Sizes sizes() const {
    return {nodes_.size(), messages_.size(), steps_.size(), checkers_.size(), steps_again_};
  }

 private:
  static constexpr uint32_t kNone = 0xffff'ffff;
  struct Origin {
    uint32_t before = kNone;  // node; none: it was given
    Happening happening;
    Time now = 0;
  };
  struct KeptNode {
    sim::Node node;
    uint64_t digest = 0;
    bool recovering = false;
    Origin origin;
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
  uint32_t add_node(NodeIndex self, sim::Node node, const Origin& origin);
  // With its machine.
  sim::Node whole(NodeIndex self, uint32_t number);
  // What is received, if that is what happens.
  const Bytes* received(const Happening& happening) const;
  uint32_t add_message(Bytes message);
  // The checkers that want to hear of it, a bit each.
  uint64_t hearers(const record::Record& record) const;
  uint32_t add_checkers(size_t place, check::Checkers checkers);
  uint32_t judge_one(size_t place, uint32_t checkers, const Stepped& stepped);
  uint32_t judge_move(size_t place, uint32_t checkers, Move move);

  const Cast& cast_;
  uint32_t whole_max_;
  static constexpr size_t kLevelsWhole = 3;
  Shelf<KeptNode> nodes_;
  std::array<uint32_t, kLevelsWhole> levels_ = {};  // nodes that there were after the last ones
  uint32_t let_go_ = 0;                             // before this, if they may be
  std::atomic<uint64_t> steps_again_ = 0;
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
