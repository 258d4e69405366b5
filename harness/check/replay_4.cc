#include "harness/check/replay_4.h"

#include <fmt/format.h>

#include "protocol/ptlrpc.h"

namespace harness::check {

void Replay4::on(const Record& record, Findings& findings) {
  if (const auto* started = std::get_if<record::Started>(&record.what)) {
    if (record::is_server(started->node.role)) servers_[started->node.peer] = record.node;
    objects_.on(record);
  } else if (const auto* received = std::get_if<record::Received>(&record.what)) {
    const record::Envelope& envelope = received->envelope;
    if (envelope.kind != record::Envelope::Kind::reply || envelope.transno == 0) return;
    const record::NodeIndex* server = servers_.find(received->from);
    if (server == nullptr) return;
    Operation* operation = operations_.find({*server, envelope.transno});
    if (operation != nullptr && operation->xid == envelope.xid) operation->told = true;
  } else {
    on_fact(record, *fact_of(record), findings);
  }
}

void Replay4::on_fact(const Record& record, const Fact& fact, Findings& findings) {
  switch (fact.kind) {
    case Fact::Kind::executed: {
      if (fact.start == 0 || fact.client.empty()) return;
      if (fact.opcode == protocol::ptlrpc::opcode::kMdsClose) return;
      if (operations_.size() == kOperationsMax) return findings.inconclusive("too much at once");
      Operation& operation = operations_[{record.node, fact.transno}];
      const bool known = operation.client == fact.client && operation.xid == fact.xid;
      operation = {fact.client, fact.xid, known && operation.told, true, {record.index}};
      return;
    }
    case Fact::Kind::committed:
      judge_commit(record, fact, findings);
      [[fallthrough]];
    case Fact::Kind::started:
      operations_.erase_if([&](const Place& place, Operation& operation) {
        if (place.first != record.node) return false;
        if (fact.kind == Fact::Kind::started) operation.here = false;
        return place.second <= fact.transno || (!operation.here && !operation.told);
      });
      if (fact.kind == Fact::Kind::started) {
        found_.erase_if([&](const ServedClient& key, bool) { return key.server == record.node; });
      }
      return;
    case Fact::Kind::slot_found:
      found_[{record.node, fact.client}] = true;
      return;
    case Fact::Kind::recovery_ended:
      return judge(record, findings);
    case Fact::Kind::counted:
      return objects_.on(record);
    case Fact::Kind::reached:
      if (fact.text.ends_with(reference::kReplyTooLate)) not_heard(fact);
      if (fact.text == reference::kReplayVersion)
        forget(record.node, fact.client);  // and evicted soon
      return;
    default:
      return forget(record.node, fact.client);
  }
}

// A reply arrived, but its client had given up on it already.
void Replay4::not_heard(const Fact& fact) {
  for (auto& [place, operation] : operations_) {
    if (operation.client == fact.client && operation.xid == fact.xid) operation.told = false;
  }
}

void Replay4::forget(record::NodeIndex server, const reference::ClientName& client) {
  operations_.erase_if([&](const Place& place, const Operation& operation) {
    return place.first == server && operation.client == client;
  });
}

// Told, lost in a crash, and the client whose it is may replay it.
bool Replay4::missing(record::NodeIndex server, const Place& place,
                      const Operation& operation) const {
  return place.first == server && !operation.here && operation.told &&
         found_.find({server, operation.client}) != nullptr;
}

// From now on its client thinks it durable.
void Replay4::judge_commit(const Record& record, const Fact& fact, Findings& findings) const {
  for (const auto& [place, operation] : operations_) {
    if (place.second > fact.transno || !missing(record.node, place, operation)) continue;
    return findings.broken("REPLAY-4",
                           fmt::format("transno {} (x{}) of {} was answered and lost, is not "
                                       "replayed and counts as committed",
                                       place.second, operation.xid, operation.client.view()),
                           {operation.at.index, record.index});
  }
}

void Replay4::judge(const Record& record, Findings& findings) const {
  for (const auto& [place, operation] : operations_) {
    if (!missing(record.node, place, operation)) continue;
    return findings.broken(
        "REPLAY-4",
        fmt::format("transno {} (x{}) of {} was answered, is not durable and was not replayed",
                    place.second, operation.xid, operation.client.view()),
        {operation.at.index, record.index});
  }
}

void Replay4::finish(Findings& findings) {
  for (const CountedObjects::Range& held : objects_.held()) {
    if (!objects_.complete() || !objects_.is_served(held.client)) continue;
    if (objects_.is_stripe(held.ost, held.seq, held.first)) continue;
    findings.broken(
        "REPLAY-4",
        fmt::format("a file that is open has object {} of OST {} by its client, and not "
                    "by the server",
                    held.first, held.ost),
        {held.at.index});
  }
  objects_.forget();
}

}  // namespace harness::check
