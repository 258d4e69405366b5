#include "harness/check/open_4.h"

#include <fmt/format.h>

namespace harness::check {

void Open4::on(const Record& record, Findings& findings) {
  if (const Fact* fact = fact_of(record)) return on_fact(record, *fact, findings);
  opens_.on(record);
  not_serving_[record.node] = true;
}

const Opens::Open* Open4::opener(const Inode& inode) const {
  return opens_.find(inode.first,
                     [&](const Opens::Open& open) { return open.object == inode.second; });
}

void Open4::on_fact(const Record& record, const Fact& fact, Findings& findings) {
  const Inode inode{record.node, fact.object};
  switch (fact.kind) {
    case Fact::Kind::inode_made:
      if (fact.text != reference::kVolatile) return;
      if (files_.size() == kFilesMax) return findings.inconclusive("too many files");
      files_[inode] = {fact.transno, false, {record.index}};
      return;
    case Fact::Kind::inode_orphaned:
      if (File* file = files_.find(inode)) file->nameless = true;
      return;
    case Fact::Kind::inode_destroyed: {
      const Opens::Open* open = opener(inode);
      if (files_.find(inode) != nullptr && open != nullptr) {
        findings.broken("OPEN-4",
                        fmt::format("volatile file {}:{} is destroyed, and {} has it open",
                                    fact.object.first, fact.object.second, open->client.view()),
                        {open->at.index, record.index});
      }
      return files_.erase(inode);
    }
    case Fact::Kind::started:
      not_serving_.erase(record.node);
      // What was not durable is undone, unless it is replayed.
      return files_.erase_if([&](const Inode& one, const File& file) {
        return one.first == record.node && file.transno > fact.transno;
      });
    case Fact::Kind::recovery_began:
      not_serving_[record.node] = true;
      return;
    case Fact::Kind::recovery_ended:
      return not_serving_.erase(record.node);
    default:
      return opens_.on(record);
  }
}

void Open4::finish(Findings& findings) {
  for (const auto& [inode, file] : files_) {
    if (not_serving_.find(inode.first) != nullptr) continue;
    const bool open = opener(inode) != nullptr;
    if (open && file.nameless) continue;
    findings.broken("OPEN-4",
                    fmt::format("volatile file {}:{} {}", inode.second.first, inode.second.second,
                                open ? "has a name" : "is still there, and nobody has it open"),
                    {file.at.index});
  }
}

}  // namespace harness::check
