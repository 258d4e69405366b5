// libFuzzer's hooks for the targets that take one struct or one message (wire_input.h): values and
// messages are made and changed as the schema knows them.
#include <algorithm>
#include <cstring>

#include "fuzz/wire_input.h"
#include "harness/fuzzing/mutator.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t size_max);

namespace {

using fuzz::Form;
using fuzz::WireInput;
using harness::fuzzing::Buffer;
using harness::fuzzing::Mutator;
using protocol::ByteOrder;
using protocol::Direction;

Direction direction_of(Form form) {
  return is_reply(form) ? Direction::reply : Direction::request;
}

Buffer make(Mutator& mutator, Form form, uint16_t which) {
  if (is_message(form)) {
    const auto all = protocol::mutation_operations(dialect_of(form));
    return mutator.make(all[which % all.size()], direction_of(form));
  }
  const auto structs = protocol::mutation_structs();
  return Buffer(form == Form::lnet ? 72 : structs[which % structs.size()].info->size);
}

void change(Mutator& mutator, Form form, uint16_t which, Buffer& bytes) {
  if (is_message(form)) return mutator.mangle(dialect_of(form), bytes, direction_of(form));
  const auto structs = protocol::mutation_structs();
  const protocol::MutationStruct& type = structs[which % structs.size()];
  if (form == Form::lnet || bytes.size() < type.info->size || mutator.chance(8)) {
    return mutator.mangle_bytes(bytes);
  }
  mutator.mangle_struct(type, bytes,
                        form == Form::big_struct ? ByteOrder::big : ByteOrder::little);
}

}  // namespace

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t size_max,
                                          unsigned int seed) {
  faults::Random random(seed);
  Mutator mutator(random);
  if (size >= WireInput::kHead && mutator.chance(16)) return LLVMFuzzerMutate(data, size, size_max);
  WireInput input = WireInput::of({data, size});
  Buffer bytes;
  if (size < WireInput::kHead || mutator.chance(16)) {
    input.form = static_cast<Form>(mutator.draw(fuzz::kForms));
    input.which = static_cast<uint16_t>(mutator.draw(1024));
    bytes = make(mutator, input.form, input.which);
  } else {
    bytes.assign(input.bytes.begin(), input.bytes.end());
    change(mutator, input.form, input.which, bytes);
  }
  const Buffer whole = fuzz::wire_input(input.form, input.which, bytes);
  const size_t length = std::min(whole.size(), size_max);
  std::memcpy(data, whole.data(), length);
  return length;
}
