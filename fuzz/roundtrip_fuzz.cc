// What a decoder accepts, its encoder gives back: a struct the same bytes in either byte order, a
// message one that decodes to the same, and the same bytes from the second time on.
#include <algorithm>
#include <array>
#include <optional>

#include "fuzz/wire_input.h"
#include "protocol/check.h"
#include "protocol/message.h"
#include "protocol/mutation.h"

namespace {

using fuzz::Form;
using fuzz::WireInput;
using protocol::ByteOrder;
using protocol::Bytes;
using protocol::Message;

void same_struct(const WireInput& input, ByteOrder order) {
  const auto structs = protocol::mutation_structs();
  const protocol::MutationStruct& type = structs[input.which % structs.size()];
  std::array<uint8_t, fuzz::kStructSizeMax> out;
  if (!type.recode(input.bytes, order, order, out)) return;
  const size_t size = type.info->size;
  CHECK(std::equal(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(size),
                   input.bytes.begin()));
  const ByteOrder other = order == ByteOrder::little ? ByteOrder::big : ByteOrder::little;
  std::array<uint8_t, fuzz::kStructSizeMax> turned;
  CHECK(type.recode(input.bytes, order, other, turned));
  CHECK(type.recode(protocol::ByteView(turned).first(size), other, order, turned));
  CHECK(std::equal(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(size), turned.begin()));
}

std::optional<Bytes> again(const Message& message, const protocol::DirectionInfo& direction) {
  protocol::MessageBuilder builder(message.body());
  if (direction.recode(message, builder)) return std::nullopt;
  return builder.finish();
}

void same_message(const WireInput& input) {
  const auto message = Message::parse(Bytes(input.bytes));
  if (!message) return;
  const auto all = protocol::operations(dialect_of(input.form));
  const protocol::OperationInfo& operation = *all[input.which % all.size()];
  const auto& direction = is_reply(input.form) ? operation.reply : operation.request;
  const std::optional<Bytes> first = again(*message, direction);
  if (!first) return;
  const auto parsed = Message::parse(*first);
  CHECK(parsed, "what was encoded is no message");
  const std::optional<Bytes> second = again(*parsed, direction);
  CHECK(second, "what was encoded is not decoded");
  CHECK(*first == *second, "what was encoded means something else");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const WireInput input = WireInput::of({data, size});
  if (is_message(input.form)) same_message(input);
  if (input.form == Form::little_struct) same_struct(input, ByteOrder::little);
  if (input.form == Form::big_struct) same_struct(input, ByteOrder::big);
  return 0;
}
