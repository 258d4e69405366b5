#include "harness/decode/capture_file.h"

#include <unistd.h>
#include <zlib.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>

using harness::CapturedPacket;
using harness::for_each_packet;
using Octets = std::vector<uint8_t>;

namespace {

void put(Octets& out, uint64_t value, size_t width) {
  for (size_t i = 0; i < width; ++i) out.push_back(static_cast<uint8_t>(value >> (8 * i)));
}

// A pcap file of two packets of 4 and 6 bytes.
Octets pcap_file() {
  Octets out;
  put(out, 0xa1b2c3d4, 4);
  put(out, 2, 2);
  put(out, 4, 2);
  put(out, 0, 8);
  put(out, 65535, 4);
  put(out, 1, 4);  // Ethernet
  for (const uint32_t length : {4u, 6u}) {
    put(out, 1000 + length, 4);
    put(out, 7, 4);
    put(out, length, 4);
    put(out, length + 10, 4);
    put(out, 0x1122334455667788, length);
  }
  return out;
}

Octets pcapng_file() {
  Octets out;
  put(out, 0x0a0d0d0a, 4);  // section header
  put(out, 28, 4);
  put(out, 0x1a2b3c4d, 4);
  put(out, 1, 4);
  put(out, 0xffffffffffffffff, 8);
  put(out, 28, 4);
  put(out, 1, 4);  // interface description
  put(out, 20, 4);
  put(out, 1, 4);
  put(out, 65535, 4);
  put(out, 20, 4);
  put(out, 6, 4);  // enhanced packet
  put(out, 36, 4);
  put(out, 0, 8);
  put(out, 0, 4);
  put(out, 4, 4);
  put(out, 4, 4);
  put(out, 0x55667788, 4);
  put(out, 36, 4);
  return out;
}

std::vector<size_t> lengths(const Octets& content, std::string* cut = nullptr) {
  std::vector<size_t> found;
  const auto summary = for_each_packet(
      content, [&](const CapturedPacket& packet) { found.push_back(packet.bytes.size()); });
  REQUIRE(summary);
  if (cut != nullptr) *cut = summary->cut;
  return found;
}

}  // namespace

TEST_CASE("packets of a pcap file") {
  std::string cut;
  REQUIRE(lengths(pcap_file(), &cut) == std::vector<size_t>{4, 6});
  REQUIRE(cut.empty());
  for_each_packet(pcap_file(), [](const CapturedPacket& packet) {
    if (packet.number != 1) return;
    REQUIRE(packet.time_ns == 1'004'000'007'000);
    REQUIRE(packet.length_on_wire == 14);
  });
}

TEST_CASE("packets of a pcapng file") { REQUIRE(lengths(pcapng_file()) == std::vector<size_t>{4}); }

TEST_CASE("a file cut in the middle of a packet gives what came before, and says so") {
  Octets content = pcap_file();
  content.pop_back();
  std::string cut;
  REQUIRE(lengths(content, &cut) == std::vector<size_t>{4});
  CHECK_FALSE(cut.empty());
}

TEST_CASE("what is no capture is refused") {
  const auto ignore = [](const CapturedPacket&) {};
  const Octets text{'r', 'o', 'o', 't', ':', 'x', '\n'};
  CHECK_FALSE(for_each_packet(text, ignore));
  CHECK_FALSE(for_each_packet({}, ignore));
  CHECK_FALSE(for_each_packet(protocol::ByteView(pcap_file()).first(20), ignore));
}

TEST_CASE("a compressed file reads like a plain one") {
  const std::string path =
      std::filesystem::temp_directory_path() / ("assay-capture-" + std::to_string(getpid()));
  const Octets content = pcap_file();
  const gzFile out = gzopen(path.c_str(), "wb");
  REQUIRE(gzwrite(out, content.data(), static_cast<unsigned>(content.size())) > 0);
  gzclose(out);
  REQUIRE(std::filesystem::file_size(path) != content.size());
  REQUIRE(harness::read_capture_file(path) == content);
  std::ofstream(path, std::ios::binary).write(reinterpret_cast<const char*>(content.data()), 5);
  REQUIRE(harness::read_capture_file(path)->size() == 5);
  std::filesystem::remove(path);
  CHECK_FALSE(harness::read_capture_file(path));
}
