#include "harness/live/socket.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/address_v4.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/post.hpp>

namespace harness::live {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr size_t kFirstBuffer = size_t{8} << 10;
constexpr size_t kLargestBuffer = size_t{256} << 10;
constexpr size_t kGatherMax = 64;
constexpr int kConnectTries = 64;
constexpr uint16_t kLastPrivilegedPort = 1023;
constexpr uint16_t kFirstPrivilegedPort = 512;

}  // namespace

std::string address_text(const Address& address) {
  return fmt::format("{}.{}.{}.{}:{}", address.host >> 24, address.host >> 16 & 255,
                     address.host >> 8 & 255, address.host & 255, address.port);
}

tcp::endpoint endpoint_of(const Address& address) {
  return {asio::ip::address_v4(address.host), address.port};
}

Address address_of(const tcp::endpoint& endpoint) {
  return {endpoint.address().to_v4().to_uint(), endpoint.port()};
}

bool may_use_privileged_ports() { return geteuid() == 0; }

// Connecting a datagram socket asks the kernel for the route and sends nothing.
std::optional<uint32_t> own_address_towards(uint32_t host) {
  boost::asio::io_context loop;
  asio::ip::udp::socket socket(loop);
  error_code error;
  socket.connect({asio::ip::address_v4(host), 1}, error);
  if (error) return std::nullopt;
  const auto local = socket.local_endpoint(error);
  if (error) return std::nullopt;
  return local.address().to_v4().to_uint();
}

Socket::Socket(asio::io_context& loop, Handlers handlers)
    : socket_(loop), linger_(loop), handlers_(std::move(handlers)) {}

// A port is tried anew for each connection, downwards and around, so that one that still lingers
// from an earlier connection to the same peer is not in the way.
bool Socket::bind(const Address& from, bool privileged) {
  static uint16_t next = kLastPrivilegedPort;
  error_code error;
  if (from.port != 0 || !privileged) {
    socket_.bind(endpoint_of(from), error);
    return !error;
  }
  for (int tries = kFirstPrivilegedPort; tries <= kLastPrivilegedPort; ++tries) {
    const uint16_t port = next;
    next = next == kFirstPrivilegedPort ? kLastPrivilegedPort : static_cast<uint16_t>(next - 1);
    socket_.bind(endpoint_of({from.host, port}), error);
    if (!error) return true;
    if (error != asio::error::address_in_use) return false;
  }
  return false;
}

void Socket::connect(const Address& from, bool privileged, const Address& to) {
  state_ = State::connecting;
  remote_ = to;
  try_connect(from, privileged, kConnectTries);
}

void Socket::try_connect(const Address& from, bool privileged, int tries) {
  error_code error;
  socket_.close(error);
  socket_.open(tcp::v4(), error);
  socket_.set_option(tcp::socket::reuse_address(true), error);
  if (error || !bind(from, privileged)) {
    fail_later("no local port is free");
    return;
  }
  socket_.async_connect(endpoint_of(remote_), [self = shared_from_this(), from, privileged,
                                               tries](const error_code& failed) {
    if (self->state_ != State::connecting) return;
    if (!failed) {
      self->begin();
      if (self->state_ == State::open && self->handlers_.connected) self->handlers_.connected();
    } else if (failed == boost::system::errc::address_not_available && from.port == 0 &&
               tries > 1) {
      self->try_connect(from, privileged, tries - 1);
    } else {
      self->fail("nobody listens");
    }
  });
}

void Socket::adopt(tcp::socket&& accepted) {
  socket_ = std::move(accepted);
  begin();
}

void Socket::begin() {
  error_code error;
  state_ = State::open;
  socket_.non_blocking(true, error);
  socket_.set_option(tcp::no_delay(true), error);
  const auto local = socket_.local_endpoint(error);
  if (!error) local_ = address_of(local);
  const auto remote = socket_.remote_endpoint(error);
  if (!error) remote_ = address_of(remote);
  buffer_.resize(kFirstBuffer);
  read();
}

