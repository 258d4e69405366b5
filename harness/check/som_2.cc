#include "harness/check/som_2.h"

#include <fmt/format.h>

#include <algorithm>

namespace harness::check {

void Som2::on(const Record& record, Findings& findings) {
  if (files_.on(record)) return;
  if (const Fact* fact = fact_of(record)) return on_fact(record, *fact, findings);
  dirty_.erase_if([&](const Data&, const Dirty& dirty) { return dirty.node == record.node; });
}

void Som2::on_fact(const Record& record, const Fact& fact, Findings& findings) {
  switch (fact.kind) {
    case Fact::Kind::som_answered:
      return on_told(record, fact, findings);
    case Fact::Kind::connected:
      if (const auto index = ost_of(fact)) evicted_.erase({*index, fact.client});
      return;
    case Fact::Kind::dirtied: {
      const auto ost = static_cast<uint32_t>(fact.xid);
      if (evicted_.find({ost, fact.client}) != nullptr) return;
      Dirty& dirty = dirty_[{{ost, fact.object}, fact.client}];
      dirty = {record.node, std::max(dirty.end, fact.end), {record.index}};
      if (dirty_.size() > kDirtyMax) findings.inconclusive("too much that is dirty");
      return;
    }
    case Fact::Kind::discarded: {
      const Data data{{static_cast<uint32_t>(fact.xid), fact.object}, fact.client};
      Dirty* dirty = dirty_.find(data);
      if (dirty != nullptr && fact.start < dirty->end) dirty->end = fact.start;
      return;
    }
    default:
      break;
  }
  const auto ost = files_.ost(record.node);
  if (!ost) return;
  if (fact.kind == Fact::Kind::written) {
    const Data data{{*ost, fact.object}, fact.client};
    const Dirty* dirty = dirty_.find(data);
    if (dirty != nullptr && dirty->end <= fact.end) dirty_.erase(data);
  } else {
    evicted_[{*ost, fact.client}] = true;
    dirty_.erase_if([&](const Data& data, const Dirty&) {
      return data.object.ost == *ost && data.client == fact.client;
    });
  }
}

void Som2::on_told(const Record& record, const Fact& fact, Findings& findings) const {
  for (const auto& [data, dirty] : dirty_) {
    const auto file = files_.file_of(data.object);
    if (!file || file->first != fact.object) continue;
    const uint64_t end = files_.end_of(file->first, file->second, dirty.end);
    if (end <= fact.start) continue;
    return findings.broken("SOM-2",
                           fmt::format("the MDS tells a size of {} bytes while {} has data up to "
                                       "{} in its cache",
                                       fact.start, data.client.view(), end),
                           {dirty.at.index, record.index});
  }
}

}  // namespace harness::check
