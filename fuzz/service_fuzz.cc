// Any bytes from any number of connections into each server machine of both dialects: the first
// byte chooses the server, the rest is a script (harness/fuzzing/script.h). Invariants are checked
// after each step.
#include "fuzz/server.h"
#include "harness/fuzzing/script.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  fuzz::Server server = fuzz::Server::started(data[0]);
  server.run(harness::fuzzing::parse_script(protocol::ByteView(data + 1, size - 1)));
  return 0;
}
