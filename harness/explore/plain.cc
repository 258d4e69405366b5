#include "harness/explore/plain.h"

namespace harness::explore {

const Stepped& PlainGround::step(NodeIndex self, uint32_t node, const Happening& happening,
                                 Time now) {
  const Bytes message =
      happening.kind == Happening::Kind::received ? messages_[happening.argument - 1] : Bytes();
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
  number_messages(happening);
  return stepped_;
}

void PlainGround::number_messages(const Happening& happening) {
  size_t post = 0;
  const uint64_t first = count_ + 1;
  uint64_t index = first;
  sent_at_.resize(messages_.size());
  for (record::Record& record : stepped_.records) {
    record.index = index;
    if (index != first) record.cause = first;
    if (auto* received = std::get_if<record::Received>(&record.what)) {
      received->message = happening.argument;
      record.cause = sent_at_[happening.argument - 1];
    } else if (auto* sent = std::get_if<record::Sent>(&record.what)) {
      if (cast_.find(sent->to)) {
        sent->message = stepped_.posts[post++].message;
        sent_at_[sent->message - 1] = index;
      }
    } else if (auto* faulted = std::get_if<record::Faulted>(&record.what)) {
      const bool of_message = happening.kind >= Happening::Kind::drop;
      faulted->message = of_message ? happening.argument : 0;
    }
    ++index;
  }
}

uint32_t PlainGround::add(NodeIndex, sim::Node node) {
  nodes_.push_back(std::move(node));
  return static_cast<uint32_t>(nodes_.size() - 1);
}

Checking PlainGround::checking() {
  Checking all;
  all.push_back(0);
  return all;
}

bool PlainGround::judge(Checking&, const Stepped& stepped) {
  for (const record::Record& record : stepped.records) checkers_.on(record);
  count_ += stepped.records.size();
  if (keeps_) records_.insert(records_.end(), stepped.records.begin(), stepped.records.end());
  return checkers_.broken();
}

}  // namespace harness::explore
