#include "harness/decode/capture_file.h"

#include <fmt/core.h>
#include <pcap/pcap.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <limits>
#include <memory>

namespace harness {

using protocol::ByteView;

namespace {

constexpr int64_t kSecond = 1'000'000'000;  // nanoseconds
constexpr int64_t kSecondsMax = std::numeric_limits<int64_t>::max() / kSecond - 1;

}  // namespace

std::expected<std::vector<uint8_t>, std::string> read_capture_file(const std::string& path) {
  // zlib reads a file that is not compressed as it is.
  const gzFile file = gzopen(path.c_str(), "rb");
  if (file == nullptr) {
    return std::unexpected(fmt::format("cannot read {}: {}", path, std::strerror(errno)));
  }
  constexpr size_t kPiece = 1 << 20;
  std::vector<uint8_t> content;
  std::error_code unknown;
  const uintmax_t on_disk = std::filesystem::file_size(path, unknown);
  if (!unknown) content.reserve(std::min<uintmax_t>(on_disk, kCaptureSizeMax) + kPiece);
  std::string error;
  while (true) {
    const size_t before = content.size();
    content.resize(before + kPiece);
    const int got = gzread(file, content.data() + before, kPiece);
    content.resize(before + static_cast<size_t>(got > 0 ? got : 0));
    if (got <= 0) {
      int number = Z_OK;
      const char* text = gzerror(file, &number);
      // A compressed file that was cut still holds what came before the cut.
      if (number == Z_ERRNO) text = std::strerror(errno);
      if (number != Z_OK && number != Z_STREAM_END && number != Z_BUF_ERROR) error = text;
      break;
    }
    if (content.size() > kCaptureSizeMax) {
      error = fmt::format("larger than {} bytes", kCaptureSizeMax);
      break;
    }
  }
  gzclose(file);
  if (!error.empty()) return std::unexpected(fmt::format("cannot read {}: {}", path, error));
  return content;
}

std::expected<CaptureSummary, std::string> for_each_packet(
    ByteView content, const std::function<void(const CapturedPacket&)>& on_packet) {
  if (content.empty()) return std::unexpected(std::string("the file is empty"));
  // libpcap only reads from the stream, though fmemopen wants a pointer to what it may change.
  std::FILE* stream = fmemopen(const_cast<uint8_t*>(content.data()), content.size(), "rb");
  if (stream == nullptr) return std::unexpected(std::string("out of memory"));
  char error[PCAP_ERRBUF_SIZE] = "";
  pcap_t* opened =
      pcap_fopen_offline_with_tstamp_precision(stream, PCAP_TSTAMP_PRECISION_NANO, error);
  if (opened == nullptr) {
    std::fclose(stream);
    return std::unexpected(fmt::format("not a capture file: {}", error));
  }
  const std::unique_ptr<pcap_t, decltype(&pcap_close)> capture(opened, &pcap_close);
  CaptureSummary summary;
  summary.link_type = static_cast<uint32_t>(pcap_datalink(capture.get()));
  while (true) {
    pcap_pkthdr* header = nullptr;
    const u_char* data = nullptr;
    const int got = pcap_next_ex(capture.get(), &header, &data);
    if (got == PCAP_ERROR) summary.cut = pcap_geterr(capture.get());
    if (got != 1) break;
    ++summary.packets;
    // A file can name moments that 64 bits of nanoseconds cannot.
    const int64_t seconds = std::clamp<int64_t>(header->ts.tv_sec, 0, kSecondsMax);
    on_packet(CapturedPacket{
        .number = summary.packets,
        .time_ns = seconds * kSecond + std::clamp<int64_t>(header->ts.tv_usec, 0, kSecond - 1),
        .link_type = summary.link_type,
        .bytes = ByteView(data, header->caplen),
        .length_on_wire = header->len});
  }
  return summary;
}

}  // namespace harness
