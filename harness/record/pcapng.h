// Writes pcapng files of raw IPv4 packets (LINKTYPE_RAW), with the TCP segments that would have
// carried a given stream of bytes: what the captures of both worlds are made of.
//
// A TcpFlow is one synthesised connection: handshake, segments with right sequence and
// acknowledgement numbers, FIN. Any reader that reassembles TCP can read it.
#pragma once

#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/bytes.h"

namespace harness::record {

using protocol::ByteView;

class PcapngWriter {
 public:
  // Truncates the file. ok() is false when it could not be opened or written.
  explicit PcapngWriter(const std::string& path);
  bool ok() const { return static_cast<bool>(file_); }
  // One packet, at nanoseconds since 1970, with an optional comment.
  void packet(int64_t time_ns, ByteView ip_packet, std::string_view comment = {});
  void flush() { file_.flush(); }
  // For a connection that begins: another one each time, so that who reads the file does not take
  // a second connection between the same ports for the first one's retransmissions.
  uint32_t initial_sequence() { return initial_sequence_ += kSequenceStep; }

 private:
  static constexpr uint32_t kSequenceStep = 0x61c8'8647;  // odd: all 2^32 come before one again
  void block(uint32_t type, ByteView body);
  std::ofstream file_;
  uint32_t initial_sequence_ = 0;
};

class TcpFlow {
 public:
  struct End {
    uint32_t address = 0;  // IPv4, host order
    uint16_t port = 0;
  };
  // Writes the three packets of the handshake.
  TcpFlow(PcapngWriter& writer, int64_t time_ns, End active, End passive);
  // Bytes in one direction, in as many segments as it takes.
  void data(PcapngWriter& writer, int64_t time_ns, bool from_active, ByteView bytes,
            std::string_view comment = {});
  // FIN from both ends.
  void close(PcapngWriter& writer, int64_t time_ns);

 private:
  void segment(PcapngWriter& writer, int64_t time_ns, bool from_active, uint8_t flags,
               ByteView bytes, std::string_view comment);
  End ends_[2];  // active, passive
  uint32_t next_seq_[2];
};

}  // namespace harness::record
