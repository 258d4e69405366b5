#include "harness/check/evict_2.h"

#include <fmt/format.h>

#include "protocol/ptlrpc.h"

namespace harness::check {

void Evict2::on(const Record& record, Findings& findings) {
  if (const auto* started = std::get_if<record::Started>(&record.what)) {
    if (started->node.role == record::Role::ost) osts_[record.node] = started->node.index;
  } else if (const auto* sent = std::get_if<record::Sent>(&record.what)) {
    on_sent(record, *sent, findings);
  } else if (const Fact* fact = fact_of(record)) {
    if (fact->kind == Fact::Kind::reached) {
      if (fact->text.ends_with(" import:evicted")) on_evicted(record, *fact);
    } else if (fact->kind == Fact::Kind::dirtied) {
      const Data data{fact->client, static_cast<uint32_t>(fact->xid), fact->object};
      dirty_[data].add(fact->start, fact->end);
      if (Ranges* lost = lost_.find(data)) lost->remove(fact->start, fact->end);
      if (dirty_[data].size() > kRangesMax) findings.inconclusive("too many dirty ranges");
    } else {
      on_written(record, *fact, findings);
    }
  } else {
    const auto here = [&](const Way& way, const Mark&) { return way.client == record.node; };
    sent_.erase_if(here);
    evicted_.erase_if(here);
  }
}

void Evict2::on_sent(const Record& record, const record::Sent& sent, Findings& findings) {
  if (sent.envelope.kind != record::Envelope::Kind::request) return;
  const Way way{record.node, sent.to};
  // Another mount is another client, with numbers of its own.
  const bool first = sent.envelope.conn_cnt == 1 &&
                     (sent.envelope.op_flags & protocol::ptlrpc::msg_connect_flag::kInitial) != 0;
  if (first) {
    evicted_.erase(way);
    sent_.erase(way);
  }
  const Mark* before = evicted_.find(way);
  if (before != nullptr && sent.envelope.xid <= before->xid) {
    return findings.broken("EVICT-2",
                           fmt::format("x{} was made before the client learned of its eviction, "
                                       "and is sent after it",
                                       sent.envelope.xid),
                           {before->at.index, record.index});
  }
  Mark& newest = sent_[way];
  if (sent.envelope.xid > newest.xid) newest = {sent.envelope.xid, {record.index}};
}

void Evict2::on_evicted(const Record& record, const Fact& fact) {
  const Way way{record.node, {fact.object.first, static_cast<uint32_t>(fact.object.second)}};
  if (const Mark* newest = sent_.find(way)) evicted_[way] = {newest->xid, {record.index}};
  // "assay-OST0001_UUID import:evicted"
  const auto index = ost_of(fact);
  if (!index) return;
  for (auto& [data, ranges] : dirty_) {
    if (data.client != fact.client || data.ost != *index) continue;
    ranges.each([&, key = data](uint64_t start, uint64_t end) { lost_[key].add(start, end); });
    ranges = {};
  }
}

void Evict2::on_written(const Record& record, const Fact& fact, Findings& findings) {
  const uint32_t* ost = osts_.find(record.node);
  if (ost == nullptr) return;
  const Data data{fact.client, *ost, fact.object};
  const Ranges* lost = lost_.find(data);
  if (lost != nullptr && lost->touches(fact.start, fact.end)) {
    return findings.broken(
        "EVICT-2",
        fmt::format("bytes {} to {} of object {} were lost to {} by its eviction, and are written",
                    fact.start, fact.end, fact.object.first, fact.client.view()),
        {record.index});
  }
  if (Ranges* dirty = dirty_.find(data)) dirty->remove(fact.start, fact.end);
}

}  // namespace harness::check
