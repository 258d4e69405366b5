#include "harness/check/atom_4.h"

#include <fmt/format.h>

namespace harness::check {

void Atom4::finish(Findings& findings) {
  if (!objects_.complete()) return objects_.forget();
  for (const CountedObjects::Range& range : objects_.stripes()) {
    for (uint64_t id = range.first; id <= range.last; ++id) {
      if (objects_.is_there(range.ost, range.seq, id)) continue;
      findings.broken(
          "ATOM-4",
          fmt::format("a file has object {} of OST {}, which is not there", id, range.ost),
          {range.at.index});
    }
  }
  objects_.forget();
}

}  // namespace harness::check
