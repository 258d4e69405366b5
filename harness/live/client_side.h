// The half of a live world that is ours whoever serves: clients and scripted peers as nodes in this
// process, real time, and the faults that strike them. LiveWorld (world.h) adds servers of ours,
// TargetWorld (target_world.h) somebody's.
//
// Faults see the messages of our clients and probes, as they leave and before they arrive. Messages
// are struck at once, where they are seen; what is done to nodes waits for the end of the event
// that led to it, and orders for one node are carried out one after the other.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "faults/injector.h"
#include "harness/live/chronicle.h"
#include "harness/live/node.h"
#include "harness/world.h"
#include "reference/config_targets.h"

namespace reference {
class Client;
}

namespace harness::live {

class ClientSide : public World {
 public:
  // Real time that one run_until() waits for its condition.
  static constexpr reference::Time kPatience = 60 * reference::kSecond;
  // settle() returns when nothing has come for so long.
  static constexpr reference::Time kQuiet = 20 * reference::kMillisecond;

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

 protected:
  // What a node of ours is built from.
  struct Seat {
    reference::Config config;
    NodeOptions options;
    std::vector<reference::ConfigTarget> targets;  // of a client, where there is no MGS
  };
  struct OurNode {
    reference::Config config;
    std::vector<reference::ConfigTarget> targets;
    std::unique_ptr<Node> node;
    const reference::Client* machine = nullptr;  // of a client that lives
    uint32_t number = 0;                         // of a client that plans can name, from 1 on
    std::string uuid;                            // of its last mount, as far as it was seen
    std::map<OrderId, Result> results;
    std::set<OrderId> under_way;
    std::deque<ProbeEvent> events;  // of a probe
  };

  explicit ClientSide(const Setup& setup);

  // The nth node of ours, clients and probes counted together as they are made.
  virtual Seat seat(uint32_t index, ProbeKind kind) = 0;
  // What was heard by other ways than sockets, before a condition is looked at.
  virtual void drain() {}
  // A message of a node of ours, as it leaves or arrives, that no fault has lost.
  virtual void saw(PeerId, PeerId, const Bytes&) {}
  // A connection that was asked for and did not come about.
  virtual void unreachable(PeerId, std::string_view) {}
  virtual Time patience() const { return kPatience; }

  // --- faults: what is done to servers ---
  enum class Progress : uint8_t { done, wait };
  // wait: it is not yet time, and the order is given again later.
  virtual Progress carry_out(const faults::Order& order, ServerId server) = 0;
  // An order that was just given, before the event that led to it ends.
  virtual void begin(const faults::Order&, ServerId) {}
  virtual void disconnect(ServerId, PeerId) {}
  virtual void deliver_between_servers(const faults::Parcel&) {}

  faults::Injector& injector() override { return injector_; }
  void take_effect(const faults::Effects& effects) override;
  // What a server of ours said.
  void heard(PeerId server, const Fact& fact);
  std::string uuid_of(const faults::NodeName& client) const;
  // All calls of clients that live have ended.
  bool calls_ended() const;
  // Nothing is left to happen at our nodes but what is periodic; adds to the events they have seen.
  bool ours_at_rest(uint64_t& events) const;
  // Our nodes note what they have.
  void audit_ours() const;
  // Orders that were given are carried out.
  bool orders_done() const { return orders_.empty(); }
  bool run_for(Time duration);
  // A client that no plan means by any name.
  ClientId add_unnamed_client();
  void learn_uuid(OurNode& node);
  const reference::Client* client_machine(ClientId client) const;
  // Messages and nodes go before what derived classes own.
  void clear();

  const Setup setup_;
  Cast cast_;
  boost::asio::io_context loop_;
  Chronicle chronicle_;  // of who asks for it

 private:
  std::unique_ptr<OurNode> make_node(record::Role role, uint32_t index,
                                     ProbeKind kind = ProbeKind::kernel);
  Node::Handlers handlers_of(OurNode& node);

  // client_faults.cc
  bool judge(OurNode& node, bool outgoing, PeerId peer, const Bytes& message);
  void deliver(const faults::Parcel& parcel);
  void tick();
  Progress carry_out(const faults::Order& order);
  void carry_out_on_client(const faults::Order& order);
  void disconnect(const faults::NodeName& one, const faults::NodeName& other);
  PeerId peer_of(const faults::NodeName& name) const;

  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  faults::Injector injector_;
  std::vector<std::unique_ptr<OurNode>> clients_;
  std::vector<std::unique_ptr<OurNode>> probes_;
  std::vector<ClientId> named_;        // "client1" and on
  std::vector<faults::Order> orders_;  // not yet carried out
  bool carrying_out_ = false;
};

}  // namespace harness::live
