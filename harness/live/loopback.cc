#include "harness/live/loopback.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "protocol/check.h"

namespace harness::live {
namespace {

constexpr uint32_t kFirst = 0x7f400000;  // 127.64.0.0 and up: below are addresses people use
constexpr uint32_t kBlocks = 0x3fff;     // to 127.127.254.0
constexpr uint32_t kClaimed = 254;       // of each block
constexpr uint16_t kClaimPort = 9871;

}  // namespace

LoopbackBlock LoopbackBlock::claim() {
  const auto start = static_cast<uint32_t>(getpid());
  for (uint32_t i = 0; i < kBlocks; ++i) {
    const uint32_t base = kFirst + ((start + i) % kBlocks << 8);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(fd >= 0, "no more sockets");
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(kClaimPort);
    address.sin_addr.s_addr = htonl(base + kClaimed);
    if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
        listen(fd, 1) == 0) {
      return {base, fd};
    }
    close(fd);
  }
  CHECK(false, "every block of loopback addresses is taken");
}

LoopbackBlock::~LoopbackBlock() {
  if (socket_ >= 0) close(socket_);
}

uint32_t LoopbackBlock::address(uint32_t index) const {
  CHECK(index >= 1 && index <= 250);
  return base_ + index;
}

}  // namespace harness::live
