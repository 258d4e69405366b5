// Records on our own disks: little-endian numbers and counted byte strings one after the other.
// What is not a real Lustre structure (inodes, names) is kept so; a record read back from a store
// is ours, so a short one is a broken store and fails a CHECK.
#pragma once

#include <concepts>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/bytes.h"
#include "protocol/check.h"

namespace reference {

class RecordWriter {
 public:
  template <std::integral T>
  void number(T value) {
    const size_t at = bytes_.size();
    bytes_.resize(at + sizeof value);
    std::memcpy(bytes_.data() + at, &value, sizeof value);
  }
  void string(protocol::ByteView value) {
    number(static_cast<uint32_t>(value.size()));
    bytes_.insert(bytes_.end(), value.begin(), value.end());
  }
  void string(std::string_view value) { string(protocol::as_bytes(value)); }
  protocol::Bytes finish() { return protocol::Bytes(std::move(bytes_)); }

 private:
  std::vector<uint8_t> bytes_;
};

class RecordReader {
 public:
  explicit RecordReader(protocol::ByteView bytes) : bytes_(bytes) {}
  template <std::integral T>
  T number() {
    CHECK(bytes_.size() >= sizeof(T), "record is too short");
    T value;
    std::memcpy(&value, bytes_.data(), sizeof value);
    bytes_ = bytes_.subspan(sizeof value);
    return value;
  }
  protocol::ByteView string() {
    const auto length = number<uint32_t>();
    CHECK(bytes_.size() >= length, "record is too short");
    const protocol::ByteView value = bytes_.first(length);
    bytes_ = bytes_.subspan(length);
    return value;
  }
  std::string text() { return std::string(protocol::as_text(string())); }
  bool empty() const { return bytes_.empty(); }

 private:
  protocol::ByteView bytes_;
};

// A number in a key: big-endian, so that keys sort by it.
inline void append_key(std::string& key, uint64_t number) {
  for (int shift = 56; shift >= 0; shift -= 8) key += static_cast<char>(number >> shift & 0xff);
}
inline uint64_t number_in_key(std::string_view key, size_t offset) {
  CHECK(key.size() >= offset + 8, "key is too short");
  uint64_t number = 0;
  for (size_t i = 0; i < 8; ++i) number = number << 8 | static_cast<uint8_t>(key[offset + i]);
  return number;
}

}  // namespace reference
