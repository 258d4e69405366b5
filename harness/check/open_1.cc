#include "harness/check/open_1.h"

#include <fmt/format.h>

#include "reference/counts.h"

namespace harness::check {

void Open1::on(const Record& record, Findings& findings) {
  const Fact* fact = fact_of(record);
  if (fact != nullptr && fact->kind == Fact::Kind::opened && !fact->client.empty()) {
    const Opens::Open* same = opens_.find(record.node, [&](const Opens::Open& open) {
      return open.client == fact->client && open.xid == fact->xid;
    });
    if (same != nullptr) {
      return findings.broken(
          "OPEN-1", fmt::format("x{} of {} has opened twice", fact->xid, fact->client.view()),
          {same->at.index, record.index});
    }
  }
  if (fact != nullptr && fact->kind == Fact::Kind::counted) {
    if (fact->text == reference::count::kOpenFiles && fact->client.empty()) {
      const size_t known = opens_.count(record.node, [](const Opens::Open&) { return true; });
      if (static_cast<int64_t>(known) == fact->value) return;
      findings.broken("OPEN-1",
                      fmt::format("{} files are open, of {} it was told", fact->value, known),
                      {record.index});
    }
    return;
  }
  opens_.on(record);
  if (fact == nullptr) return;
  const size_t count = opens_.count(
      record.node, [&](const Opens::Open& open) { return open.object == fact->object; });
  if (count != fact->start) {
    findings.broken("OPEN-1",
                    fmt::format("the open count of {}:{} is {}, its open files are {}",
                                fact->object.first, fact->object.second, fact->start, count),
                    {record.index});
  }
}

}  // namespace harness::check
