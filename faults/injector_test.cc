#include "faults/injector.h"

#include <catch2/catch.hpp>

#include "protocol/lnet.h"
#include "protocol/lnet_message.h"
#include "protocol/message.h"
#include "protocol/ptlrpc.h"
#include "reference/digest.h"

using faults::Effects;
using faults::Injector;
using faults::Order;
using faults::Part;
using faults::Rule;
using protocol::Bytes;
using reference::Fact;
using reference::kNever;
using reference::kSecond;
using reference::PeerId;
using reference::Time;

namespace {

namespace opcode = protocol::ptlrpc::opcode;
namespace portal = protocol::ptlrpc::portal;
namespace lnet_type = protocol::lnet::lnet_msg_type;
namespace message_type = protocol::ptlrpc::msg_type;
constexpr PeerId kOne{.nid = 0x200000a000065, .pid = 12345};
constexpr PeerId kTwo{.nid = 0x200000a000066, .pid = 12345};
constexpr PeerId kMds{.nid = 0x200000a000002, .pid = 12345};
constexpr PeerId kOst{.nid = 0x200000a000003, .pid = 12345};

struct Of {
  uint32_t type = message_type::kRequest;
  uint32_t opc = opcode::kMdsReint;
  uint64_t xid = 1;
  uint32_t flags = 0;
  uint64_t transno = 0;
  uint32_t checksum = 0;
  std::optional<uint32_t> reint;
};

Bytes message(const Of& of) {
  protocol::ptlrpc::PtlrpcBody body{.type = of.type, .opc = of.opc};
  body.flags = of.flags;
  body.transno = of.transno;
  protocol::MessageBuilder builder(body);
  builder.header().cksum = of.checksum;
  if (of.reint) {
    std::vector<uint8_t> record(64, 0);
    record[0] = static_cast<uint8_t>(*of.reint);
    builder.add(protocol::ByteView(record));
  }
  protocol::lnet::LnetHdr header{.type = lnet_type::kPut};
  header.msg.match_bits = of.xid;
  return builder.finish(header);
}
Bytes request(uint32_t opc, uint64_t xid = 1, uint32_t flags = 0) {
  return message({.opc = opc, .xid = xid, .flags = flags});
}
Bytes reply(uint32_t opc, uint64_t xid = 1, uint64_t transno = 0) {
  return message({.type = message_type::kReply, .opc = opc, .xid = xid, .transno = transno});
}
Bytes bulk_put(uint64_t xid) {
  protocol::lnet::LnetHdr header{.type = lnet_type::kPut};
  header.msg.match_bits = xid;
  header.msg.ptl_index = portal::kOstBulk;
  return protocol::LnetMessage{header, Bytes(std::vector<uint8_t>(8, 1))}.build();
}

// A cluster of two clients, an MDS and an OST, of which only the messages are there.
class Wire {
 public:
  explicit Wire(std::string_view lines) {
    know();
    const auto plan = faults::parse_plan("plan \"test\"\n" + std::string(lines));
    REQUIRE(plan.has_value());
    injector.arm(*plan, now);
  }
  explicit Wire(const Rule& rule) {
    know();
    injector.arm(rule, now);
  }
  // How many messages arrive now.
  size_t sends(PeerId from, PeerId to, const Bytes& bytes) {
    effects = {};
    injector.on_message(now, from, to, bytes, effects);
    return effects.deliver.size();
  }
  void says(PeerId node, const Fact& fact) {
    effects = {};
    injector.on_fact(now, node, fact, effects);
  }
  void passes(Time time) {
    effects = {};
    now += time;
    injector.on_time(now, effects);
  }
  std::vector<std::string> orders() const {
    std::vector<std::string> out;
    for (const Order& order : effects.orders) {
      out.push_back(std::to_string(static_cast<int>(order.kind)) + " " + to_text(order.node));
    }
    return out;
  }

  Injector injector;
  Effects effects;
  Time now = 100 * kSecond;

 private:
  void know() {
    injector.know(kOne, faults::client_name(1));
    injector.know(kTwo, faults::client_name(2));
    injector.know(kMds, faults::kTheMds);
    injector.know(kOst, faults::ost_name(0));
    injector.know_client(faults::client_name(1), "uuid-one");
  }
};

}  // namespace

