// What an OST of 1.8 and one of 2.0 do differently (facts: differences 9, rpc-formats "OST").
#pragma once

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <optional>

#include "protocol/codec.h"
#include "protocol/message.h"
#include "protocol/operations_1_8.h"
#include "protocol/operations_2_0.h"
#include "protocol/ost.h"
#include "reference/config.h"

namespace reference {

// The buffers that reads and writes have in common.
struct BrwBuffers {
  protocol::ost::OstBody body;
  protocol::ost::ObdIoobj ioobj;
  protocol::ArrayView<protocol::ost::NiobufRemote> niobufs;
};

template <class Operation>
std::optional<BrwBuffers> decode_brw(const protocol::Message& message) {
  const auto decoded = Operation::Request::decode(message);
  if (!decoded) return std::nullopt;
  return BrwBuffers{decoded->body, decoded->ioobj, decoded->niobufs};
}

struct OstDialect {
  Dialect dialect;
  // Objects of sequences above this are refused: 1.8 has groups up to 3, 2.0 reserved sequences.
  uint64_t sequence_max;
  int32_t sequence_error;
  // IDIF sequences are accepted beside those.
  bool knows_idif;
  // A client without FULL20 means sequence 0 whatever it says.
  bool minds_full20;
  // GETATTR with the server-lock flag reads under a lock, after all writers have flushed.
  bool locks_getattr;
  // A request that comes to no proper reply is answered with type 4712 whatever the error.
  bool marks_refusals;
  // 2.0 wants a whole number of niobufs.
  std::optional<BrwBuffers> (*decode_brw)(const protocol::Message&);
};

inline constexpr auto kOstDialects = std::to_array<OstDialect>({
    {Dialect::v1_8, 3, -EINVAL, false, false, false, false,
     &decode_brw<protocol::operations_1_8::OstWrite>},
    {Dialect::v2_0, 11, -EPROTO, true, true, true, true,
     &decode_brw<protocol::operations_2_0::OstWrite>},
});

constexpr const OstDialect& ost_dialect(Dialect dialect) {
  return kOstDialects.at(static_cast<size_t>(dialect));
}
static_assert(std::ranges::is_sorted(kOstDialects, {}, &OstDialect::dialect));

}  // namespace reference
