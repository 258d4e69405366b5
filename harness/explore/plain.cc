#include "harness/explore/plain.h"

namespace harness::explore {

const Stepped& PlainGround::step(NodeIndex self, uint32_t node, const Happening& happening,
                                 Time now) {
  const Bytes message = happening.kind == Happening::Kind::received
                            ? messages_[happening.argument - 1]
                            : Bytes();
  perform(cast_, self, nodes_[node], happening, &message, now, happened_, stepped_);
  stepped_.after = node;
  if (!stepped_.failed.empty()) return stepped_;
  for (sim::Happened::Sent& sent : happened_.sent) {
    const auto to = cast_.find(sent.to);
    if (!to) continue;
    const bool bulk = is_bulk(sent.message);
    messages_.push_back(std::move(sent.message));
    stepped_.posts.push_back({*to, bulk, static_cast<uint32_t>(messages_.size())});
  }
  return stepped_;
}

uint32_t PlainGround::add(NodeIndex, sim::Node node) {
  nodes_.push_back(std::move(node));
  return static_cast<uint32_t>(nodes_.size() - 1);
}

uint32_t PlainGround::judge(uint32_t checkers, const Stepped& stepped) {
  for (record::Record record : stepped.records) {
    record.index = ++records_;
    checkers_.on(record);
  }
  return checkers;
}

}  // namespace harness::explore
