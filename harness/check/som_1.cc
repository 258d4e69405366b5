#include "harness/check/som_1.h"

#include <fmt/format.h>

namespace harness::check {

void Som1::on(const Record& record, Findings& findings) {
  if (files_.on(record)) {
    if (files_.too_many()) findings.inconclusive("too many files");
    return;
  }
  const Fact* told = fact_of(record);
  if (told == nullptr || files_.stripes(told->object) == nullptr) return;
  const SomFiles::Size real = files_.size_of(told->object);
  if (told->start == real.size && told->end == real.blocks) return;
  findings.broken("SOM-1",
                  fmt::format("the MDS tells a size of {} bytes and {} blocks, the file has {} and "
                              "{}",
                              told->start, told->end, real.size, real.blocks),
                  {real.at.index, record.index});
}

}  // namespace harness::check
