#include "protocol/bytes.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <new>

namespace protocol {

// The count, and the storage: either a vector that was handed over, or the bytes right behind.
struct Bytes::Block {
  std::atomic<uint32_t> holders{1};
  std::vector<uint8_t> owned;

  static Block* make(size_t capacity) { return new (operator new(sizeof(Block) + capacity)) Block; }
  uint8_t* storage() { return reinterpret_cast<uint8_t*>(this + 1); }
  static void destroy(Block* block) {
    block->~Block();
    operator delete(block);
  }
};

std::string WireError::text() const {
  const std::string where =
      fmt::format("{}{}{} at {}", subject, field.empty() ? "" : ".", field, offset);
  switch (kind) {
    case Kind::too_short:
      return fmt::format("{}: {} bytes found, {} needed", where, found, allowed);
    case Kind::too_many:
      return fmt::format("{}: {} found, at most {} allowed", where, found, allowed);
    case Kind::bad_magic:
      return fmt::format("{}: magic {:#x} found, {:#x} expected", where, found, allowed);
    case Kind::bad_length:
      return fmt::format("{}: length {} does not fit {}", where, found, allowed);
    case Kind::missing_buffer:
      return fmt::format("{}: buffer {} is missing, the message has {}", where, allowed, found);
    case Kind::bad_text:
      return fmt::format("{}: {} bytes are not a NUL-terminated name", where, found);
    case Kind::bad_value:
      return fmt::format("{}: value {} has no meaning here", where, found);
  }
  return where;
}

Bytes::Bytes(std::vector<uint8_t>&& content) {
  if (content.empty()) return;
  block_ = Block::make(0);
  block_->owned = std::move(content);
  data_ = block_->owned.data();
  size_ = block_->owned.size();
}

Bytes::Bytes(ByteView content) {
  if (content.empty()) return;
  block_ = Block::make(content.size());
  std::memcpy(block_->storage(), content.data(), content.size());
  data_ = block_->storage();
  size_ = content.size();
}

void Bytes::hold() const {
  if (block_ != nullptr) block_->holders.fetch_add(1, std::memory_order_relaxed);
}

void Bytes::release() {
  if (block_ != nullptr && block_->holders.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    Block::destroy(block_);
  }
}

Bytes Bytes::slice(size_t offset, size_t length) const {
  if (offset >= size_ || length == 0) return {};
  hold();
  return {block_, data_ + offset, std::min(length, size_ - offset)};
}

std::strong_ordering operator<=>(const Bytes& a, const Bytes& b) {
  const size_t shared = std::min(a.size_, b.size_);
  const int order = shared == 0 ? 0 : std::memcmp(a.data_, b.data_, shared);
  return order != 0 ? order <=> 0 : a.size_ <=> b.size_;
}

BytesBuilder::~BytesBuilder() {
  if (block_ != nullptr) Bytes::Block::destroy(block_);
}

void BytesBuilder::reserve(size_t capacity) {
  if (capacity <= capacity_) return;
  Bytes::Block* larger = Bytes::Block::make(capacity);
  if (size_ > 0) std::memcpy(larger->storage(), data_, size_);
  if (block_ != nullptr) Bytes::Block::destroy(block_);
  block_ = larger;
  data_ = larger->storage();
  capacity_ = capacity;
}

ByteSpan BytesBuilder::extend(size_t count) {
  if (count > capacity_ - size_) reserve(std::max(size_ + count, 2 * capacity_));
  const ByteSpan added{data_ + size_, count};
  size_ += count;
  return added;
}

void BytesBuilder::append(ByteView bytes) {
  if (!bytes.empty()) std::memcpy(extend(bytes.size()).data(), bytes.data(), bytes.size());
}

void BytesBuilder::append_zeros(size_t count) {
  if (count > 0) std::memset(extend(count).data(), 0, count);
}

Bytes BytesBuilder::finish(size_t offset) {
  Bytes::Block* block = std::exchange(block_, nullptr);
  const uint8_t* data = std::exchange(data_, nullptr);
  const size_t size = std::exchange(size_, 0);
  capacity_ = 0;
  if (block == nullptr) return {};
  return {block, data + offset, size - offset};
}

}  // namespace protocol
