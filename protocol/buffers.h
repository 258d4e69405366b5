// The buffers of an operation's request or reply: which buffer of a message is which of the format,
// and the reader and writer that the generated operations are made of. The first thing wrong sticks
// in the reader; what is read after it stays empty.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "protocol/bytes.h"
#include "protocol/codec.h"
#include "protocol/message.h"
#include "protocol/operation_info.h"

namespace protocol {

// Follows the format through a message, place by place. Buffers of a compacted reply (1.8) that
// were left out are recognised by the fields that announce them.
class BufferCursor {
 public:
  BufferCursor(const Message& message, const DirectionInfo& direction)
      : message_(message), direction_(direction), next_offset_(message.buffer_offset(1)) {}

  // The message's buffer for the next place of the format. None if it is not there: left out, or
  // behind the message's last.
  std::optional<uint32_t> next();
  // That buffer's bytes, and where in the message they are.
  ByteView bytes() const { return bytes_; }
  uint32_t offset() const { return offset_; }
  bool left_out() const { return left_out_; }  // that none was due to compaction
  uint32_t place() const { return place_; }    // number of places visited
  uint32_t slot() const { return slot_; }      // the first buffer that has no place so far

 private:
  bool announced(const Presence& presence) const;

  const Message& message_;
  const DirectionInfo& direction_;
  uint32_t place_ = 0;
  uint32_t slot_ = 1;
  bool left_out_ = false;
  uint32_t offset_ = 0;
  uint32_t next_offset_;
  ByteView bytes_ = {};
  // Where the places visited are in the message, for those that announce others.
  std::array<uint8_t, kBufferCountMax> slots_ = {};
};

class BufferReader {
 public:
  BufferReader(const Message& message, const OperationInfo& operation,
               const DirectionInfo& direction)
      : message_(message),
        operation_(operation),
        direction_(direction),
        cursor_(message, direction) {}

  // Each reads the next place of the format. Fewer bytes than a value needs are refused.
  template <WireValue T>
  void value(T& out) {
    if (const auto bytes = take(sizeof(T), false)) assign(out, *bytes);
  }
  template <WireValue T>
  void value(std::optional<T>& out) {
    if (const auto bytes = take(sizeof(T), true)) assign(out.emplace(), *bytes);
  }
  // A struct and what lies behind it.
  template <WireValue T, class Behind>
  void value(T& out, Behind& behind) {
    if (const auto bytes = take(sizeof(T), false)) {
      assign(out, *bytes);
      rest(bytes->subspan(sizeof(T)), behind);
    }
  }
  template <WireValue T, class Behind>
  void value(std::optional<T>& out, Behind& behind) {
    if (const auto bytes = take(sizeof(T), true)) {
      assign(out.emplace(), *bytes);
      rest(bytes->subspan(sizeof(T)), behind);
    }
  }
  // 2.0 wants a whole number of elements, 1.8 leaves a rest alone.
  template <WireValue T>
  void array(ArrayView<T>& out) {
    if (const auto bytes = take_array(sizeof(T))) out = {*bytes, message_.order()};
  }
  template <WireValue T>
  void array(std::optional<ArrayView<T>>& out) {
    if (const auto bytes = take_array(sizeof(T))) out = ArrayView<T>{*bytes, message_.order()};
  }
  // A name must be filled by its string and the NUL; a place of fixed length only needs a NUL.
  void text(std::string_view& out);
  void text(std::optional<std::string_view>& out);
  void data(ByteView& out);
  void data(std::optional<ByteView>& out);

  // All places were read: what is left of the message must be empty.
  void finish() {
    if (!error_ && cursor_.slot() < message_.buffer_count()) refuse_rest();
  }

  const std::optional<WireError>& error() const { return error_; }

