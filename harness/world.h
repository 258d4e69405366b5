// The seam between what judges and what runs. Suites, campaigns and commands see a World: servers
// under test, clients and scripted peers of our own, and time that passes only while somebody
// waits. harness/sim has the simulated one, harness/live the one of sockets and processes.
//
// Waiting is for events, never for a while: run_until() lets things happen until the condition
// holds, and gives up after Limits::patience of the world's own time, which a test reports as
// inconclusive (or as a failure where the requirement is that it happens).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "faults/injector.h"
#include "faults/plan.h"
#include "faults/rule.h"
#include "harness/record/recorder.h"
#include "reference/config.h"
#include "reference/machine.h"

namespace harness {

// What suites and commands need of the machines' vocabulary (they never include reference/).
using protocol::Bytes;
using reference::Attributes;
using reference::Dialect;
using reference::DirectoryEntry;
using reference::Fact;
using reference::kFlockNoWait;
using reference::OrderId;
using reference::PeerId;
using reference::Result;
using reference::Syscall;
using reference::Time;

enum class Role : uint8_t { mgs, mds, ost };

struct ServerId {
  Role role = Role::mds;
  uint32_t index = 0;
  auto operator<=>(const ServerId&) const = default;
};
inline constexpr ServerId kMgs{Role::mgs, 0};
inline constexpr ServerId kMds{Role::mds, 0};
constexpr ServerId ost(uint32_t index) { return {Role::ost, index}; }
// What plans call the server; and who it is that they call so, none for what is no server.
faults::NodeName plan_name(ServerId server);
std::optional<ServerId> server_named(const faults::NodeName& name);

// Who is under test, as a client needs to know it.
struct Cast {
  Dialect dialect = Dialect::v2_0;
  std::string fsname;
  PeerId mgs;
  PeerId mds;
  std::vector<PeerId> osts;
};

struct TargetFile;  // targets/lustre.h

// What is asked of a world when it is made.
struct Setup {
  Dialect dialect = Dialect::v2_0;
  reference::DefectSet defects;  // of servers and clients
  reference::SomConfig som;      // likewise
  uint32_t osts = 2;
  uint64_t seed = 1;
  reference::Timing timing;
  std::string capture;  // a pcapng file to write, or empty
  // Told what happens, in order; lives longer than the world.
  record::Recorder* recorder = nullptr;
  // Servers that are not ours, and who they are; none: the world starts its own.
  std::shared_ptr<const TargetFile> servers;
  Cast cast;
  // What servers say to each other is seen and faulted too. (It costs the live world a relay before
  // each server; the simulated one always can.)
  bool server_links = false;
};

// Peers of ours: indices in order of creation.
struct ClientId {
  uint32_t index = 0;
};
struct ProbeId {
  uint32_t index = 0;
};
// user_space: as Lustre's user-space clients are on the network: a pid with the user-space bit; in
// the live world one untyped connection a server, HELLO of version 2, an unprivileged port.
enum class ProbeKind : uint8_t { kernel, user_space };

// What a probe got: a whole LNet message, or the loss of all connections to a peer.
struct ProbeEvent {
  PeerId from;
  std::optional<Bytes> message;  // none: the peer closed or was lost
};

// What a world throws when it cannot do what it was asked to; neither is the server's fault.
struct Unsupported {  // the target lacks it
  std::string why;
};
struct Broken {  // it was tried, and did not work
  std::string why;
};

class World {
 public:
  virtual ~World() = default;

  virtual const Cast& cast() const = 0;
  virtual Time now() const = 0;
  // For names of ours that servers remember: another one in each world that meets the same servers.
  virtual uint64_t salt() const { return 0; }
  // The directory of the file system that our clients have as their root.
  virtual std::string root() const { return "/"; }

  // Lets things happen until the condition holds; false when patience ran out.
  virtual bool run_until(const std::function<bool()>& condition) = 0;
  // Lets everything happen that does not need time to pass.
  virtual void settle() = 0;
  // Lets this much of the world's time pass (virtual in simulation).
  virtual void pass(Time duration) = 0;

  // --- clients of ours ---
  virtual ClientId add_client() = 0;
  // A client that is dead never answers.
  virtual OrderId submit(ClientId client, const Syscall& call) = 0;
  // The result of a call, once it has ended.
  virtual const Result* result(ClientId client, OrderId order) const = 0;
  // The uuid that a client gave in its CONNECTs, by which servers know it.
  virtual std::string client_uuid(ClientId client) const = 0;
  // Stops a client without a word, as a power failure does.
  virtual void kill_client(ClientId client) = 0;

  // --- scripted peers (probe.h) ---
  virtual ProbeId add_probe(ProbeKind kind = ProbeKind::kernel) = 0;
  virtual PeerId probe_peer(ProbeId probe) const = 0;
  virtual void probe_send(ProbeId probe, PeerId to, Bytes message) = 0;
  // The next event of a probe, if there is one.
  virtual std::optional<ProbeEvent> probe_take(ProbeId probe) = 0;

  // --- servers: what the target can have done to it (target.h says what it can) ---
  // A plan may have been there before: a crash of one that is down and a start of one that runs do
  // nothing, nor does what only one that runs can do.
  virtual void crash(ServerId server) = 0;
  // Controlled failover: all that it did becomes durable, then it goes without a word to anybody
  // and keeps its clients' slots.
  virtual void stop(ServerId server) = 0;
  virtual void start(ServerId server) = 0;
  virtual void start_as(ServerId server, Dialect dialect) = 0;
  virtual bool running(ServerId server) const = 0;
  virtual void evict(ServerId server, const std::string& client_uuid) = 0;
  // The operator gives recovery up: who has not finished it is evicted.
  virtual void abort_recovery(ServerId server) = 0;
  // From hold to release nothing becomes durable; a crash in between loses it.
  virtual void hold_commits(ServerId server) = 0;
  virtual void release_commits(ServerId server) = 0;
  // The server dies by itself at its nth commit from now: right after it is durable, or right
  // before, so that it is lost.
  virtual void crash_at_commit(ServerId server, uint32_t nth, bool durable) = 0;
  // What a server of ours said that it did, so far. Empty on targets that give no notes.
  virtual const std::vector<Fact>& facts(ServerId server) const = 0;

  // Ends all faults, starts servers that are down, and lets everything happen until nothing is left
  // but what is periodic. False if a call does not end, or the world cannot tell.
  virtual bool quiesce() { return false; }

  // --- faults ---
  // What of a plan this world or its target cannot do, a line of text each. Then the plan is not
  // for it: nothing is skipped.
  virtual std::vector<std::string> cannot(const faults::Plan& plan) const;
  // From now on the plan strikes; its times count from now.
  void arm(const faults::Plan& plan);
  // A fault of one message, for who needs no plan.
  void add_rule(const faults::Rule& rule) { rules_.push_back(injector().arm(rule, now())); }
  // How often each rule has struck so far, in order of add_rule.
  uint32_t struck(size_t rule) { return injector().times_struck(rules_.at(rule)); }
  // What is held arrives, who is kept away comes back, and no line or rule strikes any more.
  void end_faults();
  // What struck so far, and of which line: lines and rules counted together as they were armed.
  const std::vector<faults::Struck>& strikes() { return injector().struck(); }

 protected:
  virtual faults::Injector& injector() = 0;
  // Puts messages on the network and carries orders out.
  virtual void take_effect(const faults::Effects& effects) = 0;

 private:
  std::vector<size_t> rules_;  // their lines
};

}  // namespace harness
