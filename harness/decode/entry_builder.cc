#include "harness/decode/entry_builder.h"

#include <algorithm>
#include <utility>

namespace harness {

using protocol::Description;
using protocol::Item;
using protocol::Unexplained;

uint64_t EntryBuilder::adopt(Description& description, uint32_t length) {
  uint64_t unknown = 0;
  for (Unexplained& part : description.unexplained) {
    unknown += part.length;
    part.offset += position_;
    entry_.unexplained.push_back(std::move(part));
  }
  position_ += length;
  entry_.count.unexplained += unknown;
  return unknown;
}

void EntryBuilder::framing(const protocol::StructInfo& info, protocol::ByteOrder order,
                           uint32_t length) {
  length = std::min(length, left());
  if (length == 0) return;
  Description description = describe(info, entry_.frame.view().subspan(position_, length), order);
  for (Item& item : description.items) entry_.items.push_back(std::move(item));
  const uint64_t unknown = adopt(description, length);
  entry_.count.framing += length - unknown;
  entry_.count.unexplained_framing += unknown;
}

void EntryBuilder::message(const protocol::Message& message,
                           const protocol::OperationInfo* operation,
                           protocol::Direction direction) {
  Description description = describe(message, operation, direction);
  // What lies in a buffer behind the first is body, all else is framing.
  uint64_t body = 0, unknown_body = 0;
  for (uint32_t index = 1; index < message.buffer_count(); ++index) {
    const uint64_t begin = message.buffer_offset(index);
    const uint64_t end = begin + message.buffer(index).size();
    body += end - begin;
    for (const Unexplained& part : description.unexplained) {
      if (part.offset >= begin && part.offset < end) unknown_body += part.length;
    }
  }
  for (Item& item : description.items) entry_.items.push_back(std::move(item));
  const uint32_t length = left();
  const uint64_t unknown = adopt(description, length);
  entry_.count.body += body - unknown_body;
  entry_.count.framing += length - body - (unknown - unknown_body);
  entry_.count.unexplained_framing += unknown - unknown_body;
}

void EntryBuilder::body(std::string name, Description description) {
  const uint32_t length = left();
  entry_.items.push_back({.name = std::move(name), .items = std::move(description.items)});
  entry_.count.body += length - adopt(description, length);
}

void EntryBuilder::bulk(uint32_t length) {
  length = std::min(length, left());
  entry_.items.push_back({.name = "data",
                          .kind = Item::Kind::bytes,
                          .bytes = entry_.frame.view().subspan(position_, length)});
  entry_.count.bulk += length;
  position_ += length;
}

void EntryBuilder::unexplained(uint32_t length, std::string reason) {
  length = std::min(length, left());
  if (length == 0) return;
  entry_.items.push_back({.name = "unexplained",
                          .kind = Item::Kind::bytes,
                          .bytes = entry_.frame.view().subspan(position_, length)});
  entry_.unexplained.push_back({position_, length, std::move(reason)});
  entry_.count.unexplained += length;
  position_ += length;
}

}  // namespace harness
