#include <fmt/format.h>

#include <algorithm>

#include "protocol/buffers.h"
#include "protocol/describer.h"

namespace protocol {
namespace {

class MessageDescriber {
 public:
  MessageDescriber(Description& out, const Message& message, Dialect dialect, uint32_t base)
      : out_(out), message_(message), describer_(out, message.order(), dialect, base) {}

  void envelope() {
    const ByteView bytes = message_.bytes().view();
    const uint32_t count = message_.buffer_count();
    const size_t lengths = sizeof(ptlrpc::LustreMsgV2) + count * sizeof(uint32_t);
    const size_t header = out_.open({.name = ptlrpc::LustreMsgV2::kLustre});
    describer_.fields(ptlrpc::LustreMsgV2::kInfo, bytes.first(lengths), 0);
    out_.close(header);
    padding(lengths, message_header_size(count));
    body();
    for (uint32_t index = 0; index < count; ++index) {
      const size_t end = message_.buffer_offset(index) + message_.buffer(index).size();
      padding(end, std::min<size_t>(padded(end), message_.length()));
    }
    describer_.unexplained(message_.length(), bytes.size() - message_.length(),
                           "behind the message");
  }

  void buffers(const DirectionInfo& direction) {
    BufferCursor cursor(message_, direction);
    uint32_t used = 1;
    for (const BufferInfo& info : direction.buffers) {
      const std::optional<uint32_t> slot = cursor.next();
      if (!slot) continue;
      used = *slot + 1;
      buffer(info, cursor.bytes(), cursor.offset());
    }
    without_place(used, "buffer without a place in the format");
  }

  void without_place(uint32_t first, std::string_view reason) {
    for (uint32_t index = first; index < message_.buffer_count(); ++index) {
      const ByteView bytes = message_.buffer(index);
      if (bytes.empty()) continue;
      describer_.raw({"buffer", index}, bytes);
      describer_.unexplained(message_.buffer_offset(index), bytes.size(), reason);
    }
  }

 private:
  void padding(size_t begin, size_t end) {
    if (end <= begin) return;
    const ByteView bytes = message_.bytes().view().subspan(begin, end - begin);
    if (!all_zero(bytes)) {
      describer_.unexplained(begin, bytes.size(), "padding that is not zero");
    }
  }

  // What a short body leaves out reads as zeros. Later versions have a longer one.
  void body() {
    const ByteView bytes = message_.buffer(0);
    const bool later = bytes.size() >= sizeof(ptlrpc::PtlrpcBodyV3);
    const StructInfo& info = later ? ptlrpc::PtlrpcBodyV3::kInfo : ptlrpc::PtlrpcBody::kInfo;
    std::array<uint8_t, sizeof(ptlrpc::PtlrpcBody)> filled_up = {};
    ByteView whole = bytes.first(std::min<size_t>(bytes.size(), info.size));
    if (whole.size() < info.size) {
      std::ranges::copy(whole, filled_up.begin());
      whole = filled_up;
    }
    const size_t group = out_.open({.name = ptlrpc::PtlrpcBody::kLustre});
    describer_.fields(info, whole, message_.buffer_offset(0));
    out_.close(group);
    if (bytes.size() > info.size) {
      describer_.unexplained(message_.buffer_offset(0) + info.size, bytes.size() - info.size,
                             "longer than ptlrpc_body");
    }
    if (later) describer_.speak_later();
  }

  void buffer(const BufferInfo& info, ByteView bytes, uint32_t offset) {
    if (bytes.empty()) return;
    switch (info.kind) {
      case BufferKind::structure:
        return structure(info, bytes, offset);
      case BufferKind::integer:
        if (bytes.size() < info.element_size) {
          describer_.unexplained(offset, bytes.size(), "shorter than its number");
          return;
        }
        describer_.number({info.name}, bytes.first(info.element_size), info.names);
        describer_.unexplained(offset + info.element_size, bytes.size() - info.element_size,
                               "longer than its number");
        return;
      case BufferKind::array:
        return array(info, bytes, offset);
      case BufferKind::text:
        return describer_.text_and_zeros({info.name}, bytes, offset);
      case BufferKind::data:
        return describer_.data(info.name, bytes, offset);
    }
  }

  // The format may give a struct a longer place than it fills.
  void structure(const BufferInfo& info, ByteView bytes, uint32_t offset) {
    const uint32_t size = info.structure->size;
    if (info.count > size && bytes.size() > size && bytes.size() <= info.count) {
      if (all_zero(bytes.subspan(size))) bytes = bytes.first(size);
    }
    describer_.structure({info.name}, *info.structure, bytes, offset);
  }

  void array(const BufferInfo& info, ByteView bytes, uint32_t offset) {
    const size_t list = out_.open({.name = info.name, .kind = Item::Kind::list});
    const size_t count = bytes.size() / info.element_size;
    for (uint32_t index = 0; index < count; ++index) {
      const size_t place = size_t{index} * info.element_size;
      const ByteView part = bytes.subspan(place, info.element_size);
      if (info.structure == nullptr) {
        describer_.number({{}, index}, part, info.names);
      } else {
        describer_.structure({{}, index}, *info.structure, part,
                             offset + static_cast<uint32_t>(place));
      }
    }
    out_.close(list);
    const size_t explained = count * info.element_size;
    describer_.unexplained(offset + explained, bytes.size() - explained, "rest of an array");
  }

  Description& out_;
  const Message& message_;
  Describer describer_;
};

}  // namespace

void describe(Description& out, const Message& message, const OperationInfo* operation,
              Direction direction, uint32_t base) {
  const Dialect dialect = operation == nullptr ? Dialect::v2_0 : operation->dialect;
  MessageDescriber describer(out, message, dialect, base);
  describer.envelope();
  if (operation == nullptr) {
    describer.without_place(1, "buffer of an unknown operation");
  } else {
    describer.buffers(direction == Direction::request ? operation->request : operation->reply);
  }
}

Description describe(const Message& message, const OperationInfo* operation, Direction direction) {
  Description out;
  describe(out, message, operation, direction);
  return out;
}

}  // namespace protocol
