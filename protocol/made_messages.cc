#include "protocol/made_messages.h"

#include <algorithm>

#include "protocol/buffers.h"

namespace protocol {

Content MessageMaker::bytes(size_t count) {
  Content out(count);
  for (uint8_t& byte : out) byte = static_cast<uint8_t>(below(256));
  return out;
}

std::vector<Content> MessageMaker::buffers(const DirectionInfo& direction) {
  std::vector<Content> made;
  std::vector<Content> sent;
  size_t left_out = 0;
  const uint64_t kept = below(direction.buffers.size() + 1);
  for (const BufferInfo& info : direction.buffers) {
    const size_t place = made.size();
    // Optional buffers are left off at the end only.
    if (info.optional && place >= kept) break;
    const bool due = !direction.compact || announced(info.presence, made);
    Content content = due ? buffer(info) : Content{};
    // What is announced is there; a buffer that is empty otherwise moves to the end.
    while (due && direction.compact && content.empty()) content = buffer(info);
    made.push_back(content);
    if (due) sent.push_back(content);
    if (!due) ++left_out;
  }
  sent.resize(sent.size() + left_out);
  return sent;
}

Content MessageMaker::buffer(const BufferInfo& info) {
  if (info.may_be_empty && below(4) == 0) return {};
  switch (info.kind) {
    case BufferKind::structure: {
      Content out = bytes(info.structure->size);
      if (!info.structure->fields.empty() && info.structure->fields.back().trailing) {
        const Content more = bytes(below(4) * info.structure->fields.back().width);
        out.insert(out.end(), more.begin(), more.end());
      }
      if (out.size() < info.count) out.resize(info.count);
      return out;
    }
    case BufferKind::integer:
      return bytes(info.element_size);
    case BufferKind::array:
      return bytes(below(4) * info.element_size);
    case BufferKind::text: {
      Content out(info.count > 0 ? below(info.count) : 1 + below(20));
      for (uint8_t& byte : out) byte = static_cast<uint8_t>('a' + below(26));
      out.resize(info.count > 0 ? info.count : out.size() + 1);
      return out;
    }
    case BufferKind::data:
      return bytes(info.count > 0 ? info.count : below(40));
  }
  return {};
}

bool announced(const Presence& presence, const std::vector<Content>& made) {
  if (presence.width == 0) return true;
  uint64_t value = 0;
  for (uint32_t i = 0; i < presence.width; ++i) {
    value |= uint64_t{made[presence.buffer][presence.offset + i]} << (8 * i);
  }
  return (value & presence.mask) != 0;
}

namespace {

void turn(uint8_t* bytes, const FieldInfo& field, uint32_t count) {
  if (field.opaque || field.little_endian) return;
  for (uint32_t index = 0; index < count; ++index, bytes += field.width) {
    if (field.kind == FieldKind::structure) {
      turn(bytes, *field.structure);
    } else if (field.kind != FieldKind::bytes && field.kind != FieldKind::text) {
      std::reverse(bytes, bytes + field.width);
    }
  }
}

}  // namespace

void turn(uint8_t* bytes, const StructInfo& info) {
  if (info.opaque || info.little_endian) return;
  for (const FieldInfo& field : info.fields) {
    if (!field.trailing) turn(bytes + field.offset, field, field.count);
  }
}

namespace {

// A buffer as a big-endian peer sends it.
void turn(Content& content, const BufferInfo& info) {
  if (content.empty() || info.kind == BufferKind::text || info.kind == BufferKind::data) return;
  if (info.kind == BufferKind::structure) {
    turn(content.data(), *info.structure);
    const FieldInfo& last = info.structure->fields.back();
    const size_t rest = content.size() - info.structure->size;
    if (last.trailing) {
      turn(content.data() + info.structure->size, last, static_cast<uint32_t>(rest / last.width));
    }
    return;
  }
  for (size_t place = 0; place + info.element_size <= content.size(); place += info.element_size) {
    if (info.structure != nullptr) {
      turn(content.data() + place, *info.structure);
    } else {
      std::reverse(content.begin() + static_cast<long>(place),
                   content.begin() + static_cast<long>(place + info.element_size));
    }
  }
}

}  // namespace

Bytes message_of(const ptlrpc::PtlrpcBody& body, const std::vector<Content>& buffers) {
  MessageBuilder builder(body);
  for (const Content& content : buffers) builder.add(content);
  return builder.finish();
}

Bytes foreign_message(const ptlrpc::PtlrpcBody& body, std::vector<Content> buffers,
                      const DirectionInfo& direction, const Message& ours) {
  BufferCursor cursor(ours, direction);
  for (const BufferInfo& info : direction.buffers) {
    const auto slot = cursor.next();
    if (slot) turn(buffers[*slot - 1], info);
  }
  const Bytes little = message_of(body, buffers);
  Content out(little.view().begin(), little.view().end());
  const auto words = static_cast<uint32_t>(8 + buffers.size() + 1);
  for (uint32_t word = 0; word < words; ++word) {
    std::reverse(out.begin() + 4 * word, out.begin() + 4 * word + 4);
  }
  turn(out.data() + message_header_size(static_cast<uint32_t>(buffers.size() + 1)),
       ptlrpc::PtlrpcBody::kInfo);
  return Bytes(std::move(out));
}

}  // namespace protocol
