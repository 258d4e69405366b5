// One server machine alone, started, with clients connected to it: what the service target steps.
// A value, so that every input begins with a copy of the same one.
#pragma once

#include <cstdint>
#include <vector>

#include "harness/fuzzing/script.h"
#include "harness/fuzzing/session.h"
#include "harness/sim/node.h"
#include "reference/machine.h"

namespace fuzz {

class Server {
 public:
  // The server of this number, modulo the six there are: MGS, MDS and OST, first of 1.8, then of
  // 2.0. It was part of a cluster that has served a client; made once, copied after that. Peers 0
  // and 1 are connected, 2 is not, the others speak for the cluster's other servers.
  static const Server& started(uint8_t number);
  static constexpr uint8_t kServers = 6;

  // Each step is followed by a check of the machine's invariants.
  void run(const harness::fuzzing::Script& script);

 private:
  explicit Server(uint8_t number);
  void run(const harness::fuzzing::Step& step);
  void step(const reference::Event& event);
  void carry_out(reference::Actions actions);
  void commit(size_t transactions);
  void fire(size_t which);
  void restart();

  reference::Config config_;
  harness::sim::AnyMachine machine_;
  reference::Store disk_;
  std::vector<reference::Persist> pending_;
  std::vector<harness::sim::Timer> timers_;  // sorted by id
  reference::Time now_ = 0;
  harness::fuzzing::Session session_;
};

}  // namespace fuzz
