// Any bytes as a capsule: what `assay replay` does with one before it runs it. What is read is
// written back as it was.
#include "harness/explore/replay.h"
#include "harness/record/capsule.h"
#include "protocol/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto capsule = harness::record::read_capsule({data, size});
  if (!capsule) {
    CHECK(!capsule.error().empty(), "a mistake that is not told");
    return 0;
  }
  const auto written = harness::record::write_capsule(*capsule);
  const auto again = harness::record::read_capsule(written);
  CHECK(again && harness::record::write_capsule(*again) == written, "a capsule that changed");
  const auto scenario = harness::explore::scenario_of(*capsule);
  if (scenario) static_cast<void>(harness::explore::schedule_of(*capsule, *scenario));
  return 0;
}
