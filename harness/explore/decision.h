// One step of a schedule: what happens next. Paths are kept as decisions, in capsules as text, so
// that people read them and code that does not touch a path does not break it:
//
//   call client1                  deliver client1>mds          crash mds
//   commit mds                    drop mds>client1 bulk        start mds
//   timer client1 40000001/3      release ost0>mds 0           evict client1 mds
//   die client1
#pragma once

#include <compare>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "harness/explore/scenario.h"
#include "harness/sim/node.h"

namespace harness::explore {

using sim::NodeIndex;

// A directed pair of nodes and the socket's type: messages of one link arrive in order.
struct LinkKey {
  uint8_t from = 0, to = 0;
  bool bulk = false;
  auto operator<=>(const LinkKey&) const = default;
};

struct Decision {
  // Up to `release` they are for nothing, `timer` when nothing else is left; the rest are faults,
  // in the order of Fault.
  enum class Kind : uint8_t {
    call,       // node = client
    deliver,    // link
    commit,     // node
    start,      // node
    release,    // link, which = place among what is held: its receiver gets it
    timer,      // node, timer
    crash,      // node
    drop,       // link's oldest
    delay,      // link's oldest is held
    duplicate,  // link's oldest arrives now, and once more later
    reorder,    // link's second arrives first from now on
    evict,      // link.to = server, link.from = client
    die,        // node = client
  };
  Kind kind = Kind::call;
  NodeIndex node = 0;
  LinkKey link;
  uint32_t which = 0;
  reference::TimerId timer;

  bool is_fault() const { return kind >= Kind::crash; }
  bool is_free() const { return kind < Kind::timer; }
  Fault fault() const {
    return static_cast<Fault>(static_cast<int>(kind) - static_cast<int>(Kind::crash));
  }
  bool operator==(const Decision&) const = default;
};
using Schedule = std::vector<Decision>;

// How nodes are called: mgs, mds, ost0…, client1…
class Names {
 public:
  explicit Names(const Scenario& scenario);
  const std::string& operator[](NodeIndex node) const { return names_[node]; }
  size_t size() const { return names_.size(); }
  std::string text(const Decision& decision) const;
  // The decision, or what is wrong with the line.
  std::expected<Decision, std::string> parse(std::string_view line) const;

 private:
  std::vector<std::string> names_;
};

// The rules of schedules in one line, with what is narrower in this scenario: "…; the MGS is
// prompt; crash only of mds".
std::string rules_text(const Scenario& scenario);

}  // namespace harness::explore
