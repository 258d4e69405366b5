#include "harness/check/lock_7.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>

namespace harness::check {

using Kind = reference::Syscall::Kind;

namespace {

bool shortens(const reference::Syscall& call) {
  switch (call.kind) {
    case Kind::truncate:
    case Kind::unlink:
    case Kind::rename:
      return true;
    case Kind::open:
      return (call.flags & O_TRUNC) != 0;
    default:
      return false;
  }
}

// Whether it may change what size a path means.
bool changes_sizes(const reference::Syscall& call) {
  switch (call.kind) {
    case Kind::write:
    case Kind::link:
    case Kind::symlink:
      return true;
    case Kind::open:
      return (call.flags & (O_TRUNC | O_CREAT)) != 0;
    default:
      return shortens(call);
  }
}

// Who asks for what the MDS knows, though a write has made it longer since.
bool content_with_mds(const reference::Syscall& call) {
  return (call.kind == Kind::stat || call.kind == Kind::lstat) &&
         (call.flags & reference::kStatDontSync) != 0;
}

}  // namespace

void Lock7::on(const Record& record, Findings& findings) {
  if (const auto* began = std::get_if<record::CallBegan>(&record.what)) {
    on_began(record, *began);
  } else if (const auto* ended = std::get_if<record::CallEnded>(&record.what)) {
    on_ended(record, *ended, findings);
  } else if (const Fact* fact = fact_of(record)) {
    on_fact(record, *fact);
  } else if (const auto* started = std::get_if<record::Started>(&record.what)) {
    if (started->node.role == record::Role::ost) osts_[record.node] = started->node.index;
  } else {
    lose();
    calls_.erase_if([&](const Running& running, const Call& call) {
      if (running.client == record.node && call.shortens) --shortening_;
      if (running.client == record.node && call.changes) --changing_;
      return running.client == record.node;
    });
    files_.erase_if([&](const Place& place, const Fid&) { return place.first == record.node; });
  }
}

void Lock7::on_fact(const Record& record, const Fact& fact) {
  if (fact.kind == Fact::Kind::connected) {
    if (fact.text.empty()) return;  // a server's word
    names_[record.node] = fact.client;
    if (const auto index = ost_of(fact)) evicted_.erase({*index, fact.client});
    return;
  }
  if (fact.kind == Fact::Kind::evicted) {
    if (const uint32_t* ost = osts_.find(record.node)) evicted_[{*ost, fact.client}] = true;
    return lose();
  }
  if (fact.text == "client:evicted" || fact.text == "write:failed") lose();
}

bool Lock7::unaware(record::NodeIndex client) const {
  const reference::ClientName* name = names_.find(client);
  return name != nullptr && std::ranges::any_of(evicted_, [&](const auto& entry) {
           return entry.key.second == *name;
         });
}

// Whatever was known of sizes is known no more; neither by those who run now.
void Lock7::lose() {
  sizes_.change().clear();
  for (auto& [running, call] : calls_) call.before = sizes_;
  disturb();
}

void Lock7::disturb() {
  cut_ = {};
  for (auto& [running, call] : calls_) {
    call.alone = false;
    call.cut = {};
  }
}

void Lock7::on_began(const Record& record, const record::CallBegan& began) {
  const reference::Syscall& call = *began.call;
  if (content_with_mds(call)) return;
  const bool changes = changes_sizes(call);
  const bool alone = changing_ == 0;
  if (changes) disturb();
  changing_ += changes ? 1 : 0;
  Call& under_way = calls_[{record.node, began.order}];
  under_way = {.kind = call.kind,
               .shortens = shortens(call),
               .changes = changes,
               .fd = call.fd,
               .end = call.offset + call.data.size(),
               .path = call.kind == Kind::truncate ? call.path : std::string(),
               .before = sizes_,
               .at = {record.index}};
  if (under_way.shortens) {
    ++shortening_;
    lose();
  }
  if (call.kind == Kind::close) files_.erase({record.node, call.fd});
  under_way.alone = alone && call.kind == Kind::truncate;
  if (call.path == cut_.path && changing_ == 0) under_way.cut = cut_;
}

void Lock7::on_ended(const Record& record, const record::CallEnded& ended, Findings& findings) {
  const Call* known = calls_.find({record.node, ended.order});
  if (known == nullptr) return;
  const Call call = *known;
  calls_.erase({record.node, ended.order});
  changing_ -= call.changes ? 1 : 0;
  if (call.shortens) {
    --shortening_;
    lose();
  }
  const reference::Result& result = *ended.result;
  if (result.status != 0) return;
  if (call.kind == Kind::truncate && call.alone) cut_ = {call.path, call.end, {record.index}};
  const reference::Attributes& of = result.attributes;
  const Fid fid{of.fid_seq, of.fid_oid, of.ino};
  if (call.kind == Kind::open) {
    files_[{record.node, result.value}] = fid;
  } else if (call.kind == Kind::write) {
    const Fid* file = files_.find({record.node, call.fd});
    if (file == nullptr || shortening_ != 0 || unaware(record.node)) return;
    if (sizes_->size() == kFilesMax) return findings.inconclusive("too many files");
    Size& size = sizes_.change()[*file];
    if (call.end > size.end) size = {call.end, {record.index}};
  } else if (call.kind == Kind::stat || call.kind == Kind::lstat) {
    if (!call.cut.path.empty() && of.size > call.cut.size) {
      return findings.broken("LOCK-7",
                             fmt::format("the file had been cut to {} bytes before the call began, "
                                         "which says {}",
                                         call.cut.size, of.size),
                             {call.cut.at.index, call.at.index, record.index});
    }
    const Size* size = call.before->find(fid);
    if (size == nullptr || of.size >= size->end) return;
    findings.broken("LOCK-7",
                    fmt::format("the file had {} bytes before the call began, which says {}",
                                size->end, of.size),
                    {size->at.index, call.at.index, record.index});
  }
}

}  // namespace harness::check
