#include "suites/peer.h"

#include <fmt/format.h>

#include <algorithm>

#include "protocol/check.h"
#include "protocol/lnet.h"
#include "protocol/operations_1_8.h"
#include "protocol/operations_2_0.h"
#include "suites/conformance.h"

namespace suites {

namespace lnet = protocol::lnet;
namespace ptlrpc = protocol::ptlrpc;
using harness::PeerId;
using harness::Role;
using harness::ServerId;
using protocol::LnetMessage;
using protocol::Message;

namespace {

// What the user-space clients of 1.8.9 and 2.0.0 ask for (facts: stock-clients, Connection).
ptlrpc::ObdConnectData wish_of(Dialect dialect, Role role) {
  const bool old = dialect == Dialect::v1_8;
  ptlrpc::ObdConnectData wish{.version = old ? 0x01080900u : 0x02000001u, .ibits_known = 7};
  switch (role) {
    case Role::mgs:
      wish.connect_flags = old ? 0x810000a0 : 0x10c10000a0;
      break;
    case Role::mds:
      wish.connect_flags = old ? 0x810010a0 : 0x10c10010a0;
      break;
    case Role::ost:
      wish.connect_flags = old ? 0x80001000470 : 0x1041000470;
      break;
  }
  return wish;
}

std::string target_uuid(const harness::Cast& cast, ServerId server) {
  switch (server.role) {
    case Role::mgs:
      return "MGS";
    case Role::mds:
      return fmt::format("{}-MDT{:04x}_UUID", cast.fsname, server.index);
    case Role::ost:
      return fmt::format("{}-OST{:04x}_UUID", cast.fsname, server.index);
  }
  CHECK(false, "no such role");
}

constexpr uint64_t kNoWmd = ~uint64_t{0};

std::string uuid_of(uint64_t salt, uint32_t index) {
  return fmt::format("{:08x}-{:04x}-4000-8000-{:04x}{:08x}", salt >> 32, salt >> 16 & 0xffff,
                     salt & 0xffff, index + 1);
}

constexpr uint64_t kClientCookie = 0xc11e47c00c1e;

}  // namespace

Peer::Peer(Conformance& conformance, harness::ProbeId probe)
    : conformance_(conformance),
      probe_(probe),
      uuid_(uuid_of(conformance.world().salt(), probe.index)),
      xid_((uint64_t{1'300'000'000} << 20) + (uint64_t{probe.index} << 16)) {}

PeerId Peer::id() const { return conformance_.world().probe_peer(probe_); }

uint64_t Peer::handle(ServerId server) const {
  const auto at = std::ranges::find(handles_, server, &std::pair<ServerId, uint64_t>::first);
  return at == handles_.end() ? 0 : at->second;
}

Answer Peer::connect(ServerId server, Envelope envelope) {
  if (!envelope.handle) envelope.handle = 0;
  const std::string target = target_uuid(conformance_.world().cast(), server);
  const auto ask_as = [&]<class Operation>() {
    return ask<Operation>(server,
                          {.target_uuid = target,
                           .client_uuid = uuid_,
                           .client_handle = {kClientCookie},
                           .connect_data = wish_of(conformance_.dialect(), server.role)},
                          envelope);
  };
  const auto by_role = [&]<class Mgs, class Mds, class Ost>() {
    switch (server.role) {
      case Role::mgs:
        return ask_as.template operator()<Mgs>();
      case Role::mds:
        return ask_as.template operator()<Mds>();
      case Role::ost:
        return ask_as.template operator()<Ost>();
    }
    CHECK(false, "no such role");
  };
  namespace v1_8 = protocol::operations_1_8;
  namespace v2_0 = protocol::operations_2_0;
  const bool old = conformance_.dialect() == Dialect::v1_8;
  if (!old) envelope.op_flags |= ptlrpc::msg_connect_flag::kNextVer;
  Answer answer = old ? by_role.operator()<v1_8::MgsConnect, v1_8::MdsConnect, v1_8::OstConnect>()
                      : by_role.operator()<v2_0::MgsConnect, v2_0::MdsConnect, v2_0::OstConnect>();
  if (answer.status() == 0) remember(server, answer);
  return answer;
}

void Peer::remember(ServerId server, const Answer& connected) {
  std::erase_if(handles_, [&](const auto& entry) { return entry.first == server; });
  handles_.emplace_back(server, connected.message.body().handle.cookie);
}

Answer Peer::ping(ServerId server, Envelope envelope) {
  using Ping = protocol::operations_2_0::ObdPing;  // the same in both dialects
  protocol::MessageBuilder builder = begin(server, Ping::kOpcode, Ping::kVersion, envelope);
  return answer_to(post(server, Ping::kRequestPortal, builder));
}

Answer Peer::disconnect(ServerId server, Envelope envelope) {
  namespace v2_0 = protocol::operations_2_0;  // the same in both dialects
  switch (server.role) {
    case Role::mgs:
      return ask<v2_0::MgsDisconnect>(server, {}, envelope);
    case Role::mds:
      return ask<v2_0::MdsDisconnect>(server, {}, envelope);
    case Role::ost:
      return ask<v2_0::OstDisconnect>(server, {}, envelope);
  }
  CHECK(false, "no such role");
}

void Peer::leave() {
  constexpr harness::Time kGoodbye = 200'000'000;
  const Envelope last{.conn_cnt = 0x7fff'ffff};  // of whatever connection it is
  namespace v2_0 = protocol::operations_2_0;
  for (const auto& [server, handle] : handles_) {
    if (!conformance_.world().running(server)) continue;
    switch (server.role) {
      case Role::mgs:
        send<v2_0::MgsDisconnect>(server, {}, last);
        break;
      case Role::mds:
        send<v2_0::MdsDisconnect>(server, {}, last);
        break;
      case Role::ost:
        send<v2_0::OstDisconnect>(server, {}, last);
        break;
    }
  }
  if (!handles_.empty()) conformance_.world().pass(kGoodbye);
}

protocol::MessageBuilder Peer::begin(ServerId server, uint32_t opcode, uint32_t version,
                                     const Envelope& envelope) {
  sending_ = envelope.xid ? *envelope.xid : ++xid_;
  const ptlrpc::PtlrpcBody body{.handle = {envelope.handle ? *envelope.handle : handle(server)},
                                .type = ptlrpc::msg_type::kRequest,
                                .version = version,
                                .opc = opcode,
                                .transno = envelope.transno,
                                .flags = envelope.flags,
                                .op_flags = envelope.op_flags,
                                .conn_cnt = envelope.conn_cnt,
                                .timeout = envelope.timeout,
                                .pre_versions = envelope.versions};
  constexpr uint32_t kReplyRoom = 8192;
  return protocol::MessageBuilder(body, envelope.lm_flags, 0, kReplyRoom, envelope.body_length);
}

uint64_t Peer::post(ServerId server, uint32_t portal, protocol::MessageBuilder& builder) {
  // Pings and log operations have no portal of their own: each kind of server takes them on its.
  constexpr uint32_t kPortals[] = {ptlrpc::portal::kMgsRequest, ptlrpc::portal::kMdsRequest,
                                   ptlrpc::portal::kOstRequest};
  if (portal == 0) portal = kPortals[static_cast<size_t>(server.role)];
  const PeerId to = conformance_.address(server);
  lnet::LnetHdr header{.dest_nid = to.nid,
                       .src_nid = id().nid,
                       .dest_pid = to.pid,
                       .src_pid = id().pid,
                       .type = lnet::lnet_msg_type::kPut};
  header.msg =
      lnet::LnetPut{.ack_wmd = {kNoWmd, kNoWmd}, .match_bits = sending_, .ptl_index = portal};
  conformance_.world().probe_send(probe_, to, builder.finish(header));
  return sending_;
}

void Peer::send_bytes(ServerId server, protocol::Bytes message) {
  conformance_.world().probe_send(probe_, conformance_.address(server), std::move(message));
}

void Peer::drain() {
  while (auto event = conformance_.world().probe_take(probe_)) {
    if (!event->message) {
      closed_.push_back(event->from);
      continue;
    }
    auto lnet = LnetMessage::parse(*event->message);
    ASSERT_TRUE(lnet) << lnet.error().text();
    const bool put = lnet->header.type == lnet::lnet_msg_type::kPut;
    auto message = put ? Message::parse(lnet->payload) : std::unexpected(protocol::WireError{});
    if (!message || message->body().type == ptlrpc::msg_type::kRequest) {
      others_.push_back(*std::move(lnet));
      continue;
    }
    const lnet::LnetPut& place = lnet->header.msg;
    if (message->header().cksum != 0) {
      early_.push_back(place.match_bits);
      continue;
    }
    if (!(place.ack_wmd == lnet::LnetHandleWire{kNoWmd, kNoWmd})) acknowledge(*lnet);
    answers_.emplace_back(place.match_bits,
                          Answer{place.ptl_index, place.offset, *std::move(message)});
  }
}

bool Peer::answered(uint64_t xid) {
  drain();
  return std::ranges::find(answers_, xid, &std::pair<uint64_t, Answer>::first) != answers_.end();
}

size_t Peer::early_replies(uint64_t xid) {
  drain();
  return static_cast<size_t>(std::ranges::count(early_, xid));
}

Answer Peer::answer_to(uint64_t xid) {
  conformance_.expect(fmt::format("the reply to xid {:#x}", xid), [&] { return answered(xid); });
  const auto at = std::ranges::find(answers_, xid, &std::pair<uint64_t, Answer>::first);
  Answer answer = std::move(at->second);
  answers_.erase(at);
  return answer;
}

LnetMessage Peer::next(std::string_view what) {
  conformance_.expect(what, [&] {
    drain();
    return !others_.empty();
  });
  LnetMessage first = std::move(others_.front());
  others_.erase(others_.begin());
  return first;
}

void Peer::expect_closed(ServerId server) {
  const PeerId peer = conformance_.address(server);
  conformance_.expect("the end of the connection", [&] {
    drain();
    return std::ranges::find(closed_, peer) != closed_.end();
  });
}

void Peer::reply_to_get(const LnetMessage& get, protocol::ByteView data) {
  const auto asked = protocol::overlay<lnet::LnetGet>(get.header.msg);
  LnetMessage reply{.header = {.dest_nid = get.header.src_nid,
                               .src_nid = id().nid,
                               .dest_pid = get.header.src_pid,
                               .src_pid = id().pid,
                               .type = lnet::lnet_msg_type::kReply},
                    .payload = protocol::Bytes(data)};
  protocol::set_overlay(reply.header.msg, lnet::LnetReply{.dst_wmd = asked.return_wmd});
  conformance_.world().probe_send(probe_, {get.header.src_nid, get.header.src_pid}, reply.build());
}

void Peer::acknowledge(const LnetMessage& put) {
  const lnet::LnetPut& sent = put.header.msg;
  LnetMessage ack{.header = {.dest_nid = put.header.src_nid,
                             .src_nid = id().nid,
                             .dest_pid = put.header.src_pid,
                             .src_pid = id().pid,
                             .type = lnet::lnet_msg_type::kAck}};
  protocol::set_overlay(ack.header.msg,
                        lnet::LnetAck{.dst_wmd = sent.ack_wmd,
                                      .match_bits = sent.match_bits,
                                      .mlength = static_cast<uint32_t>(put.payload.size())});
  conformance_.world().probe_send(probe_, {put.header.src_nid, put.header.src_pid}, ack.build());
}

}  // namespace suites
