// Ost: what it has, counted.
#include "reference/audit.h"
#include "reference/ost.h"

namespace reference {

std::vector<Fact> Ost::audit() const {
  std::vector<Fact> counts;
  count_clients(service_, counts);
  count_locks(service_, locks_, counts);
  CountedObjects objects(count::kObjects, config_.index);
  for (const ObjectId& id : objects_.all()) objects.add(id.seq, id.id, id.id);
  objects.take(counts);
  counts.push_back(counted(count::kGrants, grants_.total()));
  for (const Export& client : service_.exports()) {
    const uint64_t granted = grants_.of(client.id);
    if (granted != 0) counts.push_back(counted(count::kGrants, granted, client.name()));
  }
  return counts;
}

}  // namespace reference
