// The kinds of machines there are, boxed for a node.
#pragma once

#include <memory>

#include "harness/live/node.h"
#include "harness/world.h"

namespace harness::live {

// From what the disk holds.
std::unique_ptr<AnyMachine> make_server_machine(Role role, const reference::Config& config,
                                                const reference::Store& store);
std::unique_ptr<AnyMachine> make_client_machine(const reference::Config& config);

}  // namespace harness::live
