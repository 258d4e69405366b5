#include "faults/exchange.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "protocol/codec.h"
#include "protocol/lnet.h"
#include "protocol/lnet_message.h"
#include "protocol/message.h"
#include "protocol/operation_info.h"
#include "protocol/ptlrpc.h"

namespace faults {

namespace lnet_type = protocol::lnet::lnet_msg_type;
namespace portal = protocol::ptlrpc::portal;
using protocol::Bytes;
using protocol::lnet::LnetGet;
using protocol::lnet::LnetReply;
using reference::PeerId;

namespace {

bool is_bulk_portal(uint32_t index) {
  return index == portal::kOstBulk || index == portal::kMdsBulk;
}

// Another struct that lies over the header's message.
template <class T>
T overlay(const protocol::lnet::LnetHdr& header) {
  T value;
  std::memcpy(static_cast<void*>(&value), &header.msg, T::kSize);
  return value;
}

Sort sort_of(uint32_t flags) {
  if ((flags & protocol::ptlrpc::msg_flag::kReplay) != 0) return Sort::replayed;
  return (flags & protocol::ptlrpc::msg_flag::kResent) != 0 ? Sort::resent : Sort::first;
}

// Both dialects tell the variants of an operation apart in the same places.
std::string_view name_of(const protocol::Message& request) {
  for (const auto dialect : {protocol::Dialect::v2_0, protocol::Dialect::v1_8}) {
    if (const auto* operation = protocol::identify(dialect, request)) return operation->name;
  }
  return {};
}

}  // namespace

std::optional<Seen> Exchanges::read(PeerId from, PeerId to, const Bytes& bytes, bool remember) {
  const auto lnet = protocol::LnetMessage::parse(bytes);
  if (!lnet) return std::nullopt;
  const protocol::lnet::LnetHdr& header = lnet->header;
  Seen seen;
  seen.client = to;  // right for whatever a server sends
  seen.server = from;
  seen.xid = header.msg.match_bits;
  if (header.type == lnet_type::kReply)
    return read_data(from, to, overlay<LnetReply>(header).dst_wmd.object_cookie);
  if (header.type == lnet_type::kAck) {
    std::swap(seen.client, seen.server);
    seen.part = Part::ack;
    if (find(seen) == nullptr) return std::nullopt;
    recall(seen);
    return seen;
  }
  if (header.type == lnet_type::kGet) {
    const auto get = overlay<LnetGet>(header);
    if (!is_bulk_portal(get.ptl_index)) return std::nullopt;
    seen.part = Part::bulk;
    recall(seen);
    if (Asked* asked = find(seen)) asked->sink = get.return_wmd.object_cookie;
    return seen;
  }
  if (header.type != lnet_type::kPut) return std::nullopt;
  if (is_bulk_portal(header.msg.ptl_index)) {
    seen.part = Part::bulk;
    recall(seen);
    return seen;
  }
  const auto message = protocol::Message::parse(lnet->payload);
  if (!message) return std::nullopt;
  const protocol::ptlrpc::PtlrpcBody& body = message->body();
  seen.opcode = body.opc;
  if (body.type == protocol::ptlrpc::msg_type::kRequest) {
    seen.client = from;
    seen.server = to;
    seen.sort = sort_of(body.flags);
    seen.name = name_of(*message);
    if (remember) keep(seen);
    return seen;
  }
  // Only early replies carry a checksum (facts: lnet-socklnd 5).
  seen.part = message->header().cksum != 0 ? Part::early : Part::reply;
  seen.transno = body.transno;
  recall(seen);
  return seen;
}

std::optional<Seen> Exchanges::read_data(PeerId from, PeerId to, uint64_t sink) {
  for (const Asked& asked : asked_) {
    if (asked.sink != sink || sink == 0 || asked.client != from || asked.server != to) continue;
    return Seen{.part = Part::data,
                .opcode = asked.opcode,
                .xid = asked.xid,
                .sort = asked.sort,
                .name = asked.name,
                .client = from,
                .server = to};
  }
  return std::nullopt;
}

void Exchanges::keep(const Seen& request) {
  if (Asked* known = find(request)) asked_.erase(asked_.begin() + (known - asked_.data()));
  if (asked_.size() == kMax) asked_.erase(asked_.begin());
  asked_.push_back({.client = request.client,
                    .server = request.server,
                    .xid = request.xid,
                    .opcode = request.opcode,
                    .sort = request.sort,
                    .name = request.name});
}

Exchanges::Asked* Exchanges::find(const Seen& seen) {
  const auto at = std::ranges::find_if(asked_, [&](const Asked& asked) {
    return asked.xid == seen.xid && asked.client == seen.client && asked.server == seen.server;
  });
  return at == asked_.end() ? nullptr : &*at;
}

void Exchanges::recall(Seen& seen) {
  const Asked* asked = find(seen);
  if (asked == nullptr) return;
  seen.opcode = asked->opcode;
  seen.sort = asked->sort;
  seen.name = asked->name;
}

}  // namespace faults
