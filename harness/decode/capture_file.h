// Capture files: pcap and pcapng, also compressed with gzip. Read by libpcap, from memory.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <string>
#include <vector>

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

// The whole content of a file, decompressed if it is gzip, at most kCaptureSizeMax bytes. The error
// is one line that names the file.
inline constexpr uint64_t kCaptureSizeMax = uint64_t{4} << 30;
std::expected<std::vector<uint8_t>, std::string> read_capture_file(const std::string& path);

// Calls `on_packet` for each packet in order. The error is for content that is no capture at all; a
// capture that ends early is read as far as it goes (CaptureSummary::cut).
std::expected<CaptureSummary, std::string> for_each_packet(
    protocol::ByteView content, const std::function<void(const CapturedPacket&)>& on_packet);

}  // namespace harness
