// File identities as the servers' core sees them. 2.0 sends them as they are; 1.8's (inode number,
// generation) is the IGIF with seq = number, oid = generation (facts: differences 2).
#pragma once

#include <compare>
#include <cstdint>

namespace reference {

struct Fid {
  uint64_t seq = 0;
  uint32_t oid = 0;
  uint32_t ver = 0;
  auto operator<=>(const Fid&) const = default;
  void state(auto&& visit) const { visit(seq, oid, ver); }
};

inline constexpr uint64_t kFidSeqIgif = 12;
inline constexpr uint64_t kFidSeqIgifMax = 0xffff'ffff;
inline constexpr uint64_t kFidSeqNormal = 0x2'0000'0400;  // first sequence that clients are given
inline constexpr uint32_t kFidOidMax = 0x20000;           // object ids in a sequence

constexpr bool is_igif(Fid fid) { return fid.seq >= kFidSeqIgif && fid.seq <= kFidSeqIgifMax; }
constexpr Fid igif(uint64_t number, uint32_t generation) { return {number, generation, 0}; }
constexpr bool is_zero(Fid fid) { return fid == Fid{}; }

}  // namespace reference
