// What the servers' audits share.
#pragma once

#include <vector>

#include "reference/counts.h"
#include "reference/locks.h"
#include "reference/service.h"

namespace reference {

void count_clients(const Service& service, std::vector<Fact>& counts);
// All, and, flocks apart, those of each client.
void count_locks(const Service& service, const Locks& locks, std::vector<Fact>& counts);

}  // namespace reference
