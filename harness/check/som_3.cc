#include "harness/check/som_3.h"

#include <fmt/format.h>

namespace harness::check {

void Som3::on(const Record& record, Findings& findings) {
  const Fact* fact = fact_of(record);
  if (fact != nullptr && fact->kind == Fact::Kind::som_state) {
    if (fact->value != 0) {
      told_[fact->object] = {record.node, {record.index}};
    } else {
      told_.erase(fact->object);
    }
    return;
  }
  if (std::holds_alternative<record::Crashed>(record.what)) {
    told_.erase_if([&](const ObjectName&, const Told& told) { return told.mds == record.node; });
    return;
  }
  const auto ost = files_.ost(record.node);
  const bool changed = fact != nullptr && fact->kind == Fact::Kind::object_state && ost;
  const auto file = changed ? files_.file_of({*ost, fact->object}) : std::nullopt;
  const SomFiles::Size before = file ? files_.size_of(file->first) : SomFiles::Size{};
  files_.on(record);
  if (files_.too_many()) return findings.inconclusive("too many files");
  const Told* told = file ? told_.find(file->first) : nullptr;
  if (told == nullptr) return;
  const SomFiles::Size after = files_.size_of(file->first);
  if (before.size == after.size && before.blocks == after.blocks) return;
  findings.broken("SOM-3",
                  fmt::format("the file becomes {} bytes and {} blocks while the MDS would tell "
                              "{} and {}",
                              after.size, after.blocks, before.size, before.blocks),
                  {told->at.index, record.index});
}

}  // namespace harness::check
