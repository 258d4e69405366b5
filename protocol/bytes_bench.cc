// What decoding costs: a PtlrpcBody against a plain copy, and whole messages built and parsed.
#include <cstdio>
#include <cstring>
#include <ctime>
#include <vector>

#include "protocol/checksum.h"
#include "protocol/message.h"
#include "protocol/operations_2_0.h"

namespace {

using protocol::ptlrpc::PtlrpcBody;

// Keeps the compiler from leaving out what made `value`.
template <class T>
void keep(const T& value) {
  asm volatile("" : : "r"(&value) : "memory");
}

template <class Step>
void measure(const char* what, int times, Step step) {
  for (int i = 0; i < times / 10; ++i) step();
  // Time of the processor, so that a busy machine does not count.
  const std::clock_t start = std::clock();
  for (int i = 0; i < times; ++i) step();
  const double spent = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  std::printf("%-44s %10.1f ns\n", what, spent * 1e9 / times);
}

}  // namespace

int main() {
  using namespace protocol;
  std::vector<uint8_t> bytes(sizeof(PtlrpcBody), 7);
  measure("memcpy of 152 bytes", 20'000'000, [&] {
    PtlrpcBody body;
    std::memcpy(static_cast<void*>(&body), bytes.data(), sizeof(body));
    keep(body);
  });
  measure("decode PtlrpcBody, our byte order", 20'000'000,
          [&] { keep(*decode<PtlrpcBody>(bytes)); });
  measure("decode PtlrpcBody, the other byte order", 20'000'000,
          [&] { keep(*decode<PtlrpcBody>(bytes, ByteOrder::big)); });
  const PtlrpcBody body{.opc = 33};
  measure("encode PtlrpcBody", 20'000'000, [&] {
    encode(body, bytes);
    keep(bytes[0]);
  });

  const operations_2_0::MdsGetattr::Reply reply{.body = {.valid = 7}};
  measure("build an MDS_GETATTR reply with LNet header", 2'000'000, [&] {
    MessageBuilder builder(body);
    reply.encode(builder);
    keep(builder.finish(lnet::LnetHdr{}));
  });
  MessageBuilder builder(body);
  reply.encode(builder);
  const Bytes whole = builder.finish();
  measure("Message::parse of it", 5'000'000, [&] { keep(*Message::parse(whole)); });
  const Message message = *Message::parse(whole);
  measure("MdsGetattr::Reply::decode of it", 5'000'000,
          [&] { keep(*operations_2_0::MdsGetattr::Reply::decode(message)); });
  const std::vector<uint8_t> page(65536, 3);
  measure("crc32 of 64 KiB", 20'000, [&] { keep(crc32(page)); });
  measure("adler32 of 64 KiB", 20'000, [&] { keep(adler32(page)); });
  return 0;
}
