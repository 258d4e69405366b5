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

// A number, a name, raw bytes, or a group of items. Raw bytes point into what was described.
struct Item {
  enum class Kind : uint8_t { number, text, bytes, group, list };

  std::string name;
  Kind kind = Kind::group;
  uint64_t number = 0;  // two's complement if signed
  bool is_signed = false;
  bool hex = false;
  const NameTable* names = nullptr;
  Dialect dialect = Dialect::v2_0;  // that of the names
  std::string text = {};  // of a text; of a group, what it is as a whole (a FID, a NID), or empty
  ByteView bytes = {};
  std::vector<Item> items = {};
};

// Bytes from `offset` (from the start of what was described) that the schema does not account for.
struct Unexplained {
  uint32_t offset = 0;
  uint32_t length = 0;
  std::string reason = {};
};

struct Description {
  std::vector<Item> items;
  std::vector<Unexplained> unexplained;

  uint64_t unexplained_bytes() const;
};

enum class Direction : uint8_t { request, reply };

// One struct with its trailing part. Bytes behind it are unexplained, too few of them are all
// unexplained.
Description describe(const StructInfo& info, ByteView bytes, ByteOrder order,
                     Dialect dialect = Dialect::v2_0);

// A whole message: header, body, and the operation's buffers in their places. Without an operation
// (null) the other buffers are unexplained. Errors and early replies, which have only the body, are
// explained as such.
Description describe(const Message& message, const OperationInfo* operation, Direction direction);

}  // namespace protocol
