// Memory: what decoding takes is bounded by the message's own size, whatever lengths and counts the
// message says. Counted by this program's own operator new.
#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <string>

#include "protocol/catalogue.h"
#include "protocol/description.h"
#include "protocol/made_messages.h"
#include "protocol/text.h"

namespace {

thread_local bool counting = false;
thread_local size_t counted = 0;

}  // namespace

// The count is of what is asked for, and never goes down: it is an upper bound.
void* operator new(size_t size) {
  if (counting) counted += size;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace protocol {
namespace {

template <class Work>
size_t allocated_by(Work work) {
  counted = 0;
  counting = true;
  work();
  counting = false;
  return counted;
}

// A message whose lengths and counts are lies, the envelope's apart half of the time.
Bytes lying(MessageMaker& maker, const Bytes& whole, const Message& message) {
  Content bytes(whole.view().begin(), whole.view().end());
  constexpr uint32_t kLies[] = {0xffffffff, 0x7fffffff, 0x80000000, 0x10000, 0xfffffff8, 1};
  const size_t head = message_header_size(message.buffer_count());
  for (uint64_t times = 1 + maker.below(6); times > 0; --times) {
    const bool envelope = maker.below(4) == 0;
    const size_t end = envelope ? head : bytes.size();
    const size_t begin = envelope ? 0 : head;
    if (end < begin + 4) continue;
    const size_t place = begin + maker.below((end - begin) / 4) * 4;
    if (place + 4 <= bytes.size()) encode(kLies[maker.below(6)], ByteSpan(bytes).subspan(place));
  }
  return Bytes(std::move(bytes));
}

}  // namespace

TEST_CASE("Allocation: decoding a message takes none, encoding it again its own size") {
  MessageMaker maker(31);
  size_t most = 0;
  for_each_direction([&](const OperationInfo& operation, const DirectionInfo& direction) {
    for (int round = 0; round < 20; ++round) {
      const Bytes whole = message_of({.opc = operation.opcode}, maker.buffers(direction));
      const Bytes bytes = round == 0 ? whole : lying(maker, whole, *Message::parse(whole));
      INFO(operation.name);
      std::expected<Message, WireError> message = Message::parse(Bytes());
      REQUIRE(allocated_by([&] { message = Message::parse(bytes); }) == 0);
      if (!message) continue;
      const OperationInfo* found = nullptr;
      REQUIRE(allocated_by([&] { found = identify(operation.dialect, *message); }) == 0);
      const size_t used = allocated_by([&] {
        MessageBuilder builder(message->body());
        static_cast<void>(direction.recode(*message, builder));
      });
      most = std::max(most, used);
      // The builder's: what it holds, room for headers, a count.
      REQUIRE(used <= 2 * bytes.size() + 2048);
    }
  });
  std::printf("allocation: at most %zu bytes to decode and encode\n", most);
}

TEST_CASE("Allocation: a description takes a multiple of the message's size, whatever it says") {
  MessageMaker maker(32);
  double most = 0;
  for_each_direction([&](const OperationInfo& operation, const DirectionInfo& direction) {
    const Direction which =
        &direction == &operation.request ? Direction::request : Direction::reply;
    for (int round = 0; round < 20; ++round) {
      const Bytes whole = message_of({.opc = operation.opcode}, maker.buffers(direction));
      const Bytes bytes = round == 0 ? whole : lying(maker, whole, *Message::parse(whole));
      const auto message = Message::parse(bytes);
      if (!message) continue;
      const size_t used = allocated_by(
          [&] { static_cast<void>(to_text(describe(*message, &operation, which))); });
      const double ratio = static_cast<double>(used) / static_cast<double>(bytes.size());
      most = std::max(most, ratio);
      INFO(operation.name << ": " << used << " bytes for " << bytes.size());
      REQUIRE(ratio < 400);
    }
  });
  std::printf("allocation: at most %.0f times the message's size to describe and print\n", most);
}

TEST_CASE("Allocation: structs whose counts lie take no more") {
  MessageMaker maker(33);
  for (const SchemaFile& file : catalogue()) {
    for (const StructInfo* info : file.structs) {
      Content bytes(info->size, 0xff);  // every count is the greatest
      const size_t used = allocated_by(
          [&] { static_cast<void>(describe(*info, bytes, ByteOrder::little)); });
      INFO(info->name << ": " << used << " bytes for " << info->size);
      REQUIRE(used < 400 * size_t{info->size} + 4096);
    }
  }
}

}  // namespace protocol
