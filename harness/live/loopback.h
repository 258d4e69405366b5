// Loopback addresses for one run: a block of 127.x.y.0 to 127.x.y.255 that no other run on this
// machine has, so that runs side by side do not meet. NIDs have no port, so every node needs an
// address of its own.
#pragma once

#include <cstdint>
#include <utility>

namespace harness::live {

class LoopbackBlock {
 public:
  // Tries blocks until one is free; taken for as long as the object lives.
  static LoopbackBlock claim();

  LoopbackBlock(LoopbackBlock&& other) noexcept
      : base_(other.base_), socket_(std::exchange(other.socket_, -1)) {}
  LoopbackBlock& operator=(LoopbackBlock&&) = delete;
  ~LoopbackBlock();

  // index 1 to 250; IPv4 in host order.
  uint32_t address(uint32_t index) const;

 private:
  LoopbackBlock(uint32_t base, int socket) : base_(base), socket_(socket) {}
  uint32_t base_;
  int socket_;  // listens on the block's last address, which claims it
};

}  // namespace harness::live
