// What a schedule stands on: the nodes' values and messages behind the numbers that a Position
// holds, and what a step makes of them. Two kinds: InternedGround (interned.h) keeps every value
// once and every step's outcome, for a search that meets the same ones in millions of positions;
// PlainGround (plain.h) changes its nodes in place, for one run.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/check/checkers.h"
#include "harness/explore/decision.h"
#include "harness/explore/few.h"
#include "harness/explore/scenario.h"
#include "harness/record/record.h"
#include "harness/sim/node.h"

namespace harness::explore {

using reference::Bytes;
using reference::PeerId;

// Who plays: the nodes of a scenario, in the order mgs, mds, OSTs, clients.
class Cast {
 public:
  explicit Cast(const Scenario& scenario);
  const Scenario& scenario() const { return scenario_; }
  const Names& names() const { return names_; }
  size_t size() const { return peers_.size(); }
  NodeIndex first_client() const { return first_client_; }
  bool is_server(NodeIndex node) const { return node < first_client_; }
  PeerId peer(NodeIndex node) const { return peers_[node]; }
  std::optional<NodeIndex> find(PeerId peer) const;
  // Not started.
  sim::Node make(NodeIndex node) const;
  // Of a client that is mounted; evictions name it.
  std::string uuid(size_t client) const { return uuids_[client]; }
  void set_uuid(size_t client, std::string uuid) { uuids_[client] = std::move(uuid); }
  const Call& call(size_t client, size_t index) const;
  record::Role role(NodeIndex node) const;
  record::Node node(NodeIndex node) const;

 private:
  Scenario scenario_;
  Names names_;
  NodeIndex first_client_;
  std::vector<PeerId> peers_;
  std::vector<std::string> uuids_;
};

// What happens to one node.
struct Happening {
  enum class Kind : uint8_t {
    received,  // from, argument = message
    lost,      // from
    commit,
    timer,  // argument = its place among the node's
    call,   // from = client, counted from 0; argument = call | fd << 16
    evict,  // from = client, counted from 0
    crash,
    start,
    audit,  // it says what it has, and stays as it is
    // Faults on a message to this node: nothing but a record of it. As `received`.
    drop,
    delay,
    duplicate,
    reorder,
  };
  Kind kind = Kind::received;
  NodeIndex from = 0;
  uint32_t argument = 0;
};

// What a step did, as the rest of the cluster sees it. Messages are numbers, from 1.
struct Stepped {
  struct Post {
    NodeIndex to;
    bool bulk;
    uint32_t message;
  };
  struct Ended {
    uint32_t call;
    int32_t status;
    uint64_t value;
  };
  uint32_t number = 0;             // of this step, where they are kept
  uint32_t after = 0;              // the node's value now
  std::vector<NodeIndex> dropped;  // before what was posted
  std::vector<Post> posts;
  std::vector<Ended> ended;
  std::vector<record::Record> records;
  uint64_t heard_by = 0;  // which checkers asked for one of these, a bit each, where they are kept
  std::string failed;     // the CHECK that failed in it
};

// Whose calls are numbered how: an order is (client + 1) << 16 | call, without a global count.
constexpr reference::OrderId order_of(size_t client, uint32_t call) {
  return (client + 1) << 16 | call;
}

// Numbers of the checkers' values, one a property; one of all together on a plain ground.
inline constexpr size_t kCheckersMax = 48;
using Checking = Few<uint32_t, kCheckersMax>;

class Ground {
 public:
  virtual ~Ground() = default;
  // Valid until the next step (plain), or for good (interned).
  virtual const Stepped& step(NodeIndex self, uint32_t node, const Happening& happening,
                              Time now) = 0;
  virtual uint32_t add(NodeIndex self, sim::Node node) = 0;
  // Of an interned ground, a server's machine may have been let go (sim::Node).
  virtual const sim::Node& node(uint32_t number) const = 0;
  virtual bool recovering(uint32_t number) const = 0;
  virtual const Bytes& message(uint32_t number) const = 0;
  // Of a run that begins.
  virtual Checking checking() = 0;
  // Lets them hear of the step; true if that breaks a property.
  virtual bool judge(Checking& checkers, const Stepped& stepped) = 0;
  virtual const check::Checkers& checkers(uint32_t number) const = 0;
};

// Does it to the node. Posts and `after` of `stepped` are left to the ground: what is sent is in
// `happened`. Throws nothing: a CHECK that fails is in stepped.failed.
void perform(const Cast& cast, NodeIndex self, sim::Node& node, const Happening& happening,
             const Bytes* message, Time now, sim::Happened& happened, Stepped& stepped);

// Whether a message takes the bulk socket.
bool is_bulk(const Bytes& message);

}  // namespace harness::explore
