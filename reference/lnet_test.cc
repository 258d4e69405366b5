#include "reference/lnet.h"

#include <catch2/catch.hpp>
#include <deque>

#include "protocol/lnet_message.h"
#include "reference/nid.h"

namespace reference {
namespace {

using protocol::ByteView;

const PeerId kLow{make_nid(0x7f000015), kLnetPid};
const PeerId kHigh{make_nid(0x7f000016), kLnetPid};

Bytes message(PeerId from, PeerId to, size_t payload) {
  protocol::LnetMessage out;
  out.header.dest_nid = to.nid;
  out.header.dest_pid = to.pid;
  out.header.src_nid = from.nid;
  out.header.src_pid = from.pid;
  out.header.type = protocol::lnet::lnet_msg_type::kPut;
  out.payload = Bytes(std::vector<uint8_t>(payload, 0x42));
  return out.build();
}

LnetConfig config(PeerId self) {
  LnetConfig out;
  out.self = self;
  out.incarnation = self.nid;
  return out;
}

template <class T>
std::vector<T> all(const LnetActions& actions) {
  std::vector<T> out;
  for (const LnetAction& action : actions) {
    if (const T* one = std::get_if<T>(&action)) out.push_back(*one);
  }
  return out;
}

std::vector<uint8_t> written(const LnetActions& actions) {
  std::vector<uint8_t> out;
  for (const LinkWrite& write : all<LinkWrite>(actions)) {
    out.insert(out.end(), write.head.view().begin(), write.head.view().end());
    out.insert(out.end(), write.body.view().begin(), write.body.view().end());
  }
  return out;
}

// What a peer of the tests says first; then the node's answer.
std::vector<uint8_t> greeting(const Hello& hello, PeerId to) {
  std::vector<uint8_t> out = encode_acceptor_request(to.nid);
  const auto bytes = encode_hello(hello);
  out.insert(out.end(), bytes.begin(), bytes.end());
  return out;
}
Hello answer_in(const LnetActions& actions) {
  const auto bytes = written(actions);
  LnetReader reader(LnetReader::Side::passive);
  ByteView input(bytes);
  return std::get<Hello>(**reader.next(input));
}

struct Accepted {
  LinkId link = 0;
  LnetActions out;
};
Accepted accept_from(Lnet& node, PeerId self, const Hello& hello, uint16_t port = 1023) {
  Accepted result;
  result.link = *node.accepted(0, nid_address(hello.source.nid), port);
  node.received(0, result.link, greeting(hello, self), result.out);
  node.invariants();
  return result;
}

// Two nodes and the TCP connections between them; what is written arrives when settle() runs.
struct Pair {
  Lnet nodes[2];
  struct Wire {
    int from;
    LinkId link[2];                                 // of each side
    std::deque<std::pair<int, Bytes>> in_flight{};  // by whom
  };
  std::vector<Wire> wires{};
  std::vector<LnetDeliver> delivered[2]{};
  std::vector<LnetLost> lost[2]{};
  size_t bytes = 0;

