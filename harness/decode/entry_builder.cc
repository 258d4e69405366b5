#include "harness/decode/entry_builder.h"

#include <algorithm>
#include <utility>

namespace harness {

using protocol::Item;
using protocol::Unexplained;

uint64_t EntryBuilder::pass(uint32_t length, size_t known) {
  uint64_t unknown = 0;
  const std::vector<Unexplained>& parts = entry_.description.unexplained;
  for (size_t i = known; i < parts.size(); ++i) unknown += parts[i].length;
  position_ += length;
  entry_.count.unexplained += unknown;
  return unknown;
}

void EntryBuilder::framing(const protocol::StructInfo& info, protocol::ByteOrder order,
                           uint32_t length) {
  length = std::min(length, left());
  if (length == 0) return;
  const size_t known = entry_.description.unexplained.size();
  describe(entry_.description, info, entry_.frame.view().subspan(position_, length), order,
           protocol::Dialect::v2_0, position_);
  const uint64_t unknown = pass(length, known);
  entry_.count.framing += length - unknown;
  entry_.count.unexplained_framing += unknown;
}

void EntryBuilder::message(const protocol::Message& message,
                           const protocol::OperationInfo* operation,
                           protocol::Direction direction) {
  const std::vector<Unexplained>& parts = entry_.description.unexplained;
  const size_t known = parts.size();
  describe(entry_.description, message, operation, direction, position_);
  // What lies in a buffer behind the first is body, all else is framing.
  uint64_t body = 0, unknown_body = 0;
  for (uint32_t index = 1; index < message.buffer_count(); ++index) {
    const uint64_t begin = position_ + message.buffer_offset(index);
    const uint64_t end = begin + message.buffer(index).size();
    body += end - begin;
    for (size_t i = known; i < parts.size(); ++i) {
      if (parts[i].offset >= begin && parts[i].offset < end) unknown_body += parts[i].length;
    }
  }
  const uint32_t length = left();
  const uint64_t unknown = pass(length, known);
  entry_.count.body += body - unknown_body;
  entry_.count.framing += length - body - (unknown - unknown_body);
  entry_.count.unexplained_framing += unknown - unknown_body;
}

EntryBuilder::Body EntryBuilder::open_body(std::string_view name) {
  return {.group = entry_.description.open({.name = name}),
          .unexplained_before = entry_.description.unexplained.size()};
}

void EntryBuilder::close_body(Body body) {
  entry_.description.close(body.group);
  const uint32_t length = left();
  entry_.count.body += length - pass(length, body.unexplained_before);
}

void EntryBuilder::bulk(uint32_t length) {
  length = std::min(length, left());
  raw("data", length);
  entry_.count.bulk += length;
  position_ += length;
}

void EntryBuilder::unexplained(uint32_t length, std::string_view reason) {
  length = std::min(length, left());
  if (length == 0) return;
  raw("unexplained", length);
  entry_.description.unexplained.push_back({position_, length, std::string(reason)});
  entry_.count.unexplained += length;
  position_ += length;
}

void EntryBuilder::raw(std::string_view name, uint32_t length) {
  entry_.description.items.push_back({.name = name,
                                      .kind = Item::Kind::bytes,
                                      .bytes = entry_.frame.view().subspan(position_, length)});
}

}  // namespace harness
