// A new directory for files that are not to stay.
#pragma once

#include <string>
#include <string_view>

namespace harness {

std::string make_scratch(std::string_view prefix);

}  // namespace harness
