#include "harness/check/replay_2.h"

#include <fmt/format.h>

#include "protocol/ptlrpc.h"

namespace harness::check {

void Replay2::on(const Record& record, Findings& findings) {
  if (const auto* started = std::get_if<record::Started>(&record.what)) {
    return on_started(record, *started);
  }
  const Fact& fact = *fact_of(record);
  switch (fact.kind) {
    case Fact::Kind::executed: {
      // An empty transno is in no slot of 2.0.
      if (fact.start == 0 || fact.client.empty()) return;
      if (pending_.size() == kPendingMax) return findings.inconclusive("too much uncommitted");
      const bool close = fact.opcode == protocol::ptlrpc::opcode::kMdsClose;
      pending_[{record.node, fact.transno}] = {fact.client, close, {record.index}};
      return;
    }
    case Fact::Kind::committed:
      return on_commit(record, fact, findings);
    case Fact::Kind::started:
      return on_found(record, fact, findings);
    case Fact::Kind::slot_found:
      return on_slot(record, fact, findings);
    case Fact::Kind::slot_erased:
      slots_.erase({record.node, fact.client});
      pending_.erase_if([&](const Place& place, const Operation& operation) {
        return place.first == record.node && operation.client == fact.client;
      });
      return;
    default:
      return on_slots_read(record, findings);
  }
}

// A change of version erases the slots.
void Replay2::on_started(const Record& record, const record::Started& started) {
  Server& server = servers_[record.node];
  if (server.dialect == started.dialect) return;
  server.dialect = started.dialect;
  slots_.erase_if([&](const ServedClient& key, const Slot&) { return key.server == record.node; });
  pending_.erase_if(
      [&](const Place& place, const Operation&) { return place.first == record.node; });
}

// What is durable now must be in the slots.
void Replay2::settle(record::NodeIndex server, uint64_t up_to) {
  pending_.erase_if([&](const Place& place, const Operation& operation) {
    if (place.first != server || place.second > up_to) return false;
    Slot& slot = slots_[{server, operation.client}];
    Done& done = operation.close ? slot.close : slot.normal;
    done = {place.second, operation.at};
    return true;
  });
}

void Replay2::on_commit(const Record& record, const Fact& fact, Findings& findings) {
  Server& server = servers_[record.node];
  if (fact.transno <= server.committed) {
    return findings.broken(
        "REPLAY-2",
        fmt::format("commit of transno {} after that of {}", fact.transno, server.committed),
        {server.at.index, record.index});
  }
  server.committed = fact.transno;
  server.at = {record.index};
  settle(record.node, fact.transno);
}

void Replay2::on_found(const Record& record, const Fact& fact, Findings& findings) {
  Server& server = servers_[record.node];
  if (fact.transno < server.committed) {
    return findings.broken("REPLAY-2",
                           fmt::format("transno {} was committed, the restarted server knows {}",
                                       server.committed, fact.transno),
                           {server.at.index, record.index});
  }
  settle(record.node, fact.transno);
  server.committed = fact.transno;
  server.at = {record.index};
  pending_.erase_if(
      [&](const Place& place, const Operation&) { return place.first == record.node; });
  for (auto& [key, slot] : slots_) {
    if (key.server == record.node) slot.found = false;
  }
}

void Replay2::on_slot(const Record& record, const Fact& fact, Findings& findings) {
  Slot& slot = slots_[{record.node, fact.client}];
  slot.found = true;
  const auto compare = [&](const Done& expected, uint64_t shown, std::string_view group) {
    if (shown >= expected.transno) return;
    findings.broken("REPLAY-2",
                    fmt::format("transno {} of {} is durable, its {} slot shows {}",
                                expected.transno, fact.client.view(), group, shown),
                    {expected.at.index, record.index});
  };
  compare(slot.normal, fact.transno, "normal");
  compare(slot.close, fact.end, "close");
}

void Replay2::on_slots_read(const Record& record, Findings& findings) {
  for (const auto& [key, slot] : slots_) {
    if (key.server != record.node || slot.found) continue;
    return findings.broken("REPLAY-2",
                           fmt::format("the slot of {} is gone over a restart", key.client.view()),
                           {std::max(slot.normal.at.index, slot.close.at.index), record.index});
  }
}

}  // namespace harness::check
