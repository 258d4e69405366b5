#include "harness/check/open_3.h"

#include <fmt/format.h>

#include "reference/counts.h"

namespace harness::check {

void Open3::on(const Record& record, Findings& findings) {
  if (const Fact* fact = fact_of(record)) return on_fact(record, *fact, findings);
  if (const auto* started = std::get_if<record::Started>(&record.what)) {
    if (started->node.role == record::Role::ost) osts_[record.node] = started->node.index;
    return not_serving_.erase(record.node);
  }
  if (std::holds_alternative<record::Crashed>(record.what)) {
    opens_.on(record);
    not_serving_[record.node] = true;
  }
  descriptors_.on(record);
}

void Open3::on_fact(const Record& record, const Fact& fact, Findings& findings) {
  const Inode inode{record.node, fact.object};
  switch (fact.kind) {
    case Fact::Kind::opened:
    case Fact::Kind::closed:
      metadata_[record.node] = true;
      return opens_.on(record);
    case Fact::Kind::recovery_began:
      not_serving_[record.node] = true;
      return;
    case Fact::Kind::recovery_ended:
      return not_serving_.erase(record.node);
    case Fact::Kind::layout_set:
      if (files_.size() == kStripesMax) return findings.inconclusive("too many files");
      files_[{static_cast<uint32_t>(fact.value), {fact.start, fact.end}}] = fact.object;
      return;
    case Fact::Kind::inode_orphaned:
      orphans_[inode] = {fact.transno, {record.index}};
      return;
    case Fact::Kind::started:
      // It has its name again, or was never made, unless that is replayed.
      return orphans_.erase_if([&](const Inode& one, const Orphan& orphan) {
        return one.first == record.node && orphan.transno > fact.transno;
      });
    case Fact::Kind::inode_destroyed:
      orphans_.erase(inode);
      if (const Descriptors::File* file = holder(fact.object)) {
        findings.broken("OPEN-3",
                        fmt::format("file {}:{} is destroyed while an application has it open",
                                    fact.object.first, fact.object.second),
                        {file->at.index, record.index});
      }
      return;
    case Fact::Kind::object_destroyed:
      return on_object(record, fact, findings);
    case Fact::Kind::counted:
      if (fact.text != reference::count::kClosedOrphans || fact.value == 0) return;
      return findings.broken(
          "OPEN-3",
          fmt::format("{} files have no name, nobody has them open, and they are still there",
                      fact.value),
          {record.index});
    default:
      // An OST's eviction closes nothing.
      if (fact.kind == Fact::Kind::connected || metadata_.find(record.node) != nullptr) {
        descriptors_.on(record);
      }
  }
}

const Descriptors::File* Open3::holder(const reference::ObjectName& inode) const {
  for (const auto& [place, file] : descriptors_.files()) {
    if (file.is(inode)) return &file;
  }
  return nullptr;
}

void Open3::on_object(const Record& record, const Fact& fact, Findings& findings) const {
  const uint32_t* ost = osts_.find(record.node);
  if (ost == nullptr || fact.start != fact.end) return;
  const reference::ObjectName* inode = files_.find({*ost, fact.object});
  const Descriptors::File* file = inode == nullptr ? nullptr : holder(*inode);
  if (file == nullptr) return;
  findings.broken("OPEN-3",
                  fmt::format("object {} of file {}:{} is destroyed while an application has the "
                              "file open",
                              fact.object.first, inode->first, inode->second),
                  {file->at.index, record.index});
}

void Open3::finish(Findings& findings) {
  for (const auto& [inode, orphan] : orphans_) {
    if (not_serving_.find(inode.first) != nullptr) continue;
    const bool open = opens_.find(inode.first, [&](const Opens::Open& one) {
      return one.object == inode.second;
    }) != nullptr;
    if (open) continue;
    return findings.broken("OPEN-3",
                           fmt::format("file {}:{} has no name, nobody has it open, and it is "
                                       "still there",
                                       inode.second.first, inode.second.second),
                           {orphan.at.index});
  }
}

}  // namespace harness::check
