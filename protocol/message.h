// The ptlrpc message (lustre_msg_v2): a header, the lengths of its buffers, and the buffers, each
// at an 8-byte boundary; buffer 0 is the ptlrpc_body. Facts: lnet-socklnd 7.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <string_view>

#include "protocol/bytes.h"
#include "protocol/codec.h"
#include "protocol/lnet.h"
#include "protocol/ptlrpc.h"

namespace protocol {

// Lustre keeps a bit per buffer in 32 bits, so no message of its has more.
inline constexpr uint32_t kBufferCountMax = 32;
// The 1.6 body, which readers still accept.
inline constexpr uint32_t kBodySizeMin = 88;

// A received message: its bytes, and its header and body decoded. Copies share the bytes. Every
// bound is checked in `parse`, so no view handed out leaves the bytes.
class Message {
 public:
  // Takes the sender's byte order from the magic. The bytes may be longer than the message.
  static std::expected<Message, WireError> parse(Bytes bytes);

  const ptlrpc::LustreMsgV2& header() const { return header_; }
  ByteOrder order() const { return order_; }
  // Buffers, ptlrpc_body included.
  uint32_t buffer_count() const { return header_.bufcount; }
  // Bytes of a buffer that is there, without its padding.
  uint32_t buffer_length(uint32_t index) const;
  // Empty for a buffer that is not there.
  ByteView buffer(uint32_t index) const;
  // Offset of that buffer from the start of the message, in bytes.
  uint32_t buffer_offset(uint32_t index) const;
  // The body; what a shorter one leaves out is 0.
  const ptlrpc::PtlrpcBody& body() const { return body_; }
  // Bytes the sender gave it: a server answers in kind.
  uint32_t body_length() const { return body_length_; }
  const Bytes& bytes() const { return bytes_; }
  // Bytes from the header to the end of the last buffer, padding included.
  uint32_t length() const { return length_; }

 private:
  Bytes bytes_;
  ptlrpc::LustreMsgV2 header_;
  ptlrpc::PtlrpcBody body_;
  ByteOrder order_ = ByteOrder::little;
  uint32_t body_length_ = 0;
  uint32_t length_ = 0;
};

// Bytes of the header of a message with so many buffers, lengths and padding included.
constexpr size_t message_header_size(uint32_t buffers) {
  return sizeof(ptlrpc::LustreMsgV2) + padded(size_t{buffers} * sizeof(uint32_t));
}

// Puts a message together in one allocation, if `reserve` was told the buffers' size (the
// operations' encode does). Little-endian, the header right before the first buffer.
class MessageBuilder {
 public:
  // `body_length` below 152 makes a shorter body, as a peer of 1.6 or a 1.8 server answering one.
  explicit MessageBuilder(const ptlrpc::PtlrpcBody& body, uint32_t flags = 0, uint32_t secflvr = 0,
                          uint32_t repsize = 0, uint32_t body_length = ptlrpc::PtlrpcBody::kSize);

  // Announces that buffers of `bytes` in all, padding included, will be added.
  void reserve(size_t bytes);
  void add(ByteView bytes);
  template <WireStruct T>
  void add(const T& value) {
    add(bytes_of(value));
  }
  void add_string(std::string_view text);  // with its NUL
  // The header's fields may be set until finish; bufcount and magic are the builder's.
  ptlrpc::LustreMsgV2& header() { return header_; }
  // Likewise the body's: what of a reply is known only when it is complete (status, transno).
  ptlrpc::PtlrpcBody& body() { return body_; }
  // Grows the last buffer by so many bytes, which the caller fills. Returned bytes are zero.
  ByteSpan extend_last(size_t count);

  uint32_t buffer_count() const { return count_; }
  uint32_t last_length() const { return lengths_[count_ - 1]; }
  // The message behind `headroom` (at most 72) zero bytes. The builder is spent.
  Bytes finish(size_t headroom = 0);
  // The message as payload of this LNet header, whose payload_length is filled in.
  Bytes finish(lnet::LnetHdr lnet_header);

 private:
  size_t write_header();

  ptlrpc::LustreMsgV2 header_;
  ptlrpc::PtlrpcBody body_;
  uint32_t count_ = 0;
  std::array<uint32_t, kBufferCountMax> lengths_ = {};
  BytesBuilder content_;
};

}  // namespace protocol
