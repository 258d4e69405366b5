#include "harness/check/grant_1.h"

#include <fmt/format.h>

#include "reference/counts.h"

namespace harness::check {

void Grant1::on(const Record& record, Findings& findings) {
  if (const auto* started = std::get_if<record::Started>(&record.what)) {
    if (started->node.role == record::Role::ost) osts_[record.node] = started->node.index;
    return;
  }
  const Fact* fact = fact_of(record);
  if (fact == nullptr) {
    // A server's accounts begin again when its clients come back; a client's beliefs end with it.
    const auto said = [&](const Account&, const Amount& amount) {
      return amount.node == record.node;
    };
    accounts_.erase_if(said);
    believed_.erase_if(said);
    return;
  }
  if (fact->kind == Fact::Kind::counted) return audit(record, *fact);
  if (fact->kind == Fact::Kind::grant_known) {
    believed_[{static_cast<uint32_t>(fact->xid), fact->client}] = {
        fact->value, record.node, {record.index}};
    return;
  }
  const uint32_t* ost = osts_.find(record.node);
  if (ost == nullptr) return;
  if (fact->kind == Fact::Kind::evicted) return accounts_.erase({*ost, fact->client});
  accounts_[{*ost, fact->client}] = {fact->value, record.node, {record.index}};
  if (fact->start > fact->end) {
    findings.broken("GRANT-1",
                    fmt::format("{} bytes are granted, {} are free", fact->start, fact->end),
                    {record.index});
  }
}

void Grant1::audit(const Record& record, const Fact& fact) {
  const Amount amount{fact.value, record.node, {record.index}};
  if (fact.text == reference::count::kHeldGrant) {
    held_[{static_cast<uint32_t>(fact.xid), fact.client}] = amount;
  } else if (const uint32_t* ost = osts_.find(record.node);
             ost != nullptr && fact.text == reference::count::kGrants) {
    if (fact.client.empty()) {
      totals_[*ost] = amount;
    } else {
      counted_[{*ost, fact.client}] = amount;
    }
  }
}

void Grant1::compare(const FlatMap<Account, Amount>& believed,
                     const FlatMap<Account, Amount>& accounts, Findings& findings) const {
  for (const auto& [account, belief] : believed) {
    const Amount* amount = accounts.find(account);
    if (amount == nullptr || belief.bytes <= amount->bytes) continue;
    return findings.broken(
        "GRANT-1",
        fmt::format("{} believes in {} bytes of grant of OST {}, which accounts {} to it",
                    account.second.view(), belief.bytes, account.first, amount->bytes),
        {std::min(amount->at.index, belief.at.index), std::max(amount->at.index, belief.at.index)});
  }
}

void Grant1::finish(Findings& findings) {
  compare(believed_, accounts_, findings);
  compare(held_, counted_, findings);
  for (const auto& [ost, total] : totals_) {
    int64_t sum = 0;
    for (const auto& [account, amount] : counted_) sum += account.first == ost ? amount.bytes : 0;
    if (sum == total.bytes) continue;
    findings.broken("GRANT-1",
                    fmt::format("OST {} has granted {} bytes, its clients have {} of them", ost,
                                total.bytes, sum),
                    {total.at.index});
  }
  counted_.clear();
  held_.clear();
  totals_.clear();
}

}  // namespace harness::check
