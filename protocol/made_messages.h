// Messages that the tables allow, made at random, and the same ones from a peer of the other byte
// order: what the property tests and the benchmarks are made of. The big-endian form is made by
// walking the tables, so that the tables and the generated swap_bytes check each other.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "protocol/bytes.h"
#include "protocol/message.h"
#include "protocol/operation_info.h"

namespace protocol {

using Content = std::vector<uint8_t>;  // of one buffer

class MessageMaker {
 public:
  explicit MessageMaker(uint64_t seed) : random_(seed) {}

  uint64_t below(uint64_t limit) { return random_() % limit; }
  Content bytes(size_t count);
  // The buffers of one message in our byte order, ptlrpc_body apart.
  std::vector<Content> buffers(const DirectionInfo& direction);

 private:
  Content buffer(const BufferInfo& info);

  std::mt19937_64 random_;
};

// Whether the announcing integer, in the buffers made so far by their places, is not zero.
bool announced(const Presence& presence, const std::vector<Content>& made);

// The fixed part of a struct as a big-endian peer sends it, and back.
void turn(uint8_t* bytes, const StructInfo& info);

Bytes message_of(const ptlrpc::PtlrpcBody& body, const std::vector<Content>& buffers);
// The same message from a big-endian peer; `ours` is what message_of made.
Bytes foreign_message(const ptlrpc::PtlrpcBody& body, std::vector<Content> buffers,
                      const DirectionInfo& direction, const Message& ours);

// each(operation, direction) for every request and reply of both dialects.
template <class Each>
void for_each_direction(Each each) {
  for (const Dialect dialect : {Dialect::v1_8, Dialect::v2_0}) {
    for (const OperationInfo* operation : operations(dialect)) {
      each(*operation, operation->request);
      each(*operation, operation->reply);
    }
  }
}

}  // namespace protocol
