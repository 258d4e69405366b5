// Fills an entry from the first byte of its frame to the last, piece by piece, and keeps the
// account. What is asked for beyond the end of the frame is cut there.
#pragma once

#include <cstdint>
#include <string_view>

#include "harness/decode/entry.h"
#include "protocol/description.h"
#include "protocol/message.h"
#include "protocol/operation_info.h"
#include "protocol/struct_info.h"

namespace harness {

class EntryBuilder {
 public:
  explicit EntryBuilder(Entry& entry) : entry_(entry) {}

  uint32_t left() const { return static_cast<uint32_t>(entry_.frame.size()) - position_; }
  // What is left of the frame, sharing its bytes.
  protocol::Bytes rest() const { return entry_.frame.slice(position_); }
  Entry& entry() { return entry_; }

  // A struct of the framing with its trailing part, in the next `length` bytes.
  void framing(const protocol::StructInfo& info, protocol::ByteOrder order, uint32_t length);
  // The rest of the frame, as a ptlrpc message with the lists of that operation, if there is one.
  void message(const protocol::Message& message, const protocol::OperationInfo* operation,
               protocol::Direction direction);
  uint32_t position() const { return position_; }
  // The rest as a bulk transfer's content that has fields: what is described from opening to
  // closing.
  struct Body {
    size_t group;               // its place among the items
    size_t unexplained_before;  // how many parts were, when it was opened
  };
  Body open_body(std::string_view name);
  void close_body(Body body);
  void bulk(uint32_t length);
  void unexplained(uint32_t length, std::string_view reason);

 private:
  // The next `length` bytes are described: returns how many of them are unexplained, by what was
  // added behind the `known` first.
  uint64_t pass(uint32_t length, size_t known);
  void raw(std::string_view name, uint32_t length);

  Entry& entry_;
  uint32_t position_ = 0;
};

}  // namespace harness
