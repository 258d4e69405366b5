// What a conformance test is, and what it has to work with.
//
// A suite is a table of cases, added by hand to catalogue.cc; a case names its requirement, states
// it in a sentence, says where it was learned, and runs as a conversation. Cases meet the servers
// only through the World: over the wire, and by the verbs that a target has.
#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/check/judge.h"
#include "harness/record/history.h"
#include "harness/target.h"
#include "harness/world.h"

namespace suites {

class Application;
class Peer;

using harness::Dialect;

// What a case asks of its target.
enum class Needs : uint32_t {
  nothing = 0,
  crash = 1,  // crash and start
  evict = 2,
  hold_commits = 4,  // a replay barrier
  notes = 8,         // servers that say what they did
  only_1_8 = 16,
  only_2_0 = 32,
  stripes = 64,           // a file over two OSTs
  fresh = 128,            // a file system that nobody has used yet
  crash_at_commit = 256,  // a death between two commits
  release_commits = 512,  // commits that flow again without a crash
  stop = 1024,            // controlled failover, and start
  abort_recovery = 2048,  // the operator gives recovery up
  som = 4096,             // the profile of Size-on-MDS
};
constexpr Needs operator|(Needs a, Needs b) {
  return static_cast<Needs>(static_cast<uint32_t>(a) | static_cast<uint32_t>(b));
}
constexpr bool has(Needs set, Needs one) {
  return (static_cast<uint32_t>(set) & static_cast<uint32_t>(one)) != 0;
}

class Conformance;

struct Case {
  std::string_view id;           // "open-replay.3b", for ever
  std::string_view requirement;  // "OPEN-2"
  std::string_view sentence;     // the requirement, in one sentence
  std::string_view source;       // where it was learned: "semantics 2.6"
  Needs needs = Needs::nothing;
  bool waits_long = false;  // for the longest of time-outs: it begins before others
  void (*run)(Conformance&) = nullptr;
};

// What the target lacks of a case's needs, in words; none: it has all.
std::optional<std::string> lacking(const harness::Target& target, Needs needs);

// Every case there is, suite by suite.
std::vector<std::span<const Case>> catalogue();

// What the cases of one process run against.
struct Setting {
  harness::Target target;
  harness::WorldKind world = harness::WorldKind::sim;
  uint64_t seed = 1;
  std::string out;  // a folder for captures and histories, or empty
  // Strikes in every case, from before its first client on.
  std::optional<faults::Plan> plan = {};
};

enum class Outcome : uint8_t { pass, fail, unsupported, inconclusive, broken };

// Ends a case early with an outcome that is no judgement on the server.
struct Stop {
  Outcome outcome;
  std::string why;
};

// The fixture: a world of its own for each case.
class Conformance {
 public:
  explicit Conformance(const Setting& setting, const Case& c);
  ~Conformance();

  harness::World& world() { return *world_; }
  // Every OST there is.
  std::vector<harness::ServerId> osts() const;
  Dialect dialect() const { return setting_.target.dialect; }

  // A client of ours, mounted. Fails the case when the mount does.
  Application& mount();
  // A client of ours, not mounted yet.
  Application& client();
  // A scripted peer, which sends exactly what it is told to.
  Peer& peer();

  // Lets things happen until the condition holds. `what` says what was awaited, should it not.
  void wait_for(std::string_view what, const std::function<bool()>& condition);

  // Likewise, for what the server owes in its own time: asks again, and again after a while.
  void expect_in_time(std::string_view what, const std::function<bool()>& asked);

  // Likewise, for what the server owes: it fails if that does not come.
  void expect(std::string_view what, const std::function<bool()>& condition);

  // After so much silence a server evicts a client (PING_EVICT_TIMEOUT).
  harness::Time silence_max() const;

  // Until pings have gone round twice: clients know what is committed, and have done what they do
  // only then, such as destroying the objects of removed files (semantics 1.12, 2.5).
  void drain();

  // Crashes the server and starts it again.
  void restart(harness::ServerId server);

  // Lets the world come to rest and fails the case for every property that its history breaks; how
  // many.
  size_t judge();
  // What was left then, counted; nothing on servers that do not tell.
  const harness::check::Audit& audit() const { return judge_.audit(); }

  // What the plan did so far, in its words; none, if it has not struck.
  std::optional<std::string> struck_by_plan() const;
  // Lustre's fault points that were hit so far, by plan or case: numbers in faults::fail_points().
  std::vector<uint32_t> points_hit() const;

  // Where a server of the cast is.
  harness::PeerId address(harness::ServerId server) const;

  // From the `first` one on, so many requests (or replies) of this operation between the server and
  // anybody are lost on the way. Gives the rule's number for World::struck, if no other rules are
  // made besides.
  size_t lose(faults::Part part, uint32_t opcode, harness::ServerId server = harness::kMds,
              uint32_t times = 1, uint32_t first = 1);
  // Waits until so many messages were lost by that rule.
  void wait_for_loss(size_t rule, uint32_t times = 1);

  // Our servers' account of what they did: how many facts of a kind there are so far.
  size_t count(harness::ServerId server, harness::Fact::Kind kind) const;

 private:
  Setting setting_;
  harness::check::Judge judge_;
  std::unique_ptr<harness::record::HistoryWriter> history_;
  std::unique_ptr<harness::World> world_;
  std::vector<std::unique_ptr<Application>> applications_;
  std::vector<std::unique_ptr<Peer>> peers_;
  size_t rules_ = 0;
};

}  // namespace suites
