#include "protocol/message.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "protocol/check.h"

namespace protocol {

using ptlrpc::LustreMsgV2;
using ptlrpc::PtlrpcBody;

namespace {

constexpr std::string_view kSubject = "lustre_msg_v2";
// Before the first buffer: room for an LNet header and the largest message header.
constexpr size_t kFront = sizeof(lnet::LnetHdr) + message_header_size(kBufferCountMax);

std::unexpected<WireError> refuse(WireError::Kind kind, std::string_view field, uint64_t offset,
                                  uint64_t found, uint64_t allowed) {
  return std::unexpected(WireError{.subject = kSubject,
                                   .field = field,
                                   .offset = static_cast<uint32_t>(offset),
                                   .found = found,
                                   .allowed = allowed,
                                   .kind = kind});
}

}  // namespace

std::expected<Message, WireError> Message::parse(Bytes bytes) {
  using Kind = WireError::Kind;
  const size_t size = bytes.size();
  if (size > UINT32_MAX) return refuse(Kind::too_many, {}, 0, size, UINT32_MAX);
  if (size < sizeof(LustreMsgV2)) {
    return refuse(Kind::too_short, {}, 0, size, sizeof(LustreMsgV2));
  }
  std::expected<Message, WireError> parsed(std::in_place);
  Message& message = *parsed;
  uint32_t magic = 0;
  std::memcpy(&magic, bytes.data() + offsetof(LustreMsgV2, magic), sizeof(magic));
  if (magic == std::byteswap(ptlrpc::msg_magic::kV2)) {
    message.order_ = ByteOrder::big;
  } else if (magic != ptlrpc::msg_magic::kV2) {
    return refuse(Kind::bad_magic, "lm_magic", offsetof(LustreMsgV2, magic), magic,
                  ptlrpc::msg_magic::kV2);
  }
  message.header_ = *decode<LustreMsgV2>(bytes.view(), message.order_);
  const uint32_t count = message.header_.bufcount;
  if (count > kBufferCountMax) {
    return refuse(Kind::too_many, "lm_bufcount", offsetof(LustreMsgV2, bufcount), count,
                  kBufferCountMax);
  }
  if (count == 0) {
    return refuse(Kind::bad_value, "lm_bufcount", offsetof(LustreMsgV2, bufcount), 0, 1);
  }
  if (size < message_header_size(count)) {
    return refuse(Kind::too_short, "lm_buflens", sizeof(LustreMsgV2), size,
                  message_header_size(count));
  }
  message.bytes_ = std::move(bytes);
  uint64_t end = message_header_size(count);
  for (uint32_t index = 0; index < count; ++index) {
    const uint32_t length = message.buffer_length(index);
    const uint64_t place = sizeof(LustreMsgV2) + index * sizeof(uint32_t);
    if (end + length > size)
      return refuse(Kind::too_short, "lm_buflens", place, size, end + length);
    // The padding of the last buffer may be missing.
    end = std::min<uint64_t>(end + padded(length), size);
  }
  message.length_ = static_cast<uint32_t>(end);
  message.body_length_ = message.buffer_length(0);
  if (message.body_length_ < kBodySizeMin) {
    return refuse(Kind::too_short, "ptlrpc_body", message_header_size(count), message.body_length_,
                  kBodySizeMin);
  }
  const size_t known = std::min<size_t>(message.body_length_, sizeof(PtlrpcBody));
  std::memcpy(static_cast<void*>(&message.body_), message.buffer(0).data(), known);
  if (message.order_ != ByteOrder::little) swap_bytes(message.body_);
  return parsed;
}

uint32_t Message::buffer_length(uint32_t index) const {
  uint32_t length = 0;
  std::memcpy(&length, bytes_.data() + sizeof(LustreMsgV2) + index * sizeof(length),
              sizeof(length));
  return order_ == ByteOrder::little ? length : std::byteswap(length);
}

uint32_t Message::buffer_offset(uint32_t index) const {
  size_t offset = message_header_size(buffer_count());
  for (uint32_t before = 0; before < std::min(index, buffer_count()); ++before) {
    offset += padded(buffer_length(before));
  }
  return static_cast<uint32_t>(offset);
}

ByteView Message::buffer(uint32_t index) const {
  if (index >= buffer_count()) return {};
  const uint32_t length = buffer_length(index);
  // An empty last buffer may lie behind missing padding.
  if (length == 0) return {};
  return bytes_.view().subspan(buffer_offset(index), length);
}

MessageBuilder::MessageBuilder(const PtlrpcBody& body, uint32_t flags, uint32_t secflvr,
                               uint32_t repsize, uint32_t body_length)
    : header_{.secflvr = secflvr,
              .magic = ptlrpc::msg_magic::kV2,
              .repsize = repsize,
              .flags = flags},
      body_(body),
      count_(1) {
  CHECK(body_length >= kBodySizeMin && body_length <= PtlrpcBody::kSize);
  lengths_[0] = body_length;
}

void MessageBuilder::reserve(size_t bytes) {
  content_.reserve(kFront + padded(lengths_[0]) + bytes);
  if (content_.size() == 0) {
    content_.extend(kFront);
    content_.append(bytes_of(body_).first(lengths_[0]));
    content_.append_zeros(padded(lengths_[0]) - lengths_[0]);
  }
}

void MessageBuilder::add(ByteView bytes) {
  CHECK(count_ < kBufferCountMax);
  if (content_.size() == 0) reserve(1024);
  lengths_[count_++] = static_cast<uint32_t>(bytes.size());
  content_.append(bytes);
  content_.append_zeros(padded(bytes.size()) - bytes.size());
}

void MessageBuilder::add_string(std::string_view text) {
  add(as_bytes(text));
  extend_last(1);
}

ByteSpan MessageBuilder::extend_last(size_t count) {
  CHECK(count_ > 1);
  uint32_t& length = lengths_[count_ - 1];
  const size_t padding = padded(length) - length;
  const size_t start = content_.size() - padding;
  const size_t wanted = padded(length + count);
  content_.append_zeros(start + wanted - length - content_.size());
  length += static_cast<uint32_t>(count);
  return content_.span().subspan(start, count);
}

// Returns where in the content the message starts.
size_t MessageBuilder::write_header() {
  if (content_.size() == 0) reserve(0);
  header_.bufcount = count_;
  const size_t start = kFront - message_header_size(count_);
  const ByteSpan front = content_.span().subspan(start, message_header_size(count_));
  encode(header_, front);
  std::memcpy(content_.span().subspan(kFront).data(), &body_, lengths_[0]);
  const ByteSpan lengths = front.subspan(sizeof(LustreMsgV2));
  std::memset(lengths.data(), 0, lengths.size());
  std::memcpy(lengths.data(), lengths_.data(), count_ * sizeof(uint32_t));
  return start;
}

Bytes MessageBuilder::finish(size_t headroom) {
  CHECK(headroom <= sizeof(lnet::LnetHdr));
  const size_t start = write_header() - headroom;
  std::memset(content_.span().subspan(start, headroom).data(), 0, headroom);
  return content_.finish(start);
}

Bytes MessageBuilder::finish(lnet::LnetHdr lnet_header) {
  const size_t start = write_header();
  lnet_header.payload_length = static_cast<uint32_t>(content_.size() - start);
  encode(lnet_header, content_.span().subspan(start - sizeof(lnet_header)));
  return content_.finish(start - sizeof(lnet_header));
}

}  // namespace protocol
