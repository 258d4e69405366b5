// Error numbers as they travel, negative, in pb_status and in results: Linux's on x86, whatever
// this machine calls them (facts: semantics 0).
#pragma once

#include <cstdint>

namespace suites {

inline constexpr int32_t kEperm = 1, kEnoent = 2, kEintr = 4, kEio = 5, kEbadf = 9, kEagain = 11,
                         kEacces = 13, kEfault = 14, kEbusy = 16, kEexist = 17, kExdev = 18,
                         kEnodev = 19, kEnotdir = 20, kEisdir = 21, kEinval = 22, kEtxtbsy = 26,
                         kEnospc = 28, kErange = 34, kEdeadlk = 35, kEnametoolong = 36,
                         kEnotempty = 39, kEloop = 40, kEbade = 52, kEnodata = 61, kEproto = 71,
                         kEoverflow = 75, kEopnotsupp = 95, kEnotconn = 107, kEtimedout = 110,
                         kEalready = 114, kEinprogress = 115, kEstale = 116, kEnotsupp = 524;

}  // namespace suites
