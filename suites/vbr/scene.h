// What the cases about versions have in common: a client that comes back and replays, one that is
// lost with what it did, and one that did nothing and looks at what is there.
#pragma once

#include "suites/application.h"
#include "suites/conformance.h"

namespace suites {

class Scene {
 public:
  // Three clients. What they do from barrier() on is not committed.
  explicit Scene(Conformance& c);

  void barrier();
  // The server dies and comes back, one client never does: its operator has it evicted, so that
  // nobody waits for it.
  void crash_and_lose();

  // Whether the client that came back still has open what it had open since before the barrier:
  // an eviction takes that away. Waits until recovery is over.
  bool evicted();

  Application& a;
  Application& lost;
  Application& watcher;

 private:
  Conformance& c_;
};

}  // namespace suites
