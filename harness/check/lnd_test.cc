// LND-1, over two socket layers that talk to each other.
#include <catch2/catch.hpp>
#include <deque>

#include "harness/check/story.h"
#include "protocol/lnet_message.h"
#include "reference/lnet.h"
#include "reference/nid.h"

namespace harness::check {
namespace {

using namespace reference;
using protocol::Bytes;

constexpr std::array<PeerId, 2> kPeers = {PeerId{make_nid(0x7f000015), kLnetPid},
                                          PeerId{make_nid(0x7f000016), kLnetPid}};

LnetConfig config_of(int node, DefectSet defects) {
  LnetConfig config;
  config.self = kPeers[static_cast<size_t>(node)];
  config.incarnation = config.self.nid;
  config.zero_copy_from = 1;
  config.defects = defects;
  return config;
}

// What is written arrives when settle() runs; what both note is told.
class Wire {
 public:
  Wire(Story& story, DefectSet defects)
      : story_(story), nodes_{Lnet(config_of(0, defects)), Lnet(config_of(1, defects))} {}

  void send(int from) {
    protocol::LnetMessage message;
    const PeerId to = kPeers[static_cast<size_t>(1 - from)];
    message.header.dest_nid = to.nid;
    message.header.dest_pid = to.pid;
    message.header.src_nid = kPeers[static_cast<size_t>(from)].nid;
    message.header.src_pid = kLnetPid;
    message.header.type = protocol::lnet::lnet_msg_type::kPut;
    message.payload = Bytes(std::vector<uint8_t>(100, 0x42));
    LnetActions out;
    nodes_[from].send(0, to, message.build(), out);
    carry_out(from, out);
  }
  void settle() {
    while (!in_flight_.empty()) {
      const Piece piece = std::move(in_flight_.front());
      in_flight_.pop_front();
      LnetActions out;
      nodes_[piece.to].received(0, piece.link, piece.bytes.view(), out);
      carry_out(piece.to, out);
      for (const int node : {0, 1}) {
        LnetActions acks;
        nodes_[node].flush(acks);
        carry_out(node, acks);
      }
    }
  }
  void cut(int node) {
    for (const auto& [link, other] : links_[node]) {
      LnetActions out;
      nodes_[node].closed(0, link, out);
      carry_out(node, out);
    }
  }

 private:
  struct Piece {
    int to = 0;
    LinkId link = 0;
    Bytes bytes;
  };
  void carry_out(int who, LnetActions& actions) {
    for (LnetAction& action : std::exchange(actions, {})) {
      if (const auto* dial = std::get_if<LinkDial>(&action)) {
        const auto port = static_cast<uint16_t>(1000 + links_[0].size());
        const uint32_t address = nid_address(kPeers[static_cast<size_t>(who)].nid);
        const LinkId passive = *nodes_[1 - who].accepted(0, address, port);
        links_[who][dial->link] = passive;
        links_[1 - who][passive] = dial->link;
        LnetActions next;
        nodes_[who].connected(0, dial->link, next);
        carry_out(who, next);
      } else if (const auto* write = std::get_if<LinkWrite>(&action)) {
        for (const Bytes& bytes : {write->head, write->body}) {
          if (!bytes.empty()) in_flight_.push_back({1 - who, links_[who].at(write->link), bytes});
        }
      } else if (const auto* note = std::get_if<LnetNote>(&action)) {
        story_.note(who == 0 ? Story::kAlice : Story::kBob, note->fact);
      }
    }
  }

  Story& story_;
  std::array<Lnet, 2> nodes_;
  std::array<std::map<LinkId, LinkId>, 2> links_;  // and the other side's
  std::deque<Piece> in_flight_;
};

}  // namespace

TEST_CASE("LND-1: zero-copy messages are acknowledged, as long as the connection stands") {
  Story story("LND-1");
  Wire wire(story, {});
  wire.send(0);
  wire.settle();
  wire.send(0);
  REQUIRE(story.broken_at_rest());
  wire.settle();
  wire.send(1);
  wire.settle();
  REQUIRE_FALSE(story.broken_at_rest());
}

TEST_CASE("LND-1: what the planted defect leaves unacknowledged is seen") {
  Story story("LND-1");
  Wire wire(story, Defect::zero_copy_not_acknowledged);
  wire.send(0);
  wire.settle();
  REQUIRE_FALSE(story.broken());
  REQUIRE(story.broken_at_rest());
  wire.cut(0);
  wire.cut(1);
  REQUIRE_FALSE(story.broken_at_rest());
}

TEST_CASE("LND-1: a connection keeps the order") {
  Story story("LND-1");
  const auto comes = [&](uint64_t cookie) {
    Fact fact{.kind = Fact::Kind::zero_copy, .xid = 1, .handle = cookie};
    fact.text = zero_copy::kReceived;
    story.note(Story::kBob, fact);
  };
  comes(2);
  comes(3);
  REQUIRE_FALSE(story.broken());
  comes(2);
  REQUIRE(story.broken());
}

}  // namespace harness::check
