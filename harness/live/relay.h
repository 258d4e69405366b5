// Stands where a server is expected and hands every connection on to the server behind it. The
// server sees the same addresses and privileges as if nobody stood in between.
//
// With a capture, what passes is written to it. With a judge, each LNet message of a connection is
// shown to it once it is complete, and passes only if the judge says so; whoever keeps one can put
// it, or another, on a connection of the same two later. Nothing else is held back: handshakes,
// keepalives and acknowledgements of the socket layer pass, also those of a message that is lost.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "harness/live/socket.h"
#include "harness/record/pcapng.h"
#include "reference/machine.h"

namespace harness::live {

class Relay {
 public:
  static constexpr size_t kBacklogHigh = size_t{4} << 20;  // then the other side has to wait

  // Whether a message is handed on.
  using Judge = std::function<bool(reference::PeerId from, reference::PeerId to,
                                   const protocol::Bytes& message)>;

  struct Options {
    Address front;                                       // where it listens
    Address behind;                                      // where it connects to for each connection
    reference::PeerId server{};                          // who is behind it
    std::shared_ptr<record::PcapngWriter> capture = {};  // all relays of a cluster, one file
    Judge judge = {};
  };
  Relay(boost::asio::io_context& loop, Options options);
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  bool ok() const { return acceptor_.is_open(); }
  // Puts a message on a connection between the server and the other of the two, without asking the
  // judge; false if there is none.
  bool deliver(reference::PeerId from, reference::PeerId to, const protocol::Bytes& message);
  // Closes all connections between the server and the peer.
  void disconnect(reference::PeerId peer);

 private:
  struct Connection;
  void accept();
  void take(boost::asio::ip::tcp::socket&& accepted);
  // Those that are open.
  std::vector<std::shared_ptr<Connection>> connections_with(reference::PeerId peer) const;

  boost::asio::io_context& loop_;
  const Options options_;
  boost::asio::ip::tcp::acceptor acceptor_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::vector<std::weak_ptr<Connection>> connections_;
};

}  // namespace harness::live
