// What locks and the OST cost: enqueue and cancel with few and many locks, a write and a read of
// 4 KiB and of 1 MiB from one LNet message to the other, a copy of the machine. One core.
#include <fmt/format.h>

#include <ctime>
#include <variant>
#include <vector>

#include "protocol/operations_2_0.h"
#include "reference/digest.h"
#include "reference/ost.h"

namespace reference {
namespace {

namespace ops = protocol::operations_2_0;
constexpr PeerId kServer{0x20000'7f000001, kLnetPid};
constexpr PeerId kClient{0x20000'7f00000a, kLnetPid};

double seconds() {
  timespec now = {};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

template <class Work>
void measure(const char* what, size_t count, Work work) {
  const double began = seconds();
  for (size_t i = 0; i < count; ++i) work(i);
  fmt::print("{:<44}{:>12.0f} a second\n", what, static_cast<double>(count) / (seconds() - began));
}

Config config_of(PeerId self) {
  Config config;
  config.self = self;
  return config;
}

LockRequest wanted(uint64_t object) {
  LockRequest request{.resource = {{object, 0, 0, 0}},
                      .type = LockType::extent,
                      .mode = LockMode::pw,
                      .policy = {.start = 0, .end = 4095}};
  request.owner = 1;
  request.peer = kClient;
  request.client_handle = object + 1;
  return request;
}

void locks(size_t others) {
  Locks held(config_of(kServer));
  LockEffects effects;
  for (uint64_t i = 0; i < others; ++i) held.enqueue(wanted(2 * i), effects);
  measure(fmt::format("enqueue and cancel beside {} locks", others).c_str(), 20'000, [&](size_t i) {
    LockEffects changes;
    const auto result = held.enqueue(wanted(2 * (i % (others + 1)) + 1), changes);
    held.cancel(result.handle, changes);
  });
}

// A client's end and an OST, joined.
struct Joined {
  Joined() : client(config_of(kClient)), ost(config_of(kServer), {}) {
    Actions out;
    ost.start(0, out);
    ops::OstConnect::Request connect;
    connect.target_uuid = "assay-OST0000_UUID";
    connect.client_uuid = "bench";
    connect.client_handle.cookie = 1;
    send<ops::OstConnect>(connect);
    ops::OstCreate::Request create;
    create.body.oa.id = 1;
    send<ops::OstCreate>(create);
  }
  template <class Operation>
  void send(const typename Operation::Request& buffers) {
    protocol::ptlrpc::PtlrpcBody body;
    body.handle.cookie = handle;
    body.type = protocol::ptlrpc::msg_type::kRequest;
    body.version = Operation::kVersion;
    body.opc = Operation::kOpcode;
    body.conn_cnt = 1;
    protocol::MessageBuilder builder(body);
    buffers.encode(builder);
    Actions out;
    client.send_request(kServer, Operation::kRequestPortal, ++xid, builder.finish(), out);
    to_server(out);
  }
  void to_server(const Actions& actions) {
    for (const Action& action : actions) {
      if (const auto* message = std::get_if<Send>(&action))
        step(Received{kClient, message->message});
    }
  }
  void step(const Event& event) {
    Actions out;
    ost.step(0, event, out);
    for (const Action& action : out) {
      if (const auto* message = std::get_if<Send>(&action)) {
        Actions back;
        Incoming incoming = client.receive(kServer, message->message, back);
        if (const auto* reply = std::get_if<ReplyIn>(&incoming)) {
          const auto answer = protocol::Message::parse(reply->message);
          if (answer->body().handle.cookie != 0) handle = answer->body().handle.cookie;
          ++replies;
        }
        to_server(back);
      } else if (const auto* persist = std::get_if<Persist>(&action)) {
        step(Durable{persist->id});
      }
    }
  }
  void io(const Bytes& data, bool write) {
    const std::vector<protocol::ost::NiobufRemote> niobufs{
        {0, static_cast<uint32_t>(data.size()), 0}};
    ops::OstWrite::Request request;
    request.ioobj = {.id = 1, .seq = 0, .type = 0x8000, .bufcnt = 1};
    request.niobufs = niobufs;
    if (write) {
      client.post_source(kServer, 8, xid + 1, data);
      send<ops::OstWrite>(request);
    } else {
      client.post_sink(kServer, 8, xid + 1, static_cast<uint32_t>(data.size()));
      ops::OstRead::Request read;
      read.ioobj = request.ioobj;
      read.niobufs = niobufs;
      send<ops::OstRead>(read);
    }
    client.unpost(kServer, 8, xid);
  }
  Endpoint client;
  Ost ost;
  uint64_t handle = 0;
  uint64_t xid = 1;
  size_t replies = 0;
};

void run() {
  locks(0);
  locks(1'000);
  locks(100'000);
  Joined joined;
  const Bytes page(std::vector<uint8_t>(4096, 1));
  const Bytes large(std::vector<uint8_t>(1u << 20, 1));
  measure("write of 4 KiB", 20'000, [&](size_t) { joined.io(page, true); });
  measure("read of 4 KiB", 20'000, [&](size_t) { joined.io(page, false); });
  measure("write of 1 MiB", 500, [&](size_t) { joined.io(large, true); });
  measure("read of 1 MiB", 500, [&](size_t) { joined.io(large, false); });
  fmt::print("replies: {}\n", joined.replies);
  uint64_t sum = 0;
  measure("copy of the machine", 20'000, [&](size_t) {
    const Ost copy = joined.ost;
    sum += copy.locks().size();
  });
  measure("digest of the machine, 1 MiB of data", 200,
          [&](size_t) { sum += digest_of(joined.ost); });
  fmt::print("checked: {}\n", sum != 0);
}

}  // namespace
}  // namespace reference

int main() { reference::run(); }
