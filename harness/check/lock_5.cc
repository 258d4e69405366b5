#include "harness/check/lock_5.h"

#include <fmt/format.h>

#include "protocol/ldlm.h"
#include "reference/counts.h"

namespace harness::check {

void Lock5::on(const Record& record, Findings& findings) {
  const Fact* fact = fact_of(record);
  if (fact != nullptr && fact->kind == Fact::Kind::connected) {
    if (!fact->text.empty()) honest_[fact->client] = true;
  } else if (fact != nullptr && fact->kind == Fact::Kind::recovery_ended) {
    judge(record, findings);
  } else if (fact != nullptr && fact->kind == Fact::Kind::counted) {
    audit(record, *fact);
  } else if (const auto* started = std::get_if<record::Started>(&record.what)) {
    const record::Node& node = started->node;
    if (node.role == record::Role::mds) targets_[record.node] = 0;
    if (node.role == record::Role::ost) targets_[record.node] = Target{node.index} + 1;
  } else {
    locks_.on(record);
  }
}

void Lock5::audit(const Record& record, const Fact& fact) {
  if (fact.client.empty()) return;
  const Target* target = targets_.find(record.node);
  if (target != nullptr && fact.text == reference::count::kLocks) {
    at_rest_.served({*target, fact.client}, {fact.value, {record.index}});
  } else if (fact.text == reference::count::kHeldLocks) {
    at_rest_.held({fact.xid, fact.client}, {fact.value, {record.index}});
  }
}

// A server may know more: of a cancel that was lost it hears with the next callback.
void Lock5::finish(Findings& findings) {
  at_rest_.compare([&](const Account& account, const auto& held, const auto& served) {
    if (served.value >= held.value) return;
    findings.broken("LOCK-5",
                    fmt::format("{} holds {} locks of a server that knows {} of them",
                                account.second.view(), held.value, served.value),
                    {held.at.index});
  });
}

void Lock5::judge(const Record& record, Findings& findings) const {
  for (const auto& [place, lock] : locks_.all()) {
    const bool replayed = (lock.flags & protocol::ldlm::lock_flag::kReplay) != 0;
    if (place.first != record.node || lock.waits || !replayed) continue;
    if (honest_.find(lock.client) == nullptr) continue;
    const HeldLock* other = locks_.conflicting(place.first, place.second, lock);
    if (other == nullptr || honest_.find(other->client) == nullptr) continue;
    return findings.broken(
        "LOCK-5",
        fmt::format("after recovery {} and {} hold incompatible locks on {}:{}", lock.client.view(),
                    other->client.view(), lock.resource.first, lock.resource.second),
        {lock.at.index, other->at.index, record.index});
  }
}

}  // namespace harness::check
