// The planted defects of Size-on-MDS that cells find: those in which the fence holds without them.
#pragma once

#include <vector>

#include "harness/explore/sensitivity.h"

namespace harness::som {

std::vector<explore::Planted> planted();

}  // namespace harness::som
