// Lock types and modes, and which modes go together. Values as on the wire.
// Facts: semantics 3.1, 3.2.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <optional>

#include "protocol/ldlm.h"

namespace reference {

enum class LockType : uint8_t {
  plain = protocol::ldlm::lock_type::kPlain,
  extent = protocol::ldlm::lock_type::kExtent,
  flock = protocol::ldlm::lock_type::kFlock,
  ibits = protocol::ldlm::lock_type::kIbits,
};

enum class LockMode : uint8_t {
  none = 0,  // granted mode of a lock that waits
  ex = protocol::ldlm::lock_mode::kEx,
  pw = protocol::ldlm::lock_mode::kPw,
  pr = protocol::ldlm::lock_mode::kPr,
  cw = protocol::ldlm::lock_mode::kCw,
  cr = protocol::ldlm::lock_mode::kCr,
  nl = protocol::ldlm::lock_mode::kNl,
  group = protocol::ldlm::lock_mode::kGroup,
  cos = protocol::ldlm::lock_mode::kCos,
};

// From the wire; none for what is not one of them (EINVAL, or EPROTO).
constexpr std::optional<LockType> lock_type(uint32_t value) {
  if (value < protocol::ldlm::lock_type::kPlain || value > protocol::ldlm::lock_type::kIbits) {
    return std::nullopt;
  }
  return static_cast<LockType>(value);
}
constexpr std::optional<LockMode> lock_mode(uint32_t value) {
  if (!std::has_single_bit(value) || value > protocol::ldlm::lock_mode::kCos) return std::nullopt;
  return static_cast<LockMode>(value);
}

// A row per mode in the order EX PW PR CW CR NL GROUP COS, a bit per mode that it goes with. Two
// GROUP locks go together if their gid is the same.
inline constexpr std::array<uint8_t, 8> kCompatibleModes = {
    /* EX    */ 0b0010'0000,
    /* PW    */ 0b0011'0000,
    /* PR    */ 0b0011'0100,
    /* CW    */ 0b0011'1000,
    /* CR    */ 0b0011'1110,
    /* NL    */ 0b0111'1111,
    /* GROUP */ 0b0110'0000,
    /* COS   */ 0b1000'0000,
};

constexpr bool compatible_modes(LockMode a, LockMode b) {
  const int row = std::countr_zero(static_cast<unsigned>(a));
  return (kCompatibleModes[static_cast<size_t>(row)] & static_cast<unsigned>(b)) != 0;
}

namespace lock_modes_detail {
constexpr bool symmetric() {
  for (unsigned a = 1; a <= 128; a <<= 1) {
    for (unsigned b = 1; b <= 128; b <<= 1) {
      const auto first = static_cast<LockMode>(a);
      const auto second = static_cast<LockMode>(b);
      if (compatible_modes(first, second) != compatible_modes(second, first)) return false;
    }
  }
  return true;
}
}  // namespace lock_modes_detail
static_assert(lock_modes_detail::symmetric());

}  // namespace reference
