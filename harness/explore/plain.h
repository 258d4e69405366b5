// The ground of one run: nodes change in place, messages are kept in order of their sending.
#pragma once

#include <vector>

#include "harness/explore/ground.h"

namespace harness::explore {

class PlainGround final : public Ground {
 public:
  PlainGround(const Cast& cast, check::Checkers checkers)
      : cast_(cast), checkers_(std::move(checkers)) {}

  const Stepped& step(NodeIndex self, uint32_t node, const Happening& happening, Time now) override;
  uint32_t add(NodeIndex self, sim::Node node) override;
  const sim::Node& node(uint32_t number) const override { return nodes_[number]; }
  bool recovering(uint32_t number) const override { return nodes_[number].recovering(); }
  const Bytes& message(uint32_t number) const override { return messages_[number - 1]; }
  Checking checking() override;
  bool judge(Checking& checkers, const Stepped& stepped) override;
  const check::Checkers& checkers(uint32_t) const override { return checkers_; }
  void finish() { checkers_.finish(); }

  // From here on. Messages are numbered, and a receipt's cause is its sending.
  void keep_records() { keeps_ = true; }
  const std::vector<record::Record>& records() const { return records_; }

 private:
  const Cast& cast_;
  std::vector<sim::Node> nodes_;
  std::vector<Bytes> messages_;
  check::Checkers checkers_;
  void number_messages(const Happening& happening);

  std::vector<record::Record> records_;
  std::vector<uint64_t> sent_at_;  // record of each message's sending
  uint64_t count_ = 0;             // of records
  bool keeps_ = false;
  sim::Happened happened_;
  Stepped stepped_;
};

}  // namespace harness::explore
