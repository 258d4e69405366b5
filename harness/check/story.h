// A history told by a test: one record after the other, fed to the checker of one property.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "harness/check/checkers.h"

namespace harness::check {

class Story {
 public:
  static constexpr record::NodeIndex kMds = 1, kOst = 2, kAlice = 11, kBob = 12;

  // With servers and clients started, and clients' names known.
  explicit Story(std::string_view property) : checkers_({property}) {
    start(kMds, record::Role::mds);
    start(kOst, record::Role::ost);
    start(kAlice, record::Role::client);
    start(kBob, record::Role::client);
    for (const record::NodeIndex client : {kAlice, kBob}) {
      note(client, {.kind = Fact::Kind::connected, .client = name(client), .text = "MDT I1"});
    }
  }

  static record::PeerId peer(record::NodeIndex node) { return {node, 12345}; }
  static std::string name(record::NodeIndex client) { return client == kAlice ? "alice" : "bob"; }

  Story& start(record::NodeIndex node, record::Role role,
               reference::Dialect dialect = reference::Dialect::v2_0) {
    return tell(node, record::Started{{role, 0, peer(node)}, dialect});
  }
  Story& crash(record::NodeIndex node) {
    tell(node, record::Faulted{"crash"});
    return tell(node, record::Crashed{});
  }
  Story& note(record::NodeIndex node, Fact fact) {
    return tell(node, record::Noted{std::move(fact)});
  }
  Story& received(record::NodeIndex node, record::NodeIndex from, record::Envelope envelope) {
    return tell(node, record::Received{peer(from), 0, {}, envelope});
  }
  Story& sent(record::NodeIndex node, record::NodeIndex to, record::Envelope envelope) {
    return tell(node, record::Sent{peer(to), 0, {}, envelope});
  }
  Story& begin(record::NodeIndex client, reference::OrderId order, reference::Syscall call) {
    return tell(client, record::CallBegan{order, std::make_shared<reference::Syscall>(call)});
  }
  Story& end(record::NodeIndex client, reference::OrderId order, reference::Result result) {
    return tell(client, record::CallEnded{order, std::make_shared<reference::Result>(result)});
  }
  Story& tell(record::NodeIndex node, record::What what) {
    checkers_.on({.index = ++index_, .time = time_, .node = node, .what = std::move(what)});
    return *this;
  }
  Story& at(reference::Time time) {
    time_ = time;
    return *this;
  }
  // Whether the property is broken by now, or, with `at_rest`, when nothing more happens.
  bool broken() const { return checkers_.broken(); }
  bool broken_at_rest() const {
    Checkers rest = checkers_;
    rest.finish();
    return rest.broken();
  }
  std::vector<uint64_t> witness() const { return checkers_.violations().at(0).witness; }
  uint64_t last() const { return index_; }
  uint64_t digest() const { return checkers_.digest(); }

 private:
  Checkers checkers_;
  uint64_t index_ = 0;
  reference::Time time_ = 1;
};

}  // namespace harness::check
