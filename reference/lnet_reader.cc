#include "reference/lnet_reader.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <utility>

#include "protocol/check.h"
#include "protocol/checksum.h"
#include "protocol/codec.h"
#include "protocol/lnet.h"

namespace reference {
namespace {

namespace lnet = protocol::lnet;
using protocol::ByteOrder;
using protocol::ByteView;
using protocol::WireError;

constexpr uint32_t kHelloSize = lnet::KsockHello::kSize;

std::unexpected<WireError> wrong(std::string_view subject, std::string_view field, uint32_t offset,
                                 uint64_t found, uint64_t allowed,
                                 WireError::Kind kind = WireError::Kind::bad_value) {
  return std::unexpected(WireError{.subject = subject,
                                   .field = field,
                                   .offset = offset,
                                   .found = found,
                                   .allowed = allowed,
                                   .kind = kind});
}

template <class T>
T must_decode(ByteView bytes, ByteOrder order = ByteOrder::little) {
  auto value = protocol::decode<T>(bytes, order);
  CHECK(value.has_value(), "the stage collects as many bytes as it decodes");
  return *value;
}

}  // namespace

std::optional<ConnType> inverted(ConnType type) {
  switch (type) {
    case ConnType::any:
    case ConnType::control:
      return type;
    case ConnType::bulk_in:
      return ConnType::bulk_out;
    case ConnType::bulk_out:
      return ConnType::bulk_in;
    case ConnType::none:
      return std::nullopt;
  }
  return std::nullopt;  // a number from the wire
}

std::string_view conn_type_name(ConnType type) {
  switch (type) {
    case ConnType::any:
      return "any";
    case ConnType::control:
      return "control";
    case ConnType::bulk_in:
      return "bulk-in";
    case ConnType::bulk_out:
      return "bulk-out";
    case ConnType::none:
      return "none";
  }
  return "unknown";
}

std::expected<std::optional<LnetUnit>, WireError> LnetReader::next(ByteView& input) {
  while (true) {
    CHECK(stage_ != Stage::broken, "read on after an error");
    if (stage_ == Stage::payload) {
      const size_t take = std::min<size_t>(input.size(), message_size_ - message_.size());
      message_.insert(message_.end(), input.begin(), input.begin() + static_cast<long>(take));
      input = input.subspan(take);
      if (message_.size() < message_size_) return std::nullopt;
    } else {
      const size_t take = std::min<size_t>(input.size(), wanted() - head_.size());
      head_.insert(head_.end(), input.begin(), input.begin() + static_cast<long>(take));
      input = input.subspan(take);
      if (head_.size() < wanted()) return std::nullopt;
    }
    Step step = stage_done();
    if (!step) stage_ = Stage::broken;
    if (!step || *step) return step;
  }
}

uint32_t LnetReader::wanted() const {
  switch (stage_) {
    case Stage::acceptor:
      return kAcceptorRequestSize;
    case Stage::hello_magic:
      return 8;
    case Stage::hello:
      return kHelloSize;
    case Stage::hello_v1:
    case Stage::lnet:
      return kLnetHeaderSize;
    case Stage::interfaces:
      return kHelloSize + message_size_;
    case Stage::interfaces_v1:
      return kLnetHeaderSize + message_size_;
    case Stage::ksock:
      return kKsockHeaderSize;
    case Stage::payload:
    case Stage::broken:
      break;
  }
  return 0;
}

LnetReader::Step LnetReader::stage_done() {
  switch (stage_) {
    case Stage::acceptor:
      return on_acceptor();
    case Stage::hello_magic:
      return on_hello_magic();
    case Stage::hello:
      return on_hello();
    case Stage::hello_v1:
      return on_hello_v1();
    case Stage::interfaces:
    case Stage::interfaces_v1:
      return on_interfaces();
    case Stage::ksock:
      return on_ksock();
    case Stage::lnet:
      return on_lnet();
    case Stage::payload:
      return on_payload();
    case Stage::broken:
      break;
  }
  return std::nullopt;
}

LnetReader::Step LnetReader::on_acceptor() {
  const auto magic = must_decode<uint32_t>(head_);
  ByteOrder order = ByteOrder::little;
  if (magic == std::byteswap(lnet::acceptor_magic::kAcceptor)) {
    order = ByteOrder::big;
  } else if (magic != lnet::acceptor_magic::kAcceptor) {
    return wrong(lnet::LnetAcceptorConnreq::kLustre, "acr_magic", 0, magic,
                 lnet::acceptor_magic::kAcceptor, WireError::Kind::bad_magic);
  }
  const auto request = must_decode<lnet::LnetAcceptorConnreq>(head_, order);
  head_.clear();
  stage_ = Stage::hello_magic;
  return LnetUnit(AcceptorRequest{.version = request.version, .nid = request.nid});
}

LnetReader::Step LnetReader::on_hello_magic() {
  const auto magic = must_decode<uint32_t>(head_);
  if (magic == lnet::proto_magic::kTcp) {
    const auto version = must_decode<lnet::LnetMagicversion>(head_);
    if (version.version_major != 1 || version.version_minor != 0) {
      return wrong(lnet::LnetMagicversion::kLustre, "version_major", 4,
                   uint32_t{version.version_major} << 16 | version.version_minor, 1u << 16);
    }
    version_ = 1;
    stage_ = Stage::hello_v1;
    return std::nullopt;
  }
  if (magic == std::byteswap(lnet::proto_magic::kLnet)) {
    order_ = ByteOrder::big;
  } else if (magic != lnet::proto_magic::kLnet) {
    return wrong(lnet::KsockHello::kLustre, "kshm_magic", 0, magic, lnet::proto_magic::kLnet,
                 WireError::Kind::bad_magic);
  }
  version_ = must_decode<uint32_t>(ByteView(head_).subspan(4), order_);
  if (version_ != 2 && version_ != 3) {  // version 1 has another magic
    stage_ = Stage::broken;
    return LnetUnit(Hello{.version = version_, .understood = false, .order = order_});
  }
  stage_ = Stage::hello;
  return std::nullopt;
}

LnetReader::Step LnetReader::on_hello() {
  const auto hello = must_decode<lnet::KsockHello>(head_, order_);
  if (hello.src_nid == ~uint64_t{0}) {
    return wrong(lnet::KsockHello::kLustre, "kshm_src_nid", 8, hello.src_nid, 0);
  }
  if (hello.nips > kHelloMaxInterfaces) {
    return wrong(lnet::KsockHello::kLustre, "kshm_nips", 52, hello.nips, kHelloMaxInterfaces,
                 WireError::Kind::too_many);
  }
  message_size_ = 4 * hello.nips;
  stage_ = Stage::interfaces;
  return message_size_ == 0 ? on_interfaces() : Step(std::nullopt);
}

LnetReader::Step LnetReader::on_hello_v1() {
  const auto header = must_decode<lnet::LnetHdr>(head_);
  if (header.type != lnet::lnet_msg_type::kHello) {
    return wrong(lnet::LnetHdr::kLustre, "type", 24, header.type, lnet::lnet_msg_type::kHello);
  }
  if (header.src_nid == ~uint64_t{0}) {
    return wrong(lnet::LnetHdr::kLustre, "src_nid", 8, header.src_nid, 0);
  }
  if (header.payload_length > 4 * kHelloMaxInterfaces) {
    return wrong(lnet::LnetHdr::kLustre, "payload_length", 28, header.payload_length,
                 4 * kHelloMaxInterfaces, WireError::Kind::too_many);
  }
  if (header.payload_length % 4 != 0) {
    return wrong(lnet::LnetHdr::kLustre, "payload_length", 28, header.payload_length, 4,
                 WireError::Kind::bad_length);
  }
  message_size_ = header.payload_length;
  stage_ = Stage::interfaces_v1;
  return message_size_ == 0 ? on_interfaces() : Step(std::nullopt);
}

LnetReader::Step LnetReader::on_interfaces() {
  Hello hello;
  hello.version = version_;
  hello.order = order_;
  const uint32_t start = version_ == 1 ? kLnetHeaderSize : kHelloSize;
  if (version_ == 1) {
    const auto header = must_decode<lnet::LnetHdr>(head_);
    const auto part = protocol::overlay<lnet::LnetHello>(header.msg);
    hello.source = {header.src_nid, header.src_pid};
    hello.incarnation = part.incarnation;
    hello.type = static_cast<ConnType>(part.type);
  } else {
    const auto header = must_decode<lnet::KsockHello>(head_, order_);
    hello.source = {header.src_nid, header.src_pid};
    hello.destination_nid = header.dst_nid;
    hello.incarnation = header.src_incarnation;
    hello.type = static_cast<ConnType>(header.ctype);
  }
  for (uint32_t at = start; at < head_.size(); at += 4) {
    const auto address = must_decode<uint32_t>(ByteView(head_).subspan(at), order_);
    if (address == 0) return wrong(lnet::KsockHello::kLustre, "kshm_ips", at, 0, 1);
    hello.interfaces.push_back(address);
  }
  begin_messages();
  return LnetUnit(std::move(hello));
}

void LnetReader::begin_messages() {
  head_.clear();
  message_ = {};
  message_size_ = 0;
  cookies_ = {};
  crc_expected_ = 0;
  stage_ = version_ == 1 ? Stage::lnet : Stage::ksock;
}

LnetReader::Step LnetReader::on_ksock() {
  auto header = must_decode<lnet::KsockMsgHeader>(head_, order_);
  constexpr std::string_view kSubject = lnet::KsockMsgHeader::kLustre;
  if (header.type != lnet::ksock_msg_type::kNoop && header.type != lnet::ksock_msg_type::kLnet) {
    return wrong(kSubject, "ksm_type", 0, header.type, lnet::ksock_msg_type::kLnet);
  }
  if (version_ == 3 && header.csum != 0) {
    return wrong(kSubject, "ksm_csum", 4, header.csum, 0);
  }
  cookies_ = header.zc_cookies;
  crc_expected_ = header.csum;
  if (crc_expected_ != 0) {
    std::fill_n(head_.begin() + 4, 4, uint8_t{0});
    crc_ = protocol::crc32(head_);
  }
  head_.clear();
  if (header.type == lnet::ksock_msg_type::kLnet) {
    stage_ = Stage::lnet;
    return std::nullopt;
  }
  if (crc_expected_ != 0 && crc_ != crc_expected_) {
    return wrong(kSubject, "ksm_csum", 4, crc_expected_, crc_);
  }
  Frame frame{.cookies = cookies_};
  begin_messages();
  return LnetUnit(std::move(frame));
}

LnetReader::Step LnetReader::on_lnet() {
  const auto header = must_decode<lnet::LnetHdr>(head_);
  constexpr std::string_view kSubject = lnet::LnetHdr::kLustre;
  if (header.type > lnet::lnet_msg_type::kReply) {
    return wrong(kSubject, "type", 24, header.type, lnet::lnet_msg_type::kReply);
  }
  const bool empty =
      header.type == lnet::lnet_msg_type::kAck || header.type == lnet::lnet_msg_type::kGet;
  if (empty && header.payload_length != 0) {
    return wrong(kSubject, "payload_length", 28, header.payload_length, 0,
                 WireError::Kind::bad_length);
  }
  if (header.payload_length > max_payload_) {
    return wrong(kSubject, "payload_length", 28, header.payload_length, max_payload_,
                 WireError::Kind::too_many);
  }
  message_size_ = kLnetHeaderSize + header.payload_length;
  message_.reserve(message_size_);
  message_.assign(head_.begin(), head_.end());
  head_.clear();
  stage_ = Stage::payload;
  return message_size_ == kLnetHeaderSize ? on_payload() : Step(std::nullopt);
}

LnetReader::Step LnetReader::on_payload() {
  if (crc_expected_ != 0) {
    crc_ = protocol::crc32(message_, crc_);
    if (crc_ != crc_expected_) {
      return wrong(lnet::KsockMsgHeader::kLustre, "ksm_csum", 4, crc_expected_, crc_);
    }
  }
  if (source_) {
    std::memcpy(message_.data() + offsetof(lnet::LnetHdr, src_nid), &source_->nid, 8);
    std::memcpy(message_.data() + offsetof(lnet::LnetHdr, src_pid), &source_->pid, 4);
  }
  if (destination_) {
    std::memcpy(message_.data() + offsetof(lnet::LnetHdr, dest_nid), &destination_->nid, 8);
    std::memcpy(message_.data() + offsetof(lnet::LnetHdr, dest_pid), &destination_->pid, 4);
  }
  Frame frame{.cookies = cookies_, .message = protocol::Bytes(std::move(message_))};
  begin_messages();
  return LnetUnit(std::move(frame));
}

std::vector<uint8_t> encode_acceptor_request(uint64_t nid) {
  std::vector<uint8_t> out;
  protocol::append(out, lnet::LnetAcceptorConnreq{.magic = lnet::acceptor_magic::kAcceptor,
                                                  .version = lnet::acceptor_version::kV1,
                                                  .nid = nid});
  return out;
}

std::vector<uint8_t> encode_hello(const Hello& hello) {
  std::vector<uint8_t> out;
  const auto interfaces = static_cast<uint32_t>(hello.interfaces.size());
  if (hello.version == 1) {
    lnet::LnetHdr header;
    protocol::set_overlay(header.dest_nid, lnet::LnetMagicversion{.magic = lnet::proto_magic::kTcp,
                                                                  .version_major = 1,
                                                                  .version_minor = 0});
    header.src_nid = hello.source.nid;
    header.src_pid = hello.source.pid;
    header.type = lnet::lnet_msg_type::kHello;
    header.payload_length = 4 * interfaces;
    protocol::set_overlay(header.msg, lnet::LnetHello{.incarnation = hello.incarnation,
                                                      .type = static_cast<uint32_t>(hello.type)});
    protocol::append(out, header);
  } else {
    lnet::KsockHello header;
    header.magic = lnet::proto_magic::kLnet;
    header.version = hello.version;
    header.src_nid = hello.source.nid;
    header.dst_nid = hello.destination_nid;
    header.src_pid = hello.source.pid;
    header.src_incarnation = hello.incarnation;
    header.ctype = static_cast<uint32_t>(hello.type);
    header.nips = interfaces;
    protocol::append(out, header);
  }
  for (const uint32_t address : hello.interfaces) protocol::append(out, address);
  return out;
}

std::vector<uint8_t> encode_frame_head(uint32_t version, std::array<uint64_t, 2> cookies,
                                       ByteView message, bool checksum) {
  std::vector<uint8_t> out;
  if (version == 1) return out;
  lnet::KsockMsgHeader header;
  header.type = message.empty() ? lnet::ksock_msg_type::kNoop : lnet::ksock_msg_type::kLnet;
  header.zc_cookies = cookies;
  if (checksum && version == 2) {
    uint32_t crc = protocol::crc32(protocol::bytes_of(header));
    crc = protocol::crc32(message, crc);
    header.csum = crc;
  }
  protocol::append(out, header);
  return out;
}

}  // namespace reference
