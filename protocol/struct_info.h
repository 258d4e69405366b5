// What the schema knows, as tables for programs: the texts, the layout test and the fuzzers walk
// these instead of code generated for each struct.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace protocol {

struct StructInfo;

// One constant by its name in Lustre's headers; negative ones as two's complement of 64 bits.
struct NamedValue {
  std::string_view lustre;
  uint64_t value;
};

// One enum of the schema: bits of an integer, or its alternatives.
struct NameTable {
  std::string_view group;  // the group in facts: constants-*.csv
  std::string_view name;   // the schema's name, also that of its namespace in snake_case
  bool bits;
  uint32_t width;  // of the integer, in bits
  std::span<const NamedValue> values;

  // The name of exactly this value, or empty.
  std::string_view name_of(uint64_t value) const;
};

enum class FieldKind : uint8_t { unsigned_integer, signed_integer, structure, text, bytes };

// One member. Offsets and sizes in bytes.
struct FieldInfo {
  std::string_view lustre;
  std::string_view name;
  uint32_t offset;
  uint32_t size;   // of the whole member; of one element if trailing
  uint32_t width;  // of one element
  uint32_t count;  // 1 unless an array
  FieldKind kind;
  const StructInfo* structure = nullptr;  // of a struct-typed element
  const NameTable* names = nullptr;       // what its numbers mean
  std::span<const StructInfo* const> overlays = {};
  bool array = false;
  bool trailing = false;  // as many elements as the buffer holds, at the end, not in the size
  bool opaque = false;
  bool little_endian = false;
  bool hex = false;
  bool padding = false;
  std::string_view lustre_1_8 = {};  // only where 1.8 calls it otherwise
};

struct StructInfo {
  std::string_view lustre;
  std::string_view name;
  std::string_view file;  // schema file without its ending, also the namespace
  uint32_t size;
  bool opaque;
  bool little_endian;
  std::span<const FieldInfo> fields;
};

}  // namespace protocol
