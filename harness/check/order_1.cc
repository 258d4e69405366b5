#include "harness/check/order_1.h"

#include <fmt/format.h>

#include <algorithm>

namespace harness::check {

void Order1::on(const Record& record, Findings& findings) {
  if (const auto* started = std::get_if<record::Started>(&record.what)) {
    if (record::is_server(started->node.role)) servers_[started->node.peer] = record.node;
    if (started->node.role == record::Role::ost) osts_[record.node] = true;
  } else if (const auto* received = std::get_if<record::Received>(&record.what)) {
    on_reply(record, *received, findings);
  } else if (const Fact& fact = *fact_of(record); fact.kind == Fact::Kind::executed) {
    on_executed(record, fact, findings);
  } else if (fact.kind == Fact::Kind::connected) {
    if (!fact.text.empty()) names_[record.node] = fact.client;
  } else {
    for (auto& [key, effects] : effects_) {
      if (key.server != record.node) continue;
      std::erase_if(effects, [&](const Effect& effect) { return effect.transno > fact.transno; });
    }
  }
}

void Order1::on_executed(const Record& record, const Fact& fact, Findings& findings) {
  if (fact.start == 0 || fact.client.empty()) return;
  Effects& effects = effects_[{record.node, fact.client}];
  const auto before = std::ranges::find(effects, fact.xid, &Effect::xid);
  Effect effect{fact.xid, fact.transno, 0, {record.index}};
  if (before != effects.end()) {
    effect.told = before->told;
    effects.erase(before);
  } else if (effects.size() == kRememberedMax) {
    effects.erase(effects.begin());
  }
  effects.push_back(effect);
  if (effect.told != 0) judge(effects, effects.back(), record.index, findings);
}

void Order1::on_reply(const Record& record, const record::Received& received, Findings& findings) {
  if (received.envelope.kind != record::Envelope::Kind::reply) return;
  const record::NodeIndex* server = servers_.find(received.from);
  const reference::ClientName* name = names_.find(record.node);
  if (server == nullptr || name == nullptr) return;
  Effects* effects = effects_.find({*server, *name});
  if (effects == nullptr) return;
  const auto effect = std::ranges::find(*effects, received.envelope.xid, &Effect::xid);
  if (effect == effects->end() || effect->told != 0) return;
  uint32_t last = 0;
  for (const Effect& one : *effects) last = std::max(last, one.told);
  effect->told = last + 1;
  if (osts_.find(*server) != nullptr) return;
  // Told last: any that was told before, is older and took effect after this one is wrong.
  for (const Effect& one : *effects) {
    if (one.told != 0) judge(*effects, one, record.index, findings);
  }
}

// Whether a newer one, told later, took effect before.
void Order1::judge(const Effects& effects, const Effect& older, uint64_t index,
                   Findings& findings) {
  for (const Effect& newer : effects) {
    if (&newer == &older) return;
    if (newer.xid < older.xid || newer.told <= older.told) continue;
    return findings.broken("ORDER-1",
                           fmt::format("x{} took effect after x{}, which is newer and whose reply "
                                       "came later",
                                       older.xid, newer.xid),
                           {newer.at.index, older.at.index, index});
  }
}

}  // namespace harness::check
