// One node of the live world: a machine, the socket layer below it, its timers and its disk.
//
// It turns what happens (bytes, connections, the clock, commits, orders) into events of the machine
// one at a time, and carries the machine's actions out in their order; notes are handed on before
// any message of the same step leaves. Single-threaded: everything happens in the loop.
#pragma once

#include <chrono>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "harness/live/commits.h"
#include "harness/live/socket.h"
#include "reference/config.h"
#include "reference/lnet.h"
#include "reference/machine.h"

namespace harness::live {

// Time of the machines: nanoseconds since this process began.
reference::Time now();

// A machine of any kind.
class AnyMachine {
 public:
  virtual ~AnyMachine() = default;
  virtual void start(reference::Time now, reference::Actions& out) = 0;
  virtual void step(reference::Time now, const reference::Event& event,
                    reference::Actions& out) = 0;
  // The device under it has this many bytes from now on, if it has one that counts them.
  virtual void resize(uint64_t) {}
  // What it has, counted, if it counts.
  virtual std::vector<reference::Fact> audit() const { return {}; }
};

template <reference::Machine M>
class MachineBox final : public AnyMachine {
 public:
  explicit MachineBox(M machine) : machine_(std::move(machine)) {}
  void start(reference::Time now, reference::Actions& out) override { machine_.start(now, out); }
  void step(reference::Time now, const reference::Event& event, reference::Actions& out) override {
    machine_.step(now, event, out);
    machine_.invariants();
  }
  void resize([[maybe_unused]] uint64_t capacity_bytes) override {
    if constexpr (requires { machine_.resize(capacity_bytes); }) machine_.resize(capacity_bytes);
  }
  std::vector<reference::Fact> audit() const override {
    if constexpr (requires { machine_.audit(); }) return machine_.audit();
    return {};
  }
  const M& machine() const { return machine_; }

 private:
  M machine_;
};

struct NodeOptions {
  reference::LnetConfig lnet;
  uint16_t port = reference::kLnetPort;             // where every node of the cluster is dialled
  bool reserved_port = may_use_privileged_ports();  // dials from one below 1024
  Address listen;                                   // port 0: it does not listen
  std::string store;                                // a directory; empty: nothing survives
  bool sync = false;                                // wait for the medium at each commit
  std::chrono::nanoseconds commit_interval = std::chrono::milliseconds(5);
};

class Node {
 public:
  struct Handlers {
    std::function<void(reference::OrderId, reference::Result&&)> answer;
    std::function<void(const reference::Fact&)> note;
    // All up to this transaction are durable; the machine learns it next.
    std::function<void(reference::CommitId)> committed;
    // What the machine is about to see.
    std::function<void(const reference::Event& event)> event;
    // The machine wants no connection to the peer any more.
    std::function<void(reference::PeerId peer)> dropping;
    // Whether a message is sent, or given to the machine: else whoever is asked does with it what
    // he wants, by send() and receive().
    std::function<bool(reference::PeerId to, const reference::Bytes& message)> sending;
    std::function<bool(reference::PeerId from, const reference::Bytes& message)> receiving;
    // A connection that was refused or broken for what the peer did.
    std::function<void(std::string_view line)> refused;
    // A peer was dialled and did not answer.
    std::function<void(reference::PeerId peer, std::string_view why)> unreachable;
  };

  Node(boost::asio::io_context& loop, NodeOptions options, Handlers handlers);
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  // Opens the store and listens. The text says what does not work.
  std::expected<void, std::string> open();
  // What the disk holds, for the constructor of the machine.
  reference::Store load() const { return commits_->load(); }
  void run(std::unique_ptr<AnyMachine> machine);

  reference::OrderId ask(reference::Order order);
  // Without asking the handlers above.
  void send(reference::PeerId to, reference::Bytes message);
  void receive(reference::PeerId from, reference::Bytes message);
  // Closes all connections to the peer.
  void drop(reference::PeerId peer);
  // From pause to resume the machine sees nothing and none of its timers fires.
  void pause() { paused_ = true; }
  void resume();
  void jump_clock(reference::Time by);
  void resize(uint64_t capacity_bytes) { machine_->resize(capacity_bytes); }
  void hold_commits() { commits_->hold(); }
  void release_commits() { commits_->release(); }
  void commit_all() { commits_->commit_all(); }
  // The process dies (SIGKILL) when the machine makes this transaction: before it is durable, or
  // as soon as it is, and before any message of that step leaves. 0: never.
  void crash_before(reference::CommitId id) { crash_before_ = id; }
  void crash_after(reference::CommitId id) { crash_after_ = id; }
  void crash_at_write(uint32_t nth) { commits_->die_at(nth); }
  // Counts from the transactions made so far.
  reference::CommitId transactions() const { return transactions_; }
  // Nothing is left to happen here but what comes again and again by itself.
  bool at_rest() const;
  // Notes what the machine has, counted, and how many slots its disk has.
  void audit() const;
  // Events that the machine has seen.
  uint64_t events() const { return events_; }

 private:
  struct Link {
    std::shared_ptr<Socket> socket;
    Address remote;
    std::optional<reference::PeerId> dialled;  // until the connection is there
  };

  void accept();
  void on_accepted(boost::asio::ip::tcp::socket&& socket);
  void dial(const reference::LinkDial& dial);
  Socket::Handlers handlers_of(reference::LinkId link);
  void on_closed(reference::LinkId link, std::string_view why);

  void step(const reference::Event& event);
  void carry_out(reference::Actions& actions);
  void carry_out(reference::LnetActions& actions);
  void persist(reference::Persist&& transaction);
  void set_timer(const reference::SetTimer& timer);
  void settle();
  void settle_soon();
  void arm();
  void on_clock();
  void close(const reference::LinkClose& close);

  boost::asio::io_context& loop_;
  const NodeOptions options_;
  const Handlers handlers_;
  reference::Lnet lnet_;
  std::unique_ptr<AnyMachine> machine_;
  std::unique_ptr<Commits> commits_;
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer clock_;
  boost::asio::steady_timer accept_again_;
  reference::Time armed_ = reference::kNever;

  std::map<reference::LinkId, Link> links_;
  std::vector<std::shared_ptr<Socket>> written_;  // since the last settle()
  std::map<reference::TimerId, reference::Time> timers_;
  std::set<std::pair<reference::Time, reference::TimerId>> deadlines_;
  std::vector<reference::Event> inbox_;
  bool settling_ = false;
  bool paused_ = false;
  reference::Time ahead_ = 0;  // of the machine's clock, before the real one
  reference::OrderId last_order_ = 0;
  reference::CommitId transactions_ = 0;
  uint64_t events_ = 0;
  reference::CommitId crash_before_ = 0;
  reference::CommitId crash_after_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace harness::live
