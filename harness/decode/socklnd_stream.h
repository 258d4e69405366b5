// One direction of an LNet connection cut into frames: acceptor request, HELLO, messages.
//
// It looks at just enough of each frame to know where it ends. Where bytes are missing it says what
// is left of the frame concerned and finds the next message by its header. Facts: lnet-socklnd
// 2, 3.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "protocol/bytes.h"

namespace harness {

struct SocklndFrame {
  enum class Kind : uint8_t {
    acceptor,  // acceptor request, or the acceptor's answer to a wrong one
    hello,     // of version 2 or 3, and what bears another version
    hello_v1,  // an lnet_hdr
    noop,      // a ksock header alone
    message,   // ksock header (not in version 1), lnet_hdr, payload
    lost,      // bytes that belong to no frame that could be recognised: `why`
    gap,       // nothing: `whole` bytes were not captured
  };

  Kind kind = Kind::lost;
  protocol::ByteView bytes = {};  // valid until the stream is asked again
  uint64_t offset = 0;            // in the stream, missing bytes counted
  uint64_t whole = 0;             // length of the whole frame; more than bytes.size() if it was cut
  uint32_t version = 0;  // of socklnd, as the last HELLO of this direction said; 0 if none was seen
  protocol::ByteOrder order = protocol::ByteOrder::little;  // the sender's
  std::string_view why;                                     // a literal

  bool cut() const { return bytes.size() < whole; }
};

class SocklndStream {
 public:
  // `expected`: the port says that this is LNet. Otherwise a stream whose first bytes are not those
  // of LNet is foreign, and all of it is left alone.
  explicit SocklndStream(bool expected) : expected_(expected) {}
  SocklndStream(SocklndStream&&) = default;

  // Frames are valid until the next call. The bytes must stay where they are as long as the frames
  // are used.
  const std::vector<SocklndFrame>& feed(protocol::ByteView bytes);
  const std::vector<SocklndFrame>& missing(uint64_t count);
  const std::vector<SocklndFrame>& finish();

  bool foreign() const { return state_ == State::foreign; }
  uint64_t foreign_bytes() const { return foreign_bytes_; }

  static constexpr uint32_t kPayloadMax = 16u << 20;  // more is taken for a lost frame
  static constexpr uint32_t kInterfacesMax = 16;

 private:
  enum class State : uint8_t { start, messages, searching, foreign };
  enum class Step : uint8_t { taken, need_more };

  Step step();
  Step step_start();
  Step step_message();
  Step step_search();
  Step take(SocklndFrame::Kind kind, uint64_t length);
  Step lose_sync(std::string_view why);
  void emit(SocklndFrame::Kind kind, size_t length, uint64_t whole);
  size_t available() const { return content_.size() - position_; }
  uint32_t u32(size_t offset) const;
  uint64_t u64_little(size_t offset) const;
  bool message_at(size_t offset) const;
  void forget_taken();

  std::vector<SocklndFrame> frames_;
  bool expected_;
  State state_ = State::start;
  std::vector<uint8_t> buffer_;  // what is in no frame yet, between calls
  protocol::ByteView content_;   // what is being cut: the buffer, or bytes that begin a frame
  size_t position_ = 0;          // of the first byte of content_ that is in no frame yet
  uint64_t offset_ = 0;          // of that byte in the stream
  uint64_t skip_ = 0;            // bytes still to come of a message with a hole in it
  SocklndFrame::Kind current_ = SocklndFrame::Kind::lost;
  uint64_t current_whole_ = 0;  // length of the frame at position_, when known
  uint32_t version_ = 0;
  protocol::ByteOrder order_ = protocol::ByteOrder::little;
  std::string_view why_lost_;
  size_t searched_ = 0;  // bytes behind position_ that begin no message
  uint64_t foreign_bytes_ = 0;
};

}  // namespace harness
