// What bytes say, as a tree of named items, made by walking the schema's tables; text.h gives it a
// form. Also an account: every byte is either in the tree or listed as unexplained, with a reason.
// Names are Lustre's own.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/bytes.h"
#include "protocol/message.h"
#include "protocol/operation_info.h"
#include "protocol/struct_info.h"

namespace protocol {

// A number, a name, raw bytes, or a group or list of items. Names, texts and raw bytes point into
// the schema's tables and into what was described.
struct Item {
  enum class Kind : uint8_t { number, text, bytes, group, list };
  enum class Notation : uint8_t { none, fid, nid };  // how people write it, as a whole
  static constexpr uint32_t kNoIndex = ~uint32_t{0};

  std::string_view name = {};  // empty: an element of a list, which has an index only
  uint32_t index = kNoIndex;   // written behind the name: "buf[2]", "[0]"
  uint32_t inside = 0;         // of a group or list: how many of the items behind it belong to it
  Kind kind = Kind::group;
  Notation notation = Notation::none;
  Dialect dialect = Dialect::v2_0;  // that of the names
  bool is_signed = false;
  bool hex = false;
  uint64_t number = 0;  // two's complement if signed
  const NameTable* names = nullptr;
  ByteView bytes = {};  // also those of a text

  std::string full_name() const;
};

// Bytes from `offset` (from the start of what was described) that the schema does not account for.
struct Unexplained {
  uint32_t offset = 0;
  uint32_t length = 0;
  std::string reason = {};
};

// The tree in one vector, each group before what is in it: a group's first child is the item behind
// it, its next sibling `inside + 1` items further.
struct Description {
  std::vector<Item> items;
  std::vector<Unexplained> unexplained;

  uint64_t unexplained_bytes() const;
  // Begins a group or list; what is added until it is closed is in it.
  size_t open(Item item);
  void close(size_t group);
};

enum class Direction : uint8_t { request, reply };

// One struct with its trailing part, appended to `out` as a group. Bytes behind it are unexplained,
// too few of them are all unexplained; their offsets count from `base` on.
void describe(Description& out, const StructInfo& info, ByteView bytes, ByteOrder order,
              Dialect dialect = Dialect::v2_0, uint32_t base = 0);
Description describe(const StructInfo& info, ByteView bytes, ByteOrder order,
                     Dialect dialect = Dialect::v2_0);

// A whole message: header, body, and the operation's buffers in their places. Without an operation
// (null) the other buffers are unexplained. Errors and early replies, which have only the body, are
// explained as such.
void describe(Description& out, const Message& message, const OperationInfo* operation,
              Direction direction, uint32_t base = 0);
Description describe(const Message& message, const OperationInfo* operation, Direction direction);

}  // namespace protocol
