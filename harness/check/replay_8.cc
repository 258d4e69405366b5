#include "harness/check/replay_8.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "protocol/ptlrpc.h"

namespace harness::check {

namespace ptlrpc = protocol::ptlrpc;
using record::Envelope;

void Replay8::on(const Record& record, Findings& findings) {
  if (const Fact* fact = fact_of(record)) {
    on_fact(record, *fact, findings);
  } else if (const auto* started = std::get_if<record::Started>(&record.what)) {
    const bool metadata = started->node.role == record::Role::mds;
    if (record::is_server(started->node.role)) servers_[record.node] = metadata;
  } else if (std::holds_alternative<record::Crashed>(record.what)) {
    somebody_lost_ = somebody_lost_ || servers_.find(record.node) == nullptr;
    forget(record.node);
    clients_.erase_if([&](const Place& place, const auto&) { return place.first == record.node; });
  } else if (recovering_.find(record.node) != nullptr) {
    on_message(record, findings);
  }
}

void Replay8::forget(record::NodeIndex server) {
  recovering_.erase(server);
  brought_.erase_if([&](const ServedRequest& key, const auto&) { return key.server == server; });
  failed_.erase_if([&](const ServedClient& key, const auto&) { return key.server == server; });
  awaited_.erase_if([&](const ServedClient& key, bool) { return key.server == server; });
  put_out_.erase_if([&](const ServedClient& key, bool) { return key.server == server; });
  met_.erase(server);
}

// OSTs know of no versions.
void Replay8::lose_somebody(record::NodeIndex server) {
  const bool* metadata = servers_.find(server);
  somebody_lost_ = somebody_lost_ || (metadata != nullptr && *metadata);
}

// All are back, nobody was lost before: whatever a replay depends on was replayed before it.
void Replay8::judge_all_back(const Record& record, Findings& findings) const {
  const Seen* met = met_.find(record.node);
  if (met == nullptr || somebody_lost_) return;
  const bool all = std::ranges::none_of(
      awaited_, [&](const auto& entry) { return entry.key.server == record.node; });
  if (!all) return;
  findings.broken(
      "REPLAY-8",
      "all clients came back, and a replay met another version: it was told done before "
      "that on which it depends was",
      {met->index, record.index});
}

void Replay8::on_message(const Record& record, Findings&) {
  if (const auto* received = std::get_if<record::Received>(&record.what)) {
    const Envelope& envelope = received->envelope;
    if (envelope.kind != Envelope::Kind::request || envelope.transno == 0) return;
    if ((envelope.flags & ptlrpc::msg_flag::kReplay) == 0) return;
    const auto* client = clients_.find({record.node, envelope.handle});
    if (client == nullptr) return;
    brought_[{record.node, *client, envelope.xid}] = {envelope.versions, {record.index}};
    return;
  }
  const auto& sent = std::get<record::Sent>(record.what);
  if (sent.envelope.kind != Envelope::Kind::reply || sent.envelope.status != -EOVERFLOW) return;
  for (const auto& [request, brought] : brought_) {
    if (request.server != record.node || request.xid != sent.envelope.xid) continue;
    failed_[{record.node, request.client}] = {record.index};
    met_[record.node] = {record.index};
  }
}

void Replay8::on_fact(const Record& record, const Fact& fact, Findings& findings) {
  switch (fact.kind) {
    case Fact::Kind::recovery_began:
      recovering_[record.node] = true;
      return;
    case Fact::Kind::slot_found:
      awaited_[{record.node, fact.client}] = true;
      return;
    case Fact::Kind::slot_erased: {
      const ServedClient key{record.node, fact.client};
      const bool for_version = failed_.find(key) != nullptr || put_out_.find(key) != nullptr;
      if (!for_version) lose_somebody(record.node);
      return;
    }
    case Fact::Kind::connected:
      if (fact.text.empty()) awaited_.erase({record.node, fact.client});
      if (!fact.text.empty() || (fact.start & ptlrpc::connect_flag::kVbr) == 0) return;
      clients_[{record.node, fact.handle}] = fact.client;
      return;
    case Fact::Kind::executed:
      return on_executed(record, fact, findings);
    case Fact::Kind::reached:
      return on_reached(record, fact);
    case Fact::Kind::evicted: {
      const ServedClient key{record.node, fact.client};
      const bool for_version = fact.text.find("version") != std::string::npos;
      if (for_version && failed_.find(key) == nullptr) {
        findings.broken("REPLAY-8",
                        fmt::format("{} is evicted for a version, and none of its replays failed",
                                    fact.client.view()),
                        {record.index});
      }
      failed_.erase(key);
      if (for_version) put_out_[key] = true;
      if (!for_version) lose_somebody(record.node);
      return;
    }
    default:
      judge_all_back(record, findings);
      for (const auto& [key, at] : failed_) {
        if (key.server != record.node) continue;
        findings.broken("REPLAY-8",
                        fmt::format("a replay of {} met another version, and it is not evicted",
                                    key.client.view()),
                        {at.index, record.index});
      }
      return forget(record.node);
  }
}

void Replay8::on_reached(const Record& record, const Fact& fact) {
  if (fact.text == reference::kReplayVersion) {
    failed_[{record.node, fact.client}] = {record.index};
    met_[record.node] = {record.index};
  }
  // It was told of what it will not replay.
  const bool not_heard = fact.text.ends_with(reference::kReplyTooLate);
  somebody_lost_ = somebody_lost_ || not_heard || fact.text == "client:evicted";
}

void Replay8::on_executed(const Record& record, const Fact& fact, Findings& findings) {
  const Brought* brought = brought_.find({record.node, fact.client, fact.xid});
  if (brought == nullptr || (fact.flags & ptlrpc::msg_flag::kReplay) == 0) return;
  for (size_t i = 0; i < fact.versions.size(); ++i) {
    // 0: the operation looks at no such object.
    if (fact.versions[i] == 0 || fact.versions[i] == brought->versions[i]) continue;
    findings.broken("REPLAY-8",
                    fmt::format("the replay of transno {} brought version {} of its object {}, "
                                "found {} and was executed",
                                fact.transno, brought->versions[i], i + 1, fact.versions[i]),
                    {brought->at.index, record.index});
  }
}

}  // namespace harness::check
