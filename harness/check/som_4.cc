#include "harness/check/som_4.h"

#include <fmt/format.h>

namespace harness::check {

void Som4::on(const Record& record, Findings& findings) {
  const Fact* told = fact_of(record);
  if (told == nullptr || told->handle == told->digest) return;
  findings.broken("SOM-4",
                  fmt::format("the MDS tells in mount {} a size that was kept in mount {}",
                              told->digest, told->handle),
                  {record.index});
}

}  // namespace harness::check
