// libFuzzer's hooks for the service target: scripts are changed step by step, messages as the
// schema knows them.
#include <algorithm>
#include <cstring>

#include "fuzz/server.h"
#include "harness/fuzzing/script_mutator.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t size_max);

namespace {

using harness::Dialect;
using harness::Role;
using harness::fuzzing::Script;
using harness::fuzzing::ScriptMutator;

ScriptMutator mutator_for(uint8_t server, faults::Random& random) {
  const uint8_t number = server % fuzz::Server::kServers;
  return {random, number < 3 ? Dialect::v1_8 : Dialect::v2_0, static_cast<Role>(number % 3)};
}

// Steps that do not fit are left out.
size_t write(uint8_t server, const Script& script, uint8_t* out, size_t size_max) {
  std::vector<uint8_t> bytes = {server};
  for (const harness::fuzzing::Step& step : script) {
    const size_t before = bytes.size();
    append_step(bytes, step);
    if (bytes.size() <= size_max) continue;
    bytes.resize(before);
    break;
  }
  std::memcpy(out, bytes.data(), bytes.size());
  return bytes.size();
}

}  // namespace

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t size_max,
                                          unsigned int seed) {
  faults::Random random(seed);
  const bool fresh = size == 0;
  // What the schema would not think of.
  if (!fresh && random.below(24) == 0) return LLVMFuzzerMutate(data, size, size_max);
  uint8_t server = fresh || random.below(32) == 0 ? static_cast<uint8_t>(random.below(256))
                                                  : data[0];
  server %= fuzz::Server::kServers;
  Script script;
  if (!fresh) script = harness::fuzzing::parse_script({data + 1, size - 1});
  ScriptMutator mutator = mutator_for(server, random);
  for (uint64_t changes = 1 + random.below(4); changes > 0; --changes) mutator.mutate(script);
  return write(server, script, data, size_max);
}

extern "C" size_t LLVMFuzzerCustomCrossOver(const uint8_t* one, size_t one_size,
                                            const uint8_t* other, size_t other_size, uint8_t* out,
                                            size_t out_max, unsigned int seed) {
  if (one_size == 0 || other_size == 0 || one[0] != other[0]) return 0;
  faults::Random random(seed);
  ScriptMutator mutator = mutator_for(one[0], random);
  const Script crossed = mutator.cross(harness::fuzzing::parse_script({one + 1, one_size - 1}),
                                       harness::fuzzing::parse_script({other + 1, other_size - 1}));
  return write(one[0], crossed, out, out_max);
}
