// The clients' slots on a server's disk (last_rcvd, reference/store.md), as faults take them away
// from a server that is down.
#pragma once

#include "reference/store.h"

namespace harness {

reference::Store client_table(const reference::Store& disk);

// The disk with another table, empty or an earlier one. Transnos that were given out stay so: the
// server's own record knows the largest that any slot knew.
void replace_client_table(reference::Store& disk, const reference::Store& table);

}  // namespace harness
