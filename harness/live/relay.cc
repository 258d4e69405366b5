#include "harness/live/relay.h"

#include <algorithm>
#include <chrono>

namespace harness::live {
namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;

constexpr uint16_t kFirstUnprivilegedPort = 1024;

int64_t wall_clock_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

// Both halves know of it, and it lives as long as one of them.
struct Relay::Connection : std::enable_shared_from_this<Connection> {
  std::shared_ptr<Socket> halves[2];  // who connected, who is behind
  std::shared_ptr<record::PcapngWriter> capture;
  std::unique_ptr<record::TcpFlow> flow;

  void pass(int from, protocol::ByteView bytes) {
    if (flow) flow->data(*capture, wall_clock_ns(), from == 0, bytes);
    Socket& other = *halves[1 - from];
    other.write(protocol::Bytes(bytes));
    other.flush();
    if (other.backlog() > kBacklogHigh) wait_for(from);
  }
  // `from` is read on when the other side has taken what it has.
  void wait_for(int from) {
    halves[from]->pause_reading(true);
    auto timer = std::make_shared<boost::asio::steady_timer>(halves[from]->executor());
    timer->expires_after(std::chrono::milliseconds(1));
    timer->async_wait([self = shared_from_this(), timer, from](const error_code&) {
      if (self->halves[1 - from]->backlog() > kBacklogHigh / 2) {
        self->wait_for(from);
      } else {
        self->halves[from]->pause_reading(false);
      }
    });
  }
  void end(int half) {
    if (flow) flow->close(*capture, wall_clock_ns());
    flow.reset();
    if (capture) capture->flush();
    halves[1 - half]->finish();
  }
};

Relay::Relay(boost::asio::io_context& loop, Address front, Address behind,
             std::shared_ptr<record::PcapngWriter> capture)
    : loop_(loop), front_(front), behind_(behind), capture_(std::move(capture)), acceptor_(loop) {
  error_code error;
  acceptor_.open(tcp::v4(), error);
  acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor_.bind(endpoint_of(front), error);
  if (!error) acceptor_.listen(boost::asio::socket_base::max_listen_connections, error);
  if (error) {
    acceptor_.close(error);
    return;
  }
  accept();
}

Relay::~Relay() {
  *alive_ = false;
  for (const auto& weak : connections_) {
    if (const auto connection = weak.lock()) {
      for (const auto& half : connection->halves) half->finish();
    }
  }
}

void Relay::accept() {
  acceptor_.async_accept([this, alive = alive_](const error_code& error, tcp::socket socket) {
    if (!*alive || error == boost::asio::error::operation_aborted) return;
    if (!error) take(std::move(socket));
    accept();
  });
}

void Relay::take(tcp::socket&& accepted) {
  error_code error;
  const auto remote = accepted.remote_endpoint(error);
  if (error) return;
  const Address from = address_of(remote);
  auto connection = std::make_shared<Connection>();
  connection->capture = capture_;
  if (capture_) {
    connection->flow = std::make_unique<record::TcpFlow>(
        *capture_, wall_clock_ns(), record::TcpFlow::End{from.host, from.port},
        record::TcpFlow::End{front_.host, front_.port});
  }
  for (const int half : {0, 1}) {
    connection->halves[half] = std::make_shared<Socket>(
        loop_, Socket::Handlers{
                   .connected = [connection] { connection->halves[1]->flush(); },
                   .bytes = [connection,
                             half](protocol::ByteView bytes) { connection->pass(half, bytes); },
                   .closed = [connection, half](std::string_view) { connection->end(half); }});
  }
  std::erase_if(connections_, [](const auto& weak) { return weak.expired(); });
  connections_.push_back(connection);
  connection->halves[0]->adopt(std::move(accepted));
  connection->halves[1]->connect({from.host, 0}, from.port < kFirstUnprivilegedPort, behind_);
}

}  // namespace harness::live
