#include "harness/check/replay_7.h"

#include <fmt/format.h>

#include <algorithm>

#include "protocol/ptlrpc.h"

namespace harness::check {

void Replay7::on(const Record& record, Findings& findings) {
  const Fact* fact = fact_of(record);
  if (fact == nullptr) return on_message(record);
  const auto forget = [&](auto condition) {
    operations_.erase_if([&](const Place& place, const Operation& operation) {
      return place.first == record.node && condition(place.second, operation);
    });
  };
  switch (fact->kind) {
    case Fact::Kind::executed:
      return on_executed(record, *fact, findings);
    case Fact::Kind::committed:
    case Fact::Kind::started: {
      Committed& committed = committed_[record.node];
      if (fact->transno > committed.transno) committed = {fact->transno, {record.index}};
      // A restart loses what is not durable and what no client has heard of.
      return forget([&](uint64_t transno, const Operation& one) {
        return transno <= fact->transno || (fact->kind == Fact::Kind::started && !one.told);
      });
    }
    default:
      return forget([&](uint64_t, const Operation& one) { return one.client == fact->client; });
  }
}

void Replay7::on_message(const Record& record) {
  if (const auto* started = std::get_if<record::Started>(&record.what)) {
    if (record::is_server(started->node.role)) servers_[started->node.peer] = record.node;
    return;
  }
  const auto& received = std::get<record::Received>(record.what);
  if (received.envelope.kind != record::Envelope::Kind::reply) return;
  const record::NodeIndex* server = servers_.find(received.from);
  if (server == nullptr) return;
  Operation* operation = operations_.find({*server, received.envelope.transno});
  if (operation == nullptr || operation->xid != received.envelope.xid) return;
  // Of a request that the network doubled, the first answer is its client's.
  const bool answered = std::ranges::any_of(operations_, [&](const auto& entry) {
    return entry.key.first == *server && entry.value.client == operation->client &&
           entry.value.xid == operation->xid && entry.value.told;
  });
  if (!answered) operation->told = true;
}

void Replay7::on_executed(const Record& record, const Fact& fact, Findings& findings) {
  const bool replay = (fact.flags & protocol::ptlrpc::msg_flag::kReplay) != 0;
  const Committed* committed = committed_.find(record.node);
  if (!replay && committed != nullptr && fact.transno <= committed->transno) {
    return findings.broken(
        "REPLAY-7",
        fmt::format("transno {} is given again, {} is durable", fact.transno, committed->transno),
        {committed->at.index, record.index});
  }
  if (fact.transno == 0 || (committed != nullptr && fact.transno <= committed->transno)) return;
  if (fact.client.empty()) return;
  const Operation* before = operations_.find({record.node, fact.transno});
  const bool same = before != nullptr && before->client == fact.client && before->xid == fact.xid;
  if (before != nullptr && !same) {
    return findings.broken(
        "REPLAY-7",
        fmt::format("transno {} is x{} of {} and x{} of {}", fact.transno, before->xid,
                    before->client.view(), fact.xid, fact.client.view()),
        {before->at.index, record.index});
  }
  if (operations_.size() == kOperationsMax) return findings.inconclusive("too much uncommitted");
  const bool told = same && before->told;
  operations_[{record.node, fact.transno}] = {fact.client, fact.xid, told, {record.index}};
}

}  // namespace harness::check
