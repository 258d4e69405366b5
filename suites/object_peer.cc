#include "suites/object_peer.h"

#include <cstring>

#include "protocol/codec.h"
#include "protocol/lnet.h"
#include "protocol/mds.h"
#include "protocol/operations_1_8.h"
#include "suites/conformance.h"

namespace suites {

// Data, locks and attributes have the same form in both dialects.
namespace v1_8 = protocol::operations_1_8;
namespace v2_0 = protocol::operations_2_0;
namespace connect_flag = protocol::ptlrpc::connect_flag;
namespace ldlm = protocol::ldlm;
namespace ost_of = protocol::ost;
namespace valid = protocol::mds::valid;
using harness::ost;

namespace {

constexpr uint64_t kWish = connect_flag::kVersion | connect_flag::kGrant | connect_flag::kBrwSize |
                           connect_flag::kSrvlock | connect_flag::kFull20;
constexpr uint32_t kRegular = 0x8000;

template <class Connect>
Answer connect_as(Conformance& c, Peer& peer, uint32_t grant, Envelope envelope) {
  const std::string target = c.world().cast().fsname + "-OST0000_UUID";
  return peer.ask<Connect>(ost(0),
                           {.target_uuid = target,
                            .client_uuid = peer.uuid(),
                            .client_handle = {0x0b1ec7},
                            .connect_data = {.connect_flags = kWish,
                                             .version = 0x02000001,
                                             .grant = grant,
                                             .brw_size = 1u << 20}},
                           envelope);
}

}  // namespace

ObjectPeer::ObjectPeer(Conformance& conformance)
    : conformance_(conformance), peer_(conformance.peer()) {
  EXPECT_EQ(connect(Peer::kInitial, 0).status(), 0) << "CONNECT";
}

Answer ObjectPeer::connect(uint32_t op_flags, uint64_t handle) {
  Envelope envelope{.handle = handle, .conn_cnt = conn_cnt_, .op_flags = op_flags};
  // Once it has grant it asks for no more, but to be told how much it has.
  const uint32_t grant = op_flags == 0 ? 0 : 1u << 20;
  Answer answer = conformance_.dialect() == Dialect::v1_8
                      ? connect_as<v1_8::OstConnect>(conformance_, peer_, grant, envelope)
                      : connect_as<v2_0::OstConnect>(conformance_, peer_, grant, envelope);
  if (answer.status() == 0) peer_.remember(ost(0), answer);
  return answer;
}

Answer ObjectPeer::reconnect() {
  ++conn_cnt_;
  return connect(0, peer_.handle(ost(0)));
}

Envelope ObjectPeer::envelope() const { return {.conn_cnt = conn_cnt_}; }

uint32_t ObjectPeer::grant_in(const Answer& answer) {
  const auto reply = v2_0::OstConnect::Reply::decode(answer.message);
  EXPECT_TRUE(reply) << "connect data";
  return reply ? reply->connect_data.grant : 0;
}

ost_of::OstBody ObjectPeer::body_of(uint64_t object) const {
  ost_of::OstBody body;
  body.oa.valid = valid::kId | valid::kGroup;
  body.oa.id = object;
  return body;
}

// --- locks ---

uint64_t ObjectPeer::send_enqueue(uint64_t object, uint64_t handle, uint32_t mode, uint64_t start,
                                  uint64_t end, uint64_t gid) {
  v2_0::LdlmEnqueueExtent::Request request;
  request.lock.lock_count = 1;
  request.lock.lock_desc.resource = {.type = ldlm::lock_type::kExtent,
                                     .name = {.name = {object, 0, 0, 0}}};
  request.lock.lock_desc.req_mode = mode;
  protocol::set_overlay(request.lock.lock_desc.policy_data,
                        ldlm::LdlmExtent{.start = start, .end = end, .gid = gid});
  request.lock.lock_handle[0] = {handle};
  return peer_.send<v2_0::LdlmEnqueueExtent>(ost(0), request, envelope());
}

ObjectPeer::Enqueued ObjectPeer::enqueued(uint64_t xid) {
  const Answer answer = peer_.answer_to(xid);
  const auto reply = v2_0::LdlmEnqueueExtent::Reply::decode(answer.message);
  EXPECT_TRUE(reply) << "ENQUEUE";
  if (!reply) return {};
  return {reply->lock.lock_desc.granted_mode, reply->lock.lock_handle.cookie};
}

void ObjectPeer::cancel(uint64_t handle) {
  v2_0::LdlmCancel::Request request;
  request.lock.lock_count = 1;
  request.lock.lock_handle[0] = {handle};
  peer_.send<v2_0::LdlmCancel>(ost(0), request, envelope());
}

// --- data ---

Answer ObjectPeer::write_lockless(uint64_t object, uint64_t offset, std::string_view data,
                                  std::optional<uint64_t> mtime, std::optional<uint64_t> xid) {
  const std::vector<ost_of::NiobufRemote> niobufs = {{.offset = offset,
                                                      .len = static_cast<uint32_t>(data.size()),
                                                      .flags = ost_of::brw_flag::kSrvlock}};
  v2_0::OstWrite::Request request;
  request.body = body_of(object);
  if (mtime) {
    request.body.oa.valid |= valid::kMtime;
    request.body.oa.mtime = *mtime;
  }
  request.ioobj = {.id = object, .type = kRegular, .bufcnt = 1};
  request.niobufs = niobufs;
  Envelope said = envelope();
  said.xid = xid;
  const uint64_t sent = peer_.send<v2_0::OstWrite>(ost(0), request, said);
  const auto get = peer_.next("the server's GET of the data");
  EXPECT_EQ(get.header.type, protocol::lnet::lnet_msg_type::kGet);
  peer_.reply_to_get(get, protocol::as_bytes(data));
  return peer_.answer_to(sent);
}

uint64_t ObjectPeer::send_read(uint64_t object, uint32_t length) {
  const std::vector<ost_of::NiobufRemote> niobufs = {
      {.len = length, .flags = ost_of::brw_flag::kSrvlock}};
  v2_0::OstRead::Request request;
  request.body = body_of(object);
  request.ioobj = {.id = object, .type = kRegular, .bufcnt = 1};
  request.niobufs = niobufs;
  return peer_.send<v2_0::OstRead>(ost(0), request, envelope());
}

Answer ObjectPeer::set_mtime(uint64_t object, uint64_t mtime) {
  v2_0::OstSetattr::Request request;
  request.body = body_of(object);
  request.body.oa.valid |= valid::kMtime;
  request.body.oa.mtime = mtime;
  return peer_.ask<v2_0::OstSetattr>(ost(0), request, envelope());
}

uint64_t ObjectPeer::mtime_of(uint64_t object) {
  v2_0::OstGetattr::Request request;
  request.body = body_of(object);
  const Answer answer = peer_.ask<v2_0::OstGetattr>(ost(0), request, envelope());
  const auto reply = v2_0::OstGetattr::Reply::decode(answer.message);
  EXPECT_TRUE(reply) << "GETATTR";
  return reply ? reply->body.oa.mtime : 0;
}

Answer ObjectPeer::shrink_grant(uint64_t bytes, uint32_t flags, std::optional<uint64_t> xid) {
  v2_0::OstSetInfoGrantShrink::Request request;
  request.key = "grant_shrink";
  request.body.oa.valid = valid::kFlags | valid::kGrant | valid::kBlocks;
  request.body.oa.flags = ost_of::obdo_flag::kShrinkGrant;
  request.body.oa.grant = bytes;
  Envelope said = envelope();
  said.flags = flags;
  said.xid = xid;
  return peer_.ask<v2_0::OstSetInfoGrantShrink>(ost(0), request, said);
}

std::optional<uint64_t> object_in(protocol::ByteView layout) {
  // lov_mds_md: magic, pattern, object id, sequence, stripe size, stripe count; v3: a pool's name.
  constexpr uint32_t kV1 = 0x0bd10bd0, kV3 = 0x0bd30bd0;
  if (layout.size() < 32) return std::nullopt;
  uint32_t magic = 0;
  std::memcpy(&magic, layout.data(), sizeof magic);
  const size_t at = magic == kV3 ? 48 : 32;
  if ((magic != kV1 && magic != kV3) || layout.size() < at + 24) return std::nullopt;
  uint64_t object = 0;
  uint32_t index = 0;
  std::memcpy(&object, layout.data() + at, sizeof object);
  std::memcpy(&index, layout.data() + at + 20, sizeof index);
  return index == 0 ? std::optional(object) : std::nullopt;
}

}  // namespace suites
