#include "protocol/buffers.h"

#include <algorithm>

namespace protocol {

bool BufferCursor::announced(const Presence& presence) const {
  if (presence.width == 0) return true;
  const ByteView buffer = message_.buffer(slots_[presence.buffer]);
  if (buffer.size() < presence.offset + presence.width) return false;
  const ByteView bytes = buffer.subspan(presence.offset, presence.width);
  uint64_t value = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    const size_t shift = message_.order() == ByteOrder::little ? i : bytes.size() - 1 - i;
    value |= uint64_t{bytes[i]} << (8 * shift);
  }
  return (value & presence.mask) != 0;
}

std::optional<uint32_t> BufferCursor::next() {
  const BufferInfo& info = direction_.buffers[place_];
  const uint32_t place = place_++;
  left_out_ = direction_.compact && !announced(info.presence);
  slots_[place] = kBufferCountMax;
  offset_ = next_offset_;
  bytes_ = {};
  if (left_out_ || slot_ >= message_.buffer_count()) return std::nullopt;
  const uint32_t slot = slot_++;
  slots_[place] = static_cast<uint8_t>(slot);
  if (const uint32_t length = message_.buffer_length(slot); length > 0) {
    bytes_ = message_.bytes().view().subspan(offset_, length);
    next_offset_ += static_cast<uint32_t>(padded(length));
  }
  return slot;
}

void BufferReader::refuse(WireError::Kind kind, uint64_t found, uint64_t allowed) {
  error_ = WireError{.subject = operation_.name,
                     .field = info().name,
                     .offset = cursor_.offset(),
                     .found = found,
                     .allowed = allowed,
                     .kind = kind};
}

void BufferReader::refuse_rest() {
  for (uint32_t slot = cursor_.slot(); slot < message_.buffer_count(); ++slot) {
    if (message_.buffer_length(slot) == 0) continue;
    error_ = WireError{.subject = operation_.name,
                       .field = "lm_bufcount",
                       .offset = offsetof(ptlrpc::LustreMsgV2, bufcount),
                       .found = message_.buffer_count(),
                       .allowed = cursor_.slot(),
                       .kind = WireError::Kind::too_many};
    return;
  }
}

std::optional<ByteView> BufferReader::take(size_t size_min, bool empty_is_none) {
  if (error_) return std::nullopt;
  const std::optional<uint32_t> slot = cursor_.next();
  if (!slot) {
    if (!cursor_.left_out() && !info().optional) {
      refuse(WireError::Kind::missing_buffer, message_.buffer_count(), cursor_.place());
    }
    return std::nullopt;
  }
  const ByteView bytes = cursor_.bytes();
  if (bytes.empty() && empty_is_none) return std::nullopt;
  if (bytes.size() < size_min) {
    refuse(WireError::Kind::too_short, bytes.size(), size_min);
    return std::nullopt;
  }
  return bytes;
}

std::optional<ByteView> BufferReader::take_array(size_t element) {
  const std::optional<ByteView> bytes = take(0, false);
  if (bytes && operation_.dialect == Dialect::v2_0 && bytes->size() % element != 0) {
    refuse(WireError::Kind::bad_length, bytes->size(), element);
    return std::nullopt;
  }
  return bytes;
}

std::optional<std::string_view> BufferReader::take_text() {
  const std::optional<ByteView> bytes = take(0, false);
  if (!bytes) return std::nullopt;
  if (bytes->empty() && info().may_be_empty) return std::string_view{};
  const std::string_view whole = as_text(*bytes);
  const size_t end = whole.find('\0');
  const bool filled = end + 1 == whole.size();
  if (end == std::string_view::npos || (!filled && info().count == 0)) {
    refuse(WireError::Kind::bad_text, whole.size(), end);
    return std::nullopt;
  }
  return whole.substr(0, end);
}

void BufferReader::text(std::string_view& out) { out = take_text().value_or(std::string_view{}); }
void BufferReader::text(std::optional<std::string_view>& out) { out = take_text(); }

void BufferReader::data(ByteView& out) {
  std::optional<ByteView> bytes;
  data(bytes);
  out = bytes.value_or(ByteView{});
}

void BufferReader::data(std::optional<ByteView>& out) {
  out = take(0, false);
  if (out && out->size() < info().count && !(out->empty() && info().may_be_empty)) {
    refuse(WireError::Kind::too_short, out->size(), info().count);
  }
}

void BufferWriter::put(ByteView bytes) {
  for (; pending_ > 0; --pending_) builder_.add(ByteView{});
  ++place_;
  builder_.add(bytes);
}

void BufferWriter::fill() {
  const BufferInfo& info = direction_.buffers[place_ - 1];
  const size_t length = builder_.last_length();
  if (info.kind == BufferKind::structure && length < info.count) {
    builder_.extend_last(info.count - length);
  }
}

void BufferWriter::absent() {
  const BufferInfo& info = direction_.buffers[place_];
  if (info.optional) {
    ++place_;
    ++pending_;
  } else if (direction_.compact) {
    ++place_;
    ++dropped_;
  } else {
    put({});
  }
}

void BufferWriter::extend(ByteView bytes) {
  if (!bytes.empty())
    std::memcpy(builder_.extend_last(bytes.size()).data(), bytes.data(), bytes.size());
}

void BufferWriter::data(ByteView bytes) {
  if (bytes.empty() && direction_.compact) {
    ++place_;
    ++dropped_;
    return;
  }
  put(bytes);
}

void BufferWriter::data(const std::optional<ByteView>& bytes) { bytes ? data(*bytes) : absent(); }

void BufferWriter::text(std::string_view text) {
  const BufferInfo& info = direction_.buffers[place_];
  if (text.empty() && info.may_be_empty) return data(ByteView{});
  if (info.count == 0) {
    put(as_bytes(text));
    builder_.extend_last(1);
    return;
  }
  text = text.substr(0, info.count - 1);
  put(as_bytes(text));
  builder_.extend_last(info.count - text.size());
}

void BufferWriter::text(const std::optional<std::string_view>& value) {
  value ? text(*value) : absent();
}

void BufferWriter::finish() {
  for (; dropped_ > 0; --dropped_) builder_.add(ByteView{});
}

}  // namespace protocol
