// LNet between two nodes against bare TCP between two threads, in the same run: round trips of
// small messages, and a stream of 1 MiB messages. Prints medians over rounds and their ratios.
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <thread>

#include "harness/live/loopback.h"
#include "harness/live/node.h"
#include "protocol/check.h"
#include "protocol/lnet_message.h"
#include "reference/nid.h"

namespace harness::live {
namespace {

using protocol::Bytes;
using reference::PeerId;

constexpr int kRounds = 7;
constexpr int kPings = 5000;
constexpr int kBulks = 512;
constexpr int kWindow = 8;
constexpr size_t kPingPayload = 192;
constexpr size_t kBulkPayload = size_t{1} << 20;
constexpr uint16_t kPort = 9989;

Bytes put(PeerId from, PeerId to, size_t payload) {
  protocol::LnetMessage message;
  message.header.dest_nid = to.nid;
  message.header.dest_pid = to.pid;
  message.header.src_nid = from.nid;
  message.header.src_pid = from.pid;
  message.header.type = protocol::lnet::lnet_msg_type::kPut;
  message.payload = Bytes(std::vector<uint8_t>(payload, 1));
  return message.build();
}

// Answers each message with a small one.
struct Answerer {
  PeerId self{};
  Bytes reply{};
  void start(reference::Time, reference::Actions&) {}
  void step(reference::Time, const reference::Event& event, reference::Actions& out) {
    const auto* received = std::get_if<reference::Received>(&event);
    if (received == nullptr) return;
    if (reply.empty()) reply = put(self, received->from, kPingPayload);
    out.push_back(reference::Send{received->from, reply});
  }
  void invariants() const {}
  void state(auto&& visit) const { visit(self, reply); }
};

// An order sends `length` messages of the data, `mode` of them without waiting for their answers.
struct Asker {
  PeerId self{};
  PeerId server{};
  reference::OrderId order = 0;
  uint64_t left = 0;
  uint64_t unanswered = 0;
  Bytes message{};
  void start(reference::Time, reference::Actions&) {}
  void step(reference::Time, const reference::Event& event, reference::Actions& out) {
    if (const auto* asked = std::get_if<reference::Asked>(&event)) {
      const auto& call = std::get<reference::Syscall>(asked->order);
      order = asked->id;
      message = put(self, server, call.offset);
      left = call.length;
      for (uint32_t i = 0; i < call.mode; ++i) send(out);
    } else if (std::holds_alternative<reference::Received>(event)) {
      --unanswered;
      send(out);
      if (unanswered == 0) out.push_back(reference::Answer{order, {}});
    } else {
      CHECK(false, "the other node is gone");
    }
  }
  void send(reference::Actions& out) {
    if (left == 0) return;
    --left;
    ++unanswered;
    out.push_back(reference::Send{server, message});
  }
  void invariants() const {}
  void state(auto&& visit) const { visit(self, server, order, left, unanswered, message); }
};

double seconds_of(auto&& work) {
  const reference::Time start = now();
  work();
  return static_cast<double>(now() - start) * 1e-9;
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

// --- bare TCP: a thread that answers each `length` bytes with kPingPayload bytes ---

void transfer_all(auto&& call, int fd, std::vector<uint8_t>& buffer, size_t length) {
  for (size_t done = 0; done < length;) {
    const ssize_t count = call(fd, buffer.data() + done, length - done, 0);
    CHECK(count > 0);
    done += static_cast<size_t>(count);
  }
}

class BareTcp {
 public:
  BareTcp(uint32_t address, size_t length) : length_(length) {
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(address);
    CHECK(bind(listener, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0);
    CHECK(listen(listener, 1) == 0);
    socklen_t size = sizeof at;
    getsockname(listener, reinterpret_cast<sockaddr*>(&at), &size);
    client_ = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(connect(client_, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0);
    server_ = accept(listener, nullptr, nullptr);
    ::close(listener);
    const int one = 1;
    for (const int fd : {client_, server_}) {
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    }
  }
  ~BareTcp() {
    ::close(client_);
    ::close(server_);
  }
  void exchange(int count, int window) {
    std::thread other([&] {
      std::vector<uint8_t> buffer(length_);
      for (int i = 0; i < count; ++i) {
        transfer_all(recv, server_, buffer, length_);
        transfer_all(send, server_, buffer, std::min(kPingPayload, length_));
      }
    });
    std::vector<uint8_t> buffer(length_, 1);
    int sent = 0;
    while (sent < window) {
      transfer_all(send, client_, buffer, length_);
      ++sent;
    }
    for (int i = 0; i < count; ++i) {
      transfer_all(recv, client_, buffer, std::min(kPingPayload, length_));
      if (sent < count) {
        transfer_all(send, client_, buffer, length_);
        ++sent;
      }
    }
    other.join();
  }

 private:
  size_t length_;
  int client_ = -1, server_ = -1;
};

// --- LNet: a node per thread ---

class TwoNodes {
 public:
  TwoNodes() {
    server_ = std::make_unique<Node>(server_loop_, options(1), Node::Handlers{});
    client_ = std::make_unique<Node>(
        client_loop_, options(2),
        Node::Handlers{
            .answer = [this](reference::OrderId, reference::Result&&) { client_loop_.stop(); }});
    CHECK(server_->open() && client_->open());
    server_->run(std::make_unique<MachineBox<Answerer>>(Answerer{peer(1)}));
    client_->run(std::make_unique<MachineBox<Asker>>(Asker{peer(2), peer(1)}));
    thread_ = std::thread([this] { server_loop_.run(); });
  }
  ~TwoNodes() {
    server_loop_.stop();
    thread_.join();
  }
  void exchange(int count, size_t payload, int window) {
    reference::Syscall call;
    call.length = static_cast<uint64_t>(count);
    call.mode = static_cast<uint32_t>(window);
    call.offset = payload;
    client_->ask(call);
    client_loop_.restart();
    client_loop_.run();
  }
  uint32_t address(uint32_t index) const { return block_.address(index); }

 private:
  PeerId peer(uint32_t index) const {
    return {reference::make_nid(block_.address(index)), reference::kLnetPid};
  }
  NodeOptions options(uint32_t index) const {
    NodeOptions out;
    out.lnet.self = peer(index);
    out.lnet.incarnation = index;
    out.lnet.privileged = may_use_privileged_ports();
    out.port = kPort;
    if (index == 1) out.listen = {block_.address(1), kPort};
    return out;
  }
  LoopbackBlock block_ = LoopbackBlock::claim();
  boost::asio::io_context server_loop_, client_loop_;
  std::unique_ptr<Node> server_, client_;
  std::thread thread_;
};

void run() {
  TwoNodes nodes;
  BareTcp bare_ping(nodes.address(3), kPingPayload + 96);
  BareTcp bare_bulk(nodes.address(3), kBulkPayload + 96);
  nodes.exchange(100, kPingPayload, 1);
  nodes.exchange(8, kBulkPayload, 1);
  std::vector<double> ping, tcp_ping, bulk, tcp_bulk;
  for (int round = 0; round < kRounds; ++round) {
    tcp_ping.push_back(seconds_of([&] { bare_ping.exchange(kPings, 1); }) / kPings * 1e6);
    ping.push_back(seconds_of([&] { nodes.exchange(kPings, kPingPayload, 1); }) / kPings * 1e6);
    tcp_bulk.push_back(kBulks / seconds_of([&] { bare_bulk.exchange(kBulks, kWindow); }));
    bulk.push_back(kBulks / seconds_of([&] { nodes.exchange(kBulks, kBulkPayload, kWindow); }));
  }
  fmt::print("round trip   LNet {:7.1f} us     bare TCP {:7.1f} us     ratio {:.2f} (aim: < 2)\n",
             median(ping), median(tcp_ping), median(ping) / median(tcp_ping));
  fmt::print("bulk         LNet {:7.0f} MiB/s  bare TCP {:7.0f} MiB/s  ratio {:.2f} (aim: > 0.5)\n",
             median(bulk), median(tcp_bulk), median(bulk) / median(tcp_bulk));
}

}  // namespace
}  // namespace harness::live

int main() { harness::live::run(); }
