// The input of the decode and roundtrip targets: a byte that chooses what the bytes are taken for,
// two that choose the struct or operation, then the bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "protocol/bytes.h"
#include "protocol/operation_info.h"

namespace fuzz {

enum class Form : uint8_t {
  request_1_8,
  reply_1_8,
  request_2_0,
  reply_2_0,
  little_struct,
  big_struct,
  lnet,
};
inline constexpr uint8_t kForms = 7;

constexpr bool is_message(Form form) { return form <= Form::reply_2_0; }
constexpr bool is_reply(Form form) {
  return form == Form::reply_1_8 || form == Form::reply_2_0;
}
constexpr protocol::Dialect dialect_of(Form form) {
  return form <= Form::reply_1_8 ? protocol::Dialect::v1_8 : protocol::Dialect::v2_0;
}

struct WireInput {
  static constexpr size_t kHead = 3;

  Form form = Form::lnet;
  uint16_t which = 0;  // modulo the structs or operations there are
  protocol::ByteView bytes = {};

  static WireInput of(protocol::ByteView input) {
    if (input.size() < kHead) return {};
    return {static_cast<Form>(input[0] % kForms),
            static_cast<uint16_t>(input[1] | input[2] << 8), input.subspan(kHead)};
  }
};

inline std::vector<uint8_t> wire_input(Form form, uint16_t which, protocol::ByteView bytes) {
  std::vector<uint8_t> out = {static_cast<uint8_t>(form), static_cast<uint8_t>(which),
                              static_cast<uint8_t>(which >> 8)};
  out.insert(out.end(), bytes.begin(), bytes.end());
  return out;
}

// No struct of the schema is larger.
inline constexpr size_t kStructSizeMax = 12288;

}  // namespace fuzz
