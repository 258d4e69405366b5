#include "harness/check/lock_3.h"

#include <fmt/format.h>

#include "protocol/ldlm.h"
#include "reference/lock_modes.h"

namespace harness::check {

void Lock3::on(const Record& record, Findings& findings) {
  if (const Fact* fact = fact_of(record)) return on_fact(record, *fact, findings);
  if (const auto* started = std::get_if<record::Started>(&record.what)) {
    if (started->node.role == record::Role::ost) osts_[record.node] = started->node.index;
    return;
  }
  dirty_.erase_if([&](const Data&, const Dirty& dirty) { return dirty.node == record.node; });
}

void Lock3::on_fact(const Record& record, const Fact& fact, Findings& findings) {
  if (fact.kind == Fact::Kind::connected) {
    // The client's word: servers name no target.
    if (const auto index = ost_of(fact)) evicted_.erase({*index, fact.client});
    return;
  }
  if (fact.kind == Fact::Kind::dirtied) {
    if (evicted_.find({static_cast<uint32_t>(fact.xid), fact.client}) != nullptr) return;
    Dirty& dirty = dirty_[{static_cast<uint32_t>(fact.xid), fact.object, fact.client}];
    dirty.node = record.node;
    dirty.at = {record.index};
    dirty.ranges.add(fact.start, fact.end);
    if (dirty.ranges.size() > kRangesMax) findings.inconclusive("too many dirty ranges");
    return;
  }
  if (fact.kind == Fact::Kind::discarded) {
    const Data data{static_cast<uint32_t>(fact.xid), fact.object, fact.client};
    if (Dirty* dirty = dirty_.find(data)) dirty->ranges.remove(fact.start, fact.end);
    return;
  }
  const uint32_t* ost = osts_.find(record.node);
  if (ost == nullptr) return;
  if (fact.kind == Fact::Kind::written) {
    Dirty* dirty = dirty_.find({*ost, fact.object, fact.client});
    if (dirty != nullptr) dirty->ranges.remove(fact.start, fact.end);
  } else if (fact.kind == Fact::Kind::evicted) {
    evicted_[{*ost, fact.client}] = true;
    dirty_.erase_if([&](const Data& data, const Dirty&) {
      return data.ost == *ost && data.client == fact.client;
    });
  } else {
    on_granted(record, *ost, fact, findings);
  }
}

void Lock3::on_granted(const Record& record, uint32_t ost, const Fact& fact, Findings& findings) {
  namespace flag = protocol::ldlm::lock_flag;
  using reference::LockMode;
  const auto mode = static_cast<LockMode>(fact.value);
  const bool replayed = (fact.flags & flag::kReplay) != 0;
  if (replayed || reference::compatible_modes(mode, LockMode::pw)) return;
  const uint64_t end = fact.end == ~uint64_t{0} ? fact.end : fact.end + 1;
  for (const auto& [data, dirty] : dirty_) {
    if (data.ost != ost || data.object != fact.object || data.client == fact.client) continue;
    if (!dirty.ranges.touches(fact.start, end)) continue;
    return findings.broken(
        "LOCK-3",
        fmt::format("lock {:#x} is granted on bytes of object {} that {} has dirty", fact.handle,
                    fact.object.first, data.client.view()),
        {dirty.at.index, record.index});
  }
}

}  // namespace harness::check