 private:
  void refuse_rest();
  // The next buffer, none if it is not there or wrong.
  std::optional<ByteView> take(size_t size_min, bool empty_is_none);
  std::optional<ByteView> take_array(size_t element);
  std::optional<std::string_view> take_text();
  // The bytes suffice.
  template <WireValue T>
  void assign(T& out, ByteView bytes) const {
    std::memcpy(static_cast<void*>(&out), bytes.data(), sizeof(T));
    if (message_.order() != ByteOrder::little) swap_value(out);
  }
  static void rest(ByteView bytes, ByteView& out) { out = bytes; }
  template <WireValue E>
  void rest(ByteView bytes, ArrayView<E>& out) const {
    out = {bytes, message_.order()};
  }
  void refuse(WireError::Kind kind, uint64_t found, uint64_t allowed);
  const BufferInfo& info() const { return direction_.buffers[cursor_.place() - 1]; }

  const Message& message_;
  const OperationInfo& operation_;
  const DirectionInfo& direction_;
  BufferCursor cursor_;
  std::optional<WireError> error_;
};

// Adds the buffers in the format's order. Absent optional ones at the end are left off, one before
// a present buffer becomes empty; in a compacted reply empty ones are left out and counted.
class BufferWriter {
 public:
  BufferWriter(MessageBuilder& builder, const DirectionInfo& direction)
      : builder_(builder), direction_(direction) {}

  template <WireValue T>
  void value(const T& value) {
    put(bytes_of(value));
    fill();
  }
  // A struct and what lies behind it.
  template <WireValue T, class Behind>
  void value(const T& value, const Behind& behind) {
    put(bytes_of(value));
    extend(behind);
    fill();
  }
  template <WireValue T>
  void value(const std::optional<T>& value) {
    value ? this->value(*value) : absent();
  }
  template <WireValue T, class Behind>
  void value(const std::optional<T>& value, const Behind& behind) {
    value ? this->value(*value, behind) : absent();
  }
  template <WireValue T>
  void array(const ArrayView<T>& values) {
    if (values.empty()) return data(ByteView{});
    put({});
    extend(values);
  }
  template <WireValue T>
  void array(const std::optional<ArrayView<T>>& values) {
    values ? array(*values) : absent();
  }
  void text(std::string_view text);
  void text(const std::optional<std::string_view>& text);
  void data(ByteView bytes);
  void data(const std::optional<ByteView>& bytes);
  void finish();

 private:
  void put(ByteView bytes);
  void fill();  // with zeros up to the length that the format gives the last buffer
  void absent();
  void extend(ByteView bytes);
  template <WireValue T>
  void extend(const ArrayView<T>& values) {
    if (values.order() == ByteOrder::little) return extend(values.bytes());
    for (const T value : values) extend(bytes_of(value));
  }

  MessageBuilder& builder_;
  const DirectionInfo& direction_;
  uint32_t place_ = 0;
  uint32_t pending_ = 0;  // absent so far, with nothing behind them
  uint32_t dropped_ = 0;  // left out of a compacted reply
};

// DirectionInfo::check of a request or reply.
template <class T>
std::optional<WireError> check_as(const Message& message) {
  const auto decoded = T::decode(message);
  return decoded ? std::nullopt : std::optional<WireError>(decoded.error());
}

// DirectionInfo::recode of a request or reply.
template <class T>
std::optional<WireError> recode(const Message& message, MessageBuilder& builder) {
  const auto decoded = T::decode(message);
  if (!decoded) return decoded.error();
  decoded->encode(builder);
  return std::nullopt;
}

// Bytes a buffer may take, padding included, at least; for reserving.
template <WireValue T>
constexpr size_t wire_size(const T&) {
  return padded(sizeof(T));
}
inline size_t wire_size(std::string_view text) { return padded(text.size() + 1); }
inline size_t wire_size(ByteView bytes) { return padded(bytes.size()); }
template <WireValue T>
size_t wire_size(const ArrayView<T>& values) {
  return padded(values.bytes().size());
}
template <class T>
size_t wire_size(const std::optional<T>& value) {
  return value ? wire_size(*value) : 0;
}

}  // namespace protocol
