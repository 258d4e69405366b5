// The simulated world: a Cluster driven at random from a seed, under virtual time.
//
// At every step one of the things that may happen is picked: a link delivers, a transaction becomes
// durable. Time passes only when none of them can, to the earliest timer. So a run is a function of
// its setup and of what the test asks, and runs again byte for byte.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "faults/injector.h"
#include "faults/random.h"
#include "harness/record/message_capture.h"
#include "harness/sim/cluster.h"
#include "harness/world.h"

namespace harness::sim {

class SimWorld final : public World {
 public:
  // How far virtual time may run ahead in one run_until.
  static constexpr reference::Time kPatience = 3600 * reference::kSecond;
  // Steps in one run_until; a livelock ends there.
  static constexpr uint64_t kStepsMax = 20'000'000;

  // Builds the servers and starts them, MGS first, until all have registered.
  explicit SimWorld(const Setup& setup);

  const Cast& cast() const override { return cast_; }
  reference::Time now() const override { return cluster_.now(); }
  bool run_until(const std::function<bool()>& condition) override;
  void settle() override;
  void pass(reference::Time duration) override;

  ClientId add_client() override;
  reference::OrderId submit(ClientId client, const reference::Syscall& call) override;
  const reference::Result* result(ClientId client, reference::OrderId order) const override;
  std::string client_uuid(ClientId client) const override;
  void kill_client(ClientId client) override;

  ProbeId add_probe(ProbeKind kind = ProbeKind::kernel) override;
  PeerId probe_peer(ProbeId probe) const override;
  void probe_send(ProbeId probe, PeerId to, Bytes message) override;
  std::optional<ProbeEvent> probe_take(ProbeId probe) override;

  void crash(ServerId server) override;
  void stop(ServerId server) override;
  void start(ServerId server) override;
  void start_as(ServerId server, reference::Dialect dialect) override;
  bool running(ServerId server) const override;
  void evict(ServerId server, const std::string& client_uuid) override;
  void abort_recovery(ServerId server) override;
  void hold_commits(ServerId server) override;
  void release_commits(ServerId server) override;
  void crash_at_commit(ServerId server, uint32_t nth, bool durable) override;
  const std::vector<reference::Fact>& facts(ServerId server) const override;

  bool quiesce() override;

  // The value inside, for tests that copy or compare it, and for what drives it by hand.
  Cluster& cluster() { return cluster_; }
  NodeIndex node_of(ServerId server) const;
  NodeIndex node_of(ClientId client) const { return clients_[client.index]; }
  // Messages delivered so far, and a digest over all of them with their order: equal histories
  // have equal digests.
  uint64_t delivered() const { return delivered_; }
  uint64_t history_digest() const { return history_; }

 private:
  // A server's death at one of its transactions: as it is made, before or after it is durable, or
  // when it becomes so by itself.
  struct Doom {
    enum class Kind : uint8_t { before_commit, after_commit, at_write };
    NodeIndex node = 0;
    uint32_t left = 0;
    Kind kind = Kind::before_commit;
  };
  // What becomes of a server's client table before its next start.
  struct TableEdit {
    NodeIndex node = 0;
    bool roll_back = false;
  };
  faults::Injector& injector() override { return injector_; }
  void take_effect(const faults::Effects& effects) override;
  void carry_out(const faults::Order& order);
  void carry_out_here(const faults::Order& order, NodeIndex node);
  void commit_everything(NodeIndex node);
  void die(NodeIndex node, std::string_view what);
  void learn_uuid(ClientId client);
  std::vector<Doom> dooms_met();
  void meet(const Doom& doom);
  void edit_table(NodeIndex node);
  ServerId server_of(NodeIndex node) const;
  std::optional<NodeIndex> node_of(const faults::NodeName& name) const;
  bool step_now();
  void commit(NodeIndex node);
  void order(ServerId server, const reference::Order& order, const std::string& what);
  bool step_time(reference::Time until);
  void absorb();
  void post(NodeIndex from, PeerId to, const Bytes& message);
  NodeIndex add_server(ServerId server, uint32_t address);
  bool only_periodic() const;

  // world_record.cc
  record::Recorder::Place place(NodeIndex node) const;
  record::Node who(NodeIndex node) const;
  void tell(NodeIndex node, record::What what);
  void tell_arrival(const Cluster::Link& link);
  void tell_started(NodeIndex node);
  void tell_audit();
  void tell_crashed(NodeIndex node, std::string_view what);
  void tell_step();
  void tell_strikes(const Happened::Sent* struck = nullptr);
  void tell_order(NodeIndex node, const faults::Order& order);

  Setup setup_;
  Cast cast_;
  Cluster cluster_;
  Happened happened_;
  faults::Random random_;
  faults::Injector injector_;
  std::unique_ptr<record::MessageCapture> capture_;
  std::vector<std::pair<ServerId, NodeIndex>> servers_;
  std::vector<NodeIndex> clients_;
  std::vector<std::string> uuids_;  // of the clients' last mounts
  std::vector<NodeIndex> probes_;
  std::vector<Doom> dooms_;
  std::vector<TableEdit> table_edits_;
  std::vector<NodeIndex> full_;                   // OSTs without space
  std::map<NodeIndex, reference::Store> tables_;  // of clients, as found at the last start
  std::map<std::pair<NodeIndex, reference::OrderId>, reference::Result> results_;
  std::vector<std::vector<reference::Fact>> facts_;  // by node
  std::vector<NodeIndex> committable_;
  std::vector<Cluster::Due> due_;
  reference::OrderId orders_ = 0;
  std::set<std::pair<NodeIndex, reference::OrderId>> under_way_;  // calls of clients
  size_t strikes_told_ = 0;
  uint64_t cause_ = 0;  // the record of what the present step is about
  uint64_t delivered_ = 0;
  uint64_t history_ = 0;
};

}  // namespace harness::sim
