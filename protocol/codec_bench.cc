// What decoding and encoding cost, each beside its yardsticks, all in one run: every struct against
// copying the same bytes out and back in, and against Cap'n Proto's own encoding of the same
// values; every message of the recorded exchanges against copying it.
//   protocol_bench            all of it
#include <capnp/message.h>
#include <capnp/serialize.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "protocol/checksum.h"
#include "protocol/codec.h"
#include "protocol/made_messages.h"
#include "protocol/message.h"
#include "protocol/operation_info.h"
#include "protocol/plain_codec.h"

namespace protocol {
namespace {

// Keeps the compiler from leaving out what made `value`, or from knowing it.
template <class T>
void keep(T& value) {
  asm volatile("" : : "r"(&value) : "memory");
}

// Nanoseconds of a step: the best of five stretches of about 2 ms of the processor's time, so that
// a busy machine counts for little.
template <class Step>
double cost(Step step) {
  const auto stretch = [&step](uint64_t times) {
    timespec begin, end;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
    for (uint64_t i = 0; i < times; ++i) step();
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
    return static_cast<double>(end.tv_sec - begin.tv_sec) * 1e9 +
           static_cast<double>(end.tv_nsec - begin.tv_nsec);
  };
  uint64_t times = 16;
  while (stretch(times) < 2e6) times *= 2;
  double best = 1e18;
  for (int round = 0; round < 5; ++round) {
    best = std::min(best, stretch(times) / static_cast<double>(times));
  }
  return best;
}

struct Row {
  std::string name;
  size_t size = 0;
  double copy = 0, ours = 0, swapped = 0, plain = 0;
};

// Out of the bytes and back into them.
template <WireStruct T>
double codec_cost(std::vector<uint8_t>& bytes, ByteOrder order) {
  return cost([&] {
    keep(*bytes.data());
    auto value = decode<T>(bytes, order);
    keep(*value);
    encode(*value, bytes, order);
    keep(*bytes.data());
  });
}

template <WireStruct T>
double copy_cost(std::vector<uint8_t>& bytes) {
  struct alignas(T) Place {
    uint8_t bytes[sizeof(T)];
  } place;
  return cost([&] {
    keep(*bytes.data());
    std::memcpy(&place, bytes.data(), sizeof(place));
    keep(place);
    std::memcpy(bytes.data(), &place, sizeof(place));
    keep(*bytes.data());
  });
}

// The same values as a Cap'n Proto message: built in memory that is there already, made one array,
// and read again field by field.
template <WireStruct T, class P>
double plain_cost(const T& value) {
  std::vector<capnp::word> scratch(sizeof(T) / 4 + 256);
  return cost([&] {
    std::memset(scratch.data(), 0, scratch.size() * sizeof(capnp::word));
    capnp::MallocMessageBuilder builder(kj::arrayPtr(scratch.data(), scratch.size()));
    to_plain(value, builder.initRoot<P>());
    const kj::Array<capnp::word> words = capnp::messageToFlatArray(builder);
    capnp::FlatArrayMessageReader reader(words);
    T again;
    from_plain(reader.getRoot<P>(), again);
    keep(again);
  });
}

void print_rows(std::vector<Row>& rows) {
  std::ranges::sort(rows, {}, &Row::size);
  std::printf("%-24s %6s %9s %9s %6s %9s %10s %7s\n", "struct", "bytes", "copy ns", "codec ns",
              "ratio", "swap ns", "capnp ns", "ratio");
  for (const Row& row : rows) {
    std::printf("%-24s %6zu %9.2f %9.2f %6.2f %9.2f %10.1f %7.1f\n", row.name.c_str(), row.size,
                row.copy, row.ours, row.ours / row.copy, row.swapped, row.plain,
                row.plain / row.ours);
  }
  std::vector<double> to_copy, to_plain;
  for (const Row& row : rows) {
    to_copy.push_back(row.ours / row.copy);
    to_plain.push_back(row.plain / row.ours);
  }
  std::ranges::sort(to_copy);
  std::ranges::sort(to_plain);
  std::printf("against the copy: median %.2f, worst %.2f; Cap'n Proto: median %.1f, least %.1f\n",
              to_copy[to_copy.size() / 2], to_copy.back(), to_plain[to_plain.size() / 2],
              to_plain.front());
}

// A file of protocol/testdata: portal, length, request; portal, length, reply; and so on.
std::vector<Bytes> read_exchanges(const std::string& name) {
  std::ifstream file(ASSAY_TESTDATA "/" + name, std::ios::binary);
  Bytes rest(std::vector<uint8_t>{std::istreambuf_iterator<char>(file), {}});
  std::vector<Bytes> out;
  while (rest.size() > 8) {
    const uint32_t length = *decode<uint32_t>(rest.view().subspan(4));
    out.push_back(rest.slice(8, length));
    rest = rest.slice(8 + length);
  }
  return out;
}

struct Known {
  Bytes bytes;
  const DirectionInfo* direction;
};

std::vector<Known> known_messages(Dialect dialect, const std::string& file) {
  std::vector<Known> out;
  const OperationInfo* operation = nullptr;
  for (const Bytes& bytes : read_exchanges(file)) {
    const auto message = Message::parse(bytes);
    const bool request = message->body().type == ptlrpc::msg_type::kRequest;
    if (request) operation = identify(dialect, *message);
    out.push_back({bytes, request ? &operation->request : &operation->reply});
  }
  return out;
}

}  // namespace

TEST_CASE("Bench: every struct, against copying and against Cap'n Proto") {
  std::vector<Row> rows;
  for_each_plain_struct([&]<class T, class P>() {
    MessageMaker maker(1);
    std::vector<uint8_t> bytes = maker.bytes(sizeof(T));
    const T value = *decode<T>(bytes);
    Row row{.name = std::string(T::kInfo.name), .size = sizeof(T)};
    row.copy = copy_cost<T>(bytes);
    row.ours = codec_cost<T>(bytes, ByteOrder::little);
    row.swapped = codec_cost<T>(bytes, ByteOrder::big);
    row.plain = plain_cost<T, P>(value);
    rows.push_back(row);
  });
  print_rows(rows);
}

TEST_CASE("Bench: every message of the exchanges, against copying it") {
  std::printf("%-28s %5s %9s %9s %9s %9s %6s\n", "message", "bytes", "copy ns", "parse ns",
              "decode ns", "+encode", "ratio");
  double copies = 0, decodes = 0, recodes = 0;
  for (const auto& [dialect, file] : {std::pair{Dialect::v1_8, "client-1.8.9.exchanges"},
                                      std::pair{Dialect::v2_0, "client-2.0.0.exchanges"}}) {
    for (const Known& known : known_messages(dialect, file)) {
      std::vector<uint8_t> target(known.bytes.size());
      const double copy = cost([&] {
        std::memcpy(target.data(), known.bytes.data(), known.bytes.size());
        keep(*target.data());
      });
      const double parse = cost([&] {
        auto message = Message::parse(known.bytes);
        keep(*message);
      });
      const double check = cost([&] {
        auto message = Message::parse(known.bytes);
        auto error = known.direction->check(*message);
        keep(error);
      });
      const double recode = cost([&] {
        auto message = Message::parse(known.bytes);
        MessageBuilder builder(message->body());
        if (known.direction->recode(*message, builder)) return;
        Bytes again = builder.finish();
        keep(again);
      });
      copies += copy;
      decodes += check;
      recodes += recode;
      const auto message = Message::parse(known.bytes);
      const OperationInfo* operation = find(dialect, message->body().opc);
      std::printf("%-28s %5zu %9.1f %9.1f %9.1f %9.1f %6.1f\n",
                  operation == nullptr ? "?" : std::string(operation->name).c_str(),
                  known.bytes.size(), copy, parse, check, recode, check / copy);
    }
  }
  std::printf("all: decoding takes %.1f times a copy, decoding and encoding %.1f times\n",
              decodes / copies, recodes / copies);
}

TEST_CASE("Bench: who a request is for, and checksums") {
  double sum = 0;
  size_t count = 0;
  for (const Known& known : known_messages(Dialect::v2_0, "client-2.0.0.exchanges")) {
    const Message message = *Message::parse(known.bytes);
    if (message.body().type != ptlrpc::msg_type::kRequest) continue;
    sum += cost([&] {
      const OperationInfo* operation = identify(Dialect::v2_0, message);
      keep(operation);
    });
    ++count;
  }
  std::printf("identify: %.1f ns a request\n", sum / static_cast<double>(count));
  const std::vector<uint8_t> page(65536, 3);
  const auto rate = [&](auto sum_of) {
    return 65536.0 / cost([&] {
             const auto checksum = sum_of(page);
             keep(checksum);
           });
  };
  std::printf("crc32: %.2f GB/s; adler32: %.2f GB/s\n", rate([](ByteView b) { return crc32(b); }),
              rate([](ByteView b) { return adler32(b); }));
}

}  // namespace protocol
