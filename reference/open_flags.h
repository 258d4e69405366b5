// The O_* flags of Linux as Syscall::flags has them. An MDT's open flags have the same values for
// creat, excl, trunc, append and directory (facts: constants, mds_open_flags).
#pragma once

#include <cstdint>

namespace reference::open_flags {

inline constexpr uint32_t kAccess = 03;  // mask of the next three
inline constexpr uint32_t kRead = 00;
inline constexpr uint32_t kWrite = 01;
inline constexpr uint32_t kReadWrite = 02;
inline constexpr uint32_t kCreate = 0100;
inline constexpr uint32_t kExclusive = 0200;
inline constexpr uint32_t kTruncate = 01000;
inline constexpr uint32_t kAppend = 02000;
inline constexpr uint32_t kDirect = 040000;  // lockless: past cache and locks
inline constexpr uint32_t kExecute = 040;  // by exec(2), which applications cannot say
inline constexpr uint32_t kSync = 04010000;
inline constexpr uint32_t kDirectory = 0200000;
inline constexpr uint32_t kNoFollow = 0400000;

}  // namespace reference::open_flags
