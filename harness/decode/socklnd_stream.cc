#include "harness/decode/socklnd_stream.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace harness {
namespace {

using protocol::ByteOrder;
using protocol::ByteView;
using Kind = SocklndFrame::Kind;

constexpr uint32_t kAcceptorMagic = 0xacce7100, kHelloMagic = 0x45726963, kV1Magic = 0xeebc0ded;
constexpr uint32_t kNoop = 0xc0, kLnet = 0xc1;
constexpr size_t kAcceptorSize = 16, kAcceptorV2Size = 28, kHelloSize = 56;
constexpr size_t kKsockSize = 24, kLnetSize = 72;
constexpr size_t kLnetTypeAt = 24, kPayloadLengthAt = 28;
constexpr uint32_t kLnetTypeMax = 3;
constexpr uint64_t kTcpNetType = 2;
constexpr size_t kLostPieceMax = 1 << 20;  // a longer stretch of lost bytes becomes several frames

}  // namespace

uint32_t SocklndStream::u32(size_t offset) const {
  uint32_t value = 0;
  std::memcpy(&value, content_.data() + position_ + offset, sizeof value);
  return value;
}

uint64_t SocklndStream::u64_little(size_t offset) const {
  uint64_t value = 0;
  std::memcpy(&value, content_.data() + position_ + offset, sizeof value);
  return value;
}

void SocklndStream::emit(Kind kind, size_t length, uint64_t whole) {
  SocklndFrame frame;
  frame.kind = kind;
  frame.bytes = content_.subspan(position_, length);
  frame.offset = offset_;
  frame.whole = whole;
  frame.version = version_;
  frame.order = order_;
  if (kind == Kind::lost) frame.why = why_lost_;
  position_ += length;
  offset_ += length;
  current_whole_ = 0;
  searched_ = 0;
  frames_.push_back(std::move(frame));
}

SocklndStream::Step SocklndStream::take(Kind kind, uint64_t length) {
  current_ = kind;
  current_whole_ = length;
  if (available() < length) return Step::need_more;
  emit(kind, length, length);
  return Step::taken;
}

SocklndStream::Step SocklndStream::lose_sync(std::string_view why) {
  state_ = State::searching;
  why_lost_ = why;
  current_whole_ = 0;
  searched_ = 0;
  return Step::taken;
}

SocklndStream::Step SocklndStream::step_start() {
  if (available() < 8) return Step::need_more;
  const uint32_t magic = u32(0);
  order_ = ByteOrder::little;
  for (const uint32_t known : {kAcceptorMagic, kHelloMagic}) {
    if (magic == std::byteswap(known)) order_ = ByteOrder::big;
  }
  const auto number = [this](size_t at) {
    return order_ == ByteOrder::little ? u32(at) : std::byteswap(u32(at));
  };
  switch (number(0)) {
    case kAcceptorMagic:
      return take(Kind::acceptor, number(4) == 2 ? kAcceptorV2Size : kAcceptorSize);
    case kHelloMagic: {
      if (available() < kHelloSize) return Step::need_more;
      const uint32_t interfaces = number(kHelloSize - 4);
      if (interfaces > kInterfacesMax) return lose_sync("a HELLO with too many interfaces");
      version_ = number(4);
      const Step done = take(Kind::hello, kHelloSize + 4 * interfaces);
      if (done == Step::taken) state_ = State::messages;
      if (done == Step::taken && version_ > 3) return lose_sync("a socklnd version after 3");
      return done;
    }
    case kV1Magic: {
      if (available() < kLnetSize) return Step::need_more;
      if (u32(kPayloadLengthAt) > 4 * kInterfacesMax) return lose_sync("a HELLO that is too long");
      version_ = 1;
      const Step done = take(Kind::hello_v1, kLnetSize + u32(kPayloadLengthAt));
      if (done == Step::taken) state_ = State::messages;
      return done;
    }
    default:
      break;
  }
  if (expected_ || message_at(0)) return lose_sync("neither acceptor request nor HELLO");
  state_ = State::foreign;
  return Step::taken;
}