TEST_CASE("A rule drops the second reply of an operation and no other") {
  Wire wire(Rule{.part = Part::reply, .opcode = opcode::kMdsReint, .first = 2});

  REQUIRE(wire.sends(kMds, kOne, reply(opcode::kMdsReint)) == 1);
  REQUIRE(wire.sends(kOne, kMds, request(opcode::kMdsReint)) == 1);
  REQUIRE(wire.sends(kMds, kOne, reply(opcode::kMdsClose)) == 1);
  REQUIRE(wire.sends(kMds, kOne, reply(opcode::kMdsReint)) == 0);
  REQUIRE(wire.sends(kMds, kOne, reply(opcode::kMdsReint)) == 1);
  REQUIRE(wire.injector.times_struck(0) == 1);
}

TEST_CASE("What is held of one client leaves another's alone, and comes when it is released") {
  Wire wire("on OST_WRITE #1+ client1->*: delay request\n");

  REQUIRE(wire.sends(kTwo, kOst, request(opcode::kOstWrite)) == 1);
  REQUIRE(wire.sends(kOne, kOst, request(opcode::kOstWrite, 1)) == 0);
  REQUIRE(wire.sends(kOne, kOst, request(opcode::kOstWrite, 2)) == 0);
  REQUIRE(wire.injector.deadline() == kNever);
  wire.injector.release(wire.effects);
  REQUIRE(wire.effects.deliver.size() == 2);
  REQUIRE(wire.effects.deliver[0].from == kOne);
}

TEST_CASE("Early replies are no replies, and what is no ptlrpc message passes") {
  Wire wire("on any #1+: drop reply\non any #1: drop early\n");

  const Of early{.type = message_type::kReply, .checksum = 0x1234};
  REQUIRE(wire.sends(kMds, kOne, message(early)) == 0);
  REQUIRE(wire.sends(kMds, kOne, message(early)) == 1);
  const std::vector<uint8_t> noise(100, 0xff);
  REQUIRE(wire.sends(kMds, kOne, Bytes(noise)) == 1);
}

TEST_CASE("First sends, resends and replays are told apart, in replies too") {
  Wire wire("on MDS_REINT resent #1: drop reply\non MDS_REINT replayed #1: drop request\n");

  REQUIRE(wire.sends(kOne, kMds, request(opcode::kMdsReint, 5)) == 1);
  REQUIRE(wire.sends(kMds, kOne, reply(opcode::kMdsReint, 5)) == 1);
  REQUIRE(wire.sends(kOne, kMds, request(opcode::kMdsReint, 5, 2)) == 1);
  REQUIRE(wire.sends(kMds, kOne, reply(opcode::kMdsReint, 5)) == 0);
  REQUIRE(wire.sends(kOne, kMds, request(opcode::kMdsReint, 5, 4 | 2)) == 0);
}

TEST_CASE("A variant of an operation is meant alone, and its reply with it") {
  Wire wire("on MDS_REINT/UNLINK #1: drop reply\n");

  const Of unlink{.xid = 7, .reint = 4};
  const Of rename{.xid = 6, .reint = 5};
  REQUIRE(wire.sends(kOne, kMds, message(rename)) == 1);
  REQUIRE(wire.sends(kMds, kOne, reply(opcode::kMdsReint, 6)) == 1);
  REQUIRE(wire.sends(kOne, kMds, message(unlink)) == 1);
  REQUIRE(wire.sends(kMds, kOne, reply(opcode::kMdsReint, 7)) == 0);
}

TEST_CASE("Bulk data is of the request with its xid") {
  Wire wire("on OST_READ #1: drop bulk\n");

  REQUIRE(wire.sends(kOne, kOst, request(opcode::kOstWrite, 8)) == 1);
  REQUIRE(wire.sends(kOst, kOne, bulk_put(8)) == 1);
  REQUIRE(wire.sends(kOne, kOst, request(opcode::kOstRead, 9)) == 1);
  REQUIRE(wire.sends(kOst, kOne, bulk_put(9)) == 0);
}

TEST_CASE("A delayed message comes after its time, or behind the event that it waits for") {
  Wire wire(
      "on MDS_CLOSE #1: delay request for 5s\n"
      "on MDS_SYNC #1: delay request until MDS_REINT reply #2 client2->mds\n");

  REQUIRE(wire.sends(kOne, kMds, request(opcode::kMdsClose)) == 0);
  REQUIRE(wire.injector.deadline() == wire.now + 5 * kSecond);
  wire.passes(5 * kSecond);
  REQUIRE(wire.effects.deliver.size() == 1);

  REQUIRE(wire.sends(kOne, kMds, request(opcode::kMdsSync)) == 0);
  REQUIRE(wire.sends(kMds, kOne, reply(opcode::kMdsReint)) == 1);
  REQUIRE(wire.sends(kMds, kTwo, reply(opcode::kMdsReint)) == 1);
  REQUIRE(wire.sends(kMds, kTwo, reply(opcode::kMdsReint)) == 2);
  REQUIRE(wire.effects.deliver[1].from == kOne);
}

