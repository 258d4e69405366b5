#include "harness/check/grant_1.h"

#include <fmt/format.h>

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

void Grant1::finish(Findings& findings) {
  for (const auto& [account, believed] : believed_) {
    const Amount* amount = accounts_.find(account);
    if (amount == nullptr || believed.bytes <= amount->bytes) continue;
    return findings.broken(
        "GRANT-1",
        fmt::format("{} believes in {} bytes of grant of OST {}, which accounts "
                    "{} to it",
                    account.second.view(), believed.bytes, account.first, amount->bytes),
        {std::min(amount->at.index, believed.at.index),
         std::max(amount->at.index, believed.at.index)});
  }
}

}  // namespace harness::check