SocklndStream::Step SocklndStream::step_message() {
  const size_t before = version_ == 1 ? 0 : kKsockSize;
  if (before > 0) {
    if (available() < 4) return Step::need_more;
    const uint32_t type = order_ == ByteOrder::little ? u32(0) : std::byteswap(u32(0));
    if (type == kNoop) return take(Kind::noop, kKsockSize);
    if (type != kLnet) return lose_sync("no socklnd message type");
  }
  if (available() < before + kLnetSize) return Step::need_more;
  const uint32_t payload = u32(before + kPayloadLengthAt);
  if (payload > kPayloadMax) return lose_sync("an LNet header with an absurd length");
  return take(Kind::message, before + kLnetSize + payload);
}

// Whether a message of version 2 or 3 seems to begin there: its type, two NIDs of TCP, an LNet type
// and a length that may be.
bool SocklndStream::message_at(size_t offset) const {
  if (available() < offset + kKsockSize + kLnetSize) return false;
  const uint32_t type = u32(offset);
  if (type != kLnet && std::byteswap(type) != kLnet) return false;
  const size_t lnet = offset + kKsockSize;
  return u64_little(lnet) >> 48 == kTcpNetType && u64_little(lnet + 8) >> 48 == kTcpNetType &&
         u32(lnet + kLnetTypeAt) <= kLnetTypeMax && u32(lnet + kPayloadLengthAt) <= kPayloadMax;
}

SocklndStream::Step SocklndStream::step_search() {
  while (available() >= searched_ + kKsockSize + kLnetSize) {
    if (message_at(searched_)) {
      order_ = u32(searched_) == kLnet ? ByteOrder::little : ByteOrder::big;
      if (version_ == 1) version_ = 0;
      if (searched_ > 0) emit(Kind::lost, searched_, searched_);
      state_ = State::messages;
      return Step::taken;
    }
    if (++searched_ == kLostPieceMax) {
      emit(Kind::lost, searched_, searched_);
      return Step::taken;
    }
  }
  return Step::need_more;
}

SocklndStream::Step SocklndStream::step() {
  switch (state_) {
    case State::start:
      return step_start();
    case State::messages:
      return step_message();
    case State::searching:
      return step_search();
    case State::foreign:
      foreign_bytes_ += available();
      position_ = content_.size();
      return Step::need_more;
  }
  return Step::need_more;
}

void SocklndStream::forget_taken() {
  buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(position_));
  position_ = 0;
  content_ = buffer_;
}

const std::vector<SocklndFrame>& SocklndStream::feed(ByteView bytes) {
  frames_.clear();
  forget_taken();
  const bool fresh = buffer_.empty();
  if (!fresh) buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
  content_ = fresh ? bytes : ByteView(buffer_);
  if (skip_ > 0) {
    const auto part = static_cast<size_t>(std::min<uint64_t>(skip_, available()));
    why_lost_ = "behind a hole in a message";
    emit(Kind::lost, part, part);
    skip_ -= part;
  }
  while (skip_ == 0 && available() > 0 && step() == Step::taken) {
  }
  if (fresh) {
    const ByteView rest = content_.subspan(position_);
    buffer_.assign(rest.begin(), rest.end());
    position_ = 0;
    content_ = buffer_;
  }
  return frames_;
}

const std::vector<SocklndFrame>& SocklndStream::missing(uint64_t count) {
  frames_.clear();
  forget_taken();
  const uint64_t whole = current_whole_;
  const size_t held = available();
  const uint64_t left = skip_ > 0 ? skip_ : (whole > held ? whole - held : 0);
  if (skip_ == 0 && held > 0) {
    if (whole == 0) why_lost_ = "the start of something, before a hole";
    emit(whole > 0 ? current_ : Kind::lost, held, whole > 0 ? whole : held);
  }
  if (state_ == State::foreign) return frames_;
  SocklndFrame hole;
  hole.kind = Kind::gap;
  hole.offset = offset_;
  hole.whole = count;
  frames_.push_back(hole);
  offset_ += count;
  if (left >= count && left > 0) {
    skip_ = left - count;
    if (state_ == State::start) state_ = State::messages;
  } else {
    skip_ = 0;
    lose_sync("behind a hole");
  }
  return frames_;
}

const std::vector<SocklndFrame>& SocklndStream::finish() {
  frames_.clear();
  forget_taken();
  if (available() == 0) return frames_;
  if (state_ == State::foreign) return frames_;
  const uint64_t whole = current_whole_;
  if (whole == 0 && state_ != State::searching)
    why_lost_ = "the start of something, before the end";
  emit(whole > 0 ? current_ : Kind::lost, available(), whole > 0 ? whole : available());
  return frames_;
}

}  // namespace harness
