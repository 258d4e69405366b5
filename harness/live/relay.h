// Stands where a server is expected and hands every connection on to the server behind it, byte by
// byte, while a capture is written of what passes. The server sees the same addresses and
// privileges as if nobody stood in between.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "harness/live/socket.h"
#include "harness/record/pcapng.h"

namespace harness::live {

class Relay {
 public:
  static constexpr size_t kBacklogHigh = size_t{4} << 20;  // then the other side has to wait

  // Listens at `front`; connects to `behind` for each connection. Captures all relays of a cluster
  // into one file.
  Relay(boost::asio::io_context& loop, Address front, Address behind,
        std::shared_ptr<record::PcapngWriter> capture);
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  bool ok() const { return acceptor_.is_open(); }

 private:
  struct Connection;
  void accept();
  void take(boost::asio::ip::tcp::socket&& accepted);

  boost::asio::io_context& loop_;
  Address front_;
  Address behind_;
  std::shared_ptr<record::PcapngWriter> capture_;
  boost::asio::ip::tcp::acceptor acceptor_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::vector<std::weak_ptr<Connection>> connections_;
};

}  // namespace harness::live
