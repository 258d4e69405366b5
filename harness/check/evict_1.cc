#include "harness/check/evict_1.h"

#include <fmt/format.h>

#include "reference/counts.h"

namespace harness::check {

void Evict1::on(const Record& record, Findings& findings) {
  if (const Fact* fact = fact_of(record)) return on_fact(record, *fact, findings);
  if (std::holds_alternative<record::Received>(record.what)) {
    return judge(record.node, record.index, findings);
  }
  const auto here = [&](const auto& key, const auto&) { return key.server == record.node; };
  held_.erase_if([&](const Place& place, const auto&) { return place.first == record.node; });
  slots_.erase_if(here);
  handles_.erase_if(here);
  evicted_.erase_if(here);
}

void Evict1::finish(Findings& findings) {
  const FlatMap<ServedClient, Seen> evicted = evicted_;
  for (const auto& [key, at] : evicted) judge(key.server, at.index, findings);
  counted_.clear();
}

void Evict1::on_fact(const Record& record, const Fact& fact, Findings& findings) {
  const ServedClient client{record.node, fact.client};
  switch (fact.kind) {
    case Fact::Kind::granted:
    case Fact::Kind::opened:
      if (!fact.client.empty()) held_[{record.node, fact.handle}] = fact.client;
      return;
    case Fact::Kind::cancelled:
    case Fact::Kind::closed:
      return held_.erase({record.node, fact.handle});
    case Fact::Kind::slot_found:
      slots_[client] = true;
      return;
    case Fact::Kind::slot_erased:
      return slots_.erase(client);
    case Fact::Kind::evicted:
      evicted_[client] = {record.index};
      return;
    case Fact::Kind::counted:
      return audit(record, fact, findings);
    default:
      break;
  }
  if (!fact.text.empty()) return;
  judge(record.node, record.index, findings);
  const Handle* old = handles_.find(client);
  if (old != nullptr && old->evicted && old->handle == fact.handle) {
    findings.broken("EVICT-1",
                    fmt::format("{} was evicted and has the same export again", fact.client.view()),
                    {record.index});
  }
  handles_[client] = {fact.handle, false};
}

void Evict1::audit(const Record& record, const Fact& fact, Findings& findings) {
  if (fact.text == reference::count::kSlots) counted_[record.node] = fact.value;
  if (fact.text != reference::count::kDiskSlots) return;
  const int64_t* known = counted_.find(record.node);
  if (known == nullptr || *known == fact.value) return;
  findings.broken(
      "EVICT-1",
      fmt::format("{} slots are on the disk, {} of clients that it knows", fact.value, *known),
      {record.index});
}

void Evict1::judge(record::NodeIndex server, uint64_t index, Findings& findings) {
  if (evicted_.size() == 0) return;
  for (const auto& [client, at] : evicted_) {
    if (client.server != server) continue;
    if (Handle* handle = handles_.find(client)) handle->evicted = true;
    for (const auto& [place, owner] : held_) {
      if (place.first != server || owner != client.client) continue;
      return findings.broken("EVICT-1",
                             fmt::format("{} is evicted and still has lock or open {:#x}",
                                         client.client.view(), place.second),
                             {at.index, index});
    }
    if (slots_.find(client) != nullptr) {
      return findings.broken("EVICT-1",
                             fmt::format("{} is evicted and keeps its slot", client.client.view()),
                             {at.index, index});
    }
  }
  evicted_.erase_if([&](const ServedClient& client, Seen) { return client.server == server; });
}

}  // namespace harness::check
