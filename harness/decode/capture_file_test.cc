#include "harness/decode/capture_file.h"

#include <unistd.h>
#include <zlib.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>

using harness::Capture;
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

std::vector<size_t> lengths(Capture capture, std::string* cut = nullptr) {
  std::vector<size_t> found;
  const auto summary = for_each_packet(std::move(capture), [&](const CapturedPacket& packet) {
    found.push_back(packet.bytes.size());
  });
  REQUIRE(summary);
  if (cut != nullptr) *cut = summary->cut;
  return found;
}

std::vector<size_t> lengths(const Octets& content, std::string* cut = nullptr) {
  return lengths(Capture(content), cut);
}

}  // namespace

TEST_CASE("packets of a pcap file") {
  std::string cut;
  REQUIRE(lengths(pcap_file(), &cut) == std::vector<size_t>{4, 6});
  REQUIRE(cut.empty());
  const Octets content = pcap_file();
  for_each_packet(Capture(content), [](const CapturedPacket& packet) {
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
  CHECK_FALSE(for_each_packet(Capture(text), ignore));
  CHECK_FALSE(for_each_packet(Capture(protocol::ByteView{}), ignore));
  const Octets whole = pcap_file();
  CHECK_FALSE(for_each_packet(Capture(protocol::ByteView(whole).first(20)), ignore));
}

TEST_CASE("a compressed file reads like a plain one, and one that was cut to where it was") {
  const std::string path =
      std::filesystem::temp_directory_path() / ("assay-capture-" + std::to_string(getpid()));
  const Octets content = pcap_file();
  const gzFile out = gzopen(path.c_str(), "wb");
  REQUIRE(gzwrite(out, content.data(), static_cast<unsigned>(content.size())) > 0);
  gzclose(out);
  const auto compressed = std::filesystem::file_size(path);
  REQUIRE(compressed != content.size());
  REQUIRE(lengths(*Capture::open(path)) == lengths(content));
  std::filesystem::resize_file(path, compressed / 2);
  std::string cut;
  REQUIRE(lengths(*Capture::open(path), &cut).size() < 2);
  REQUIRE_FALSE(cut.empty());
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(content.data()),
             static_cast<std::streamsize>(content.size()));
  REQUIRE(lengths(*Capture::open(path)) == lengths(content));
  std::filesystem::remove(path);
  CHECK_FALSE(Capture::open(path));
  CHECK_FALSE(Capture::open(std::filesystem::temp_directory_path()));
}
