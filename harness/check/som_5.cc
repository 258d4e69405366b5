#include "harness/check/som_5.h"

#include <fmt/format.h>

#include <algorithm>

namespace harness::check {

void Som5::on(const Record& record, Findings& findings) {
  if (files_.on(record)) return;
  const Fact* fact = fact_of(record);
  if (fact == nullptr) return;
  if (fact->kind == Fact::Kind::som_validated) {
    const auto ost = files_.ost(record.node);
    if (ost) read_[{{*ost, fact->object}, fact->xid, fact->client}] = {record.index};
    if (read_.size() > kReadsMax) findings.inconclusive("too many sizes read");
    return;
  }
  const auto* stripes = files_.stripes(fact->object);
  const bool empty = fact->start == 0 && fact->end == 0;
  if (stripes == nullptr || empty) return;
  for (const SomFiles::Object& object : *stripes) {
    if (read_.find({object, fact->xid, fact->client}) != nullptr) continue;
    return findings.broken("SOM-5",
                           fmt::format("a size of {} bytes is kept, but object {} of OST {} was "
                                       "not read in epoch {}",
                                       fact->start, object.name.first, object.ost, fact->xid),
                           {record.index});
  }
  read_.erase_if([&](const Read& read, const Seen&) {
    return read.client == fact->client && read.epoch == fact->xid &&
           std::ranges::find(*stripes, read.object) != stripes->end();
  });
}

}  // namespace harness::check
