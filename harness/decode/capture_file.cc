#include "harness/decode/capture_file.h"

#include <fmt/core.h>
#include <pcap/pcap.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <utility>

namespace harness {

using protocol::ByteView;

namespace {

constexpr int64_t kSecond = 1'000'000'000;  // nanoseconds
constexpr int64_t kSecondsMax = std::numeric_limits<int64_t>::max() / kSecond - 1;

constexpr size_t kStreamBuffer = 256 << 10;

// What stdio asks of a compressed file; zlib reads one that is not compressed as it is.
ssize_t read_some(void* file, char* out, size_t size) {
  const int got = gzread(static_cast<gzFile>(file), out, static_cast<unsigned>(size));
  if (got >= 0) return got;
  // A compressed file that was cut still holds what came before the cut.
  int number = Z_OK;
  gzerror(static_cast<gzFile>(file), &number);
  if (number == Z_BUF_ERROR) return 0;
  if (number != Z_ERRNO) errno = EIO;
  return -1;
}

int close_file(void* file) { return gzclose(static_cast<gzFile>(file)) == Z_OK ? 0 : EOF; }

}  // namespace

std::expected<Capture, std::string> Capture::open(const std::string& path) {
  const auto failed = [&path] {
    return std::unexpected(fmt::format("cannot read {}: {}", path, std::strerror(errno)));
  };
  const gzFile file = gzopen(path.c_str(), "rb");
  if (file == nullptr) return failed();
  gzbuffer(file, kStreamBuffer);
  std::FILE* stream = fopencookie(file, "rb", {.read = read_some, .close = close_file});
  if (stream == nullptr) {
    gzclose(file);
    return failed();
  }
  std::setvbuf(stream, nullptr, _IOFBF, 2 * kStreamBuffer);
  // A folder is opened like a file, and refuses only to be read.
  const int first = std::getc(stream);
  if (std::ferror(stream) != 0) {
    std::fclose(stream);
    return failed();
  }
  std::ungetc(first, stream);
  return Capture(stream);
}

// libpcap only reads from the stream, though fmemopen wants a pointer to what it may change.
Capture::Capture(ByteView content)
    : stream_(content.empty()
                  ? nullptr
                  : fmemopen(const_cast<uint8_t*>(content.data()), content.size(), "rb")) {}

std::expected<CaptureSummary, std::string> for_each_packet(
    Capture from, const std::function<void(const CapturedPacket&)>& on_packet) {
  std::FILE* stream = std::move(from).take();
  if (stream == nullptr) return std::unexpected(std::string("the file is empty"));
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