TEST_CASE("A reordered message is passed by the next one between the same two nodes") {
  Wire wire("on MDS_REINT #1: reorder request\n");

  const Bytes first = request(opcode::kMdsReint, 1);
  REQUIRE(wire.sends(kOne, kMds, first) == 0);
  REQUIRE(wire.sends(kTwo, kMds, request(opcode::kMdsClose, 2)) == 1);
  REQUIRE(wire.sends(kOne, kMds, request(opcode::kMdsClose, 3)) == 2);
  REQUIRE(wire.effects.deliver[1].message == first);
}

TEST_CASE("A reordered message that nothing passes comes after a while") {
  Wire wire("on MDS_REINT #1: reorder request\n");
  REQUIRE(wire.sends(kOne, kMds, request(opcode::kMdsReint)) == 0);
  wire.passes(Injector::kReorderMax);
  REQUIRE(wire.effects.deliver.size() == 1);
}

TEST_CASE("A corrupted message differs in one byte behind LNet's header") {
  Wire wire(
      "on MDS_REINT #1: corrupt request byte 3 xor 0x80\non MDS_CLOSE #1: duplicate request\n");
  const Bytes sent = request(opcode::kMdsReint);
  REQUIRE(wire.sends(kOne, kMds, sent) == 1);
  const Bytes got = wire.effects.deliver[0].message;
  REQUIRE(got.size() == sent.size());
  REQUIRE(got.view()[72 + 3] == (sent.view()[72 + 3] ^ 0x80));
  REQUIRE(wire.sends(kOne, kMds, request(opcode::kMdsClose)) == 2);
}

TEST_CASE("A partition swallows one way or both, until its end") {
  Wire wire(
      "on time +1s: partition client1->mds for 2s\n"
      "on time +10s: partition client1<->mds until MDS_SYNC #1\n");
  wire.passes(kSecond);
  REQUIRE(wire.sends(kOne, kMds, request(opcode::kMdsReint)) == 0);
  REQUIRE(wire.sends(kMds, kOne, reply(opcode::kMdsReint)) == 1);
  REQUIRE(wire.sends(kOne, kOst, request(opcode::kOstRead)) == 1);
  wire.passes(2 * kSecond);
  REQUIRE(wire.sends(kOne, kMds, request(opcode::kMdsReint)) == 1);

  wire.passes(7 * kSecond);
  REQUIRE(wire.sends(kMds, kOne, reply(opcode::kMdsReint)) == 0);
  REQUIRE(wire.sends(kTwo, kMds, request(opcode::kMdsSync)) == 1);
  REQUIRE(wire.sends(kMds, kOne, reply(opcode::kMdsReint)) == 1);
}

TEST_CASE("A restart is a crash now and a start later, in the version that was asked for") {
  Wire wire("on MDS_REINT #2: downgrade mds after 3s\n");
  wire.sends(kOne, kMds, request(opcode::kMdsReint));
  REQUIRE(wire.orders().empty());
  REQUIRE(wire.sends(kOne, kMds, request(opcode::kMdsReint)) == 1);
  REQUIRE(wire.effects.orders.size() == 1);
  REQUIRE(wire.effects.orders[0].kind == Order::Kind::crash);
  REQUIRE(wire.injector.deadline() == wire.now + 3 * kSecond);
  wire.passes(3 * kSecond);
  REQUIRE(wire.effects.orders.size() == 1);
  REQUIRE(wire.effects.orders[0].kind == Order::Kind::start);
  REQUIRE(wire.effects.orders[0].version == faults::Dialect::v1_8);
}

TEST_CASE("Two crashes in a row have a start between them") {
  Wire wire("on time +1s: crash mds twice\n");
  wire.passes(kSecond);
  REQUIRE(wire.effects.orders.size() == 3);
  REQUIRE(wire.effects.orders[0].kind == Order::Kind::crash);
  REQUIRE(wire.effects.orders[1].kind == Order::Kind::start);
  REQUIRE(wire.effects.orders[2].kind == Order::Kind::crash);
}

