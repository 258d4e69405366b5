#include "harness/live/relay.h"

#include <algorithm>
#include <utility>

#include "harness/live/wall_clock.h"
#include "protocol/codec.h"
#include "protocol/lnet.h"
#include "reference/lnet_reader.h"

namespace harness::live {
namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;

constexpr uint16_t kFirstUnprivilegedPort = 1024;

}  // namespace

// What one side of a connection sends, message by message.
struct Stream {
  explicit Stream(reference::LnetReader::Side side) : reader(side) {}
  reference::LnetReader reader;
  std::vector<uint8_t> raw;  // of the unit that is not complete yet
  uint32_t version = 0;      // of the handshake, 0 before it
  bool readable = true;      // until something comes that is no LNet
};

// Both halves know of it, and it lives as long as one of them.
struct Relay::Connection : std::enable_shared_from_this<Connection> {
  std::shared_ptr<Socket> halves[2];  // who connected, who is behind
  Stream streams[2]{Stream(reference::LnetReader::Side::active),
                    Stream(reference::LnetReader::Side::passive)};
  reference::PeerId peer{};  // who connected, from its HELLO
  Judge judge;
  std::shared_ptr<record::PcapngWriter> capture;
  std::unique_ptr<record::TcpFlow> flow;
  bool open = true;

  void pass(int from, protocol::ByteView bytes) {
    if (flow) flow->data(*capture, wall_clock_ns(), from == 0, bytes);
    if (judge) {
      read(from, bytes);
    } else {
      write(1 - from, bytes);
    }
    if (halves[1 - from]->backlog() > kBacklogHigh) wait_for(from);
  }
  void write(int to, protocol::ByteView bytes) {
    halves[to]->write(protocol::Bytes(bytes));
    halves[to]->flush();
  }
  void read(int from, protocol::ByteView bytes) {
    Stream& stream = streams[from];
    while (!bytes.empty() && open) {
      if (!stream.readable) return write(1 - from, bytes);
      const protocol::ByteView before = bytes;
      const auto unit = stream.reader.next(bytes);
      const auto used = before.first(before.size() - bytes.size());
      stream.raw.insert(stream.raw.end(), used.begin(), used.end());
      if (!unit) {
        // The server is to see what it would have seen.
        stream.readable = false;
        write(1 - from, std::exchange(stream.raw, {}));
      } else if (*unit) {
        on_unit(from, **unit, std::exchange(stream.raw, {}));
      }
    }
  }
  void on_unit(int from, const reference::LnetUnit& unit, const std::vector<uint8_t>& raw) {
    if (const auto* hello = std::get_if<reference::Hello>(&unit)) {
      streams[from].version = hello->version;
      if (from == 0) peer = hello->source;
    }
    const auto* frame = std::get_if<reference::Frame>(&unit);
    if (frame == nullptr || frame->noop() || passes(*frame)) return write(1 - from, raw);
    // The socket layer of neither side may see that something is missing.
    if (frame->cookies[1] != 0) write_head(1 - from, {0, frame->cookies[1]});
    if (frame->cookies[0] != 0) write_head(from, {0, frame->cookies[0]});
  }
  bool passes(const reference::Frame& frame) const {
    const auto header = protocol::decode<protocol::lnet::LnetHdr>(frame.message.view());
    return !header || judge({header->src_nid, header->src_pid},
                            {header->dest_nid, header->dest_pid}, frame.message);
  }
  void write_head(int to, std::array<uint64_t, 2> cookies) {
    write(to, reference::encode_frame_head(streams[1 - to].version, cookies, {}, false));
  }
  bool deliver(int to, const protocol::Bytes& message) {
    if (!open || streams[1 - to].version == 0 || !streams[1 - to].raw.empty()) return false;
    write(to, reference::encode_frame_head(streams[1 - to].version, {}, message.view(), false));
    write(to, message.view());
    return true;
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
    close();
    halves[1 - half]->finish();
  }
  void close() {
    open = false;
    if (flow) flow->close(*capture, wall_clock_ns());
    flow.reset();
    if (capture) capture->flush();
  }
};

Relay::Relay(boost::asio::io_context& loop, Options options)
    : loop_(loop), options_(std::move(options)), acceptor_(loop) {
  error_code error;
  acceptor_.open(tcp::v4(), error);
  acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor_.bind(endpoint_of(options_.front), error);
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

std::vector<std::shared_ptr<Relay::Connection>> Relay::connections_with(
    reference::PeerId peer) const {
  std::vector<std::shared_ptr<Connection>> found;
  for (const auto& weak : connections_) {
    const auto connection = weak.lock();
    if (connection && connection->open && connection->peer == peer) found.push_back(connection);
  }
  return found;
}

bool Relay::deliver(reference::PeerId from, reference::PeerId to, const protocol::Bytes& message) {
  const bool inward = to == options_.server;
  for (const auto& connection : connections_with(inward ? from : to)) {
    if (connection->deliver(inward ? 1 : 0, message)) return true;
  }
  return false;
}

void Relay::disconnect(reference::PeerId peer) {
  for (const auto& connection : connections_with(peer)) {
    connection->close();
    for (const auto& half : connection->halves) half->finish();
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
  connection->capture = options_.capture;
  connection->judge = options_.judge;
  if (options_.capture) {
    connection->flow = std::make_unique<record::TcpFlow>(
        *options_.capture, wall_clock_ns(), record::TcpFlow::End{from.host, from.port},
        record::TcpFlow::End{options_.front.host, options_.front.port});
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
  connection->halves[1]->connect({from.host, 0}, from.port < kFirstUnprivilegedPort,
                                 options_.behind);
}

}  // namespace harness::live
