#include "harness/check/open_2.h"

#include <fmt/format.h>

#include "reference/counts.h"

namespace harness::check {

void Open2::on(const Record& record, Findings& findings) {
  const Fact* fact = fact_of(record);
  if (fact == nullptr) {
    descriptors_.on(record);
    if (std::holds_alternative<record::Crashed>(record.what)) opens_.on(record);
  } else if (fact->kind == Fact::Kind::opened || fact->kind == Fact::Kind::closed) {
    metadata_[record.node] = true;
    opens_.on(record);
  } else if (fact->kind == Fact::Kind::counted) {
    audit(record, *fact);
  } else if (fact->kind == Fact::Kind::recovery_ended) {
    if (metadata_.find(record.node) != nullptr) judge(record, findings);
  } else if (fact->kind != Fact::Kind::evicted || metadata_.find(record.node) != nullptr) {
    descriptors_.on(record);  // evictions by OSTs close nothing
  }
}

void Open2::judge(const Record& record, Findings& findings) const {
  for (const auto& [place, file] : descriptors_.files()) {
    const reference::ClientName* name = descriptors_.name(place.first);
    if (name == nullptr) continue;
    const bool open = opens_.find(record.node, [&](const Opens::Open& one) {
      return one.client == *name && file.is(one.object);
    }) != nullptr;
    if (open) continue;
    return findings.broken("OPEN-2",
                           fmt::format("descriptor {} of {} is open, and its file is not after "
                                       "recovery",
                                       place.second, name->view()),
                           {file.at.index, record.index});
  }
}

void Open2::audit(const Record& record, const Fact& fact) {
  if (fact.client.empty()) return;
  if (fact.text == reference::count::kOpenFiles) {
    at_rest_.served(fact.client, {fact.value, {record.index}});
  } else if (fact.text == reference::count::kHeldOpen) {
    at_rest_.held(fact.client, {fact.value, {record.index}});
  }
}

void Open2::finish(Findings& findings) {
  at_rest_.compare([&](const auto& client, const auto& held, const auto& served) {
    if (served.value == held.value) return;
    findings.broken("OPEN-2",
                    fmt::format("{} has {} files open, the server has {} open for it",
                                client.view(), held.value, served.value),
                    {held.at.index});
  });
}

}  // namespace harness::check
