#include "reference/mds_dialect.h"

#include <array>

namespace reference {

const MdsDialect& mds_dialect(Dialect dialect) {
  static constexpr std::array kDialects = {&kMdsDialect18, &kMdsDialect20};
  return *kDialects[static_cast<size_t>(dialect)];
}

}  // namespace reference
