// The live world: our servers as processes on loopback addresses of their own, with LMDB stores,
// killed with SIGKILL; our clients and scripted peers as nodes in this process; real time.
//
// Rules see the messages of our clients and probes, as they leave and before they arrive. With a
// capture asked for, a relay stands before each server, so that what servers say to each other is
// in it too.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "faults/injector.h"
#include "harness/live/loopback.h"
#include "harness/live/process.h"
#include "harness/live/relay.h"
#include "harness/world.h"

namespace reference {
class Client;
}

namespace harness::live {

// The program that is running, if it is `assay`.
std::string own_program();

class LiveWorld final : public World {
 public:
  // Real time that one run_until() waits for its condition.
  static constexpr reference::Time kPatience = 60 * reference::kSecond;
  // settle() returns when nothing has come for so long.
  static constexpr reference::Time kQuiet = 20 * reference::kMillisecond;

  // Starts the servers, MGS first, and waits until they serve. `program` is the assay binary.
  explicit LiveWorld(const Plan& plan, const std::string& program = own_program());
  ~LiveWorld() override;

  const Cast& cast() const override { return cast_; }
  Time now() const override { return live::now(); }
  bool run_until(const std::function<bool()>& condition) override;
  void settle() override;
  void pass(Time duration) override;

  ClientId add_client() override;
  OrderId submit(ClientId client, const Syscall& call) override;
  const Result* result(ClientId client, OrderId order) const override;
  std::string client_uuid(ClientId client) const override;
  void kill_client(ClientId client) override;

  ProbeId add_probe(ProbeKind kind = ProbeKind::kernel) override;
  PeerId probe_peer(ProbeId probe) const override;
  void probe_send(ProbeId probe, PeerId to, Bytes message) override;
  std::optional<ProbeEvent> probe_take(ProbeId probe) override;

  void crash(ServerId server) override;
  void stop(ServerId server) override;
  void start(ServerId server) override;
  void start_as(ServerId server, Dialect dialect) override;
  bool running(ServerId server) const override;
  void evict(ServerId server, const std::string& client_uuid) override;
  void abort_recovery(ServerId server) override;
  void hold_commits(ServerId server) override;
  void release_commits(ServerId server) override;
  void crash_at_commit(ServerId server, uint32_t nth, bool durable) override;
  const std::vector<Fact>& facts(ServerId server) const override;

  void add_rule(const faults::Rule& rule) override;
  uint32_t struck(size_t rule) const override;
  void release_held() override;

  // Lines about connections that servers refused: peer, field and offset.
  const std::vector<std::string>& refusals() const { return refusals_; }

 private:
  struct OurServer {
    ServerId id;
    ServerOptions options;
    std::vector<Fact> facts;
    std::unique_ptr<Relay> relay;
    std::unique_ptr<ServerProcess> process;  // last: what it still says while it ends has a place
  };
  struct OurNode {
    reference::Config config;
    std::unique_ptr<Node> node;
    const reference::Client* machine = nullptr;  // of a client that lives
    std::string uuid;                            // of one that is gone
    std::map<OrderId, Result> results;
    std::deque<ProbeEvent> events;  // of a probe
  };
  struct Held {
    OurNode* node;
    bool outgoing;
    PeerId peer;
    Bytes message;
  };

  void add_server(ServerId server, uint32_t index);
  void order(ServerId server, const std::string& line);
  std::unique_ptr<OurNode> make_node(uint32_t index, const std::string& what,
                                    ProbeKind kind = ProbeKind::kernel);
  int judge(OurNode& node, bool outgoing, PeerId peer, const Bytes& message);
  void drain();
  bool run_for(Time duration);
  OurServer& find(ServerId server);
  const OurServer& find(ServerId server) const;

  Plan plan_;
  std::string program_;
  std::string directory_;
  uint16_t port_;
  Cast cast_;
  boost::asio::io_context loop_;
  LoopbackBlock block_;
  faults::Injector injector_;
  std::shared_ptr<record::PcapngWriter> capture_;
  std::vector<std::unique_ptr<OurServer>> servers_;
  std::vector<std::unique_ptr<OurNode>> clients_;
  std::vector<std::unique_ptr<OurNode>> probes_;
  std::vector<Held> held_;
  std::vector<std::string> refusals_;
  std::optional<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> work_;
};

std::unique_ptr<World> make_world(const Plan& plan);

}  // namespace harness::live
