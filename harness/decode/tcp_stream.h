// One direction of a TCP connection put back in order: what arrives late waits for what comes
// before it, what arrives twice counts once, and what the capture never saw is said to be missing.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "harness/decode/segment.h"
#include "protocol/bytes.h"

namespace harness {

// A part of the stream, in order and without overlap: bytes, or that `missing` bytes were not
// captured. Exactly one of the two. The bytes are those of the segment that was fed, or `kept`.
struct StreamPiece {
  protocol::ByteView bytes = {};
  uint64_t missing = 0;
  protocol::Bytes kept = {};
};

class TcpStream {
 public:
  // Pieces are valid until the next call. A stream whose SYN was not seen begins with the first
  // segment that is fed.
  const std::vector<StreamPiece>& feed(const TcpSegment& segment);
  // The peer acknowledged everything before this number. A hole that it covers will not be filled:
  // it is given up once kPatience more segments came.
  const std::vector<StreamPiece>& peer_acknowledged(uint32_t sequence);
  // No more will come: what waits is handed over, holes given up.
  const std::vector<StreamPiece>& finish();

  bool started() const { return started_; }
  bool saw_start() const { return saw_start_; }
  // Whether this SYN begins another connection than the one this stream belongs to.
  bool begins_anew(const TcpSegment& segment) const;
  // Bytes that were captured and handed over, each counted once.
  uint64_t delivered() const { return delivered_; }
  uint64_t repeated() const { return repeated_; }

  static constexpr int kPatience = 16;                  // segments
  static constexpr uint64_t kWaitingMax = 64ull << 20;  // bytes that may wait for a hole

 private:
  int64_t offset_of(uint32_t sequence) const;
  void add(int64_t offset, protocol::ByteView bytes);
  void hand_over(StreamPiece piece);
  void take_ready();
  void give_up_hole();

  std::vector<StreamPiece> pieces_;
  bool started_ = false;
  bool saw_start_ = false;
  uint32_t first_sequence_ = 0;
  uint64_t next_ = 0;  // stream offset of the first byte not handed over
  std::map<uint64_t, protocol::Bytes> waiting_;
  uint64_t waiting_bytes_ = 0;
  int64_t acknowledged_ = 0;
  int patience_ = kPatience;
  uint64_t delivered_ = 0;
  uint64_t repeated_ = 0;
};

}  // namespace harness
