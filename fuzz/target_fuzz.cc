// Any text as a target file.
#include "harness/targets/lustre.h"
#include "protocol/bytes.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto target = harness::parse_target_file(protocol::as_text({data, size}));
  if (!target) return 0;
  for (const auto& [verb, command] : target->can) {
    static_cast<void>(harness::command_for(*target, verb, {{"node", "{node}"}, {"uuid", "u"}}));
  }
  return 0;
}
