// What the core costs a request, from one LNet message to the other: decode, accept, a handler that
// does next to nothing, answer. One core; the numbers are of requests, each with its reply.
#include <fmt/format.h>

#include <ctime>
#include <optional>
#include <vector>

#include "protocol/message.h"
#include "protocol/ptlrpc.h"
#include "reference/endpoint.h"
#include "reference/service.h"

namespace reference {
namespace {

namespace opcode = protocol::ptlrpc::opcode;
constexpr PeerId kServer{0x200007f000001, kLnetPid};
constexpr PeerId kClient{0x200007f00000a, kLnetPid};

Config config_of(PeerId self) {
  Config config;
  config.self = self;
  return config;
}

struct Bench {
  Bench() : endpoint(config_of(kServer)), service(config_of(kServer), TargetKind::mdt, {}) {
    Actions out;
    Turn turn{0, endpoint, out};
    service.start(turn);
  }

  // One event and all that follows from it.
  void receive(const Bytes& message, Actions& out) {
    Turn turn{now, endpoint, out};
    Incoming incoming = endpoint.receive(kClient, message, out);
    service.accept(turn, std::get<RequestIn>(std::move(incoming)));
    while (std::optional<Work> work = service.next(turn)) {
      if (auto* request = std::get_if<Request>(&*work)) run(turn, *request);
      if (auto* connecting = std::get_if<Connecting>(&*work)) {
        handle = connecting->export_id;
        service.answer(turn, *connecting);
      }
    }
  }
  void run(Turn& turn, const Request& request) {
    Reply reply = service.reply(request);
    reply.message.add(answer);
    if (request.opcode == opcode::kMdsReint) {
      Transaction transaction = service.begin(request);
      transaction.put("inode/12345678", value);
      service.finish(turn, request, reply, std::move(transaction));
    } else {
      service.finish(turn, request, reply);
    }
  }

  Endpoint endpoint;
  Service service;
  Time now = kSecond;
  uint64_t handle = 0;
  std::vector<uint8_t> answer = std::vector<uint8_t>(216);
  Bytes value{std::vector<uint8_t>(128)};
};

Bytes request_message(uint32_t op, uint64_t xid, uint64_t handle,
                      const std::vector<std::vector<uint8_t>>& buffers) {
  static const Endpoint client(config_of(kClient));
  protocol::ptlrpc::PtlrpcBody body;
  body.type = 4711;
  body.version = 0x20003;
  body.opc = op;
  body.conn_cnt = 1;
  body.timeout = 100;
  body.handle.cookie = handle;
  protocol::MessageBuilder builder(body, handle != 0 ? 3 : 0);
  for (const auto& buffer : buffers) builder.add(buffer);
  Actions sent;
  client.send_request(kServer, protocol::ptlrpc::portal::kMdsRequest, xid, builder.finish(), sent);
  return std::get<Send>(sent[0]).message;
}

void connect(Bench& bench) {
  std::vector<uint8_t> target(40), uuid(40), handle, data;
  constexpr std::string_view kTarget = "assay-MDT0000_UUID";
  std::copy(kTarget.begin(), kTarget.end(), target.begin());
  uuid[0] = 'c';
  protocol::append(handle, uint64_t{7});
  protocol::ptlrpc::ObdConnectData asked;
  asked.connect_flags = protocol::ptlrpc::connect_flag::kFid;
  protocol::append(data, asked);
  Actions out;
  bench.receive(request_message(opcode::kMdsConnect, 1, 0, {target, uuid, handle, data}), out);
  Turn turn{0, bench.endpoint, out};
  CommitId last = 0;
  for (const Action& action : Actions(out)) {
    if (const auto* persist = std::get_if<Persist>(&action)) last = persist->id;
  }
  bench.service.durable(turn, last);
}

void measure(const char* what, uint32_t op) {
  constexpr uint64_t kRounds = 1'000'000;
  Bench bench;
  connect(bench);
  std::vector<Bytes> requests;
  for (uint64_t xid = 0; xid < 1000; ++xid) {
    requests.push_back(request_message(op, 1000 + xid, bench.handle,
                                       {std::vector<uint8_t>(216), std::vector<uint8_t>()}));
  }
  // Time of the processor, so that a busy machine does not count.
  const std::clock_t began = std::clock();
  Actions out;
  CommitId commit = 2;
  for (uint64_t round = 0; round < kRounds; ++round) {
    bench.receive(requests[round % requests.size()], out);
    if (round % 100 == 99) {
      out.clear();
      if (op == opcode::kMdsReint) {
        Turn turn{bench.now, bench.endpoint, out};
        bench.service.durable(turn, commit += 100);
      }
    }
  }
  const double spent = static_cast<double>(std::clock() - began) / CLOCKS_PER_SEC;
  fmt::print("{:<14} {:>9.0f} requests/s, {:.0f} ns each\n", what,
             static_cast<double>(kRounds) / spent, spent / static_cast<double>(kRounds) * 1e9);
}

}  // namespace
}  // namespace reference

int main() {
  reference::measure("read only", reference::opcode::kMdsGetattr);
  reference::measure("modification", reference::opcode::kMdsReint);
}
