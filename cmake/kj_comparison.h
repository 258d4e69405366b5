// Included before Cap'n Proto's headers: those of 0.9.2 compare `const char*` with kj::StringPtr,
// for which clang in C++20 and later finds no reversed operator.
#pragma once

#include <kj/string.h>

namespace kj {

inline bool operator==(const char* a, StringPtr b) { return b.operator==(StringPtr(a)); }
inline bool operator!=(const char* a, StringPtr b) { return !b.operator==(StringPtr(a)); }

}  // namespace kj
