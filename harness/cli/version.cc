#include "harness/cli/version.h"

namespace harness {

std::string_view build_id() {
  return
#include "harness/cli/build_id.inc"
      ;
}

}  // namespace harness
