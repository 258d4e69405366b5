// Bytes that wait for their turn, compressed: positions of one level that came from the same
// position differ in a few numbers.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace harness::explore {

class Packed {
 public:
  explicit Packed(std::span<const uint8_t> bytes);
  // Instead of what `out` has.
  void unpack(std::vector<uint8_t>& out) const;
  size_t size() const { return packed_.size(); }

 private:
  std::vector<char> packed_;
  uint32_t length_ = 0;  // of what is packed
};

}  // namespace harness::explore
