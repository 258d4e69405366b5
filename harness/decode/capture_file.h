// Capture files: pcap and pcapng, also compressed with gzip. Read by libpcap as a stream: what is
// held of a capture does not grow with it.
#pragma once

#include <cstdint>
#include <cstdio>
#include <expected>
#include <functional>
#include <memory>
#include <string>

#include "protocol/bytes.h"

namespace harness {

// One captured packet. Valid only during the call that hands it over.
struct CapturedPacket {
  uint64_t number;           // from 1, as Wireshark counts
  int64_t time_ns;           // since 1970
  uint32_t link_type;        // LINKTYPE_*, of the whole file
  protocol::ByteView bytes;  // what was captured
  uint32_t length_on_wire;   // more than captured if the capture had a snapshot length
};

struct CaptureSummary {
  uint64_t packets = 0;
  uint32_t link_type = 0;
  // Why reading ended before the end of the file (it was cut, or damaged), or empty.
  std::string cut;
};

// A capture that can be read once, from its start.
class Capture {
 public:
  // Of a file, decompressed if it is gzip. The error is one line that names the file.
  static std::expected<Capture, std::string> open(const std::string& path);
  // Of a file's bytes, which must stay where they are until it has been read.
  explicit Capture(protocol::ByteView content);

  // Whoever takes the stream closes it. Null for no bytes at all.
  std::FILE* take() && { return stream_.release(); }

 private:
  struct Close {
    void operator()(std::FILE* stream) const { std::fclose(stream); }
  };
  explicit Capture(std::FILE* stream) : stream_(stream) {}
  std::unique_ptr<std::FILE, Close> stream_;
};

// Calls `on_packet` for each packet in order. The error is for content that is no capture at all; a
// capture that ends early is read as far as it goes (CaptureSummary::cut).
std::expected<CaptureSummary, std::string> for_each_packet(
    Capture capture, const std::function<void(const CapturedPacket&)>& on_packet);

}  // namespace harness
