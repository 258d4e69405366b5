// The replay against servers that say what the captured ones said.
#include "suites/stock/replay.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <deque>

#include "protocol/ldlm.h"
#include "protocol/lnet.h"
#include "protocol/mds.h"
#include "protocol/ptlrpc.h"

namespace suites {
namespace {

namespace lnet = protocol::lnet;
using harness::PeerId;
using protocol::Bytes;
using protocol::Dialect;
using protocol::LnetMessage;

constexpr uint64_t kLoopback = (uint64_t{2} << 48) | 0x7f000001;
constexpr PeerId kServer{.nid = kLoopback, .pid = 12345};
constexpr PeerId kClient{.nid = kLoopback, .pid = 0x80000001};

// A world in which the probe of the capture answers by xid: all that it ever sent for a request.
class CapturedWorld final : public harness::World {
 public:
  explicit CapturedWorld(const Session& session) : session_(session) {
    cast_ = {.fsname = "lustre", .mgs = kServer, .mds = kServer};
    cast_.osts.push_back(kServer);
  }

  // What to do to an answer before it is sent.
  std::function<void(const Exchange&, Request&)> spoil = [](const Exchange&, Request&) {};
  // Requests that the client sent, and what else: ACKs, REPLYs.
  std::vector<Bytes> requests;
  std::vector<LnetMessage> others;

  void deliver(const LnetMessage& message) { inbox_.push_back(message.build()); }

  const harness::Cast& cast() const override { return cast_; }
  harness::Time now() const override { return 0; }
  bool run_until(const std::function<bool()>& condition) override {
    while (!condition()) {
      if (inbox_.empty()) return false;
    }
    return true;
  }
  void settle() override {}
  void pass(harness::Time) override {}
  harness::ClientId add_client() override { return {}; }
  harness::OrderId submit(harness::ClientId, const harness::Syscall&) override { return {}; }
  const harness::Result* result(harness::ClientId, harness::OrderId) const override {
    return nullptr;
  }
  std::string client_uuid(harness::ClientId) const override { return {}; }
  void kill_client(harness::ClientId) override {}
  harness::ProbeId add_probe(harness::ProbeKind) override { return {}; }
  PeerId probe_peer(harness::ProbeId) const override { return kClient; }
  void probe_send(harness::ProbeId, PeerId, Bytes message) override { take(message); }
  std::optional<harness::ProbeEvent> probe_take(harness::ProbeId) override {
    if (inbox_.empty()) return std::nullopt;
    harness::ProbeEvent event{.from = kServer, .message = inbox_.front()};
    inbox_.pop_front();
    return event;
  }
  void crash(harness::ServerId) override {}
  void stop(harness::ServerId) override {}
  void start(harness::ServerId) override {}
  void start_as(harness::ServerId, harness::Dialect) override {}
  bool running(harness::ServerId) const override { return true; }
  void evict(harness::ServerId, const std::string&) override {}
  void abort_recovery(harness::ServerId) override {}
  void hold_commits(harness::ServerId) override {}
  void release_commits(harness::ServerId) override {}
  void crash_at_commit(harness::ServerId, uint32_t, bool) override {}
  const std::vector<harness::Fact>& facts(harness::ServerId) const override { return facts_; }
  faults::Injector& injector() override { return injector_; }
  void take_effect(const faults::Effects&) override {}
  faults::Injector injector_;

 private:
  void take(const Bytes& bytes) {
    LnetMessage message = *LnetMessage::parse(bytes);
    const auto at =
        std::ranges::find(session_.exchanges, message.header.msg.match_bits, &Exchange::xid);
    if (message.header.type == lnet::lnet_msg_type::kReply) return answer(*asking_);
    const bool request =
        message.header.type == lnet::lnet_msg_type::kPut && at != session_.exchanges.end();
    if (!request) return others.push_back(std::move(message));
    requests.push_back(message.payload);
    asking_ = &*at;
    if (at->given) return get(*at);
    if (at->taken) put(*at);
    answer(*at);
  }

  void get(const Exchange& exchange) {
    LnetMessage get{.header = exchange.reply.header};
    get.header.type = lnet::lnet_msg_type::kGet;
    get.header.msg = {};
    protocol::set_overlay(
        get.header.msg,
        lnet::LnetGet{.match_bits = exchange.xid(),
                      .ptl_index = exchange.operation->bulk_portal,
                      .sink_length = static_cast<uint32_t>(exchange.given->size())});
    deliver(get);
  }

  void put(const Exchange& exchange) {
    LnetMessage put{.header = exchange.reply.header, .payload = *exchange.taken};
    put.header.msg = lnet::LnetPut{.ack_wmd = {1, 2},
                                   .match_bits = exchange.xid(),
                                   .ptl_index = exchange.operation->bulk_portal};
    deliver(put);
  }

  void answer(const Exchange& exchange) {
    Request reply(exchange.answer);
    spoil(exchange, reply);
    deliver({.header = exchange.reply.header, .payload = reply.finish()});
  }

