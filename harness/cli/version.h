// What this program calls itself: in --version, in reports, in histories and capsules.
#pragma once

#include <string_view>

namespace harness {

inline constexpr std::string_view kVersion = "0.1";

// The commit the program was built from, 12 hex digits, with "-dirty" behind it when the tree
// differed from that commit; "unknown" outside a git tree.
std::string_view build_id();

}  // namespace harness
