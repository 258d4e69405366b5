// A simulated cluster that a client has used: two OSTs, a few files, one of them still open.
#pragma once

#include <memory>
#include <string>

#include "harness/sim/world.h"

namespace fuzz {

// `capture` is a pcapng file to be written, or empty.
std::unique_ptr<harness::sim::SimWorld> used_world(harness::Dialect dialect,
                                                   const std::string& capture = {});

}  // namespace fuzz
