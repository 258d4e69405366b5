#include "harness/check/replay_6.h"

#include <fmt/format.h>

#include "protocol/ptlrpc.h"

namespace harness::check {

void Replay6::on(const Record& record, Findings& findings) {
  if (const auto* received = std::get_if<record::Received>(&record.what)) {
    return on_request(record, *received, findings);
  }
  const Fact* fact = fact_of(record);
  if (fact == nullptr) {  // what another incarnation knew is no export of this one
    for (auto& [place, known] : exports_) known.gone = known.gone || place.first == record.node;
    stale_.erase_if([&](const Stale& stale, Seen) { return stale.server == record.node; });
    return;
  }
  if (fact->kind == Fact::Kind::connected) return on_connected(record, *fact);
  if (fact->kind == Fact::Kind::evicted) {
    for (auto& [place, known] : exports_) {
      if (place.first == record.node && known.client == fact->client) known.gone = true;
    }
    return;
  }
  const Seen* stale = stale_.find({record.node, fact->client, fact->xid, fact->conn_cnt});
  if (stale == nullptr) stale = overtaken(record.node, *fact);
  if (stale == nullptr) return;
  findings.broken("REPLAY-6",
                  fmt::format("x{} of {} took effect, although it came over connection {} or for "
                              "an export that was gone",
                              fact->xid, fact->client.view(), fact->conn_cnt),
                  {stale->index, record.index});
}

// The client's newer connection, if it has one and the request was still executed then. A replay
// waits for its turn, whichever connection it came over.
const Seen* Replay6::overtaken(record::NodeIndex server, const Fact& fact) const {
  if (fact.kind != Fact::Kind::executed) return nullptr;
  if ((fact.flags & protocol::ptlrpc::msg_flag::kReplay) != 0) return nullptr;
  for (const auto& [place, known] : exports_) {
    const bool newer = !known.gone && known.conn_cnt > fact.conn_cnt;
    if (place.first == server && known.client == fact.client && newer) return &known.at;
  }
  return nullptr;
}

void Replay6::on_request(const Record& record, const record::Received& received,
                         Findings& findings) {
  const record::Envelope& envelope = received.envelope;
  if (envelope.kind != record::Envelope::Kind::request || envelope.handle == 0) return;
  const Export* known = exports_.find({record.node, envelope.handle});
  if (known == nullptr || (!known->gone && envelope.conn_cnt >= known->conn_cnt)) return;
  if (stale_.size() == kStaleMax) return findings.inconclusive("too many stale messages");
  stale_[{record.node, known->client, envelope.xid, envelope.conn_cnt}] = {record.index};
}

void Replay6::on_connected(const Record& record, const Fact& fact) {
  if (!fact.text.empty() || fact.handle == 0) return;  // a client's own note
  exports_[{record.node, fact.handle}] = {fact.client, fact.conn_cnt, false, {record.index}};
  // Connections of the new export begin again.
  stale_.erase_if([&](const Stale& stale, Seen) {
    return stale.server == record.node && stale.client == fact.client &&
           stale.conn_cnt >= fact.conn_cnt;
  });
}

}  // namespace harness::check
