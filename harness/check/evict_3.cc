#include "harness/check/evict_3.h"

#include <fmt/format.h>

namespace harness::check {

void Evict3::on(const Record& record, Findings& findings) {
  if (const auto* received = std::get_if<record::Received>(&record.what)) {
    if (received->envelope.kind != record::Envelope::Kind::request) return;
    Known* known = handles_.find({record.node, received->envelope.handle});
    if (known != nullptr) known->heard = record.time;
    return;
  }
  const Fact* fact = fact_of(record);
  if (fact == nullptr) {
    handles_.erase_if([&](const Place& place, const auto&) { return place.first == record.node; });
    called_back_.erase_if([&](const ServedClient& key, Seen) { return key.server == record.node; });
    return recovering_.erase(record.node);
  }
  switch (fact->kind) {
    case Fact::Kind::connected:
      if (fact->text.empty()) handles_[{record.node, fact->handle}] = {fact->client, record.time};
      return;
    case Fact::Kind::blocked:
    case Fact::Kind::granted:
      if (!fact->client.empty()) called_back_[{record.node, fact->client}] = {record.index};
      return;
    case Fact::Kind::recovery_began:
      recovering_[record.node] = true;
      return;
    case Fact::Kind::recovery_ended:
      return recovering_.erase(record.node);
    default:
      return on_evicted(record, *fact, findings);
  }
}

void Evict3::on_evicted(const Record& record, const Fact& fact, Findings& findings) {
  const auto says = [&](std::string_view word) {
    return fact.text.find(word) != std::string::npos;
  };
  const auto refuse = [&](std::string_view why) {
    findings.broken("EVICT-3",
                    fmt::format("{} was evicted (\"{}\"): {}", fact.client.view(), fact.text, why),
                    {record.index});
  };
  if (says("silent")) {
    for (const auto& [place, known] : handles_) {
      const bool same = place.first == record.node && known.client == fact.client;
      if (same && known.heard == record.time && known.heard != 0) refuse("it was just heard");
    }
  } else if (says("callback")) {
    const ServedClient key{record.node, fact.client};
    if (called_back_.find(key) == nullptr) refuse("it holds no lock and was not called back");
  } else if (says("recovery") || says("version")) {
    if (recovering_.find(record.node) == nullptr) refuse("there is no recovery");
  } else if (fact.text.empty()) {
    refuse("no cause");
  }
  handles_.erase_if([&](const Place& place, const Known& known) {
    return place.first == record.node && known.client == fact.client;
  });
  called_back_.erase({record.node, fact.client});
}

}  // namespace harness::check
