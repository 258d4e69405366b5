// The machine's own clock: only for what must be dated for people, and for what must differ from
// one start of a process to the next.
#pragma once

#include <chrono>
#include <cstdint>

namespace harness::live {

// Nanoseconds since 1970.
inline int64_t wall_clock_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace harness::live
