#include "harness/check/replay_9.h"

#include <fmt/format.h>

#include "protocol/ptlrpc.h"

namespace harness::check {

namespace msg_flag = protocol::ptlrpc::msg_flag;
using record::Envelope;

void Replay9::on(const Record& record, Findings& findings) {
  if (const Fact* fact = fact_of(record)) {
    on_fact(record, *fact, findings);
  } else if (std::holds_alternative<record::Crashed>(record.what)) {
    forget(record.node);
  } else if (replaying_.size() != 0) {
    on_message(record);
  }
}

void Replay9::forget(record::NodeIndex server) {
  replaying_.erase_if([&](const ServedClient& key, Seen) { return key.server == server; });
  handles_.erase_if([&](const Place& place, const auto&) { return place.first == server; });
  queued_.erase_if([&](const ServedRequest& key, bool) { return key.server == server; });
}

void Replay9::on_message(const Record& record) {
  if (const auto* received = std::get_if<record::Received>(&record.what)) {
    const Envelope& envelope = received->envelope;
    if (envelope.kind != Envelope::Kind::request) return;
    const auto* client = handles_.find({record.node, envelope.handle});
    if (client == nullptr) return;
    constexpr uint32_t kDone =
        msg_flag::kReqReplayDone | msg_flag::kLastReplay | msg_flag::kLockReplayDone;
    if ((envelope.flags & kDone) != 0) {
      replaying_.erase({record.node, *client});
    } else if ((envelope.flags & msg_flag::kReplay) != 0 && envelope.transno != 0) {
      queued_[{record.node, *client, envelope.xid}] = true;
    }
    return;
  }
  const auto& sent = std::get<record::Sent>(record.what);
  if (sent.envelope.kind != Envelope::Kind::reply) return;
  queued_.erase_if([&](const ServedRequest& request, bool) {
    return request.server == record.node && request.xid == sent.envelope.xid;
  });
}

void Replay9::on_fact(const Record& record, const Fact& fact, Findings& findings) {
  switch (fact.kind) {
    case Fact::Kind::started:
    case Fact::Kind::recovery_ended:
      return forget(record.node);
    case Fact::Kind::slot_found:
      replaying_[{record.node, fact.client}] = {record.index};
      return;
    case Fact::Kind::connected:
      if (fact.text.empty()) handles_[{record.node, fact.handle}] = fact.client;
      return;
    case Fact::Kind::gap_skipped:
      for (const auto& [key, found] : replaying_) {
        if (key.server != record.node) continue;
        const bool waits = std::ranges::any_of(queued_, [&](const auto& entry) {
          return entry.key.server == key.server && entry.key.client == key.client;
        });
        if (waits) continue;
        return findings.broken(
            "REPLAY-9",
            fmt::format("transnos {} to {} are skipped, and {} has nothing queued yet", fact.value,
                        fact.transno - 1, key.client.view()),
            {found.index, record.index});
      }
      return;
    default:  // slot_erased, evicted
      return replaying_.erase({record.node, fact.client});
  }
}

}  // namespace harness::check
