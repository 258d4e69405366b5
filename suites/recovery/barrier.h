// What the cases about failover begin and end with. From a server's replay barrier to its crash
// nothing that it does becomes durable.
#pragma once

#include "suites/application.h"
#include "suites/conformance.h"

namespace suites {

// A client that has created something: one of 2.0 has its sequence of fids, whose allocation the
// server answers only when it is durable.
Application& worker(Conformance& c);

void barrier(Conformance& c, harness::ServerId server = harness::kMds);

// The server loses what it did since its barrier, and comes back; commits flow again.
void crash_at_barrier(Conformance& c, harness::ServerId server = harness::kMds);

// Asks all servers something that no cache answers. The call in which a client finds out that it
// was evicted may fail; those after it do not.
void notice_eviction(Application& a);

}  // namespace suites
