#include "harness/fuzzing/mutator.h"

#include <catch2/catch.hpp>

#include "faults/random.h"
#include "protocol/message.h"

using harness::fuzzing::Buffer;
using harness::fuzzing::Mutator;
using protocol::Bytes;
using protocol::Dialect;
using protocol::Direction;
using protocol::Message;
using protocol::MutationOperation;

namespace {

std::optional<Message> message_in(const Buffer& bytes) {
  auto parsed = Message::parse(Bytes(protocol::ByteView(bytes)));
  if (!parsed) return std::nullopt;
  return *std::move(parsed);
}

// The share, in percent, of requests that are what the table says.
int identified_of_100(const MutationOperation& operation) {
  faults::Random random(operation.info->opcode);
  Mutator mutator(random);
  int good = 0;
  for (int i = 0; i < 100; ++i) {
    const auto message = message_in(mutator.make(operation, Direction::request));
    if (!message) continue;
    const auto* found = protocol::identify(operation.info->dialect, *message);
    good += found != nullptr && found->opcode == operation.info->opcode &&
                    found->discriminator == operation.info->discriminator &&
                    found->key == operation.info->key
                ? 1
                : 0;
  }
  return good;
}

}  // namespace

TEST_CASE("a request made from the schema is identified as its operation") {
  for (const Dialect dialect : {Dialect::v1_8, Dialect::v2_0}) {
    for (const MutationOperation& operation : protocol::mutation_operations(dialect)) {
      INFO(operation.info->name);
      REQUIRE(identified_of_100(operation) > 50);
    }
  }
}

TEST_CASE("most messages made from the schema are accepted by their decoders") {
  int made = 0, accepted = 0;
  for (const Dialect dialect : {Dialect::v1_8, Dialect::v2_0}) {
    for (const MutationOperation& operation : protocol::mutation_operations(dialect)) {
      faults::Random random(1);
      Mutator mutator(random);
      for (const Direction direction : {Direction::request, Direction::reply}) {
        const auto message = message_in(mutator.make(operation, direction));
        REQUIRE(message);
        protocol::MessageBuilder builder(message->body());
        const auto& info = direction == Direction::request ? operation.info->request
                                                           : operation.info->reply;
        ++made;
        accepted += info.recode(*message, builder) ? 0 : 1;
      }
    }
  }
  REQUIRE(accepted * 10 > made * 9);
}

TEST_CASE("bodies are mangled behind an envelope that stays valid, and the reverse") {
  const MutationOperation& operation = protocol::mutation_operations(Dialect::v2_0)[10];
  faults::Random random(3);
  Mutator mutator(random);
  int valid = 0, invalid = 0;
  for (int i = 0; i < 1000; ++i) {
    Buffer message = mutator.make(operation, Direction::request);
    mutator.mangle(Dialect::v2_0, message, Direction::request);
    REQUIRE(message.size() <= Mutator::kMessageMax);
    message_in(message) ? ++valid : ++invalid;
  }
  REQUIRE(valid > 850);
  REQUIRE(invalid > 5);
}

TEST_CASE("one seed mangles alike") {
  const MutationOperation& operation = protocol::mutation_operations(Dialect::v1_8)[5];
  const auto run = [&] {
    faults::Random random(9);
    Mutator mutator(random);
    Buffer message = mutator.make(operation, Direction::request);
    for (int i = 0; i < 50; ++i) mutator.mangle(Dialect::v1_8, message, Direction::request);
    return message;
  };
  REQUIRE(run() == run());
}

// What the message says as this operation, in one form.
std::optional<Bytes> meaning(const Message& message, const MutationOperation& operation) {
  protocol::MessageBuilder builder(message.body());
  if (operation.info->request.recode(message, builder)) return std::nullopt;
  return builder.finish();
}

TEST_CASE("a message turned to the other byte order means the same") {
  const MutationOperation* setattr = protocol::find_mutation(
      protocol::find(Dialect::v2_0, 36, protocol::Selector::reint, 1));
  REQUIRE(setattr != nullptr);
  faults::Random random(11);
  Mutator mutator(random);
  int turned = 0, same = 0;
  for (int i = 0; i < 2000; ++i) {
    const Buffer before = mutator.make(*setattr, Direction::request);
    Buffer message = before;
    mutator.mangle(Dialect::v2_0, message, Direction::request);
    const auto parsed = message_in(message);
    if (!parsed || parsed->order() != protocol::ByteOrder::big) continue;
    ++turned;
    // Not always: other changes may go along with it.
    same += meaning(*parsed, *setattr) == meaning(*message_in(before), *setattr) ? 1 : 0;
  }
  REQUIRE(turned > 20);
  REQUIRE(same > turned / 8);
}
