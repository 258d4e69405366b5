// The version of Lustre whose messages and rules a machine follows.
#pragma once

#include <cstdint>

namespace reference {

enum class Dialect : uint8_t { v1_8, v2_0 };

}  // namespace reference
