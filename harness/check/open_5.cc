#include "harness/check/open_5.h"

#include <fmt/format.h>

#include "reference/counts.h"

namespace harness::check {

namespace {
constexpr uint32_t kWrite = 2, kExecute = 4;  // modes of an open file (facts: semantics 2.1)
}  // namespace

void Open5::on(const Record& record, Findings& findings) {
  const Fact* fact = fact_of(record);
  if (fact == nullptr || fact->kind == Fact::Kind::recovery_ended) {
    recovering_.erase(record.node);
    if (fact == nullptr) opens_.on(record);
    return;
  }
  if (fact->kind == Fact::Kind::counted) return audit(record, findings);
  if (fact->kind == Fact::Kind::recovery_began) {
    recovering_[record.node] = true;
    return;
  }
  opens_.on(record);
  const auto of_file = [&](uint32_t mode) {
    return [&fact, mode](const Opens::Open& open) {
      return open.object == fact->object && (open.mode & mode) != 0;
    };
  };
  const size_t writers = opens_.count(record.node, of_file(kWrite));
  if (writers != fact->end) {
    return findings.broken("OPEN-5",
                           fmt::format("the write count of {}:{} is {}, open for writing are {}",
                                       fact->object.first, fact->object.second, fact->end, writers),
                           {record.index});
  }
  // Replays come as they were, and were judged then.
  if (fact->kind == Fact::Kind::closed || recovering_.find(record.node) != nullptr) return;
  const Opens::Open* executor = opens_.find(record.node, of_file(kExecute));
  const Opens::Open* writer = opens_.find(record.node, of_file(kWrite));
  if (executor == nullptr || writer == nullptr) return;
  findings.broken(
      "OPEN-5",
      fmt::format("{}:{} is executed and written at once", fact->object.first, fact->object.second),
      {std::min(executor->at.index, writer->at.index),
       std::max(executor->at.index, writer->at.index)});
}

void Open5::audit(const Record& record, Findings& findings) {
  const Fact& fact = *fact_of(record);
  if (fact.text == reference::count::kHeldWriting) {
    at_rest_.held(fact.client, {fact.value, {record.index}});
  }
  if (fact.text != reference::count::kWriters) return;
  if (!fact.client.empty()) {
    at_rest_.served(fact.client, {fact.value, {record.index}});
    return;
  }
  const size_t known =
      opens_.count(record.node, [](const Opens::Open& open) { return (open.mode & kWrite) != 0; });
  if (static_cast<int64_t>(known) == fact.value) return;
  findings.broken(
      "OPEN-5",
      fmt::format("{} opens count as writing, {} files are open for it", fact.value, known),
      {record.index});
}

void Open5::finish(Findings& findings) {
  at_rest_.compare([&](const auto& client, const auto& held, const auto& served) {
    if (served.value == held.value) return;
    findings.broken("OPEN-5",
                    fmt::format("{} has {} files open for writing, the server counts {}",
                                client.view(), held.value, served.value),
                    {held.at.index});
  });
}

}  // namespace harness::check
