// Writes steps and changes scripts, with what the schema knows of one kind of server's operations.
#pragma once

#include <vector>

#include "harness/fuzzing/mutator.h"
#include "harness/fuzzing/script.h"
#include "harness/world.h"

namespace harness::fuzzing {

class ScriptMutator {
 public:
  ScriptMutator(faults::Random& random, Dialect dialect, Role role);

  // A step that begins something: mostly a request of an operation of that server.
  Step make_step();
  // One change of the script: its steps or their messages.
  void mutate(Script& script);
  // Steps of the one, then steps of the other.
  Script cross(const Script& one, const Script& other);
  Mutator& mutator() { return mutator_; }

 private:
  void mangle(Step& step);
  Step make_request();

  Mutator mutator_;
  protocol::Dialect dialect_;
  std::vector<const protocol::MutationOperation*> own_;  // operations of that kind of server
};

}  // namespace harness::fuzzing
