// The parts of a file's mode, as they travel (POSIX's numbers).
#pragma once

#include <cstdint>

namespace reference {

inline constexpr uint32_t kModeTypeMask = 0170000;
inline constexpr uint32_t kModePermissions = 07777;
inline constexpr uint32_t kModeDirectory = 0040000;
inline constexpr uint32_t kModeRegular = 0100000;
inline constexpr uint32_t kModeSymlink = 0120000;

}  // namespace reference
