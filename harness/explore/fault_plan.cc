#include "harness/explore/fault_plan.h"

#include <algorithm>
#include <optional>
#include <string>

#include "protocol/check.h"
#include "protocol/ptlrpc.h"

namespace harness::explore {
namespace {

using faults::Line;
using faults::Part;
using faults::Verb;
using record::Envelope;
using record::Record;

faults::NodeName name_of(const Cast& cast, NodeIndex node) {
  const auto name = faults::parse_node(cast.names()[node]);
  CHECK(name.has_value(), "a node that plans have no name for");
  return *name;
}

// What a trigger says of a message: all but its place among others like it.
struct Like {
  Part part = Part::request;
  uint32_t opcode = 0;
  NodeIndex from = 0, to = 0;  // of its request
  bool operator==(const Like&) const = default;
};

std::optional<Like> likes_of(const Cast& cast, const Record& record) {
  const auto* sent = std::get_if<record::Sent>(&record.what);
  const auto to = sent == nullptr ? std::nullopt : cast.find(sent->to);
  if (!to) return std::nullopt;
  const Envelope& envelope = sent->envelope;
  switch (envelope.kind) {
    case Envelope::Kind::request:
      return Like{Part::request, envelope.opcode, record.node, *to};
    case Envelope::Kind::reply:
      return Like{Part::reply, envelope.opcode, *to, record.node};
    case Envelope::Kind::early_reply:
      return Like{Part::early, envelope.opcode, *to, record.node};
    case Envelope::Kind::other:
      break;
  }
  return std::nullopt;
}

class Writer {
 public:
  Writer(const Cast& cast, std::span<const Record> records, size_t first)
      : cast_(cast), records_(records), first_(first) {}

  void write(size_t at, faults::Plan& plan) const {
    const auto* faulted = std::get_if<record::Faulted>(&records_[at].what);
    if (faulted == nullptr) return;
    Line line;
    if (faulted->message != 0) {
      if (!of_message(at, *faulted, line)) return;
    } else {
      of_node(at, *faulted, line);
    }
    plan.lines.push_back(std::move(line));
  }

 private:
  // The record of a message's sending.
  std::optional<size_t> sending_of(uint64_t message) const {
    for (size_t i = 0; i < records_.size(); ++i) {
      const auto* sent = std::get_if<record::Sent>(&records_[i].what);
      if (sent != nullptr && sent->message == message) return i;
    }
    return std::nullopt;
  }
  // False: it has no kind that a trigger could name.
  bool trigger_at(size_t sending, faults::Trigger& trigger) const {
    const auto like = likes_of(cast_, records_[sending]);
    if (!like) return false;
    uint32_t count = 0;
    for (size_t i = first_; i <= sending; ++i) {
      if (likes_of(cast_, records_[i]) == like) ++count;
    }
    trigger.count.first = std::max(count, 1u);
    trigger.operation.opcodes = {like->opcode};
    trigger.part = like->part;
    trigger.link = {name_of(cast_, like->from), name_of(cast_, like->to)};
    return true;
  }
  bool of_message(size_t at, const record::Faulted& faulted, Line& line) const {
    const auto sending = sending_of(faulted.message);
    if (!sending || !trigger_at(*sending, line.when)) return false;
    line.fault.part = line.when.part;
    const std::string_view verb = std::string_view(faulted.what).substr(0, faulted.what.find(' '));
    line.fault.verb = verb == "drop"        ? Verb::drop
                      : verb == "delay"     ? Verb::delay
                      : verb == "duplicate" ? Verb::duplicate
                                            : Verb::reorder;
    if (line.fault.verb != Verb::delay) return true;
    // Until it arrived, if it did.
    for (size_t i = at; i < records_.size(); ++i) {
      const auto* received = std::get_if<record::Received>(&records_[i].what);
      if (received == nullptr || received->message != faulted.message) continue;
      line.fault.duration = std::max<Time>(records_[i].time - records_[at].time, 1);
      break;
    }
    return true;
  }
  void of_node(size_t at, const record::Faulted& faulted, Line& line) const {
    const NodeIndex node = records_[at].node;
    line.when.kind = faults::Trigger::Kind::time;
    line.when.at = records_[at].time - records_[first_].time;
    for (size_t i = at; i > first_; --i) {
      if (!trigger_at(i - 1, line.when)) continue;
      line.when.kind = faults::Trigger::Kind::message;
      break;
    }
    if (faulted.what.starts_with("evict ")) {
      line.fault.verb = Verb::evict;
      line.fault.server = name_of(cast_, node);
      const std::string_view uuid = std::string_view(faulted.what).substr(6);
      for (size_t client = 0; client < cast_.scenario().clients.size(); ++client) {
        if (uuid.starts_with(cast_.uuid(client))) {
          line.fault.node = faults::client_name(static_cast<uint32_t>(client) + 1);
        }
      }
      return;
    }
    line.fault.node = name_of(cast_, node);
    line.fault.verb = Verb::crash;
    for (size_t i = at; i < records_.size(); ++i) {
      if (records_[i].node != node || !std::holds_alternative<record::Started>(records_[i].what)) {
        continue;
      }
      line.fault.verb = Verb::restart;
      const Time down = records_[i].time - records_[at].time;
      if (down != 0) line.fault.duration = down;
      break;
    }
  }

  const Cast& cast_;
  std::span<const Record> records_;
  size_t first_;
};

}  // namespace

faults::Plan plan_of(const Cast& cast, std::span<const Record> records, size_t first,
                     std::string_view title) {
  faults::Plan plan;
  plan.title = title;
  const Writer writer(cast, records, first);
  for (size_t i = first; i < records.size(); ++i) writer.write(i, plan);
  return plan;
}

}  // namespace harness::explore
