// Any bytes into every decoder of both dialects, and what was accepted into its encoder.
#include <array>

#include "fuzz/wire_input.h"
#include "protocol/lnet_message.h"
#include "protocol/message.h"
#include "protocol/mutation.h"

namespace {

using fuzz::Form;
using fuzz::WireInput;
using protocol::ByteOrder;
using protocol::Bytes;

void decode_struct(const WireInput& input, ByteOrder order) {
  const auto structs = protocol::mutation_structs();
  std::array<uint8_t, fuzz::kStructSizeMax> out;
  structs[input.which % structs.size()].recode(input.bytes, order, order, out);
}

void decode_message(const WireInput& input) {
  const auto message = protocol::Message::parse(Bytes(input.bytes));
  if (!message) return;
  const protocol::Dialect dialect = dialect_of(input.form);
  const auto all = protocol::operations(dialect);
  const protocol::OperationInfo* operation = protocol::identify(dialect, *message);
  if (is_reply(input.form) || operation == nullptr) operation = all[input.which % all.size()];
  const auto& direction = is_reply(input.form) ? operation->reply : operation->request;
  protocol::MessageBuilder builder(message->body());
  if (!direction.recode(*message, builder)) builder.finish();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const WireInput input = WireInput::of({data, size});
  switch (input.form) {
    case Form::request_1_8:
    case Form::reply_1_8:
    case Form::request_2_0:
    case Form::reply_2_0:
      decode_message(input);
      break;
    case Form::little_struct:
      decode_struct(input, ByteOrder::little);
      break;
    case Form::big_struct:
      decode_struct(input, ByteOrder::big);
      break;
    case Form::lnet:
      static_cast<void>(protocol::LnetMessage::parse(Bytes(input.bytes)));
      break;
  }
  return 0;
}