  const Session& session_;
  harness::Cast cast_;
  std::deque<Bytes> inbox_;
  const Exchange* asking_ = nullptr;
  std::vector<harness::Fact> facts_;
};

std::string joined(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines) out += line + "; ";
  return out;
}

}  // namespace

TEST_CASE("Replay: the captured answers do, but for the probe's two mistakes") {
  for (const Dialect dialect : {Dialect::v1_8, Dialect::v2_0}) {
    const Session session = *read_stock_session(dialect);
    CapturedWorld world(session);
    const auto wrong = Replay(world, session).run();
    INFO(joined(wrong));
    REQUIRE(world.requests.size() == session.exchanges.size());
    for (size_t i = 0; i < session.exchanges.size(); ++i) {
      REQUIRE(world.requests[i] == session.exchanges[i].message.bytes());
    }
    for (const std::string& line : wrong) {
      REQUIRE(line.find("MdsReintLink") != std::string::npos);
    }
    REQUIRE(world.others.size() == 6);  // an ACK for each bulk that was PUT
  }
}

TEST_CASE("Replay: a mount ends where it ends") {
  const Session session = *read_stock_session(Dialect::v1_8);
  CapturedWorld world(session);
  REQUIRE(Replay(world, session).run(9).empty());
  REQUIRE(world.requests.size() == 9);
}

TEST_CASE("Replay: a wrong answer is told with its request") {
  const Session session = *read_stock_session(Dialect::v2_0);
  CapturedWorld world(session);
  world.spoil = [](const Exchange& exchange, Request& reply) {
    if (exchange.number == 16) reply.body.transno = 0;
  };
  REQUIRE(joined(Replay(world, session).run(16)) ==
          "request 16 (LdlmEnqueueIntentOpen): a successful open without transno; ");
}

TEST_CASE("Replay: a name that an answer withheld is missed where it is needed") {
  const Session session = *read_stock_session(Dialect::v2_0);
  CapturedWorld world(session);
  world.spoil = [](const Exchange& exchange, Request& reply) {
    if (exchange.number == 7) reply.body.handle.cookie = 0;
    if (exchange.number == 8) std::fill_n(reply.buffers[0].begin(), 16, uint8_t{0});
  };
  const std::string wrong = joined(Replay(world, session).run(10));
  REQUIRE(wrong.find("request 7 (MdsConnect): no export handle is given") != std::string::npos);
  REQUIRE(wrong.find("request 10 (MdsGetattr): the request names a file {0x200000007") !=
          std::string::npos);
}

TEST_CASE("Replay: a lock that was given is given back when it is asked for") {
  const Session session = *read_stock_session(Dialect::v2_0);
  CapturedWorld world(session);
  constexpr uint64_t kLock = 0x1234;
  uint64_t mine = 0;
  world.spoil = [&](const Exchange& exchange, Request& reply) {
    if (exchange.number == 14) {  // a getattr by intent, answered without a lock in the capture
      auto lock = *protocol::decode<protocol::ldlm::LdlmReply>(reply.buffers[0]);
      lock.lock_handle.cookie = kLock;
      lock.lock_desc.granted_mode = lock.lock_desc.req_mode;
      std::memcpy(reply.buffers[0].data(), &lock, sizeof(lock));
      reply.body.status = 0;
      mine = protocol::decode<protocol::ldlm::LdlmRequest>(exchange.message.buffer(1))
                 ->lock_handle[0]
                 .cookie;
    }
    if (exchange.number == 15) {
      protocol::ldlm::LdlmRequest callback{.lock_count = 1};
      callback.lock_handle[0].cookie = mine;
      Request request(exchange.answer);
      request.body = {.type = protocol::ptlrpc::msg_type::kRequest,
                      .version = 0x40003,
                      .opc = protocol::ptlrpc::opcode::kLdlmBlCallback};
      const auto bytes = protocol::bytes_of(callback);
      request.buffers.assign(1, {bytes.begin(), bytes.end()});
      LnetMessage put{.header = exchange.reply.header, .payload = request.finish()};
      put.header.msg = lnet::LnetPut{.ack_wmd = {~uint64_t{0}, ~uint64_t{0}},
                                     .match_bits = 77,
                                     .ptl_index = protocol::ptlrpc::portal::kLdlmCbRequest};
      world.deliver(put);
    }
  };
  REQUIRE(joined(Replay(world, session).run(15)).empty());
  REQUIRE(world.others.size() == 2);
  REQUIRE(world.others[0].header.msg.match_bits == 77);
  REQUIRE(world.others[0].header.msg.ptl_index == protocol::ptlrpc::portal::kLdlmCbReply);
  const auto cancel = protocol::Message::parse(world.others[1].payload);
  REQUIRE(cancel->body().opc == protocol::ptlrpc::opcode::kLdlmCancel);
  REQUIRE(cancel->body().handle.cookie == 0x1003);
  REQUIRE(protocol::decode<protocol::ldlm::LdlmRequest>(cancel->buffer(1))->lock_handle[0].cookie ==
          kLock);
}

}  // namespace suites
