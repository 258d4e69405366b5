// Any bytes as a capture file: `assay decode`'s whole path, with an account in which no byte may be
// counted twice or lost.
#include "harness/decode/trace.h"
#include "protocol/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  uint64_t counted = 0;
  const auto summary =
      harness::trace_capture(harness::Capture({data, size}), [&](const harness::Entry& entry) {
        CHECK(entry.count.total() == entry.frame.size(), "an account that is not the frame's");
        counted += entry.count.total();
      });
  if (summary) CHECK(summary->account.count().total() == counted);
  return 0;
}
