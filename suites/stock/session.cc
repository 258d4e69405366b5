#include "suites/stock/session.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/decode/capture_file.h"
#include "harness/decode/segment.h"
#include "harness/decode/socklnd_stream.h"
#include "harness/decode/tcp_stream.h"
#include "protocol/lnet.h"
#include "protocol/ptlrpc.h"

namespace suites {

namespace lnet = protocol::lnet;
using protocol::Bytes;
using protocol::ByteView;
using protocol::LnetMessage;
using protocol::Message;

namespace {

constexpr uint16_t kLnetPort = 988;
constexpr size_t kKsockHeader = 24;

// One direction of the connection.
struct Side {
  harness::TcpStream tcp;
  harness::SocklndStream frames{true};
};

class Reader {
 public:
  explicit Reader(protocol::Dialect dialect) { session_.dialect = dialect; }

  void packet(const harness::CapturedPacket& packet) {
    const auto segment = harness::tcp_segment(packet);
    if (!segment) return;
    const bool from_client = segment->to.port == kLnetPort;
    Side& side = from_client ? client_ : server_;
    for (const auto& piece : side.tcp.feed(*segment)) {
      if (piece.missing != 0) fail("bytes are missing");
      for (const auto& frame : side.frames.feed(piece.bytes)) take(frame, from_client);
    }
  }

  std::expected<Session, std::string> finish() {
    for (const Exchange& exchange : session_.exchanges) {
      if (exchange.reply.payload.empty()) {
        fail(fmt::format("request {} has no reply", exchange.number));
      }
    }
    if (session_.exchanges.empty()) fail("no request");
    if (!error_.empty()) return std::unexpected(error_);
    session_.hello = Bytes(std::move(hello_));
    return std::move(session_);
  }

 private:
  using Frame = harness::SocklndFrame;

  void fail(std::string why) {
    if (error_.empty()) error_ = std::move(why);
  }

  void take(const Frame& frame, bool from_client) {
    if (frame.kind == Frame::Kind::acceptor || frame.kind == Frame::Kind::hello) {
      if (from_client) hello_.insert(hello_.end(), frame.bytes.begin(), frame.bytes.end());
      return;
    }
    if (frame.kind != Frame::Kind::message || frame.cut()) return fail("a frame is not whole");
    auto message = LnetMessage::parse(Bytes(ByteView(frame.bytes).subspan(kKsockHeader)));
    if (!message) return fail(message.error().text());
    from_client ? sent(*std::move(message)) : received(*std::move(message));
  }

  void sent(LnetMessage message) {
    if (message.header.type == lnet::lnet_msg_type::kPut) return request(std::move(message));
    if (message.header.type != lnet::lnet_msg_type::kReply) return;  // ACKs say nothing more
    if (gotten_ == nullptr) return fail("a REPLY to no GET");
    gotten_->given = message.payload;
    gotten_ = nullptr;
  }

  void request(LnetMessage message) {
    auto parsed = Message::parse(message.payload);
    if (!parsed) return fail(parsed.error().text());
    const auto* operation = protocol::identify(session_.dialect, *parsed);
    if (operation == nullptr) return fail("a request of no known kind");
    session_.exchanges.push_back({.number = static_cast<uint32_t>(session_.exchanges.size() + 1),
                                  .request = std::move(message),
                                  .message = *std::move(parsed),
                                  .operation = operation});
  }

  void received(LnetMessage message) {
    const bool get = message.header.type == lnet::lnet_msg_type::kGet;
    if (!get && message.header.type != lnet::lnet_msg_type::kPut) return fail("not GET, not PUT");
    const lnet::LnetPut& put = message.header.msg;
    Exchange* exchange = of_xid(put.match_bits);
    if (exchange == nullptr) return fail("a message of no request");
    if (get) {
      gotten_ = exchange;
    } else if (put.ptl_index == exchange->operation->bulk_portal) {
      exchange->taken = message.payload;
    } else {
      auto parsed = Message::parse(message.payload);
      if (!parsed) return fail(parsed.error().text());
      exchange->reply = std::move(message);
      exchange->answer = *std::move(parsed);
    }
  }

  Exchange* of_xid(uint64_t xid) {
    const auto at = std::ranges::find(session_.exchanges, xid, &Exchange::xid);
    return at == session_.exchanges.end() ? nullptr : &*at;
  }

  Session session_;
  Side client_, server_;
  std::vector<uint8_t> hello_;
  Exchange* gotten_ = nullptr;  // whose data a GET has asked for
  std::string error_;
};

}  // namespace

uint64_t Exchange::xid() const { return request.header.msg.match_bits; }

std::expected<Session, std::string> read_session(const std::string& path,
                                                 protocol::Dialect dialect) {
  auto capture = harness::Capture::open(path);
  if (!capture) return std::unexpected(capture.error());
  Reader reader(dialect);
  const auto summary = harness::for_each_packet(
      std::move(*capture), [&](const harness::CapturedPacket& packet) { reader.packet(packet); });
  if (!summary) return std::unexpected(summary.error());
  return reader.finish();
}

std::expected<Session, std::string> read_stock_session(protocol::Dialect dialect) {
  constexpr std::string_view kFiles[] = {"client-1.8.9-userspace.pcap.gz",
                                         "client-2.0.0-userspace.pcap.gz"};
  return read_session(
      fmt::format("{}/{}", ASSAY_STOCK_CAPTURES, kFiles[static_cast<size_t>(dialect)]), dialect);
}

}  // namespace suites