TEST_CASE("An eviction is from the servers that were named, of the clients that were") {
  Wire wire("on time +1s: evict client1 from ost*\non time +2s: evict client* from all\n");
  wire.passes(kSecond);
  REQUIRE(wire.effects.orders.size() == 1);
  REQUIRE(wire.effects.orders[0].other == faults::ost_name(0));
  wire.passes(kSecond);
  REQUIRE(wire.effects.orders.size() == 4);
}

TEST_CASE("Facts, named points and transnos are triggers") {
  Wire wire(
      "on fact executed #2 mds of client1: crash mds\n"
      "on point \"ost ready\" #1: pause ost0 for 1s\n"
      "on transno 12 mds: start mds\n");
  const Fact of_one{.kind = Fact::Kind::executed, .client = "uuid-one"};
  wire.says(kMds, of_one);
  wire.says(kMds, {.kind = Fact::Kind::executed, .client = "uuid-two"});
  wire.says(kOst, of_one);
  REQUIRE(wire.orders().empty());
  wire.says(kMds, of_one);
  REQUIRE(wire.effects.orders.size() == 1);
  wire.says(kMds, {.kind = Fact::Kind::reached, .text = "ost ready"});
  REQUIRE(wire.effects.orders.at(0).kind == Order::Kind::pause);
  wire.sends(kMds, kOne, reply(opcode::kMdsReint, 1, 11));
  REQUIRE(wire.orders().empty());
  wire.sends(kMds, kOne, reply(opcode::kMdsReint, 2, 13));
  REQUIRE(wire.effects.orders.at(0).kind == Order::Kind::start);
  wire.sends(kMds, kOne, reply(opcode::kMdsReint, 3, 14));
  REQUIRE(wire.orders().empty());
}

TEST_CASE("A share of the matches is drawn from the plan's seed, the same each time") {
  const auto pattern = [](std::string_view seed) {
    Wire wire(std::string(seed) + "on MDS_REINT #1+ 1/4: drop request\n");
    std::string struck;
    for (int i = 0; i < 400; ++i) {
      struck += wire.sends(kOne, kMds, request(opcode::kMdsReint)) == 0 ? '1' : '0';
    }
    return struck;
  };
  const std::string seven = pattern("seed 7\n");
  REQUIRE(seven == pattern("seed 7\n"));
  REQUIRE(seven != pattern("seed 8\n"));
  const auto count = std::ranges::count(seven, '1');
  REQUIRE(count > 60);
  REQUIRE(count < 140);
}

TEST_CASE("A copy goes on by itself, and what can strike no more is no difference") {
  Wire wire("on MDS_REINT #1: drop request\n");
  const Injector before = wire.injector;
  REQUIRE(wire.sends(kOne, kMds, request(opcode::kMdsReint)) == 0);
  const uint64_t spent = reference::digest_of(wire.injector);
  REQUIRE(spent != reference::digest_of(before));
  wire.sends(kOne, kMds, request(opcode::kMdsReint));
  REQUIRE(reference::digest_of(wire.injector) == spent);
  wire.injector = before;
  REQUIRE(wire.sends(kOne, kMds, request(opcode::kMdsReint)) == 0);
}

TEST_CASE("What struck is told in the words of the plan") {
  Wire wire("on MDS_CLOSE #1 client1->mds: drop reply\non time +1s: restart mds\n");
  wire.sends(kMds, kOne, reply(opcode::kMdsClose, 77));
  wire.passes(kSecond);
  const auto& struck = wire.injector.struck();
  REQUIRE(struck.size() == 3);
  REQUIRE(struck[0].what == "drop reply of MDS_CLOSE");
  REQUIRE(struck[0].where == "mds->client1");
  REQUIRE(struck[0].xid == 77);
  REQUIRE(struck[1].what == "crash");
  REQUIRE(struck[2].where == "mds");
  REQUIRE(struck[2].line == 1);
}

TEST_CASE("The end of faults brings back what they keep away, and disarms them") {
  Wire wire(
      "on MDS_CLOSE #1+: delay request\non time +0s: partition client1<->mds\n"
      "on time +0s: restart ost0 after 1h\n");
  REQUIRE(wire.sends(kOne, kMds, request(opcode::kMdsClose)) == 0);
  wire.passes(0);
  wire.effects = {};
  wire.injector.end(wire.now, wire.effects);
  REQUIRE(wire.effects.deliver.size() == 1);
  REQUIRE(wire.effects.orders.size() == 1);
  REQUIRE(wire.sends(kOne, kMds, request(opcode::kMdsClose)) == 1);
  REQUIRE(wire.injector.deadline() == kNever);
}
