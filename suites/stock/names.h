// The names that servers give and clients say back (files, open handles, locks, objects, logs,
// sequences): where in a message they stand, by the schema's tables.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <vector>

#include "protocol/bytes.h"
#include "protocol/description.h"
#include "protocol/message.h"
#include "protocol/operation_info.h"

namespace suites {

enum class Space : uint8_t {
  file,      // 1.8: inode, generation; 2.0: sequence, oid, version
  open,      // the cookie of an open handle
  lock,      // the server's cookie of a lock
  object,    // id, group; of a layout also the index of its OST
  log,       // oid, group, generation
  sequence,  // of FIDs
};

// A name's numbers; what it has not is 0.
using Name = std::array<uint64_t, 3>;

// One name in a message. Its numbers are little-endian, as all that our peers send.
struct NamePlace {
  struct Piece {
    uint32_t offset = 0;  // in the buffer
    uint32_t size = 0;    // 4 or 8; 0: no such number
    bool operator==(const Piece&) const = default;
  };
  Space space = Space::file;
  uint32_t place = 0;   // of the buffer in the operation's format, from 0
  uint32_t buffer = 0;  // its index in this message
  std::array<Piece, 3> pieces;

  // The same name in two messages of one operation, wherever their buffers are.
  bool same_place(const NamePlace& other) const {
    return space == other.space && place == other.place && pieces == other.pieces;
  }
};

std::vector<NamePlace> names_in(const protocol::Message& message,
                                const protocol::OperationInfo& operation,
                                protocol::Direction direction);

Name read_name(protocol::ByteView buffer, const NamePlace& place);
void write_name(protocol::ByteSpan buffer, const NamePlace& place, const Name& name);

}  // namespace suites
