// Mds: what it has, counted.
#include <algorithm>
#include <map>
#include <tuple>

#include "reference/audit.h"
#include "reference/layout.h"
#include "reference/mds.h"

namespace reference {

namespace {

using ObjectPlace = std::tuple<uint32_t, uint64_t, uint64_t>;  // OST, sequence, id

void count_objects(std::string_view what, std::vector<ObjectPlace> objects,
                   std::vector<Fact>& counts) {
  std::ranges::sort(objects);
  for (size_t i = 0; i < objects.size();) {
    const uint32_t ost = std::get<0>(objects[i]);
    CountedObjects of_ost(what, ost);
    for (; i < objects.size() && std::get<0>(objects[i]) == ost; ++i) {
      const auto& [unused, seq, id] = objects[i];
      of_ost.add(seq, id, id);
    }
    of_ost.take(counts);
  }
}

}  // namespace

std::vector<Fact> Mds::audit() const {
  std::vector<Fact> counts;
  count_clients(service_, counts);
  count_locks(service_, locks_, counts);
  counts.push_back(counted(count::kOpenFiles, opens_.size()));
  for (const Export& client : service_.exports()) {
    if (!client.connected) continue;  // it has yet to open its files again, in recovery
    const std::vector<OpenFile> open = opens_.of_export(client.id);
    const auto writing = std::ranges::count_if(
        open, [](const OpenFile& file) { return (file.mode & kOpenWrite) != 0; });
    counts.push_back(counted(count::kOpenFiles, open.size(), client.name()));
    counts.push_back(counted(count::kWriters, static_cast<uint64_t>(writing), client.name()));
  }
  uint64_t writers = 0;
  std::vector<ObjectPlace> stripes;
  for (const Inode* inode : files_.all()) {
    writers += opens_.writer_count(inode->number);
    if (!inode->is_regular()) continue;
    const auto layout = decode_layout(inode->layout.view());
    if (!layout) continue;
    for (const Stripe& stripe : layout->stripes) {
      stripes.emplace_back(stripe.ost_index, stripe.object_seq, stripe.object_id);
    }
  }
  counts.push_back(counted(count::kWriters, writers));
  counts.push_back(counted(count::kInodes, files_.inode_count()));
  const std::vector<uint64_t>& orphans = files_.orphans();
  const auto closed = std::ranges::count_if(
      orphans, [&](uint64_t number) { return opens_.open_count(number) == 0; });
  counts.push_back(counted(count::kOrphans, orphans.size()));
  // Until recovery ends somebody may open them again.
  counts.push_back(
      counted(count::kClosedOrphans, service_.recovering() ? 0 : static_cast<uint64_t>(closed)));
  count_objects(count::kStripes, std::move(stripes), counts);
  std::vector<ObjectPlace> doomed;
  for (const UnlinkLog::Record& record : unlink_log_.all()) {
    doomed.emplace_back(record.ost, record.object_seq, record.object_id);
  }
  count_objects(count::kUnlinkLog, std::move(doomed), counts);
  for (const ObjectPool::Ready& ready : pool_.ready()) {
    if (ready.last < ready.first) continue;
    Fact fact = counted(count::kReady, ready.last - ready.first + 1);
    fact.xid = ready.ost;
    fact.start = ready.first;
    fact.end = ready.last;
    counts.push_back(std::move(fact));
  }
  return counts;
}

}  // namespace reference
