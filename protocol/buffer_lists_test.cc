// Every operation's lists of buffers, right and wrong: cut short, too long, out of order, of wrong
// lengths, in both directions and dialects. What is right is said here a second time, as the facts
// have it, and the codec must agree on every list: accept it, or refuse it with the same error.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdio>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "protocol/made_messages.h"

namespace protocol {
namespace {

using Kind = WireError::Kind;

// What the rules say of a buffer in a place: nothing, or why it is refused.
struct Fault {
  Kind kind;
  uint64_t found;
  uint64_t allowed;
};

bool is_value(const BufferInfo& info) {
  return info.kind == BufferKind::structure || info.kind == BufferKind::integer;
}

std::optional<Fault> fault_in(const BufferInfo& info, Dialect dialect, const Content& content) {
  const bool may_be_none = info.optional || info.may_be_empty || info.presence.width != 0;
  if (is_value(info)) {
    const size_t needed = info.structure != nullptr ? info.structure->size : info.element_size;
    if (content.empty() && may_be_none) return std::nullopt;
    if (content.size() < needed) return Fault{Kind::too_short, content.size(), needed};
    return std::nullopt;
  }
  if (info.kind == BufferKind::array) {
    // A C array of 1.8 is as long as its whole elements; 2.0 refuses a rest.
    if (dialect == Dialect::v2_0 && content.size() % info.element_size != 0) {
      return Fault{Kind::bad_length, content.size(), info.element_size};
    }
    return std::nullopt;
  }
  if (content.empty() && info.may_be_empty) return std::nullopt;
  if (info.kind == BufferKind::data) {
    if (content.size() < info.count) return Fault{Kind::too_short, content.size(), info.count};
    return std::nullopt;
  }
  // A name fills its buffer up to the NUL, unless its place has a fixed length.
  const auto end = std::ranges::find(content, 0) - content.begin();
  const auto place = static_cast<size_t>(end);
  if (place == content.size()) return Fault{Kind::bad_text, content.size(), SIZE_MAX};
  if (info.count == 0 && place + 1 != content.size()) {
    return Fault{Kind::bad_text, content.size(), place};
  }
  return std::nullopt;
}

// The error that a list of buffers must be refused with.
std::optional<WireError> verdict(const OperationInfo& operation, const DirectionInfo& direction,
                                 const std::vector<Content>& list, const Message& message) {
  std::vector<Content> made;
  uint32_t slot = 0;
  const auto count = static_cast<uint32_t>(list.size() + 1);
  for (const BufferInfo& info : direction.buffers) {
    if (direction.compact && !announced(info.presence, made)) {
      made.emplace_back();
      continue;
    }
    if (slot >= list.size()) {
      if (!info.optional) {
        return WireError{.subject = operation.name,
                         .field = info.name,
                         .offset = message.length(),
                         .found = count,
                         .allowed = made.size() + 1,
                         .kind = Kind::missing_buffer};
      }
      made.emplace_back();
      continue;
    }
    const Content& content = list[slot++];
    if (const auto fault = fault_in(info, operation.dialect, content)) {
      return WireError{.subject = operation.name,
                       .field = info.name,
                       .offset = message.buffer_offset(slot),
                       .found = fault->found,
                       .allowed = fault->allowed,
                       .kind = fault->kind};
    }
    made.push_back(content);
  }
  for (size_t rest = slot; rest < list.size(); ++rest) {
    if (list[rest].empty()) continue;
    return WireError{.subject = operation.name,
                     .field = "lm_bufcount",
                     .offset = 0,
                     .found = count,
                     .allowed = slot + 1,
                     .kind = Kind::too_many};
  }
  return std::nullopt;
}

using Refused = std::map<Kind, size_t>;

void check(const OperationInfo& operation, const DirectionInfo& direction, const Message& message,
           Refused& refused) {
  std::vector<Content> list;
  for (uint32_t index = 1; index < message.buffer_count(); ++index) {
    const ByteView bytes = message.buffer(index);
    list.emplace_back(bytes.begin(), bytes.end());
  }
  const std::optional<WireError> expected = verdict(operation, direction, list, message);
  MessageBuilder builder(message.body());
  const std::optional<WireError> found = direction.recode(message, builder);
  INFO(operation.name << (&direction == &operation.reply ? " reply" : " request"));
  INFO("expected " << (expected ? expected->text() : "no error"));
  INFO("found " << (found ? found->text() : "no error"));
  REQUIRE(found.has_value() == expected.has_value());
  if (!found) return;
  REQUIRE(*found == *expected);
  // The text names the operation, the buffer, the place, what was found and what is allowed.
  REQUIRE(found->text().starts_with(std::string(operation.name) + "." + std::string(found->field)));
  ++refused[found->kind];
}

void check(const OperationInfo& operation, const DirectionInfo& direction,
           const std::vector<Content>& list, Refused& refused) {
  if (list.size() >= kBufferCountMax) return;
  const auto message = Message::parse(message_of({.opc = operation.opcode}, list));
  REQUIRE(message);
  check(operation, direction, *message, refused);
}

void print(const char* what, const Refused& refused) {
  std::printf("%s:", what);
  for (const auto& [kind, count] : refused) {
    std::printf(" %zu of kind %d", count, static_cast<int>(kind));
  }
  std::printf("\n");
}

constexpr int kRounds = 12;

}  // namespace

TEST_CASE("Buffer lists: cut short, each is refused for the first buffer that is missing") {
  MessageMaker maker(11);
  Refused refused;
  for_each_direction([&](const OperationInfo& operation, const DirectionInfo& direction) {
    for (int round = 0; round < kRounds; ++round) {
      std::vector<Content> list = maker.buffers(direction);
      check(operation, direction, list, refused);
      REQUIRE(refused.size() <= 1);
      for (; !list.empty(); check(operation, direction, list, refused)) list.pop_back();
    }
  });
  print("cut short", refused);
  REQUIRE(refused.size() == 1);
  REQUIRE(refused[Kind::missing_buffer] > 1000);
}

TEST_CASE("Buffer lists: a buffer behind the last of the format is refused") {
  MessageMaker maker(12);
  Refused refused;
  size_t tried = 0;
  for_each_direction([&](const OperationInfo& operation, const DirectionInfo& direction) {
    for (int round = 0; round < kRounds; ++round) {
      std::vector<Content> list = maker.buffers(direction);
      if (list.size() < direction.buffers.size()) continue;  // the next place is an optional one
      list.push_back(maker.bytes(1 + maker.below(40)));
      ++tried;
      check(operation, direction, list, refused);
    }
  });
  print("too long", refused);
  // In a compacted reply the buffer may lie where one was left out, and be refused for that.
  REQUIRE(refused[Kind::too_many] > tried * 8 / 10);
}

TEST_CASE("Buffer lists: two buffers changed about are refused where the one does not fit") {
  MessageMaker maker(13);
  Refused refused;
  for_each_direction([&](const OperationInfo& operation, const DirectionInfo& direction) {
    for (int round = 0; round < kRounds; ++round) {
      const std::vector<Content> list = maker.buffers(direction);
      for (size_t first = 0; first + 1 < list.size(); ++first) {
        for (size_t second = first + 1; second < list.size(); ++second) {
          std::vector<Content> changed = list;
          std::swap(changed[first], changed[second]);
          check(operation, direction, changed, refused);
        }
      }
    }
  });
  print("out of order", refused);
  REQUIRE(refused[Kind::too_short] > 1000);
  REQUIRE(refused[Kind::bad_text] > 500);
}

TEST_CASE("Buffer lists: a buffer of another length is refused, or is as long as it may be") {
  MessageMaker maker(14);
  Refused refused;
  for_each_direction([&](const OperationInfo& operation, const DirectionInfo& direction) {
    for (int round = 0; round < kRounds; ++round) {
      const std::vector<Content> list = maker.buffers(direction);
      for (size_t index = 0; index < list.size(); ++index) {
        const size_t length = list[index].size();
        for (const size_t other : {size_t{0}, length / 2, length == 0 ? 0 : length - 1, length + 1,
                                   length + 8, size_t{maker.below(300)}}) {
          std::vector<Content> changed = list;
          changed[index].resize(other, static_cast<uint8_t>(maker.below(2)));
          check(operation, direction, changed, refused);
        }
      }
    }
  });
  print("other lengths", refused);
  for (const Kind kind : {Kind::too_short, Kind::bad_length, Kind::bad_text}) {
    REQUIRE(refused[kind] > 100);
  }
}

// Where the lengths end, the padding and the body begin: another count takes them for something
// else.
TEST_CASE("Buffer lists: a count that is not the buffers' is refused, or adds an empty one") {
  MessageMaker maker(15);
  Refused refused;
  size_t envelopes = 0, tried = 0;
  for_each_direction([&](const OperationInfo& operation, const DirectionInfo& direction) {
    for (int round = 0; round < kRounds; ++round) {
      const Bytes whole = message_of({.opc = operation.opcode}, maker.buffers(direction));
      const uint32_t right = *decode<uint32_t>(whole.view());
      for (const uint32_t count : {right - 1, right + 1, right + 2, right + 3, 4 * right}) {
        Content bytes(whole.view().begin(), whole.view().end());
        encode(count, ByteSpan(bytes));
        const auto message = Message::parse(Bytes(std::move(bytes)));
        ++tried;
        if (message) {
          check(operation, direction, *message, refused);
        } else {
          ++envelopes;
          REQUIRE((message.error().subject == "lustre_msg_v2"));
        }
      }
    }
  });
  print("other counts", refused);
  std::printf("other counts: %zu of %zu envelopes refused\n", envelopes, tried);
  REQUIRE(refused[Kind::missing_buffer] > 500);
  REQUIRE(envelopes > tried / 3);
}

}  // namespace protocol