void Socket::read() {
  if (reading_ || paused_ || state_ == State::closed) return;
  reading_ = true;
  socket_.async_read_some(asio::buffer(buffer_),
                          [self = shared_from_this()](const error_code& error, size_t count) {
                            self->reading_ = false;
                            if (self->state_ == State::finishing) {
                              if (error)
                                self->close();
                              else
                                self->read();
                            } else if (self->state_ != State::open) {
                              return;
                            } else if (error) {
                              self->fail("closed by the peer");
                            } else {
                              self->on_read(count);
                            }
                          });
}

void Socket::on_read(size_t count) {
  const bool full = count == buffer_.size();
  if (handlers_.bytes) handlers_.bytes(protocol::ByteView(buffer_).first(count));
  if (full && !reading_ && buffer_.size() < kLargestBuffer) buffer_.resize(buffer_.size() * 4);
  read();
}

void Socket::pause_reading(bool paused) {
  paused_ = paused;
  if (!paused && (state_ == State::open)) read();
}

void Socket::write(protocol::Bytes bytes) {
  if (state_ == State::closed || state_ == State::finishing || bytes.empty()) return;
  backlog_ += bytes.size();
  queue_.push_back(std::move(bytes));
  if (backlog_ > kBacklogMax && state_ == State::open) {
    fail_later("the peer does not read");
  }
}

void Socket::flush() {
  if (waiting_to_write_ || (state_ != State::open && state_ != State::finishing)) return;
  while (!queue_.empty()) {
    std::array<asio::const_buffer, kGatherMax> parts;
    size_t count = 0;
    for (const protocol::Bytes& bytes : queue_) {
      if (count == kGatherMax) break;
      const size_t skip = count == 0 ? sent_of_front_ : 0;
      parts[count++] = asio::const_buffer(bytes.data() + skip, bytes.size() - skip);
    }
    std::fill(parts.begin() + static_cast<long>(count), parts.end(), asio::const_buffer());
    error_code error;
    size_t sent = socket_.write_some(parts, error);
    if (error == asio::error::would_block) {
      wait_to_write();
      return;
    }
    if (error) {
      fail_later("closed by the peer");
      return;
    }
    backlog_ -= sent;
    sent += sent_of_front_;
    while (!queue_.empty() && sent >= queue_.front().size()) {
      sent -= queue_.front().size();
      queue_.pop_front();
    }
    sent_of_front_ = sent;
  }
  if (state_ == State::finishing) shut_down();
}

void Socket::wait_to_write() {
  waiting_to_write_ = true;
  socket_.async_wait(tcp::socket::wait_write, [self = shared_from_this()](const error_code& error) {
    self->waiting_to_write_ = false;
    if (!error) self->flush();
  });
}

void Socket::finish() {
  if (state_ == State::finishing || state_ == State::closed) return;
  const bool was_open = state_ == State::open;
  state_ = State::finishing;
  if (!was_open) {
    close();
    return;
  }
  linger_.expires_after(std::chrono::seconds(1));
  linger_.async_wait([self = shared_from_this()](const error_code& error) {
    if (!error) self->close();
  });
  paused_ = false;
  read();  // unread bytes at the end would make the kernel throw away what was written
  flush();
}

void Socket::shut_down() {
  error_code error;
  socket_.shutdown(tcp::socket::shutdown_send, error);
  if (error) close();
}

// For callers that must not be called back at once.
void Socket::fail_later(std::string_view why) {
  asio::post(socket_.get_executor(), [self = shared_from_this(), why] { self->fail(why); });
}

void Socket::fail(std::string_view why) {
  if (state_ == State::closed) return;
  const bool tell = state_ != State::finishing;
  close();
  if (tell && handlers_.closed) handlers_.closed(why);
}

void Socket::close() {
  if (state_ == State::closed) return;
  state_ = State::closed;
  // Not now: one of them may be what is running.
  asio::post(socket_.get_executor(), [self = shared_from_this()] { self->handlers_ = {}; });
  queue_.clear();
  backlog_ = 0;
  linger_.cancel();
  error_code error;
  socket_.close(error);
}

}  // namespace harness::live
