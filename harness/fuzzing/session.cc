#include "harness/fuzzing/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "harness/fuzzing/mutator.h"
#include "protocol/check.h"
#include "protocol/lnet_message.h"
#include "protocol/operations_1_8.h"
#include "protocol/operations_2_0.h"
#include "protocol/ptlrpc.h"

namespace harness::fuzzing {

namespace lnet = protocol::lnet;
namespace ptlrpc = protocol::ptlrpc;
using protocol::ByteView;
using protocol::LeafRole;
using protocol::LnetMessage;
using protocol::Message;
using protocol::MutationStruct;
using protocol::OperationInfo;

namespace {

constexpr uint64_t kNoHandle = ~uint64_t{0};
// What clients of both versions ask for, the abilities that open more of the server's code.
constexpr uint64_t kConnectWish =
    ptlrpc::connect_flag::kVersion | ptlrpc::connect_flag::kIbits | ptlrpc::connect_flag::kFid |
    ptlrpc::connect_flag::kVbr | ptlrpc::connect_flag::kAcl | ptlrpc::connect_flag::kXattr |
    ptlrpc::connect_flag::kNodevoh | ptlrpc::connect_flag::kLovV3 |
    ptlrpc::connect_flag::kCancelset | ptlrpc::connect_flag::kAt | ptlrpc::connect_flag::kGrant;

protocol::Dialect schema_dialect(Dialect dialect) {
  return dialect == Dialect::v1_8 ? protocol::Dialect::v1_8 : protocol::Dialect::v2_0;
}

// Where a kind of server takes what has no portal of its own.
uint32_t default_portal(Role role) {
  switch (role) {
    case Role::mgs:
      return ptlrpc::portal::kMgsRequest;
    case Role::mds:
      return ptlrpc::portal::kMdsRequest;
    case Role::ost:
      return ptlrpc::portal::kOstRequest;
  }
  CHECK(false, "no such role");
}

uint32_t connect_opcode(Role role) {
  switch (role) {
    case Role::mgs:
      return ptlrpc::opcode::kMgsConnect;
    case Role::mds:
      return ptlrpc::opcode::kMdsConnect;
    case Role::ost:
      return ptlrpc::opcode::kOstConnect;
  }
  CHECK(false, "no such role");
}

bool is_connect(uint32_t opcode) {
  return opcode == ptlrpc::opcode::kMgsConnect || opcode == ptlrpc::opcode::kMdsConnect ||
         opcode == ptlrpc::opcode::kOstConnect;
}

template <class T>
void write_at(std::vector<uint8_t>& bytes, size_t offset, const T& value) {
  if (offset + sizeof(T) <= bytes.size()) std::memcpy(bytes.data() + offset, &value, sizeof(T));
}
template <class T>
T read_at(ByteView bytes, size_t offset) {
  T value;
  std::memcpy(&value, bytes.subspan(offset, sizeof(T)).data(), sizeof(T));
  return value;
}

template <class T>
void push(std::vector<T>& pending, T value) {
  if (pending.size() == Session::kPendingMax) pending.erase(pending.begin());
  pending.push_back(std::move(value));
}

template <class T>
void remember(std::vector<T>& known, const T& value) {
  std::erase(known, value);
  if (known.size() == Session::kKnownMax) known.pop_back();
  known.insert(known.begin(), value);
}

// Portal of the replies to a request that a server sends to this portal.
uint32_t reply_portal_of(uint32_t portal) {
  switch (portal) {
    case ptlrpc::portal::kLdlmCbRequest:
      return ptlrpc::portal::kLdlmCbReply;
    case ptlrpc::portal::kLdlmCancelRequest:
      return ptlrpc::portal::kLdlmCancelReply;
    case ptlrpc::portal::kMgsRequest:
      return ptlrpc::portal::kMgcReply;
    default:
      return ptlrpc::portal::kOscReply;
  }
}

}  // namespace

Session::Peer* Session::find(PeerId id) {
  const auto at = std::ranges::find(peers_, id, &Peer::id);
  return at == peers_.end() ? nullptr : &*at;
}

Bytes Session::put(const Peer& peer, uint32_t portal, uint64_t xid, ByteView payload) const {
  LnetMessage message{.header = {.dest_nid = server_.nid,
                                 .src_nid = peer.id.nid,
                                 .dest_pid = server_.pid,
                                 .src_pid = peer.id.pid,
                                 .type = lnet::lnet_msg_type::kPut},
                      .payload = Bytes(payload)};
  message.header.msg = lnet::LnetPut{
      .ack_wmd = {kNoHandle, kNoHandle}, .match_bits = xid, .ptl_index = portal};
  return message.build();
}

// --- what a step says ---

std::vector<uint8_t> Session::connect_request(const Peer& peer, const Step& step) const {
  uint64_t flags = kConnectWish;
  if (step.bytes.size() >= sizeof(flags)) flags = read_at<uint64_t>(step.bytes, 0);
  const ptlrpc::PtlrpcBody body{.type = ptlrpc::msg_type::kRequest,
                                .version = 0x10003,
                                .opc = connect_opcode(role_),
                                .op_flags = step.place,
                                .conn_cnt = peer.conn_cnt + 1,
                                .timeout = 100};
  const std::string uuid =
      fmt::format("fuzz-{:08x}-{:08x}", peer.id.nid & 0xffffffff, peer.id.pid);
  const ptlrpc::ObdConnectData data{
      .connect_flags = flags,
      .version = dialect_ == Dialect::v1_8 ? 0x01080900u : 0x02000000u,
      .grant = 1 << 20,
      .ibits_known = 7};
  protocol::MessageBuilder builder(body, ptlrpc::msghdr_flag::kAtSupport, 0, 4096);
  // The three CONNECTs of a dialect have one form.
  const auto add = [&]<class Request>(Request request) {
    request.target_uuid = target_uuid_;
    request.client_uuid = uuid;
    request.client_handle.cookie = peer.id.nid ^ peer.id.pid;
    request.connect_data = data;
    request.encode(builder);
  };
  if (dialect_ == Dialect::v1_8) {
    add(protocol::operations_1_8::MdsConnect::Request{});
  } else {
    add(protocol::operations_2_0::MdsConnect::Request{});
  }
  const Bytes message = builder.finish();
  return {message.view().begin(), message.view().end()};
}

// References become what was learned.
void Session::resolve(std::vector<uint8_t>& payload, const Message& message) {
  const protocol::MutationOperation* operation =
      protocol::find_mutation(protocol::identify(schema_dialect(dialect_), message));
  if (operation == nullptr) return;
  for (uint32_t i = 1; i < message.buffer_count() && i <= operation->request.size(); ++i) {
    const MutationStruct* type = operation->request[i - 1];
    if (type == nullptr) continue;
    const size_t start = message.buffer_offset(i);
    for (const protocol::MutationLeaf& leaf : type->leaves) {
      if (leaf.offset + leaf.width > message.buffer_length(i)) continue;
      const size_t at = start + leaf.offset;
      const bool names_file = leaf.role == LeafRole::fid || leaf.role == LeafRole::resource;
      if (!names_file && leaf.role != LeafRole::handle) continue;
      const uint64_t value = read_at<uint64_t>(payload, at);
      if (!is_reference(value)) continue;
      const size_t n = value & 0xff;
      if (!names_file) {
        write_at(payload, at, handles_.empty() ? uint64_t{0} : handles_[n % handles_.size()]);
      } else if (!fids_.empty()) {
        write_at(payload, at, fids_[n % fids_.size()]);
      }
    }
  }
}

Bytes Session::request(Peer& peer, const Step& step, std::vector<uint8_t> payload) {
  const auto message = Message::parse(Bytes(ByteView(payload)));
  if ((step.quirks & Step::same_xid) == 0) ++peer.xid;
  uint32_t portal = step.place;
  if (!message) {
    peer.operation = nullptr;
    return put(peer, portal != 0 ? portal : default_portal(role_), peer.xid, payload);
  }
  const bool connects = is_connect(message->body().opc);
  const size_t body = message->buffer_offset(0);
  if ((step.quirks & Step::own_handle) == 0 && !connects) {
    write_at(payload, body + offsetof(ptlrpc::PtlrpcBody, handle), peer.handle);
  }
  if (connects) peer.conn_cnt = message->body().conn_cnt;
  if ((step.quirks & Step::own_conn_cnt) == 0) {
    const uint32_t count =
        message->order() == protocol::ByteOrder::little ? peer.conn_cnt
                                                        : std::byteswap(peer.conn_cnt);
    write_at(payload, body + offsetof(ptlrpc::PtlrpcBody, conn_cnt), count);
  }
  if ((step.quirks & Step::own_values) == 0) resolve(payload, *message);
  peer.opcode = message->body().opc;
  peer.operation = protocol::identify(schema_dialect(dialect_), *message);
  if (portal == 0 && peer.operation != nullptr) portal = peer.operation->request_portal;
  if (portal == 0) portal = default_portal(role_);
  return put(peer, portal, peer.xid, payload);
}

std::optional<Bytes> Session::answer(Peer& peer, const Step& step) {
  if (peer.asked.empty()) return std::nullopt;
  const Asked asked = peer.asked.front();
  peer.asked.erase(peer.asked.begin());
  return put(peer, step.place != 0 ? step.place : asked.reply_portal, asked.xid, step.bytes);
}

std::optional<Bytes> Session::bulk(Peer& peer, const Step& step) {
  if (peer.moving.empty()) return std::nullopt;
  const Moving moving = peer.moving.front();
  peer.moving.erase(peer.moving.begin());
  LnetMessage message{.header = {.dest_nid = server_.nid,
                                 .src_nid = peer.id.nid,
                                 .dest_pid = server_.pid,
                                 .src_pid = peer.id.pid}};
  if (!moving.get) {
    message.header.type = lnet::lnet_msg_type::kAck;
    protocol::set_overlay(message.header.msg, lnet::LnetAck{.dst_wmd = moving.handle,
                                                            .match_bits = moving.match_bits,
                                                            .mlength = moving.length});
    return message.build();
  }
  message.header.type = lnet::lnet_msg_type::kReply;
  protocol::set_overlay(message.header.msg, lnet::LnetReply{.dst_wmd = moving.handle});
  std::vector<uint8_t> data = step.bytes;
  // All that is fetched, unless a place says that it is cut.
  if (step.place == 0) data.resize(std::min<size_t>(moving.length, protocol::kLnetPayloadMax));
  message.payload = Bytes(ByteView(data));
  return message.build();
}

std::optional<Bytes> Session::message(const Step& step) {
  Peer& peer = peers_[step.peer % peers_.size()];
  switch (step.kind) {
    case Step::Kind::request:
      return request(peer, step, step.bytes);
    case Step::Kind::answer:
      return answer(peer, step);
    case Step::Kind::bulk:
      return bulk(peer, step);
    case Step::Kind::lnet:
      return Bytes(ByteView(step.bytes));
    case Step::Kind::connect:
      return request(peer, step, connect_request(peer, step));
    case Step::Kind::lost:
    case Step::Kind::commit:
    case Step::Kind::timer:
    case Step::Kind::restart:
      return std::nullopt;
  }
  CHECK(false, "no such step");
}

// --- what the server says ---

void Session::learn(const MutationStruct& type, ByteView value) {
  for (const protocol::MutationLeaf& leaf : type.leaves) {
    if (leaf.offset + leaf.width > value.size()) return;
    if (leaf.role == LeafRole::handle) {
      const auto cookie = read_at<uint64_t>(value, leaf.offset);
      if (cookie != 0) remember(handles_, cookie);
    } else if (leaf.role == LeafRole::fid) {
      const Fid fid = read_at<Fid>(value, leaf.offset);
      if (fid != Fid{}) remember(fids_, fid);
    }
  }
}

void Session::hear_reply(Peer& peer, const Message& message) {
  if (message.body().opc != peer.opcode) return;
  if (is_connect(peer.opcode) && message.body().status == 0) {
    peer.handle = message.body().handle.cookie;
  }
  const protocol::MutationOperation* operation = protocol::find_mutation(peer.operation);
  if (operation == nullptr || message.order() != protocol::ByteOrder::little) return;
  for (uint32_t i = 1; i < message.buffer_count() && i <= operation->reply.size(); ++i) {
    if (operation->reply[i - 1] != nullptr) learn(*operation->reply[i - 1], message.buffer(i));
  }
}

void Session::heard(PeerId to, const Bytes& bytes) {
  Peer* peer = find(to);
  const auto lnet = LnetMessage::parse(bytes);
  if (peer == nullptr || !lnet) return;
  if (lnet->header.type == lnet::lnet_msg_type::kGet) {
    const auto get = protocol::overlay<lnet::LnetGet>(lnet->header.msg);
    push(peer->moving, Moving{true, get.match_bits, get.sink_length, get.return_wmd});
    return;
  }
  if (lnet->header.type != lnet::lnet_msg_type::kPut) return;
  const auto put = protocol::overlay<lnet::LnetPut>(lnet->header.msg);
  if (put.ack_wmd.object_cookie != kNoHandle) {
    push(peer->moving, Moving{false, put.match_bits,
                              static_cast<uint32_t>(lnet->payload.size()), put.ack_wmd});
  }
  const auto message = Message::parse(lnet->payload);
  if (!message) return;
  if (message->body().type == ptlrpc::msg_type::kRequest) {
    push(peer->asked, Asked{put.match_bits, reply_portal_of(put.ptl_index)});
  } else {
    hear_reply(*peer, *message);
  }
}

void Session::server_restarted() {
  for (Peer& peer : peers_) {
    peer.asked.clear();
    peer.moving.clear();
  }
}

}  // namespace harness::fuzzing
