// What applications have open: the descriptors between the end of an open and the beginning of its
// close, and whether the metadata server may have evicted their client since.
#pragma once

#include <tuple>
#include <utility>

#include "harness/check/flat_map.h"
#include "harness/check/seen.h"

namespace harness::check {

class Descriptors {
 public:
  struct File {
    uint64_t seq = 0;  // the FID
    uint64_t oid = 0;
    uint64_t ino = 0;
    Seen at;
    // Whether the server calls it so (facts: semantics 3.1, the resource of an inode). An inode's
    // number alone may be another file's by now; it counts where no FID was told.
    bool is(const reference::ObjectName& object) const {
      if (seq == 0) return object.first == ino;
      return object.first == seq && object.second == oid;
    }
    void state(auto&& visit) const { visit(seq, oid, ino); }
  };
  using Place = std::pair<record::NodeIndex, uint64_t>;  // client, descriptor

  // Calls, crashes of clients, their notes, and the evictions of metadata servers.
  void on(const record::Record& record) {
    if (const auto* began = std::get_if<record::CallBegan>(&record.what)) {
      on_began(record, *began);
    } else if (const auto* ended = std::get_if<record::CallEnded>(&record.what)) {
      on_ended(record, *ended);
    } else if (const reference::Fact* fact = fact_of(record)) {
      on_fact(record, *fact);
    } else if (std::holds_alternative<record::Crashed>(record.what)) {
      forget(record.node);
      names_.erase(record.node);
    }
  }
  const FlatMap<Place, File>& files() const { return files_; }
  const reference::ClientName* name(record::NodeIndex client) const { return names_.find(client); }
  void state(auto&& visit) const { visit(files_, opening_, names_); }

 private:
  // An open that has not ended.
  struct Opening {
    record::NodeIndex client = 0;
    reference::OrderId order = 0;
    auto operator<=>(const Opening&) const = default;
    void state(auto&& visit) const { visit(client, order); }
  };

  void on_began(const record::Record& record, const record::CallBegan& began) {
    using enum reference::Syscall::Kind;
    if (began.call->kind == open) {
      opening_[{record.node, began.order}] = true;
    } else if (began.call->kind == close) {
      files_.erase({record.node, began.call->fd});
    } else if (began.call->kind == unmount) {
      forget(record.node);
    }
  }
  void on_ended(const record::Record& record, const record::CallEnded& ended) {
    if (opening_.find({record.node, ended.order}) == nullptr) return;
    opening_.erase({record.node, ended.order});
    if (ended.result->status != 0) return;
    const reference::Attributes& of = ended.result->attributes;
    files_[{record.node, ended.result->value}] = {of.fid_seq, of.fid_oid, of.ino, {record.index}};
  }
  void on_fact(const record::Record& record, const reference::Fact& fact) {
    if (fact.kind == reference::Fact::Kind::connected && !fact.text.empty()) {
      names_[record.node] = fact.client;
    } else if (fact.kind == reference::Fact::Kind::evicted) {
      for (const auto& [node, name] : names_) {
        if (name == fact.client) forget(node);
      }
    }
  }
  void forget(record::NodeIndex client) {
    files_.erase_if([&](const Place& place, const File&) { return place.first == client; });
    opening_.erase_if([&](const Opening& opening, bool) { return opening.client == client; });
  }

  FlatMap<Place, File> files_;
  FlatMap<Opening, bool> opening_;
  FlatMap<record::NodeIndex, reference::ClientName> names_;
};

}  // namespace harness::check
