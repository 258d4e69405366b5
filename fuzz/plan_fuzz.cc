// Any bytes as a fault plan: it is refused at a place that exists, or its text is read back as the
// same plan.
#include "faults/plan.h"
#include "protocol/bytes.h"
#include "protocol/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = protocol::as_text({data, size});
  const auto plan = faults::parse_plan(text);
  if (!plan) {
    CHECK(plan.error().line > 0 && plan.error().column > 0, "a mistake without a place");
    CHECK(!plan.error().what.empty(), "a mistake that is not told");
    return 0;
  }
  const std::string written = to_text(*plan);
  const auto again = faults::parse_plan(written);
  CHECK(again && *again == *plan, "a plan that changed when it was written");
  return 0;
}
