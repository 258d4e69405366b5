// Makes ptlrpc messages and spoils them, as the schema knows them: it keeps the envelope valid
// while it changes bodies (fields by the part they play, buffers, lists of buffers), and the
// reverse. What it draws comes from the generator that it is given, nothing else.
//
// Cookies, FIDs and resources that only a server could know are put in as references, which a
// Session (session.h) replaces by what the server has said so far.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "faults/random.h"
#include "protocol/bytes.h"
#include "protocol/description.h"
#include "protocol/mutation.h"

namespace harness::fuzzing {

using Buffer = std::vector<uint8_t>;

// A 64-bit number whose upper bits are these stands for number `n` of what was learned, counted
// from the newest; the low byte is n.
inline constexpr uint64_t kReference = 0x5e55'10f2'a3c4'0000;
constexpr bool is_reference(uint64_t value) { return (value & ~uint64_t{0xff}) == kReference; }

class Mutator {
 public:
  // No message that it makes is longer.
  static constexpr size_t kMessageMax = 8192;

  explicit Mutator(faults::Random& random) : random_(random) {}

  // A message of the operation: its buffers in their places, with values that may have a meaning.
  Buffer make(const protocol::MutationOperation& operation, protocol::Direction direction);
  // One change or a few. Bytes that are no message are changed as bytes.
  void mangle(protocol::Dialect dialect, Buffer& message, protocol::Direction direction);
  // One change to the value of a struct.
  void mangle_struct(const protocol::MutationStruct& type, std::span<uint8_t> value,
                     protocol::ByteOrder order);
  // One change of any bytes.
  void mangle_bytes(Buffer& bytes);

  // A number below the bound, which is not 0.
  uint32_t draw(size_t bound) { return static_cast<uint32_t>(random_.below(bound)); }
  bool chance(uint32_t one_in) { return draw(one_in) == 0; }
  uint64_t number(uint32_t width);

 private:
  struct Draft;

  Buffer make_buffer(const protocol::OperationInfo& operation, const protocol::BufferInfo& info,
                     const protocol::MutationStruct* type);
  Buffer value_of(const protocol::MutationStruct& type, bool plain);
  void identify_as(const protocol::OperationInfo& operation, Draft& draft);
  void mangle_body(const protocol::MutationOperation* operation, Draft& draft,
                   protocol::Direction direction);
  void mangle_buffer(const protocol::MutationStruct* type, Draft& draft, Buffer& buffer);
  void mangle_list(Draft& draft);
  void mangle_call(Draft& draft);
  void mangle_envelope(Buffer& message);
  void fill(const protocol::MutationLeaf& leaf, std::span<uint8_t> value,
            protocol::ByteOrder order);
  void fill_fid(std::span<uint8_t> value);
  uint64_t integer(const protocol::MutationLeaf& leaf, uint64_t old);
  uint64_t named(const protocol::NameTable& names, bool bits);
  std::string_view name();
  Buffer data();

  faults::Random& random_;
};

}  // namespace harness::fuzzing
