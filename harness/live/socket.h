// One TCP connection of the live world, without a view of what travels on it. Single-threaded, with
// callbacks; nothing blocks. What is written waits in memory until flush() and as long as the peer
// does not read, up to a limit that breaks the connection.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>  // before Asio, which forgets it
#include <vector>

#include "protocol/bytes.h"

namespace harness::live {

struct Address {
  uint32_t host = 0;  // IPv4, host order
  uint16_t port = 0;
  auto operator<=>(const Address&) const = default;
};
std::string address_text(const Address& address);
boost::asio::ip::tcp::endpoint endpoint_of(const Address& address);
Address address_of(const boost::asio::ip::tcp::endpoint& endpoint);

// Whether this process may use ports below 1024.
bool may_use_privileged_ports();
// This machine's address on the way to another one (host order both). None: there is no way.
std::optional<uint32_t> own_address_towards(uint32_t host);

class Socket : public std::enable_shared_from_this<Socket> {
 public:
  static constexpr size_t kBacklogMax = size_t{64} << 20;

  struct Handlers {
    std::function<void()> connected;
    std::function<void(protocol::ByteView)> bytes;
    std::function<void(std::string_view why)> closed;  // once, and nothing after it
  };

  Socket(boost::asio::io_context& loop, Handlers handlers);

  // Either: from this host (port 0: the highest free one below 1024 if `privileged`, else any).
  void connect(const Address& from, bool privileged, const Address& to);
  // Or: a connection that was accepted.
  void adopt(boost::asio::ip::tcp::socket&& accepted);

  void write(protocol::Bytes bytes);
  void flush();
  // No more handlers are called; the connection closes when what was written has gone out, or after
  // a second.
  void finish();
  // Stops and resumes reading, so that the peer has to wait.
  void pause_reading(bool paused);

  boost::asio::any_io_executor executor() { return socket_.get_executor(); }
  bool is_open() const { return state_ == State::open; }
  size_t backlog() const { return backlog_; }
  const Address& local() const { return local_; }
  const Address& remote() const { return remote_; }

 private:
  enum class State : uint8_t { idle, connecting, open, finishing, closed };

  bool bind(const Address& from, bool privileged);
  void try_connect(const Address& from, bool privileged, int tries);
  void begin();
  void read();
  void on_read(size_t count);
  void wait_to_write();
  void fail(std::string_view why);
  void fail_later(std::string_view why);
  void close();
  void shut_down();

  boost::asio::ip::tcp::socket socket_;
  boost::asio::steady_timer linger_;
  Handlers handlers_;
  State state_ = State::idle;
  Address local_, remote_;
  std::vector<uint8_t> buffer_;
  std::deque<protocol::Bytes> queue_;
  size_t sent_of_front_ = 0;
  size_t backlog_ = 0;
  bool waiting_to_write_ = false;
  bool reading_ = false;
  bool paused_ = false;
};

}  // namespace harness::live
