#include <fmt/format.h>

#include <algorithm>

#include "protocol/buffers.h"
#include "protocol/describer.h"

namespace protocol {
namespace {

class MessageDescriber {
 public:
  MessageDescriber(Description& out, const Message& message, Dialect dialect)
      : out_(out), message_(message), describer_(out, message.order(), dialect) {}

  void envelope() {
    const ByteView bytes = message_.bytes().view();
    const uint32_t count = message_.buffer_count();
    const size_t lengths = sizeof(ptlrpc::LustreMsgV2) + count * sizeof(uint32_t);
    Item header{.name = std::string(ptlrpc::LustreMsgV2::kLustre)};
    describer_.fields(header.items, ptlrpc::LustreMsgV2::kInfo, bytes.first(lengths), 0);
    out_.items.push_back(std::move(header));
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

  void without_place(uint32_t first, const std::string& reason) {
    for (uint32_t index = first; index < message_.buffer_count(); ++index) {
      const ByteView bytes = message_.buffer(index);
      if (bytes.empty()) continue;
      out_.items.push_back(
          {.name = fmt::format("buffer[{}]", index), .kind = Item::Kind::bytes, .bytes = bytes});
      describer_.unexplained(message_.buffer_offset(index), bytes.size(), reason);
    }
  }

 private:
  void padding(size_t begin, size_t end) {
    if (end <= begin) return;
    const ByteView bytes = message_.bytes().view().subspan(begin, end - begin);
    if (std::ranges::any_of(bytes, [](uint8_t byte) { return byte != 0; })) {
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
    Item group{.name = std::string(ptlrpc::PtlrpcBody::kLustre)};
    describer_.fields(group.items, info, whole, message_.buffer_offset(0));
    out_.items.push_back(std::move(group));
    if (bytes.size() > info.size) {
      describer_.unexplained(message_.buffer_offset(0) + info.size, bytes.size() - info.size,
                             "longer than ptlrpc_body");
    }
    if (later) describer_.speak_later();
  }

  void buffer(const BufferInfo& info, ByteView bytes, uint32_t offset) {
    if (bytes.empty()) return;
    std::string name(info.name);
    switch (info.kind) {
      case BufferKind::structure:
        out_.items.push_back(structure(info, std::move(name), bytes, offset));
        return;
      case BufferKind::integer:
        if (bytes.size() < info.element_size) {
          describer_.unexplained(offset, bytes.size(), "shorter than its number");
          return;
        }
        out_.items.push_back(
            describer_.number(std::move(name), bytes.first(info.element_size), info.names));
        describer_.unexplained(offset + info.element_size, bytes.size() - info.element_size,
                               "longer than its number");
        return;
      case BufferKind::array:
        array(info, std::move(name), bytes, offset);
        return;
      case BufferKind::text:
        text(std::move(name), bytes, offset);
        return;
      case BufferKind::data:
        out_.items.push_back(describer_.data(std::move(name), bytes, offset));
        return;
    }
  }

  // The format may give a struct a longer place than it fills.
  Item structure(const BufferInfo& info, std::string name, ByteView bytes, uint32_t offset) {
    const uint32_t size = info.structure->size;
    if (info.count > size && bytes.size() > size && bytes.size() <= info.count) {
      const ByteView rest = bytes.subspan(size);
      if (std::ranges::all_of(rest, [](uint8_t byte) { return byte == 0; })) {
        bytes = bytes.first(size);
      }
    }
    return describer_.structure(std::move(name), *info.structure, bytes, offset);
  }

  void array(const BufferInfo& info, std::string name, ByteView bytes, uint32_t offset) {
    Item list{.name = std::move(name), .kind = Item::Kind::list};
    const size_t count = bytes.size() / info.element_size;
    for (size_t index = 0; index < count; ++index) {
      const size_t place = index * info.element_size;
      const ByteView part = bytes.subspan(place, info.element_size);
      std::string element = fmt::format("[{}]", index);
      list.items.push_back(info.structure == nullptr
                               ? describer_.number(std::move(element), part, info.names)
                               : describer_.structure(std::move(element), *info.structure, part,
                                                      offset + static_cast<uint32_t>(place)));
    }
    out_.items.push_back(std::move(list));
    const size_t explained = count * info.element_size;
    describer_.unexplained(offset + explained, bytes.size() - explained, "rest of an array");
  }

  void text(std::string name, ByteView bytes, uint32_t offset) {
    const std::string_view whole = as_text(bytes);
    const size_t end = std::min(whole.find('\0'), whole.size());
    out_.items.push_back({.name = std::move(name),
                          .kind = Item::Kind::text,
                          .text = std::string(whole.substr(0, end))});
    if (std::ranges::any_of(bytes.subspan(end), [](uint8_t byte) { return byte != 0; })) {
      describer_.unexplained(offset + end, bytes.size() - end, "bytes behind the end of a name");
    }
  }

  Description& out_;
  const Message& message_;
  Describer describer_;
};

}  // namespace

Description describe(const Message& message, const OperationInfo* operation, Direction direction) {
  Description out;
  MessageDescriber describer(out, message,
                             operation == nullptr ? Dialect::v2_0 : operation->dialect);
  describer.envelope();
  if (operation == nullptr) {
    describer.without_place(1, "buffer of an unknown operation");
  } else {
    describer.buffers(direction == Direction::request ? operation->request : operation->reply);
  }
  return out;
}

}  // namespace protocol
