// Whether reads and writes of one file could have happened one after the other, each at a moment
// between its beginning and its end, for every range that no call divides by itself
// (linearizability per byte range).
//
// Writes whose bytes are unlike those of all others are judged in n log n, however many run at
// once: a write and the reads of what it wrote make a zone between the first end and the last
// beginning among them. Where an end comes before a beginning, the value was there from the one to
// the other, and no other value may have been there at that time (Gibbons and Korach, "Testing
// shared memories", 1997). Only where several writes wrote the same bytes a bounded search decides.
//
// What is absent behind the end of a file counts as zeros: sizes are LOCK-7's.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "protocol/bytes.h"

namespace harness::check {

// Moments are positions in the history: no two are the same.
using Moment = uint64_t;
inline constexpr Moment kNeverEnds = std::numeric_limits<Moment>::max();

struct Access {
  enum class Kind : uint8_t { read, write, truncate };
  Kind kind = Kind::read;
  // Of a write or truncation: it may have happened or not, until `end` at the latest.
  bool maybe = false;
  Moment begin = 0;
  Moment end = kNeverEnds;
  uint64_t offset = 0;      // truncate: the new size
  protocol::ByteView data;  // of a read: what it got, zeros included
};

struct LinearVerdict {
  enum class Kind : uint8_t { linearizable, broken, undecided };
  Kind kind = Kind::linearizable;
  std::string why;
  std::vector<uint32_t> witness;  // indices of accesses
};

struct LinearLimits {
  size_t parts = 1 << 24;   // accesses cut into ranges that all accesses have in common
  size_t states = 1 << 20;  // remembered by a search
};

LinearVerdict judge_file(std::span<const Access> accesses, const LinearLimits& limits = {});

}  // namespace harness::check
