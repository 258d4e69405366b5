// Byte strings as they travel: views, the two byte orders, the error that every decoder returns,
// and Bytes, the immutable shared string in which messages are kept.
#pragma once

#include <algorithm>
#include <bit>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace protocol {

static_assert(std::endian::native == std::endian::little,
              "structs have the wire's layout, and decoding little-endian is a copy");

using ByteView = std::span<const uint8_t>;
using ByteSpan = std::span<uint8_t>;

enum class ByteOrder : uint8_t { little, big };

// What is wrong with bytes that a peer sent. Allocation-free: subject and field point to literals
// or to generated tables. Offsets and lengths are in bytes from the start of the subject.
struct WireError {
  enum class Kind : uint8_t {
    too_short,   // found bytes where at least `allowed` are needed
    too_many,    // a count of `found` above `allowed`
    bad_magic,   // neither `allowed` nor its byte-swapped form
    bad_length,  // a length of `found` that cannot be (not a multiple of, not equal to `allowed`)
    missing_buffer,  // a message of `found` buffers without buffer number `allowed`
    bad_text,        // a name without its NUL at the end, or with one before the end
    bad_value,       // a number that has no meaning there
  };

  std::string_view subject;
  std::string_view field;
  uint32_t offset = 0;
  uint64_t found = 0;
  uint64_t allowed = 0;
  Kind kind = Kind::too_short;

  // One line for people: "ptlrpc_body at 40: 20 bytes found, 88 needed".
  std::string text() const;
  friend bool operator==(const WireError&, const WireError&) = default;
};

// An immutable byte string whose copies and slices share one block: copying costs a count, which is
// atomic, since worker threads may hold copies of one message. Equality and order are by content.
class Bytes {
 public:
  Bytes() = default;
  // Takes the vector's storage over; nothing is copied.
  Bytes(std::vector<uint8_t>&& content);  // NOLINT(google-explicit-constructor)
  explicit Bytes(ByteView content);
  Bytes(const Bytes& other) : block_(other.block_), data_(other.data_), size_(other.size_) {
    hold();
  }
  Bytes(Bytes&& other) noexcept
      : block_(std::exchange(other.block_, nullptr)),
        data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)) {}
  Bytes& operator=(Bytes other) noexcept {
    std::swap(block_, other.block_);
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~Bytes() { release(); }

  ByteView view() const { return {data_, size_}; }
  const uint8_t* data() const { return data_; }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  uint8_t operator[](size_t index) const { return data_[index]; }

  // The part that begins at `offset`, at most `length` bytes; what lies outside is left out.
  Bytes slice(size_t offset, size_t length = SIZE_MAX) const;

  friend bool operator==(const Bytes& a, const Bytes& b) {
    return a.size_ == b.size_ &&
           (a.data_ == b.data_ || a.size_ == 0 || std::memcmp(a.data_, b.data_, a.size_) == 0);
  }
  friend std::strong_ordering operator<=>(const Bytes& a, const Bytes& b);

 private:
  friend class BytesBuilder;
  struct Block;
  Bytes(Block* block, const uint8_t* data, size_t size) : block_(block), data_(data), size_(size) {}
  void hold() const;
  void release();

  Block* block_ = nullptr;
  const uint8_t* data_ = nullptr;
  size_t size_ = 0;
};

// Storage that is written once and then frozen into Bytes, in one allocation as long as `reserve`
// was told enough.
class BytesBuilder {
 public:
  BytesBuilder() = default;
  explicit BytesBuilder(size_t capacity) { reserve(capacity); }
  BytesBuilder(const BytesBuilder&) = delete;
  BytesBuilder& operator=(const BytesBuilder&) = delete;
  ~BytesBuilder();

  void reserve(size_t capacity);
  size_t size() const { return size_; }
  ByteSpan span() { return {data_, size_}; }
  // Makes the content `count` bytes longer and returns the new part, which is not initialised.
  ByteSpan extend(size_t count);
  void append(ByteView bytes);
  void append_zeros(size_t count);
  // The content from `offset` on; the builder is empty afterwards.
  Bytes finish(size_t offset = 0);

 private:
  Bytes::Block* block_ = nullptr;
  uint8_t* data_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

// `length` rounded up to the 8-byte boundary on which every ptlrpc buffer starts.
constexpr size_t padded(size_t length) { return (length + 7) & ~size_t{7}; }

inline bool all_zero(ByteView bytes) {
  return std::ranges::all_of(bytes, [](uint8_t byte) { return byte == 0; });
}
inline ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace protocol