  void carry_out(Time now, int who, LnetActions& actions) {
    for (LnetAction& action : std::exchange(actions, {})) {
      if (const auto* dial = std::get_if<LinkDial>(&action)) {
        Wire wire{who, {}};
        wire.link[who] = dial->link;
        wire.link[1 - who] = *nodes[1 - who].accepted(now, who == 0 ? 0x7f000015 : 0x7f000016,
                                                      static_cast<uint16_t>(1000 + wires.size()));
        wires.push_back(wire);
        LnetActions next;
        nodes[who].connected(now, dial->link, next);
        carry_out(now, who, next);
      } else if (const auto* write = std::get_if<LinkWrite>(&action)) {
        for (Wire& wire : wires) {
          if (wire.link[who] != write->link) continue;
          wire.in_flight.emplace_back(who, write->head);
          if (!write->body.empty()) wire.in_flight.emplace_back(who, write->body);
        }
      } else if (const auto* deliver = std::get_if<LnetDeliver>(&action)) {
        delivered[who].push_back(*deliver);
      } else if (const auto* gone = std::get_if<LnetLost>(&action)) {
        lost[who].push_back(*gone);
      } else if (const auto* close = std::get_if<LinkClose>(&action)) {
        for (Wire& wire : wires) {
          if (wire.link[who] == close->link) wire.in_flight.emplace_back(who, Bytes{});
        }
      }
    }
  }
  void settle(Time now) {
    for (bool moved = true; moved;) {
      moved = false;
      for (size_t i = 0; i < wires.size(); ++i) {
        if (wires[i].in_flight.empty()) continue;
        moved = true;
        const auto [by, chunk] = wires[i].in_flight.front();
        wires[i].in_flight.pop_front();
        bytes += chunk.size();
        LnetActions out;
        Lnet& other = nodes[1 - by];
        if (chunk.empty()) other.closed(now, wires[i].link[1 - by], out);
        other.received(now, wires[i].link[1 - by], chunk.view(), out);
        other.flush(out);
        other.invariants();
        carry_out(now, 1 - by, out);
      }
    }
  }
  void send(Time now, int who, size_t payload) {
    LnetActions out;
    const PeerId from = who == 0 ? kLow : kHigh, to = who == 0 ? kHigh : kLow;
    nodes[who].send(now, to, message(from, to, payload), out);
    carry_out(now, who, out);
  }
};

Pair pair() { return Pair{{Lnet(config(kLow)), Lnet(config(kHigh))}}; }

}  // namespace

TEST_CASE("a message to a new peer dials three connections, control first") {
  Pair p = pair();
  p.send(0, 0, 100);
  p.settle(0);
  REQUIRE(p.delivered[1].size() == 1);
  CHECK(p.delivered[1][0].from == kLow);
  CHECK(p.delivered[1][0].message == message(kLow, kHigh, 100));
  CHECK(p.nodes[0].link_count() == 3);
  CHECK(p.nodes[1].link_count() == 3);
  p.send(0, 1, 100'000);
  p.settle(0);
  CHECK(p.delivered[0].size() == 1);
  CHECK(p.wires.size() == 3);
}

TEST_CASE("a message goes on the connection of its size") {
  Lnet node(config(kHigh));
  LinkId links[4] = {};
  for (const auto type : {ConnType::control, ConnType::bulk_in, ConnType::bulk_out}) {
    links[static_cast<int>(type)] =
        accept_from(node, kHigh, {.version = 3, .source = kLow, .incarnation = 5, .type = type})
            .link;
  }
  LnetActions out;
  node.send(0, kLow, message(kHigh, kLow, 1024 - 96 - 1), out);
  CHECK(all<LinkWrite>(out)[0].link == links[1]);
  out.clear();
  node.send(0, kLow, message(kHigh, kLow, 1024 - 96), out);
  CHECK(all<LinkWrite>(out)[0].link == links[2]);  // the peer's BULK_IN is our BULK_OUT
}

TEST_CASE("the passive side answers with the type inverted and in the peer's version") {
  for (const uint32_t version : {1u, 2u, 3u}) {
    Lnet node(config(kHigh));
    const auto [link, out] = accept_from(
        node, kHigh,
        {.version = version, .source = kLow, .incarnation = 5, .type = ConnType::bulk_in});
    const Hello hello = answer_in(out);
    CHECK(hello.version == version);
    CHECK(hello.type == ConnType::bulk_out);
    CHECK(hello.source == kHigh);
    CHECK(hello.incarnation == kHigh.nid);
  }
}

// Version 1 has another magic, so here it is none.
TEST_CASE("an unknown version is answered with ours and NONE") {
  const auto version = static_cast<uint8_t>(GENERATE(0, 1, 4));
  Lnet node(config(kHigh));
  Hello hello{.version = 3, .source = kLow};
  auto bytes = greeting(hello, kHigh);
  bytes[16 + 4] = version;
  LnetActions out;
  node.received(0, *node.accepted(0, 0x7f000015, 1023), bytes, out);
  CHECK(answer_in(out).version == 3);
  CHECK(answer_in(out).type == ConnType::none);
  CHECK(all<LinkClose>(out)[0].error->field == "kshm_version");
}

TEST_CASE("a wrong NID closes without an answer, an unknown acceptor version with one") {
  Lnet node(config(kHigh));
  LnetActions out;
  node.received(0, *node.accepted(0, 0x7f000015, 1023), encode_acceptor_request(kLow.nid), out);
  CHECK(written(out).empty());
  CHECK(all<LinkClose>(out)[0].error->field == "acr_nid");
  out.clear();
  auto request = encode_acceptor_request(kHigh.nid);
  request[4] = 2;
  node.received(0, *node.accepted(0, 0x7f000015, 1023), request, out);
  CHECK(written(out) == encode_acceptor_request(0));
  out.clear();
  const auto hello = encode_hello({.version = 3, .source = kLow});
  node.received(0, *node.accepted(0, 0x7f000015, 1023), hello, out);
  CHECK(written(out) == encode_acceptor_request(0));
  CHECK(all<LinkClose>(out)[0].error->field == "acr_magic");
}

TEST_CASE("the active side falls back to the version that the peer names") {
  Lnet node(config(kLow));
  LnetActions out;
  node.send(0, kHigh, message(kLow, kHigh, 10), out);
  const LinkId first = all<LinkDial>(out)[0].link;
  out.clear();
  node.connected(0, first, out);
  CHECK(written(out) ==
        greeting(
            {.version = 3, .source = kLow, .destination_nid = kHigh.nid, .incarnation = kLow.nid},
            kHigh));
  out.clear();
  node.received(0, first, encode_hello({.version = 2, .source = kHigh, .type = ConnType::none}),
                out);
  REQUIRE(all<LinkDial>(out).size() == 1);
  const LinkId second = all<LinkDial>(out)[0].link;
  CHECK(all<LnetLost>(out).empty());
  out.clear();
  node.connected(0, second, out);
  CHECK(written(out)[16 + 4] == 2);
  out.clear();
  node.received(0, second, encode_hello({.version = 2, .source = kHigh}), out);
  CHECK(all<LinkWrite>(out).size() == 1);  // the message that waited
}

TEST_CASE("the active side checks who answers and as what") {
  const auto answered = [](const Hello& hello) {
    Lnet node(config(kLow));
    LnetActions out;
    node.send(0, kHigh, message(kLow, kHigh, 10), out);
    const LinkId link = all<LinkDial>(out)[0].link;
    node.connected(0, link, out);
    out.clear();
    node.received(0, link, encode_hello(hello), out);
    CHECK(all<LnetLost>(out).size() == 1);
    return std::string(all<LinkClose>(out)[0].error->field);
  };
  CHECK(answered({.version = 3, .source = {kLow.nid, kLnetPid}}) == "kshm_src_nid");
  CHECK(answered({.version = 3, .source = {kHigh.nid, 7}}) == "kshm_src_pid");
  CHECK(answered({.version = 3, .source = kHigh, .type = ConnType::bulk_in}) == "kshm_ctype");
}

TEST_CASE("a second connection of a type is refused with NONE") {
  Lnet node(config(kHigh));
  const Hello hello{.version = 3, .source = kLow, .incarnation = 5};
  accept_from(node, kHigh, hello);
  const auto [link, out] = accept_from(node, kHigh, hello, 1022);
  CHECK(answer_in(out).type == ConnType::none);
  CHECK(answer_in(out).version == 3);
  CHECK(all<LinkClose>(out)[0].why == "a duplicate connection");
  CHECK(node.link_count() == 1);
}

TEST_CASE("a new incarnation closes the old connections") {
  Lnet node(config(kHigh));
  const LinkId old =
      accept_from(node, kHigh, {.version = 3, .source = kLow, .incarnation = 5}).link;
  const auto [link, out] =
      accept_from(node, kHigh, {.version = 3, .source = kLow, .incarnation = 6}, 1022);
  CHECK(all<LinkClose>(out)[0].link == old);
  CHECK(all<LnetLost>(out).size() == 1);
  CHECK(answer_in(out).type == ConnType::control);
  CHECK(node.link_count() == 1);
}

TEST_CASE("of two nodes that dial each other at once, the higher NID wins") {
  Pair p = pair();
  p.send(0, 0, 10);
  p.send(0, 1, 20);
  p.settle(0);
  for (int who : {0, 1}) {
    LnetActions out;
    p.nodes[who].fired(kSecond, out);
    p.carry_out(kSecond, who, out);
  }
  p.settle(kSecond);
  CHECK(p.delivered[0].size() == 1);
  CHECK(p.delivered[1].size() == 1);
  CHECK(p.nodes[0].link_count() == 3);
  CHECK(p.nodes[1].link_count() == 3);
  CHECK(p.lost[0].empty());
  CHECK(p.lost[1].empty());
}

TEST_CASE("a user-space peer is called by its socket, and its messages are renamed") {
  Lnet node(config(kHigh));
  const PeerId says{make_nid(0x0a000001), kUserspacePid | 4711};
  const PeerId known{make_nid(0x0a000001), kUserspacePid | 40000};
  auto [link, out] =
      accept_from(node, kHigh, {.version = 2, .source = says, .type = ConnType::any}, 40000);
  CHECK(answer_in(out).type == ConnType::any);
  CHECK(answer_in(out).version == 2);
  out.clear();
  const Bytes sent = message(says, kHigh, 2000);
  node.received(0, link, encode_frame_head(2, {}, sent.view(), false), out);
  node.received(0, link, sent.view(), out);
  const auto delivered = all<LnetDeliver>(out);
  REQUIRE(delivered.size() == 1);
  CHECK(delivered[0].from == known);
  CHECK(delivered[0].message == message(known, kHigh, 2000));
  out.clear();
  node.send(0, known, message(kHigh, known, 5), out);
  CHECK(all<LinkWrite>(out)[0].link == link);
  node.closed(0, link, out);
  out.clear();
  node.send(0, known, message(kHigh, known, 5), out);
  CHECK(all<LinkDial>(out).empty());
  CHECK(all<LnetLost>(out)[0].peer == known);
}

TEST_CASE("without privileges a node dials as a user-space peer does") {
  LnetConfig plain = config(kLow);
  plain.privileged = false;
  Lnet node(plain);
  LnetActions out;
  node.send(0, kHigh, message(kLow, kHigh, 10), out);
  const LinkId link = all<LinkDial>(out)[0].link;
  node.connected(0, link, out);
  node.received(0, link, encode_hello({.version = 2, .source = kHigh, .type = ConnType::any}), out);
  out.clear();
  const Bytes sent = message(kHigh, {kLow.nid, kUserspacePid | 40000}, 3);
  node.received(0, link, encode_frame_head(2, {}, sent.view(), false), out);
  node.received(0, link, sent.view(), out);
  CHECK(all<LnetDeliver>(out)[0].message == message(kHigh, kLow, 3));
  CHECK(all<LinkDial>(out).empty());
}

namespace {

// A node with one open connection to kLow, of this version and type.
std::pair<Lnet, LinkId> connected_node(LnetConfig settings, uint32_t version, ConnType type) {
  Lnet node(settings);
  const LinkId link =
      accept_from(node, settings.self, {.version = version, .source = kLow, .type = type}).link;
  return {node, link};
}
void receive(Lnet& node, LinkId link, uint32_t version, std::array<uint64_t, 2> cookies,
             const Bytes& what, LnetActions& out) {
  node.received(0, link, encode_frame_head(version, cookies, what.view(), false), out);
  node.received(0, link, what.view(), out);
}

}  // namespace

TEST_CASE("version 3 acknowledges cookies in one NOOP") {
  const Bytes sent = message(kLow, kHigh, 20000);
  const auto acks_of = [&](std::vector<uint64_t> cookies) {
    auto [node, link] = connected_node(config(kHigh), 3, ConnType::bulk_out);
    LnetActions out;
    for (const uint64_t cookie : cookies) receive(node, link, 3, {cookie, 0}, sent, out);
    node.flush(out);
    return written(out);
  };
  CHECK(acks_of({7}) == encode_frame_head(3, {0, 7}, {}, false));
  CHECK(acks_of({7, 9}) == encode_frame_head(3, {9, 7}, {}, false));
  CHECK(acks_of({7, 8, 9}) == encode_frame_head(3, {7, 9}, {}, false));
}

TEST_CASE("with the planted defect nothing is acknowledged") {
  LnetConfig mute = config(kHigh);
  mute.defects = Defect::zero_copy_not_acknowledged;
  auto [node, link] = connected_node(mute, 3, ConnType::bulk_out);
  LnetActions out;
  receive(node, link, 3, {7, 0}, message(kLow, kHigh, 20000), out);
  node.flush(out);
  CHECK(written(out).empty());
}

TEST_CASE("version 3 acknowledges on BULK_IN as this side sees it") {
  auto [node, control] = connected_node(config(kHigh), 3, ConnType::control);
  const LinkId bulk =
      accept_from(node, kHigh, {.version = 3, .source = kLow, .type = ConnType::bulk_out}).link;
  LnetActions out;
  receive(node, control, 3, {2, 0}, message(kLow, kHigh, 20000), out);
  node.flush(out);
  CHECK(all<LinkWrite>(out)[0].link == bulk);
}

TEST_CASE("in version 2 an acknowledgement rides on a message, else a NOOP carries it") {
  auto [node, link] = connected_node(config(kHigh), 2, ConnType::control);
  LnetActions out;
  receive(node, link, 2, {7, 0}, message(kLow, kHigh, 10), out);
  out.clear();
  const Bytes reply = message(kHigh, kLow, 5);
  node.send(0, kLow, reply, out);
  CHECK(all<LinkWrite>(out)[0].head == Bytes(encode_frame_head(2, {0, 7}, reply.view(), false)));
  out.clear();
  node.flush(out);
  CHECK(out.empty());
  receive(node, link, 2, {8, 0}, message(kLow, kHigh, 10), out);
  out.clear();
  node.flush(out);
  CHECK(written(out) == encode_frame_head(2, {0, 8}, {}, false));
}

TEST_CASE("a message that asks for an acknowledgement waits for it, then the peer is given up") {
  LnetConfig settings = config(kHigh);
  settings.zero_copy_from = 16384;
  auto [node, link] = connected_node(settings, 3, ConnType::bulk_in);
  LnetActions out;
  const Bytes big = message(kHigh, kLow, 16384);
  node.send(0, kLow, big, out);
  node.send(0, kLow, big, out);
  CHECK(all<LinkWrite>(out)[0].head == Bytes(encode_frame_head(3, {2, 0}, big.view(), false)));
  CHECK(all<LinkWrite>(out)[1].head == Bytes(encode_frame_head(3, {3, 0}, big.view(), false)));
  Lnet answered = node;
  out.clear();
  answered.received(0, link, encode_frame_head(3, {2, 3}, {}, false), out);
  answered.fired(60 * kSecond, out);
  CHECK(all<LnetLost>(out).empty());
  node.fired(60 * kSecond, out);
  CHECK(all<LinkClose>(out)[0].why == "a message was not acknowledged in time");
  CHECK(all<LnetLost>(out).size() == 1);
}

TEST_CASE("an acknowledgement of what was never sent closes the connection") {
  for (const auto& cookies : {std::array<uint64_t, 2>{0, 9}, {2, uint64_t{1} << 60}, {9, 2}}) {
    auto [node, link] = connected_node(config(kHigh), 3, ConnType::bulk_in);
    LnetActions out;
    node.received(0, link, encode_frame_head(3, cookies, {}, false), out);
    CHECK(all<LinkClose>(out)[0].error->field == "ksm_zc_cookies[1]");
    CHECK(all<LinkClose>(out)[0].error->offset == 16);
  }
}

TEST_CASE("a silent peer of version 3 gets a keepalive, and ours is no acknowledgement") {
  auto [node, link] = connected_node(config(kHigh), 3, ConnType::control);
  LnetActions out;
  node.fired(29 * kSecond, out);
  CHECK(out.empty());
  node.fired(30 * kSecond, out);
  CHECK(written(out) == encode_frame_head(3, {0, 1}, {}, false));
  out.clear();
  node.received(31 * kSecond, link, encode_frame_head(3, {0, 1}, {}, false), out);
  CHECK(out.empty());
  node.fired(60 * kSecond, out);
  CHECK(out.empty());
  node.fired(61 * kSecond, out);
  CHECK(all<LinkWrite>(out).size() == 1);
}

TEST_CASE("a handshake that takes too long is given up, and what waited is lost") {
  Lnet node(config(kLow));
  LnetActions out;
  node.send(0, kHigh, message(kLow, kHigh, 10), out);
  const auto idle = node.accepted(0, 0x7f000099, 1000);
  out.clear();
  CHECK(node.deadline() == 5 * kSecond);
  node.fired(5 * kSecond, out);
  CHECK(all<LinkClose>(out).size() == 2);
  CHECK(all<LnetLost>(out).size() == 1);
  CHECK(node.link_count() == 0);
  CHECK(idle.has_value());
}

TEST_CASE("what waits for a connection is bounded, and lost when it fails") {
  LnetConfig settings = config(kLow);
  settings.queue_max = 4;
  Lnet node(settings);
  LnetActions out;
  for (int i = 0; i < 4; ++i) node.send(0, kHigh, message(kLow, kHigh, 10), out);
  CHECK(all<LnetLost>(out).empty());
  Lnet other = node;
  node.send(0, kHigh, message(kLow, kHigh, 10), out);
  CHECK(all<LnetLost>(out).size() == 1);
  out.clear();
  other.closed(0, 1, out);  // nobody listens
  CHECK(all<LnetLost>(out).size() == 1);
}

TEST_CASE("a message for another node of the network closes, for another network is dropped") {
  auto [node, link] = connected_node(config(kHigh), 3, ConnType::control);
  LnetActions out;
  receive(node, link, 3, {}, message(kLow, {make_nid(0x7f000016, 1), kLnetPid}, 1), out);
  CHECK(out.empty());
  receive(node, link, 3, {}, message(kLow, {make_nid(0x7f000017), kLnetPid}, 1), out);
  CHECK(all<LinkClose>(out)[0].error->field == "dest_nid");
}

TEST_CASE("a peer whose last connection closes is lost") {
  Pair p = pair();
  p.send(0, 0, 10);
  p.settle(0);
  LnetActions out;
  p.nodes[0].drop(kHigh, out);
  p.carry_out(0, 0, out);
  p.settle(0);
  CHECK(p.lost[1].size() == 1);
  CHECK(p.nodes[1].link_count() == 0);
  p.send(0, 1, 10);
  p.settle(0);
  CHECK(p.delivered[0].size() == 1);
}

// Acceptor request and HELLO as in captures/lustre-1.8/client-1.8.9-userspace.pcap.
TEST_CASE("the user-space client of 1.8.9 is answered as it demands") {
  const uint8_t said[] = {0x00, 0x71, 0xce, 0xac, 0x01, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x7f,
                          0x00, 0x00, 0x02, 0x00, 0x63, 0x69, 0x72, 0x45, 0x02, 0x00, 0x00, 0x00,
                          0x02, 0x02, 0x00, 0xc0, 0x00, 0x00, 0x02, 0x00, 0x01, 0x00, 0x00, 0x7f,
                          0x00, 0x00, 0x02, 0x00, 0x8f, 0x3e, 0x00, 0x80, 0x00, 0x00, 0x00, 0x00,
                          0xe6, 0x1e, 0x5c, 0x9c, 0xc1, 0x60, 0x06, 0x00, 0x00, 0x00, 0x00, 0x00,
                          0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00};
  const PeerId self{make_nid(0x7f000001), kLnetPid};
  Lnet node(config(self));
  LnetActions out;
  const LinkId link = *node.accepted(0, 0x7f000001, 46646);
  node.received(0, link, said, out);
  CHECK(answer_in(out).version == 2);
  CHECK(answer_in(out).type == ConnType::any);
  CHECK(answer_in(out).source == self);
  out.clear();
  const PeerId client{self.nid, kUserspacePid | 46646};
  node.send(0, client, message(self, client, 5000), out);
  CHECK(all<LinkWrite>(out)[0].link == link);
  CHECK(all<LinkWrite>(out)[0].head.view()[0] == 0xc1);
}

// Bytes of a stream cut anywhere and spoiled anywhere: never a CHECK, never more than one message
// kept, and a connection that is closed stays closed.
TEST_CASE("spoiled streams close connections and nothing else") {
  const Hello hello{.version = 3, .source = kLow, .incarnation = 5};
  auto stream = greeting(hello, kHigh);
  const Bytes sent = message(kLow, kHigh, 64);
  for (const std::array<uint64_t, 2>& cookies : {std::array<uint64_t, 2>{}, {7, 0}}) {
    const auto head = encode_frame_head(3, cookies, sent.view(), false);
    stream.insert(stream.end(), head.begin(), head.end());
    stream.insert(stream.end(), sent.view().begin(), sent.view().end());
  }
  uint64_t state = 1;
  const auto next = [&state] { return (state = state * 6364136223846793005u + 1) >> 33; };
  for (int round = 0; round < 20000; ++round) {
    auto spoiled = stream;
    for (uint64_t changes = next() % 3; changes-- > 0;) {
      spoiled[next() % spoiled.size()] = static_cast<uint8_t>(next());
    }
    Lnet node(config(kHigh));
    const LinkId link = *node.accepted(0, 0x7f000015, 1023);
    LnetActions out;
    ByteView rest(spoiled);
    while (!rest.empty()) {
      const size_t count = std::min<size_t>(rest.size(), 1 + next() % 100);
      node.received(0, link, rest.first(count), out);
      node.flush(out);
      node.invariants();
      rest = rest.subspan(count);
    }
    CHECK(all<LinkClose>(out).size() <= 1);
    CHECK(node.link_count() + all<LinkClose>(out).size() == 1);
  }
}

TEST_CASE("dropping gives the peer up at once, and connections beyond the limit are not taken") {
  LnetConfig settings = config(kHigh);
  settings.links_max = 2;
  Lnet node(settings);
  CHECK(node.accepted(0, 1, 1000));
  CHECK(node.accepted(0, 1, 1001));
  CHECK_FALSE(node.accepted(0, 1, 1002));
}

}  // namespace reference
