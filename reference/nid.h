// LNet addresses as people write them: "127.0.0.11@tcp", "10.0.0.1@tcp2", and a process on one,
// "12345-127.0.0.11@tcp" (facts: lnet-socklnd 1).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "reference/machine.h"

namespace reference {

inline constexpr uint32_t kTcpNetType = 2;
inline constexpr uint32_t kUserspacePid = 0x8000'0000;  // set in the pid of a user-space peer

// IPv4 addresses are host-order numbers: 127.0.0.1 is 0x7f000001.
constexpr uint64_t make_nid(uint32_t address, uint16_t net_number = 0) {
  return uint64_t{kTcpNetType << 16 | net_number} << 32 | address;
}
constexpr uint32_t nid_address(uint64_t nid) { return static_cast<uint32_t>(nid); }
constexpr uint32_t nid_net(uint64_t nid) { return static_cast<uint32_t>(nid >> 32); }

// A NID of net type tcp; without '@' it is on tcp0. None for anything else.
std::optional<uint64_t> parse_nid(std::string_view text);
std::optional<uint32_t> parse_address(std::string_view text);

std::string address_text(uint32_t address);
std::string nid_text(uint64_t nid);
std::string peer_text(PeerId peer);

}  // namespace reference
