#include "harness/decode/conversation.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>

#include "harness/decode/bulk.h"
#include "protocol/checksum.h"
#include "protocol/codec.h"
#include "protocol/ptlrpc.h"

namespace harness {
namespace {

using protocol::ByteView;
using protocol::Dialect;
using protocol::Message;
using protocol::OperationInfo;
namespace lnet = protocol::lnet;
namespace ptlrpc = protocol::ptlrpc;

constexpr uint32_t kPortalPing = 0, kPortalOstBulk = 8, kPortalMdsBulk = 14, kPortalMgsBulk = 33;
constexpr uint32_t kBodySize16 = 88;  // what the checksum of an early reply to 1.8 covers
constexpr size_t kUuid18 = 40, kUuid20 = 39;

bool is_bulk(uint32_t portal) {
  return portal == kPortalOstBulk || portal == kPortalMdsBulk || portal == kPortalMgsBulk;
}

bool connects(uint32_t opcode) {
  return opcode == ptlrpc::opcode::kMdsConnect || opcode == ptlrpc::opcode::kOstConnect ||
         opcode == ptlrpc::opcode::kMgsConnect;
}

std::array<uint8_t, 16> octets_of(const lnet::LnetHandleWire& handle) {
  std::array<uint8_t, 16> octets;
  std::memcpy(octets.data(), &handle, octets.size());
  return octets;
}

bool is_none(const std::array<uint8_t, 16>& handle) {
  return std::ranges::all_of(handle, [](uint8_t octet) { return octet == 0xff; });
}

// Later versions have a longer ptlrpc_body.
bool is_later(const Message& message) {
  return message.body_length() >= ptlrpc::PtlrpcBodyV3::kSize;
}

std::string_view dialect_name(bool later, Dialect dialect) {
  if (later) return "later";
  return dialect == Dialect::v1_8 ? "1.8" : "2.0";
}

uint64_t cookie_in(ByteView bytes) {
  return bytes.size() < sizeof(uint64_t) ? 0 : *protocol::decode<uint64_t>(bytes);
}

std::string opcode_name(uint32_t opcode) {
  for (const Dialect dialect : {Dialect::v2_0, Dialect::v1_8}) {
    for (const protocol::NameTable* table : {&ptlrpc::opcode::kNames}) {
      if (!table->name_of(opcode).empty()) return std::string(table->name_of(opcode));
    }
    if (const OperationInfo* found = protocol::find(dialect, opcode)) {
      return std::string(found->name);
    }
  }
  return fmt::format("opcode {}", opcode);
}

void name(Entry& entry, const OperationInfo* operation, uint32_t opcode) {
  if (operation == nullptr) {
    entry.operation = opcode_name(opcode);
  } else {
    entry.operation = operation->name;  // in the memory that the string has
  }
}

}  // namespace

const Entry& Conversation::explain(const FlowPlace& place, const SocklndFrame& frame) {
  Entry& entry = entry_;
  entry.begin_anew();
  entry.place = place;
  entry.stream_offset = frame.offset;
  const uint64_t captured = frame.bytes.size();
  entry.frame = protocol::Bytes(frame.bytes);
  EntryBuilder out(entry);
  switch (frame.kind) {
    case SocklndFrame::Kind::acceptor:
      entry.kind = EntryKind::acceptor;
      if (frame.whole != lnet::LnetAcceptorConnreq::kSize) {
        out.unexplained(out.left(), "an acceptor request of a later version");
      }
      out.framing(lnet::LnetAcceptorConnreq::kInfo, frame.order, out.left());
      break;
    case SocklndFrame::Kind::hello:
      entry.kind = EntryKind::hello;
      if (frame.version > 3) out.unexplained(out.left(), "a socklnd version after 3");
      out.framing(lnet::KsockHello::kInfo, frame.order, out.left());
      break;
    case SocklndFrame::Kind::hello_v1:
      entry.kind = EntryKind::hello;
      out.framing(lnet::LnetHdr::kInfo, protocol::ByteOrder::little, lnet::LnetHdr::kSize);
      out.unexplained(out.left(), "interface addresses of a version 1 HELLO");
      break;
    case SocklndFrame::Kind::noop:
      entry.kind = EntryKind::noop;
      out.framing(lnet::KsockMsgHeader::kInfo, frame.order, out.left());
      break;
    case SocklndFrame::Kind::message:
      explain_message(out, frame);
      break;
    case SocklndFrame::Kind::lost:
      out.unexplained(out.left(), frame.why);
      break;
    case SocklndFrame::Kind::gap:
      entry.kind = EntryKind::gap;
      entry.notes.push_back(fmt::format("{} bytes were not captured", frame.whole));
      return entry;
  }
  if (captured < frame.whole) {
    entry.kind = EntryKind::broken;
    entry.notes.push_back(fmt::format("cut: {} of {} bytes", captured, frame.whole));
  }
  return entry;
}

void Conversation::explain_message(EntryBuilder& out, const SocklndFrame& frame) {
  if (frame.version != 1) {
    out.framing(lnet::KsockMsgHeader::kInfo, frame.order, lnet::KsockMsgHeader::kSize);
  }
  const auto header = protocol::decode<lnet::LnetHdr>(out.rest().view());
  if (!header) return out.unexplained(out.left(), "cut in the middle of a header");
  out.framing(lnet::LnetHdr::kInfo, protocol::ByteOrder::little, lnet::LnetHdr::kSize);
  if (out.entry().frame.size() < frame.whole) {
    return out.unexplained(out.left(), "payload of a message that was cut");
  }
  out.entry().kind = EntryKind::lnet;
  switch (header->type) {
    case lnet::lnet_msg_type::kPut:
      explain_put(out, protocol::overlay<lnet::LnetPut>(header->msg));
      break;
    case lnet::lnet_msg_type::kGet:
      explain_get(out, protocol::overlay<lnet::LnetGet>(header->msg));
      break;
    case lnet::lnet_msg_type::kReply:
      explain_get_reply(out, protocol::overlay<lnet::LnetReply>(header->msg));
      break;
    case lnet::lnet_msg_type::kAck:
      explain_ack(out, protocol::overlay<lnet::LnetAck>(header->msg));
      break;
    default:
      out.entry().notes.push_back(fmt::format("LNet message of type {}", header->type));
  }
  out.unexplained(out.left(), "a payload of unknown use");
}

void Conversation::explain_get(EntryBuilder& out, const lnet::LnetGet& get) {
  Entry& entry = out.entry();
  const uint32_t from = entry.place.from.address, to = entry.place.to.address;
  entry.xid = get.match_bits;
  gets_.remember({from, octets_of(get.return_wmd)}, {get.match_bits, get.ptl_index});
  if (get.ptl_index == kPortalPing) {
    entry.kind = EntryKind::ping;
  } else {
    entry.kind = EntryKind::bulk_get;
    operation_of(entry, to, from, get.match_bits);
  }
}

void Conversation::explain_get_reply(EntryBuilder& out, const lnet::LnetReply& reply) {
  Entry& entry = out.entry();
  const uint32_t from = entry.place.from.address, to = entry.place.to.address;
  entry.kind = EntryKind::bulk_reply;
  const Transfer* get = gets_.find({to, octets_of(reply.dst_wmd)});
  if (get == nullptr) {
    entry.notes.emplace_back("to a GET that was not seen");
    return;
  }
  entry.xid = get->match_bits;
  if (get->portal == kPortalPing) {
    entry.kind = EntryKind::ping;
    out.framing(lnet::LnetPingInfo::kInfo, protocol::ByteOrder::little, out.left());
  } else {
    explain_bulk(out, operation_of(entry, from, to, get->match_bits));
  }
}

void Conversation::explain_ack(EntryBuilder& out, const lnet::LnetAck& ack) {
  Entry& entry = out.entry();
  entry.kind = EntryKind::ack;
  entry.xid = ack.match_bits;
  const Transfer* put = puts_.find({entry.place.to.address, octets_of(ack.dst_wmd)});
  if (put == nullptr) entry.notes.emplace_back("of a PUT that was not seen");
  if (put != nullptr && put->portal == kPortalPing) entry.kind = EntryKind::ping;
}

void Conversation::explain_put(EntryBuilder& out, const lnet::LnetPut& put) {
  Entry& entry = out.entry();
  const uint32_t from = entry.place.from.address, to = entry.place.to.address;
  entry.xid = put.match_bits;
  const auto handle = octets_of(put.ack_wmd);
  if (!is_none(handle)) puts_.remember({from, handle}, {put.match_bits, put.ptl_index});
  if (put.ptl_index == kPortalPing) {
    entry.kind = EntryKind::ping;
    out.framing(lnet::LnetPingInfo::kInfo, protocol::ByteOrder::little, out.left());
  } else if (is_bulk(put.ptl_index)) {
    entry.kind = EntryKind::bulk_put;
    explain_bulk(out, operation_of(entry, to, from, put.match_bits));
  } else {
    explain_rpc(out, put);
  }
}

void Conversation::explain_rpc(EntryBuilder& out, const lnet::LnetPut& put) {
  Entry& entry = out.entry();
  const auto message = Message::parse(out.rest());
  if (!message) {
    entry.kind = EntryKind::broken;
    entry.notes.push_back("no ptlrpc message: " + message.error().text());
    return out.unexplained(out.left(), "not a ptlrpc message");
  }
  Reading reading;
  switch (message->body().type) {
    case ptlrpc::msg_type::kRequest:
      reading = read_request(entry, *message, put.match_bits);
      break;
    case ptlrpc::msg_type::kReply:
    case ptlrpc::msg_type::kErr:
      reading = read_reply(entry, *message, put);
      break;
    default:
      entry.kind = EntryKind::broken;
      entry.notes.push_back(fmt::format("pb_type {}", message->body().type));
  }
  out.message(*message, reading.operation, reading.direction);
}

Conversation::Speech Conversation::speech_of(const Entry& entry, const Message& message) const {
  const uint32_t from = entry.place.from.address, to = entry.place.to.address;
  if (is_later(message)) return {.dialect = Dialect::v2_0, .later = true, .known = true};
  if (connects(message.body().opc)) {
    const size_t uuid = message.buffer(1).size();
    if (uuid == kUuid18) return {.dialect = Dialect::v1_8, .known = true};
    if (uuid == kUuid20) return {.dialect = Dialect::v2_0, .known = true};
  }
  // The cookie in a request is of the receiver's making: an export's, or in a callback the
  // client's.
  const uint64_t cookie = message.body().handle.cookie;
  if (const Speech* known = sessions_.find({to, cookie}); known != nullptr && cookie != 0) {
    return *known;
  }
  for (const auto& pair : {std::pair{from, to}, std::pair{to, from}}) {
    if (const auto found = between_.find(pair); found != between_.end()) return found->second;
  }
  // 1.8 does not know the second bit of lm_flags, a 2.0 client sets it.
  Speech guess;
  if (message.header().flags == ptlrpc::msghdr_flag::kAtSupport) guess.dialect = Dialect::v1_8;
  return guess;
}

Conversation::Reading Conversation::read_request(Entry& entry, const Message& message,
                                                 uint64_t match_bits) {
  entry.kind = EntryKind::request;
  Request request;
  request.connection = entry.place.connection;
  request.opcode = message.body().opc;
  request.flags = message.header().flags;
  request.speech = speech_of(entry, message);
  request.operation = protocol::identify(request.speech.dialect, message);
  request.connects = connects(request.opcode);
  if (request.connects) request.client_cookie = cookie_in(message.buffer(3));
  name(entry, request.operation, request.opcode);
  entry.dialect = dialect_name(request.speech.later, request.speech.dialect);
  if (!request.speech.known) entry.notes.emplace_back("no CONNECT seen; the dialect is a guess");
  const uint32_t flags = message.body().flags;
  if ((flags & ptlrpc::msg_flag::kResent) != 0) entry.notes.emplace_back("resent");
  if ((flags & ptlrpc::msg_flag::kReplay) != 0) entry.notes.emplace_back("replay");

  remember(entry, request, match_bits);
  // Later versions name the match bits of reply and bulk in the body.
  if (is_later(message)) {
    const auto body = protocol::decode<ptlrpc::PtlrpcBodyV3>(message.buffer(0), message.order());
    if (body && body->mbits != 0 && body->mbits != match_bits) {
      remember(entry, request, body->mbits);
    }
  }
  return {.operation = request.operation, .direction = protocol::Direction::request};
}

void Conversation::remember(const Entry& entry, const Request& request, uint64_t xid) {
  const RequestKey key{entry.place.from.address, entry.place.to.address, xid};
  std::vector<Request>& same = requests_.at(key);
  std::erase_if(same, [&](const Request& r) { return r.connection == request.connection; });
  same.push_back(request);
  constexpr size_t kSameXidMax = 8;
  if (same.size() > kSameXidMax) same.erase(same.begin());
}

const Conversation::Request* Conversation::request_of(const FlowPlace& place, uint32_t client,
                                                      uint32_t server, uint64_t xid) const {
  const std::vector<Request>* found = requests_.find({client, server, xid});
  if (found == nullptr) return nullptr;
  // Clients on one host may use the same xid; each has connections of its own.
  const auto same = std::ranges::find(*found, place.connection, &Request::connection);
  return same != found->end() ? &*same : &found->back();
}

const OperationInfo* Conversation::operation_of(Entry& entry, uint32_t client, uint32_t server,
                                                uint64_t match_bits) const {
  const Request* request = request_of(entry.place, client, server, match_bits);
  if (request == nullptr) {
    // A bulk transfer of several parts has consecutive match bits, in later versions.
    constexpr uint64_t kPartsMax = 0x80;
    for (uint64_t back = 1; back < kPartsMax && request == nullptr; ++back) {
      request = request_of(entry.place, client, server, match_bits - back);
    }
    if (request != nullptr && !request->speech.later) request = nullptr;
  }
  if (request == nullptr) {
    entry.notes.emplace_back("for a request that was not seen");
    return nullptr;
  }
  name(entry, request->operation, request->opcode);
  entry.dialect = dialect_name(request->speech.later, request->speech.dialect);
  return request->operation;
}

Conversation::Reading Conversation::read_reply(Entry& entry, const Message& message,
                                               const lnet::LnetPut& put) {
  const uint32_t server = entry.place.from.address, client = entry.place.to.address;
  const Request* request = request_of(entry.place, client, server, put.match_bits);
  entry.kind =
      message.body().type == ptlrpc::msg_type::kErr ? EntryKind::error_reply : EntryKind::reply;
  entry.status = message.body().status;
  Reading reading{.operation = nullptr, .direction = protocol::Direction::reply};
  Speech speech;
  if (request != nullptr) {
    reading.operation = request->operation;
    speech = request->speech;
    const bool early = (request->flags & ptlrpc::msghdr_flag::kAtSupport) != 0 && put.offset == 0;
    if (early) check_early(entry, message, request->flags);
    if (request->connects) learn_from_connect(entry, *request, message);
  } else {
    entry.notes.emplace_back("to a request that was not seen");
    speech = speech_of(entry, message);
    reading.operation = protocol::find(speech.dialect, message.body().opc);
  }
  entry.dialect = dialect_name(speech.later || is_later(message), speech.dialect);
  name(entry, reading.operation, message.body().opc);
  return reading;
}

void Conversation::learn_from_connect(const Entry& entry, const Request& request,
                                      const Message& reply) {
  const uint32_t server = entry.place.from.address, client = entry.place.to.address;
  Speech speech = request.speech;
  // A 1.8 client to which an MDT grants FIDs speaks 2.0 to it from then on (differences, head).
  const uint64_t flags = cookie_in(reply.buffer(1));
  const uint64_t granted =
      reply.order() == protocol::ByteOrder::little ? flags : std::byteswap(flags);
  if (request.opcode == ptlrpc::opcode::kMdsConnect &&
      (granted & ptlrpc::connect_flag::kFid) != 0) {
    speech.dialect = Dialect::v2_0;
  }
  const uint64_t cookie = reply.body().handle.cookie;
  if (cookie != 0) sessions_.remember({server, cookie}, speech);
  if (request.client_cookie != 0) sessions_.remember({client, request.client_cookie}, speech);
  between_[{client, server}] = speech;
}

void Conversation::check_early(Entry& entry, const Message& message, uint32_t request_flags) {
  entry.kind = EntryKind::early_reply;
  const ByteView body = message.buffer(0);
  const bool whole = (request_flags & ptlrpc::msghdr_flag::kCksumIncompat18) != 0;
  const size_t covered = whole ? body.size() : std::min<size_t>(body.size(), kBodySize16);
  if (protocol::crc32(body.first(covered)) != message.header().cksum) {
    entry.notes.emplace_back("lm_cksum is not that of the body");
  }
}

}  // namespace harness
