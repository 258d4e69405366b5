#include "harness/check/replay_1.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "protocol/ptlrpc.h"

namespace harness::check {

void Replay1::on(const Record& record, Findings& findings) {
  if (const auto* started = std::get_if<record::Started>(&record.what)) {
    if (started->node.role == record::Role::ost) osts_[record.node] = true;
    const bool records = started->dialect == reference::Dialect::v1_8;
    if (started->node.role == record::Role::mds && records) records_failures_[record.node] = true;
    if (!record::is_server(started->node.role)) peers_[record.node] = started->node.peer;
    return;
  }
  if (const auto* sent = std::get_if<record::Sent>(&record.what)) return on_reply(record, *sent);
  const Fact& fact = *fact_of(record);
  if (fact.kind == Fact::Kind::connected) {
    const record::PeerId* peer = peers_.find(record.node);
    if (peer != nullptr) clients_[*peer] = fact.client;
    return;
  }
  if (fact.kind == Fact::Kind::started) {
    failed_.erase_if([&](const ServedRequest& one, Seen) { return one.server == record.node; });
    effects_.erase_if([&](const ServedRequest& request, const Effect& effect) {
      return request.server == record.node && effect.transno > fact.transno;
    });
    return;
  }
  // Without records it was a number and no change: an open, a close.
  if (fact.start == 0 || fact.client.empty()) return;
  const ServedRequest request{record.node, fact.client, fact.xid};
  const Effect* before = effects_.find(request);
  if (before != nullptr && !same_again(request, *before)) {
    return findings.broken(
        "REPLAY-1",
        fmt::format("request x{} of {} was executed twice: transno {} (record {}) and {}", fact.xid,
                    fact.client.view(), before->transno, before->at.index, fact.transno),
        {before->at.index, record.index});
  }
  const bool replay = (fact.flags & protocol::ptlrpc::msg_flag::kReplay) != 0;
  if (const Seen* failed = failed_.find(request); failed != nullptr && !replay) {
    return findings.broken(
        "REPLAY-1",
        fmt::format("request x{} of {} had failed, and is executed", fact.xid, fact.client.view()),
        {failed->index, record.index});
  }
  if (effects_.size() == kRequestsMax) return findings.inconclusive("too many requests");
  effects_[request] = {fact.transno, fact.object, {record.index}};
}

// 1.8 keeps in the slot that an operation failed: that is its answer, however often it is asked.
void Replay1::on_reply(const Record& record, const record::Sent& sent) {
  const record::Envelope& envelope = sent.envelope;
  if (envelope.status != -EEXIST && envelope.status != -ENOENT && envelope.status != -ENOTEMPTY) {
    return;
  }
  const bool change = envelope.kind == record::Envelope::Kind::reply &&
                      envelope.opcode == protocol::ptlrpc::opcode::kMdsReint;
  if (!change || records_failures_.find(record.node) == nullptr) return;
  const reference::ClientName* client = clients_.find(sent.to);
  if (client == nullptr) return;
  if (failed_.size() == kFailedMax) failed_.clear();
  failed_[{record.node, *client, envelope.xid}] = {record.index};
}

bool Replay1::same_again(const ServedRequest& request, const Effect& before) const {
  if (osts_.find(request.server) == nullptr) return false;
  return std::ranges::none_of(effects_, [&](const auto& entry) {
    return entry.key.server == request.server && entry.key.client != request.client &&
           entry.value.object == before.object && entry.value.transno > before.transno;
  });
}

}  // namespace harness::check
