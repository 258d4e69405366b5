// The one generator. Ranges are drawn by our own code, so that every compiler and library draws
// the same. Draw into named locals, one statement each (style: arguments are evaluated in either
// order).
#pragma once

#include <cstdint>

#include "protocol/check.h"

namespace faults {

// SplitMix64: 64 bits of state, one multiplication chain a draw.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t next() {
    state_ += 0x9e3779b97f4a7c15;
    uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

  // Even over [0, bound).
  uint64_t below(uint64_t bound) {
    CHECK(bound > 0);
    const uint64_t usable = ~uint64_t{0} - (~uint64_t{0} % bound + 1) % bound;
    uint64_t draw = next();
    while (draw > usable) draw = next();
    return draw % bound;
  }

  void state(auto&& visit) const { visit(state_); }

 private:
  uint64_t state_;
};

}  // namespace faults
