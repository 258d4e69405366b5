// One of our servers, live: its node, its machine, and the pipe by which a harness that started it
// gives orders. `assay serve` runs one or several of them in a process.
#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/live/control.h"
#include "harness/live/node.h"
#include "harness/world.h"

namespace harness::live {

struct ServerOptions {
  Role role = Role::mgs;
  reference::Config config;  // self, mgs, dialect, index, timing, …
  uint16_t port = reference::kLnetPort;
  Address listen;     // port 0: the NID's address and the port above
  std::string store;  // a directory; empty: nothing survives
  bool sync = false;
  std::chrono::nanoseconds commit_interval = std::chrono::milliseconds(5);
  int control = -1;  // the descriptor of a control pipe
  // Messages and losses are told too, for a history (control.h).
  bool tells_all = false;
};

// "mgs", "mds", "ost".
std::string_view role_name(Role role);
std::optional<Role> parse_role(std::string_view name);

// A Timing in one word: "lustre" and "short" are the known ones; others are a list of nanoseconds.
std::string encode_timing(const reference::Timing& timing);
std::optional<reference::Timing> decode_timing(std::string_view text);

// Makes the machine of a role from what the disk holds (machines.h has the real ones).
using MakeMachine = std::function<std::unique_ptr<AnyMachine>(
    Role role, const reference::Config& config, const reference::Store& store)>;

// The options of a node for a machine with this configuration.
NodeOptions node_options(const reference::Config& config, uint16_t port);

class Server {
 public:
  struct Handlers {
    std::function<void(std::string_view)> log;         // a line, a connection was refused
    std::function<void(const reference::Fact&)> note;  // if there is no control pipe for it
    std::function<void()> ended;                       // the control pipe was closed
  };

  Server(boost::asio::io_context& loop, ServerOptions options, MakeMachine make, Handlers handlers);

  // Opens the disk, listens, starts the machine. The text says what does not work.
  std::expected<void, std::string> start();
  // Makes all of it durable, for a clean end.
  void commit_all() { node_->commit_all(); }

 private:
  Node::Handlers node_handlers();
  void tell_all(Node::Handlers& handlers);
  void on_order(std::string_view line);

  boost::asio::io_context& loop_;
  ServerOptions options_;
  MakeMachine make_;
  Handlers handlers_;
  std::unique_ptr<ControlPipe> control_;
  std::unique_ptr<Node> node_;
};

}  // namespace harness::live
