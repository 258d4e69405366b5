// What the schema knows, as tables for programs: the texts, the layout test and the fuzzers walk
// these instead of code generated for each struct.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace protocol {

struct StructInfo;

enum class Dialect : uint8_t { v1_8, v2_0 };

// One constant by its name in Lustre's headers; negative ones as two's complement of 64 bits.
struct NamedValue {
  std::string_view lustre;
  uint64_t value = 0;
  std::string_view text = {};        // of a constant that travels as text
  std::optional<Dialect> only = {};  // the other dialect has another name for the number
};

// One enum of the schema: bits of an integer, or its alternatives.
struct NameTable {
  std::string_view group;  // the group in facts: constants-*.csv
  std::string_view name;   // the schema's name, also that of its namespace in snake_case
  bool bits;
  uint32_t width;  // of the integer, in bits; 0: texts
  std::span<const NamedValue> values;

  // The name of exactly this value in that dialect, or empty.
  std::string_view name_of(uint64_t value, Dialect dialect = Dialect::v2_0) const;
};

enum class FieldKind : uint8_t { unsigned_integer, signed_integer, structure, text, bytes };

// One member. Offsets and sizes in bytes.
struct FieldInfo {
  std::string_view lustre;
  std::string_view name;
  std::array<std::string_view, 2> shown;  // by dialect: its name in texts, an array's without "[0]"
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
  bool nid = false;                           // people write it 10.0.0.1@tcp
  std::string_view lustre_1_8 = {};           // only where 1.8 calls it otherwise
  std::span<const FieldInfo> parts_1_8 = {};  // only where 1.8 divides the bytes otherwise; they
                                              // may reach over the fields that follow
  std::string_view later = {};                // what versions after 2.0 have in this padding
};

struct StructInfo {
  std::string_view lustre;
  std::string_view name;
  std::string_view file;  // schema file without its ending, also the namespace
  uint32_t size;
  bool opaque;
  bool little_endian;
  std::span<const FieldInfo> fields;
  // Every integer of the struct at that address changes its byte order; for code that takes any
  // struct without naming its type. The trailing part is left alone.
  void (*swap)(void* value) = nullptr;
  std::string_view lustre_1_8 = {};  // only where 1.8 calls it otherwise
};

}  // namespace protocol
