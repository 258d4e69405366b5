// One node of a simulated cluster: a machine, shared copy-on-write, with its disk and its timers.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "reference/client.h"
#include "reference/mds.h"
#include "reference/mgs.h"
#include "reference/ost.h"

namespace harness::sim {

// A node without behaviour: what reaches it waits to be taken by a scripted peer.
struct Inbox {
  struct Entry {
    reference::PeerId from;
    std::optional<reference::Bytes> message;  // none: the connections to `from` are gone
    void state(auto&& visit) const { visit(from, message); }
  };
  std::vector<Entry> entries;
  void state(auto&& visit) const { visit(entries); }
};

using AnyMachine =
    std::variant<Inbox, reference::Mgs, reference::Mds, reference::Ost, reference::Client>;

// A value that copies share until one of them writes, with its digest kept.
template <class T>
class Shared {
 public:
  Shared() = default;
  explicit Shared(T value) : box_(std::make_shared<Box>(std::move(value))) {}

  bool empty() const { return box_ == nullptr; }
  const T& read() const { return box_->value; }
  T& write() {
    if (box_.use_count() != 1) box_ = std::make_shared<Box>(box_->value);
    box_->digest.reset();
    return box_->value;
  }
  uint64_t digest() const;

 private:
  struct Box {
    explicit Box(T v) : value(std::move(v)) {}
    T value;
    mutable std::optional<uint64_t> digest;
  };
  std::shared_ptr<Box> box_;
};

// What is durable, and the transactions that are not yet, in the order of their ids.
struct Disk {
  Shared<reference::Store> durable{reference::Store{}};
  std::vector<std::shared_ptr<const reference::Persist>> pending;
  bool held = false;  // nothing becomes durable until released
};

struct Timer {
  reference::Time at = 0;
  reference::TimerId id;
};

enum class Kind : uint8_t { inbox, mgs, mds, ost, client };

struct Node {
  reference::Config config;
  Kind kind = Kind::inbox;
  Shared<AnyMachine> machine;  // empty while the node is down
  Disk disk;
  std::vector<Timer> timers;        // sorted by id
  bool paused = false;              // nothing reaches it, and none of its timers fires
  reference::Time clock_ahead = 0;  // of its clock, before everybody else's
};

}  // namespace harness::sim
