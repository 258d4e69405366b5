#include "harness/record/message_capture.h"

#include <algorithm>
#include <vector>

#include "protocol/codec.h"
#include "protocol/lnet.h"

namespace harness::record {

namespace lnet = protocol::lnet;
using reference::PeerId;
using reference::Time;

namespace {

constexpr uint16_t kPort = 988;  // of the acceptor (facts: lnet-socklnd 1)
constexpr size_t kBulkFrom = 1024;
constexpr uint32_t kVersion = lnet::ksock_version::kV3;

uint32_t inverted(uint32_t type) {
  if (type == lnet::conn_type::kBulkIn) return lnet::conn_type::kBulkOut;
  if (type == lnet::conn_type::kBulkOut) return lnet::conn_type::kBulkIn;
  return type;
}

std::vector<uint8_t> hello(PeerId from, PeerId to, uint32_t type) {
  std::vector<uint8_t> out;
  protocol::append(out, lnet::KsockHello{.magic = lnet::proto_magic::kLnet,
                                         .version = kVersion,
                                         .src_nid = from.nid,
                                         .dst_nid = to.nid,
                                         .src_pid = from.pid,
                                         .src_incarnation = from.nid,
                                         .ctype = type});
  return out;
}

}  // namespace

MessageCapture::MessageCapture(const std::string& path, int64_t wall_clock_base_s)
    : writer_(path), base_ns_(wall_clock_base_s * reference::kSecond) {}

MessageCapture::Connection& MessageCapture::connection(int64_t time, PeerId from, PeerId to,
                                                       bool bulk) {
  // The sender's outgoing bulk is the receiver's incoming.
  const uint32_t type = bulk ? lnet::conn_type::kBulkOut : lnet::conn_type::kControl;
  const uint32_t seen_by_lower = from < to ? type : inverted(type);
  const auto key = std::tuple(std::min(from, to), std::max(from, to), seen_by_lower);
  if (const auto at = connections_.find(key); at != connections_.end()) return at->second;

  const TcpFlow::End active{static_cast<uint32_t>(from.nid), next_port_};
  const TcpFlow::End passive{static_cast<uint32_t>(to.nid), kPort};
  next_port_ = next_port_ == 512 ? 1023 : static_cast<uint16_t>(next_port_ - 1);
  Connection opened{TcpFlow(writer_, time, active, passive), from};
  std::vector<uint8_t> request;
  protocol::append(request, lnet::LnetAcceptorConnreq{.magic = lnet::acceptor_magic::kAcceptor,
                                                      .version = lnet::acceptor_version::kV1,
                                                      .nid = to.nid});
  opened.flow.data(writer_, time, true, request);
  opened.flow.data(writer_, time, true, hello(from, to, type));
  opened.flow.data(writer_, time, false, hello(to, from, inverted(type)));
  return connections_.emplace(key, opened).first->second;
}

void MessageCapture::message(Time now, PeerId from, PeerId to, const protocol::Bytes& message,
                             std::string_view comment) {
  // Virtual time often stands still; readers like packets in order.
  last_ns_ = std::max(base_ns_ + now, last_ns_ + reference::kMicrosecond);
  const bool bulk = lnet::KsockMsgHeader::kSize + message.size() >= kBulkFrom;
  Connection& used = connection(last_ns_, from, to, bulk);
  std::vector<uint8_t> bytes;
  protocol::append(bytes, lnet::KsockMsgHeader{.type = lnet::ksock_msg_type::kLnet});
  bytes.insert(bytes.end(), message.view().begin(), message.view().end());
  used.flow.data(writer_, last_ns_, used.active == from, bytes, comment);
}

}  // namespace harness::record
