#include "harness/record/pcapng.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace harness::record {
namespace {

static_assert(std::endian::native == std::endian::little, "blocks are written in host order");

constexpr uint32_t kSectionHeader = 0x0a0d0d0a;
constexpr uint32_t kInterface = 1;
constexpr uint32_t kEnhancedPacket = 6;
constexpr uint16_t kLinktypeRaw = 101;
constexpr size_t kIpHeader = 20;
constexpr size_t kTcpHeader = 20;
// A packet's length field holds 65535; the rest of it is left to headers.
constexpr size_t kSegmentMax = 65000;
constexpr uint8_t kFin = 0x01, kSyn = 0x02, kPush = 0x08, kAck = 0x10;

template <class T>
void put(std::vector<uint8_t>& out, T value) {
  const size_t at = out.size();
  out.resize(at + sizeof value);
  std::memcpy(out.data() + at, &value, sizeof value);
}

void put_padded(std::vector<uint8_t>& out, ByteView bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
  out.resize((out.size() + 3) / 4 * 4);
}

ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

template <class T>
void put_network(std::vector<uint8_t>& out, T value) {
  for (size_t i = sizeof value; i-- > 0;) out.push_back(static_cast<uint8_t>(value >> (8 * i)));
}

uint32_t sum16(ByteView bytes) {
  uint32_t sum = 0;
  for (size_t i = 0; i < bytes.size(); ++i) sum += i % 2 == 0 ? bytes[i] << 8 : bytes[i];
  return sum;
}

uint16_t internet_checksum(uint32_t sum) {
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(~sum);
}

void patch(std::vector<uint8_t>& packet, size_t at, uint16_t value) {
  packet[at] = static_cast<uint8_t>(value >> 8);
  packet[at + 1] = static_cast<uint8_t>(value);
}

}  // namespace

PcapngWriter::PcapngWriter(const std::string& path)
    : file_(path, std::ios::binary | std::ios::trunc) {
  std::vector<uint8_t> section;
  put<uint32_t>(section, 0x1a2b3c4d);
  put<uint16_t>(section, 1);
  put<uint16_t>(section, 0);
  put<int64_t>(section, -1);
  block(kSectionHeader, section);
  std::vector<uint8_t> interface;
  put<uint16_t>(interface, kLinktypeRaw);
  put<uint16_t>(interface, 0);
  put<uint32_t>(interface, 0);
  put<uint16_t>(interface, 9);  // if_tsresol
  put<uint16_t>(interface, 1);
  put<uint32_t>(interface, 9);  // nanoseconds, padded to four
  put<uint32_t>(interface, 0);  // opt_endofopt
  block(kInterface, interface);
}

void PcapngWriter::block(uint32_t type, ByteView body) {
  std::vector<uint8_t> out;
  const auto total = static_cast<uint32_t>(12 + body.size());
  put(out, type);
  put(out, total);
  out.insert(out.end(), body.begin(), body.end());
  put(out, total);
  file_.write(reinterpret_cast<const char*>(out.data()), static_cast<std::streamsize>(out.size()));
}

void PcapngWriter::packet(int64_t time_ns, ByteView ip_packet, std::string_view comment) {
  std::vector<uint8_t> body;
  const auto time = static_cast<uint64_t>(time_ns);
  const auto length = static_cast<uint32_t>(ip_packet.size());
  put<uint32_t>(body, 0);
  put(body, static_cast<uint32_t>(time >> 32));
  put(body, static_cast<uint32_t>(time));
  put(body, length);
  put(body, length);
  put_padded(body, ip_packet);
  if (!comment.empty()) {
    put<uint16_t>(body, 1);
    put(body, static_cast<uint16_t>(comment.size()));
    put_padded(body, as_bytes(comment));
    put<uint32_t>(body, 0);
  }
  block(kEnhancedPacket, body);
}

TcpFlow::TcpFlow(PcapngWriter& writer, int64_t time_ns, End active, End passive)
    : ends_{active, passive}, next_seq_{writer.initial_sequence(), writer.initial_sequence()} {
  segment(writer, time_ns, true, kSyn, {}, {});
  segment(writer, time_ns, false, kSyn | kAck, {}, {});
  segment(writer, time_ns, true, kAck, {}, {});
}

void TcpFlow::data(PcapngWriter& writer, int64_t time_ns, bool from_active, ByteView bytes,
                   std::string_view comment) {
  while (!bytes.empty()) {
    const ByteView part = bytes.first(std::min(bytes.size(), kSegmentMax));
    bytes = bytes.subspan(part.size());
    segment(writer, time_ns, from_active, kAck | kPush, part, bytes.empty() ? comment : "");
  }
}

void TcpFlow::close(PcapngWriter& writer, int64_t time_ns) {
  segment(writer, time_ns, true, kFin | kAck, {}, {});
  segment(writer, time_ns, false, kFin | kAck, {}, {});
  segment(writer, time_ns, true, kAck, {}, {});
}

void TcpFlow::segment(PcapngWriter& writer, int64_t time_ns, bool from_active, uint8_t flags,
                      ByteView bytes, std::string_view comment) {
  const size_t from = from_active ? 0 : 1;
  const End source = ends_[from];
  const End sink = ends_[1 - from];
  const size_t total = kIpHeader + kTcpHeader + bytes.size();
  std::vector<uint8_t> packet;
  packet.reserve(total);
  put_network<uint16_t>(packet, 0x4500);
  put_network(packet, static_cast<uint16_t>(total));
  put_network<uint32_t>(packet, 0x00004000);  // no id, don't fragment
  put_network<uint16_t>(packet, 64 << 8 | 6);
  put_network<uint16_t>(packet, 0);
  put_network(packet, source.address);
  put_network(packet, sink.address);
  patch(packet, 10, internet_checksum(sum16(ByteView(packet).first(kIpHeader))));
  put_network(packet, source.port);
  put_network(packet, sink.port);
  put_network(packet, next_seq_[from]);
  put_network<uint32_t>(packet, (flags & kAck) != 0 ? next_seq_[1 - from] : 0);
  put_network<uint16_t>(packet, static_cast<uint16_t>(0x5000 | flags));
  put_network<uint16_t>(packet, 0xffff);
  put_network<uint32_t>(packet, 0);  // checksum and urgent pointer
  packet.insert(packet.end(), bytes.begin(), bytes.end());
  const uint32_t pseudo =
      sum16(ByteView(packet).subspan(12, 8)) + 6 + static_cast<uint32_t>(kTcpHeader + bytes.size());
  patch(packet, kIpHeader + 16,
        internet_checksum(pseudo + sum16(ByteView(packet).subspan(kIpHeader))));
  writer.packet(time_ns, packet, comment);
  next_seq_[from] += static_cast<uint32_t>(bytes.size());
  if ((flags & (kSyn | kFin)) != 0) ++next_seq_[from];
}

}  // namespace harness::record
