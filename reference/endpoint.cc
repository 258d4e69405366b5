#include "reference/endpoint.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "protocol/check.h"
#include "protocol/codec.h"
#include "protocol/ptlrpc.h"
#include "reference/derive.h"

namespace reference {

namespace lnet = protocol::lnet;
namespace portal_of = protocol::ptlrpc::portal;
namespace message_type = protocol::lnet::lnet_msg_type;
using protocol::ByteView;

namespace {

enum class PortalKind : uint8_t { request, reply, bulk };

struct PortalRow {
  uint32_t portal;
  PortalKind kind;
};

// The portals that a ptlrpc node has buffers at; a PUT to another one is dropped.
constexpr auto kPortals = std::to_array<PortalRow>({
    {portal_of::kOscReply, PortalKind::reply},
    {portal_of::kOstIo, PortalKind::request},
    {portal_of::kOstCreate, PortalKind::request},
    {portal_of::kOstBulk, PortalKind::bulk},
    {portal_of::kMdcReply, PortalKind::reply},
    {portal_of::kMdsRequest, PortalKind::request},
    {portal_of::kMdsBulk, PortalKind::bulk},
    {portal_of::kLdlmCbRequest, PortalKind::request},
    {portal_of::kLdlmCbReply, PortalKind::reply},
    {portal_of::kLdlmCancelRequest, PortalKind::request},
    {portal_of::kLdlmCancelReply, PortalKind::reply},
    {portal_of::kMdsSetattr, PortalKind::request},
    {portal_of::kMdsReadpage, PortalKind::request},
    {portal_of::kMdsMds, PortalKind::request},
    {portal_of::kMgcReply, PortalKind::reply},
    {portal_of::kMgsRequest, PortalKind::request},
    {portal_of::kOstRequest, PortalKind::request},
    {portal_of::kFldRequest, PortalKind::request},
    {portal_of::kSeqMetadata, PortalKind::request},
    {portal_of::kSeqData, PortalKind::request},
    {portal_of::kSeqController, PortalKind::request},
});

const PortalRow* find_portal(uint32_t portal) {
  const auto row = std::ranges::find(kPortals, portal, &PortalRow::portal);
  return row == kPortals.end() ? nullptr : &*row;
}

constexpr lnet::LnetHandleWire kNoHandle{.interface_cookie = ~uint64_t{0},
                                         .object_cookie = ~uint64_t{0}};

void refuse(PeerId peer, std::string_view why, Actions& out) {
  out.push_back(Drop{peer});
  Fact fact;
  fact.kind = Fact::Kind::reached;
  fact.object.first = peer.nid;
  fact.text = std::string("lnet:refused: ").append(why);
  out.push_back(Note{std::move(fact)});
}

}  // namespace

Endpoint::Endpoint(const Config& config)
    : self_(config.self), seed_(config.seed), incarnation_(config.incarnation) {}

Incoming Endpoint::receive(PeerId from, const Bytes& message, Actions& out) {
  const auto header = protocol::decode<lnet::LnetHdr>(message.view());
  if (!header) {
    refuse(from, "shorter than a header", out);
    return {};
  }
  Bytes payload = message.slice(lnet::LnetHdr::kSize);
  if (header->payload_length != payload.size() || payload.size() > kPayloadMax) {
    refuse(from, "wrong payload length", out);
    return {};
  }
  if (header->dest_nid != self_.nid) {
    refuse(from, "not for this node", out);
    return {};
  }
  const bool with_payload =
      header->type == message_type::kPut || header->type == message_type::kReply;
  if (!with_payload && !payload.empty()) {
    refuse(from, "a payload where none may be", out);
    return {};
  }
  switch (header->type) {
    case message_type::kPut:
      return on_put(from, *header, std::move(payload), out);
    case message_type::kGet:
      on_get(from, *header, out);
      return {};
    case message_type::kReply:
      return on_reply(from, *header, std::move(payload), out);
    case message_type::kAck:
      return on_ack(from, *header);
    default:
      refuse(from, "unknown message type", out);
      return {};
  }
}

Incoming Endpoint::on_put(PeerId from, const lnet::LnetHdr& header, Bytes payload, Actions& out) {
  const lnet::LnetPut& message = header.msg;
  const PortalRow* row = find_portal(message.ptl_index);
  if (row == nullptr) return {};
  if (row->kind == PortalKind::bulk) {
    const auto sink = find_posted(from, message.ptl_index, message.match_bits);
    if (sink == posted_.end() || sink->source || sink->used) return {};
    if (message.offset != 0 || payload.size() > sink->length_max) return {};
    sink->used = true;
    sink->data = payload;
  }
  if (!(message.ack_wmd == kNoHandle) && row->kind != PortalKind::request) {
    lnet::LnetPut body;
    protocol::set_overlay(body, lnet::LnetAck{.dst_wmd = message.ack_wmd,
                                              .match_bits = message.match_bits,
                                              .mlength = static_cast<uint32_t>(payload.size())});
    send(from, message_type::kAck, body, {}, out);
  }
  switch (row->kind) {
    case PortalKind::request:
      return RequestIn{from, message.ptl_index, message.match_bits, std::move(payload)};
    case PortalKind::reply:
      return ReplyIn{from, message.ptl_index, message.match_bits, message.offset,
                     std::move(payload)};
    case PortalKind::bulk:
      return {};
  }
  return {};
}

void Endpoint::on_get(PeerId from, const lnet::LnetHdr& header, Actions& out) {
  const auto get = protocol::overlay<lnet::LnetGet>(header.msg);
  const auto source = find_posted(from, get.ptl_index, get.match_bits);
  if (source == posted_.end() || !source->source || source->used) return;
  // Without truncation allowed, a window that is not within the buffer does not match.
  const uint64_t end = uint64_t{get.src_offset} + get.sink_length;
  if (end > source->data.size()) return;
  source->used = true;
  lnet::LnetPut body;
  protocol::set_overlay(body, lnet::LnetReply{.dst_wmd = get.return_wmd});
  send(from, message_type::kReply, body, source->data.slice(get.src_offset, get.sink_length), out);
}

Incoming Endpoint::on_reply(PeerId from, const lnet::LnetHdr& header, Bytes payload, Actions& out) {
  const auto reply = protocol::overlay<lnet::LnetReply>(header.msg);
  const uint64_t cookie = reply.dst_wmd.object_cookie;
  const auto transfer = std::ranges::lower_bound(transfers_, cookie, {}, &Transfer::cookie);
  if (transfer == transfers_.end() || transfer->cookie != cookie) return {};
  if (!transfer->get || transfer->peer != from || !(reply.dst_wmd == handle_of(cookie))) return {};
  if (payload.size() > transfer->length_max) {
    refuse(from, "a REPLY longer than its GET asked for", out);
    return {};
  }
  transfers_.erase(transfer);
  const auto length = static_cast<uint32_t>(payload.size());
  return BulkDone{from, cookie, false, length, std::move(payload)};
}

Incoming Endpoint::on_ack(PeerId from, const lnet::LnetHdr& header) {
  const auto ack = protocol::overlay<lnet::LnetAck>(header.msg);
  const uint64_t cookie = ack.dst_wmd.object_cookie;
  const auto transfer = std::ranges::lower_bound(transfers_, cookie, {}, &Transfer::cookie);
  if (transfer == transfers_.end() || transfer->cookie != cookie) return {};
  if (transfer->get || transfer->peer != from || !(ack.dst_wmd == handle_of(cookie))) return {};
  const uint32_t length = std::min(ack.mlength, transfer->length_max);
  transfers_.erase(transfer);
  return BulkDone{from, cookie, false, length, {}};
}

std::vector<BulkDone> Endpoint::lost(PeerId peer) {
  std::vector<BulkDone> ended;
  for (const Transfer& transfer : transfers_) {
    if (transfer.peer == peer) ended.push_back({peer, transfer.cookie, true, 0, {}});
  }
  std::erase_if(transfers_, [&](const Transfer& transfer) { return transfer.peer == peer; });
  return ended;
}

void Endpoint::send_request(PeerId to, uint32_t portal, uint64_t xid, const Bytes& message,
                            Actions& out) const {
  put(to, portal, xid, 0, kNoHandle, message, out);
}

void Endpoint::send_reply(PeerId to, uint32_t portal, uint64_t xid, uint32_t offset,
                          const Bytes& message, Actions& out) const {
  put(to, portal, xid, offset, kNoHandle, message, out);
}

void Endpoint::send_reply(PeerId to, uint32_t portal, uint64_t xid, uint32_t offset,
                          protocol::MessageBuilder& message, Actions& out) const {
  const lnet::LnetHdr header{.dest_nid = to.nid,
                             .src_nid = self_.nid,
                             .dest_pid = to.pid,
                             .src_pid = self_.pid,
                             .type = message_type::kPut,
                             .msg = lnet::LnetPut{.ack_wmd = kNoHandle,
                                                  .match_bits = xid,
                                                  .hdr_data = 0,
                                                  .ptl_index = portal,
                                                  .offset = offset}};
  Bytes whole = message.finish(header);
  CHECK(whole.size() <= lnet::LnetHdr::kSize + kPayloadMax);
  out.push_back(Send{to, std::move(whole)});
}

uint64_t Endpoint::send_reply_acked(PeerId to, uint32_t portal, uint64_t xid, uint32_t offset,
                                    const Bytes& message, Actions& out) {
  const uint64_t cookie = begin_transfer(to, false, static_cast<uint32_t>(message.size()));
  put(to, portal, xid, offset, cookie == 0 ? kNoHandle : handle_of(cookie), message, out);
  return cookie;
}

uint64_t Endpoint::bulk_get(PeerId to, uint32_t portal, uint64_t xid, uint32_t length,
                            Actions& out) {
  CHECK(length <= kPayloadMax);
  const uint64_t cookie = begin_transfer(to, true, length);
  if (cookie == 0) return 0;
  lnet::LnetPut body;
  protocol::set_overlay(body, lnet::LnetGet{.return_wmd = handle_of(cookie),
                                            .match_bits = xid,
                                            .ptl_index = portal,
                                            .src_offset = 0,
                                            .sink_length = length});
  send(to, message_type::kGet, body, {}, out);
  return cookie;
}

uint64_t Endpoint::bulk_put(PeerId to, uint32_t portal, uint64_t xid, const Bytes& data,
                            Actions& out) {
  const uint64_t cookie = begin_transfer(to, false, static_cast<uint32_t>(data.size()));
  if (cookie == 0) return 0;
  put(to, portal, xid, 0, handle_of(cookie), data, out);
  return cookie;
}

void Endpoint::forget(uint64_t cookie) {
  std::erase_if(transfers_, [&](const Transfer& transfer) { return transfer.cookie == cookie; });
}

void Endpoint::post_source(PeerId peer, uint32_t portal, uint64_t xid, Bytes data) {
  CHECK(data.size() <= kPayloadMax);
  if (posted_.size() >= kPostedMax) return;
  const auto length = static_cast<uint32_t>(data.size());
  const Posted posted{peer, portal, xid, true, false, length, std::move(data)};
  CHECK(find_posted(peer, portal, xid) == posted_.end(), "one buffer for an xid");
  posted_.insert(std::ranges::upper_bound(posted_, posted.key(), {}, &Posted::key), posted);
}

void Endpoint::post_sink(PeerId peer, uint32_t portal, uint64_t xid, uint32_t length_max) {
  CHECK(length_max <= kPayloadMax);
  if (posted_.size() >= kPostedMax) return;
  const Posted posted{peer, portal, xid, false, false, length_max, {}};
  CHECK(find_posted(peer, portal, xid) == posted_.end(), "one buffer for an xid");
  posted_.insert(std::ranges::upper_bound(posted_, posted.key(), {}, &Posted::key), posted);
}

Endpoint::Sunk Endpoint::unpost(PeerId peer, uint32_t portal, uint64_t xid) {
  const auto found = find_posted(peer, portal, xid);
  if (found == posted_.end()) return {};
  Sunk sunk;
  if (!found->source && found->used) sunk = {true, std::move(found->data)};
  posted_.erase(found);
  return sunk;
}

std::vector<Endpoint::Posted>::iterator Endpoint::find_posted(PeerId peer, uint32_t portal,
                                                              uint64_t xid) {
  const auto key = std::tie(peer, portal, xid);
  const auto found = std::ranges::lower_bound(posted_, key, {}, &Posted::key);
  return found != posted_.end() && found->key() == key ? found : posted_.end();
}

uint64_t Endpoint::begin_transfer(PeerId peer, bool get, uint32_t length_max) {
  if (transfers_.size() >= kTransfersMax) return 0;
  auto count = std::ranges::lower_bound(counts_, peer, {}, &Count::peer);
  if (count == counts_.end() || count->peer != peer) count = counts_.insert(count, {peer, 0});
  Config config;
  config.self = self_;
  config.seed = seed_;
  config.incarnation = incarnation_;
  Transfer transfer{0, peer, get, length_max};
  auto place = transfers_.begin();
  do {
    transfer.cookie = derive(config, Purpose::wire_handle, peer, ++count->count);
    place = std::ranges::lower_bound(transfers_, transfer.cookie, {}, &Transfer::cookie);
  } while (place != transfers_.end() && place->cookie == transfer.cookie);
  transfers_.insert(place, transfer);
  return transfer.cookie;
}

// One interface cookie for the life of a node, as in LNet; the object's cookie tells transfers
// apart.
lnet::LnetHandleWire Endpoint::handle_of(uint64_t cookie) const {
  return {.interface_cookie = (self_.nid << 16) + incarnation_ + 1, .object_cookie = cookie};
}

void Endpoint::put(PeerId to, uint32_t portal, uint64_t xid, uint32_t offset,
                   const lnet::LnetHandleWire& ack, const Bytes& payload, Actions& out) const {
  CHECK(payload.size() <= kPayloadMax);
  send(to, message_type::kPut,
       lnet::LnetPut{
           .ack_wmd = ack, .match_bits = xid, .hdr_data = 0, .ptl_index = portal, .offset = offset},
       payload, out);
}

void Endpoint::send(PeerId to, uint32_t type, const lnet::LnetPut& message, const Bytes& payload,
                    Actions& out) const {
  const lnet::LnetHdr header{.dest_nid = to.nid,
                             .src_nid = self_.nid,
                             .dest_pid = to.pid,
                             .src_pid = self_.pid,
                             .type = type,
                             .payload_length = static_cast<uint32_t>(payload.size()),
                             .msg = message};
  std::vector<uint8_t> whole;
  whole.reserve(lnet::LnetHdr::kSize + payload.size());
  protocol::append(whole, header);
  whole.insert(whole.end(), payload.view().begin(), payload.view().end());
  out.push_back(Send{to, Bytes(std::move(whole))});
}

void Endpoint::invariants() const {
  CHECK(posted_.size() <= kPostedMax && transfers_.size() <= kTransfersMax);
  CHECK(std::ranges::is_sorted(posted_, {}, &Posted::key));
  CHECK(std::ranges::is_sorted(transfers_, {}, &Transfer::cookie));
}

}  // namespace reference
