#include "harness/decode/tcp_stream.h"

#include <algorithm>

namespace harness {

using protocol::ByteView;

// Sequence numbers wrap; the one meant is the one nearest to what is expected next. Negative is
// before the start of the stream, as a keepalive may be.
int64_t TcpStream::offset_of(uint32_t sequence) const {
  const uint32_t expected = first_sequence_ + static_cast<uint32_t>(next_);
  return static_cast<int64_t>(next_) + static_cast<int32_t>(sequence - expected);
}

bool TcpStream::begins_anew(const TcpSegment& segment) const {
  return segment.syn && started_ && (!saw_start_ || segment.sequence + 1 != first_sequence_);
}

void TcpStream::add(int64_t signed_offset, ByteView bytes) {
  const auto next = static_cast<int64_t>(next_);
  if (signed_offset < next) {
    const auto old = std::min(static_cast<uint64_t>(next - signed_offset), uint64_t{bytes.size()});
    repeated_ += old;
    bytes = bytes.subspan(old);
    signed_offset = next;
  }
  auto offset = static_cast<uint64_t>(signed_offset);
  const bool expected = waiting_.empty() && offset == next_;
  if (expected && !bytes.empty()) return hand_over({.bytes = bytes});
  // Cut around what waits already: of bytes that were sent twice the first copy counts.
  while (!bytes.empty()) {
    auto after = waiting_.upper_bound(offset);
    if (after != waiting_.begin()) {
      const auto& [start, held] = *std::prev(after);
      if (start + held.size() > offset) {
        const uint64_t old = std::min<uint64_t>(start + held.size() - offset, bytes.size());
        repeated_ += old;
        bytes = bytes.subspan(old);
        offset += old;
        continue;
      }
    }
    const uint64_t room = after == waiting_.end() ? bytes.size() : after->first - offset;
    const ByteView part = bytes.first(std::min<uint64_t>(room, bytes.size()));
    waiting_.emplace(offset, protocol::Bytes(part));
    waiting_bytes_ += part.size();
    bytes = bytes.subspan(part.size());
    offset += part.size();
  }
}

void TcpStream::hand_over(StreamPiece piece) {
  next_ += piece.bytes.size();
  delivered_ += piece.bytes.size();
  patience_ = kPatience;
  pieces_.push_back(std::move(piece));
}

void TcpStream::take_ready() {
  while (!waiting_.empty() && waiting_.begin()->first == next_) {
    protocol::Bytes bytes = std::move(waiting_.extract(waiting_.begin()).mapped());
    waiting_bytes_ -= bytes.size();
    const ByteView view = bytes.view();
    hand_over({.bytes = view, .kept = std::move(bytes)});
  }
}

void TcpStream::give_up_hole() {
  if (waiting_.empty()) return;
  const uint64_t missing = waiting_.begin()->first - next_;
  if (missing > 0) pieces_.push_back({.missing = missing});
  next_ += missing;
  patience_ = kPatience;
  take_ready();
}

const std::vector<StreamPiece>& TcpStream::feed(const TcpSegment& segment) {
  pieces_.clear();
  if (!started_) {
    // A segment without bytes tells where the stream stands, but a keepalive stands one before.
    if (!segment.syn && segment.payload_length == 0) return pieces_;
    started_ = true;
    saw_start_ = segment.syn;
    first_sequence_ = segment.sequence + (segment.syn ? 1 : 0);
  }
  add(offset_of(segment.sequence + (segment.syn ? 1 : 0)), segment.payload);
  take_ready();
  while (waiting_bytes_ > kWaitingMax) give_up_hole();
  return pieces_;
}

const std::vector<StreamPiece>& TcpStream::peer_acknowledged(uint32_t sequence) {
  pieces_.clear();
  if (!started_ || waiting_.empty()) return pieces_;
  acknowledged_ = std::max(acknowledged_, offset_of(sequence));
  const auto hole_end = static_cast<int64_t>(waiting_.begin()->first);
  if (acknowledged_ >= hole_end && --patience_ < 0) give_up_hole();
  return pieces_;
}

const std::vector<StreamPiece>& TcpStream::finish() {
  pieces_.clear();
  while (!waiting_.empty()) give_up_hole();
  return pieces_;
}

}  // namespace harness
