// What a fuzzer may change in bytes of the schema's structs and operations: each struct flattened
// to its leaves, each leaf with the part it plays. Tables made by assay-schema
// (generator/emit_mutator.cc); harness/fuzzing/mutator.h works from them.
#pragma once

#include <cstdint>
#include <span>

#include "protocol/codec.h"
#include "protocol/operation_info.h"
#include "protocol/struct_info.h"

namespace protocol {

// The part that a leaf plays, as far as the schema tells.
enum class LeafRole : uint8_t {
  number,
  length,    // a count or a size: of what follows, of a file, of a buffer
  magic,     // one of few numbers without which the rest is not looked at
  bits,      // of `names`
  choice,    // one of `names`
  handle,    // lustre_handle, a cookie of the peer's, 8 bytes
  fid,       // lu_fid or ll_fid, 16 bytes
  resource,  // ldlm_res_id, 32 bytes
  text,
  bytes,
};

struct MutationLeaf {
  uint32_t offset;
  uint32_t width;  // in bytes
  LeafRole role;
  bool little_endian;  // whoever sends it
  const NameTable* names = nullptr;
};

struct MutationStruct {
  const StructInfo* info;
  std::span<const MutationLeaf> leaves;
  uint32_t trailing_size;  // of one element behind the struct; 0: nothing may follow
  // Decodes a value of one byte order and encodes it in another into `out`, which has room for it.
  // False when the bytes are refused.
  bool (*recode)(ByteView bytes, ByteOrder from, ByteOrder to, ByteSpan out);
};

// The leaves of a buffer of the operation: null for buffers without a struct.
struct MutationOperation {
  const OperationInfo* info;
  std::span<const MutationStruct* const> request;
  std::span<const MutationStruct* const> reply;
};

// All there are, in the schemas' order.
std::span<const MutationStruct> mutation_structs();
std::span<const MutationOperation> mutation_operations(Dialect dialect);
// Null if there is none.
const MutationOperation* find_mutation(const OperationInfo* operation);

// MutationStruct::recode of a struct.
template <WireStruct T>
bool recode_value(ByteView bytes, ByteOrder from, ByteOrder to, ByteSpan out) {
  const auto value = decode<T>(bytes, from);
  if (value) encode(*value, out, to);
  return value.has_value();
}

}  // namespace protocol
