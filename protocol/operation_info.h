// What the schema knows of the operations of a dialect: opcodes, portals, and the buffers of each
// request and reply, as tables. The texts, the fuzzers and the servers' tables read them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "protocol/bytes.h"
#include "protocol/struct_info.h"

namespace protocol {

enum class BufferKind : uint8_t {
  structure,  // a struct, with its trailing part if it has one; sent with at least `count` bytes
  integer,    // one number of element_size bytes
  array,      // as many structs or numbers as the buffer holds
  text,       // a NUL-terminated name; of exactly `count` bytes unless that is 0
  data,       // raw bytes
};

// When a buffer of a compacted reply is there: an integer of the reply, masked, is not zero.
struct Presence {
  uint32_t buffer = 0;  // place of the integer's struct in the format (not in the message)
  uint32_t offset = 0;
  uint32_t width = 0;  // 0: always there
  uint64_t mask = 0;
};

// One buffer after ptlrpc_body.
struct BufferInfo {
  std::string_view name;
  BufferKind kind;
  const StructInfo* structure = nullptr;
  uint32_t element_size = 0;
  uint32_t count = 0;
  const NameTable* names = nullptr;
  bool optional = false;
  bool may_be_empty = false;
  Presence presence = {};
};

class Message;
class MessageBuilder;

struct DirectionInfo {
  std::span<const BufferInfo> buffers;
  bool compact = false;  // 1.8: empty buffers are left out and later ones move down
  // Decodes the message as this; what is wrong with it.
  std::optional<WireError> (*check)(const Message&) = nullptr;
  // Decodes the message as this and adds its buffers, encoded again, to the builder: for code that
  // takes any message without naming its type.
  std::optional<WireError> (*recode)(const Message&, MessageBuilder&) = nullptr;
};

enum class Selector : uint8_t { none, reint, intent, lock_type, key };

struct OperationInfo {
  std::string_view name;
  std::string_view type;  // the struct's name in its namespace
  Dialect dialect;
  uint32_t opcode;
  uint32_t request_portal;
  uint32_t alt_request_portal;  // 0: none
  uint32_t reply_portal;
  uint32_t bulk_portal;  // 0: no bulk
  uint32_t version;
  Selector selector;
  uint64_t discriminator;
  std::string_view key;
  DirectionInfo request;
  DirectionInfo reply;
};

// All operations of a dialect, in the schema's order.
std::span<const OperationInfo* const> operations(Dialect dialect);

// The operation of that opcode and discriminator (REINT_* opcode, intent bits, lock type); when no
// variant is meant, the one that the opcode alone names, else the first. Null if the dialect has no
// such opcode, or no such variant of an opcode that has only variants.
const OperationInfo* find(Dialect dialect, uint32_t opcode);
const OperationInfo* find(Dialect dialect, uint32_t opcode, Selector selector,
                          uint64_t discriminator);

// The operation a request asks for: looks at the opcode and at what tells its variants apart.
const OperationInfo* identify(Dialect dialect, const Message& request);

}  // namespace protocol
