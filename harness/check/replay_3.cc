#include "harness/check/replay_3.h"

#include <fmt/format.h>

#include "protocol/ptlrpc.h"

namespace harness::check {

namespace msg_flag = protocol::ptlrpc::msg_flag;
using record::Envelope;

void Replay3::on(const Record& record, Findings& findings) {
  if (const auto* received = std::get_if<record::Received>(&record.what)) {
    const Envelope& envelope = received->envelope;
    const bool replay = (envelope.flags & msg_flag::kReplay) != 0 && envelope.transno != 0;
    if (envelope.kind != Envelope::Kind::request || !replay) return;
    if (recovering_.find(record.node) == nullptr) return;
    replays_[{record.node, received->from, envelope.xid}] = {envelope.transno, {record.index}};
  } else if (const auto* sent = std::get_if<record::Sent>(&record.what)) {
    on_reply(record, *sent, findings);
  } else if (const Fact* fact = fact_of(record)) {
    if (fact->kind == Fact::Kind::recovery_began) {
      recovering_[record.node] = {fact->transno - 1, {record.index}};
    } else if (fact->kind == Fact::Kind::recovery_ended) {
      recovering_.erase(record.node);
    } else {
      on_executed(record, *fact, findings);
    }
  } else {
    recovering_.erase(record.node);
    replays_.erase_if(
        [&](const Asked& asked, const Replay&) { return asked.server == record.node; });
  }
}

void Replay3::on_executed(const Record& record, const Fact& fact, Findings& findings) {
  Recovery* recovery = recovering_.find(record.node);
  if (recovery == nullptr || (fact.flags & msg_flag::kReplay) == 0) return;
  if (const Replay* other = renumbered(record.node, fact)) {
    return findings.broken(
        "REPLAY-3",
        fmt::format("the replay of transno {} was executed under {}", other->transno, fact.transno),
        {other->at.index, record.index});
  }
  // A committed open that is opened again runs at any time, and changes nothing.
  if (fact.start == 0 && fact.transno <= recovery->last) return;
  if (fact.transno <= recovery->last) {
    return findings.broken(
        "REPLAY-3", fmt::format("transno {} was replayed after {}", fact.transno, recovery->last),
        {recovery->at.index, record.index});
  }
  recovery->last = fact.transno;
  recovery->at = {record.index};
}

// What the note calls by a number that its request did not bring. Another client's request may have
// the same xid.
const Replay3::Replay* Replay3::renumbered(record::NodeIndex server, const Fact& fact) const {
  const Replay* other = nullptr;
  for (const auto& [asked, replay] : replays_) {
    if (asked.server != server || asked.xid != fact.xid) continue;
    if (replay.transno == fact.transno) return nullptr;
    other = &replay;
  }
  return other;
}

void Replay3::on_reply(const Record& record, const record::Sent& sent, Findings& findings) {
  if (sent.envelope.kind != Envelope::Kind::reply) return;
  const Asked asked{record.node, sent.to, sent.envelope.xid};
  const Replay* replay = replays_.find(asked);
  if (replay == nullptr) return;
  if (sent.envelope.status >= 0 && sent.envelope.transno != replay->transno) {
    findings.broken("REPLAY-3",
                    fmt::format("the replay of transno {} is answered with {}", replay->transno,
                                sent.envelope.transno),
                    {replay->at.index, record.index});
  }
  replays_.erase(asked);
}

}  // namespace harness::check
