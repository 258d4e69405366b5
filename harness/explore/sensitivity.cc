#include "harness/explore/sensitivity.h"

#include <algorithm>
#include <array>

#include "harness/explore/search.h"
#include "harness/explore/shrink.h"
#include "protocol/check.h"

namespace harness::explore {
namespace {

constexpr Budget of(std::initializer_list<Fault> faults) {
  Budget budget;
  for (const Fault fault : faults) ++budget.left[static_cast<size_t>(fault)];
  return budget;
}

using enum Fault;

struct Row {
  std::string_view defect;
  std::string_view scenario;
  Budget budget;
  Dialect dialect = Dialect::v2_0;  // where it has both
};

constexpr auto kRows = std::to_array<Row>({
    {"resent-create-executed-twice", "mkdir", of({drop})},
    {"slot-outside-transaction", "mkdir", of({crash, drop})},
    {"conflicting-extents-granted", "write-write", of({})},
    {"open-handle-lost-over-failover", "write-read", of({crash})},
    {"old-connection-accepted", "mkdir", of({delay})},
    {"evicted-handle-accepted", "mkdir", of({crash})},
    {"unlink-destroys-open-file", "open-unlink", of({})},
    {"completion-lost", "write-write", of({})},
    {"glimpse-from-disk", "dirty-size", of({})},
    {"reply-data-lost-at-restart", "mkdir", of({crash, drop})},
    {"operation-torn", "open-unlink", of({crash})},
    {"commit-announced-early", "mkdir", of({crash})},
    {"punch-replay-refused", "truncate", of({crash})},
    {"lock-replay-before-requests", "chmod-chmod", of({crash})},
    {"transno-forgotten-with-slot", "chmod-chmod", of({crash, evict})},
    {"evicted-opens-kept", "close-unlink", of({evict})},
    {"evicted-locks-kept", "dirty-lock", of({evict})},
    {"slot-kept-at-eviction", "mkdir", of({crash, evict})},
    {"evicted-client-resends", "mkdir", of({drop, evict})},
    {"open-request-forgotten", "create", of({drop})},
    {"orphan-not-recorded", "open-unlink", of({crash})},
    {"conflicting-bits-granted", "rename-stat", of({})},
    {"granted-before-cancel", "dirty-lock", of({})},
    {"cancelled-before-flush", "dirty-lock", of({})},
    {"blocking-callback-lost", "dirty-lock", of({})},
    {"waiters-forgotten-at-eviction", "dirty-lock", of({evict})},
    {"replayed-locks-forgotten", "dirty-lock", of({crash})},
    {"grants-unasked-flags", "mount", of({})},
    {"replayed-unlink-destroys", "hold-unlink", of({crash})},
    {"orphans-kept-after-recovery", "open-unlink-close", of({crash, evict})},
    {"removed-file-made-again", "create-unlink", of({crash, drop})},
    {"gap-skipped-early", "chmod-chmod", of({crash})},
    {"cancelling-lock-not-replayed", "dirty-lock", of({crash})},
    {"target-not-logged", "mount", of({})},
    {"target-logged-twice", "mkdir", of({crash})},
    {"grant-leaked", "mkdir", of({evict})},
    {"grant-returned-twice", "discard", of({drop})},
    {"objects-destroyed-before-commit", "unlink", of({crash, death})},
    {"unlink-log-not-written", "unlink", of({crash, death})},
    {"executor-beside-writer", "execute", of({})},
    {"modifications-not-serialised", "mkdirs-beside", of({drop})},
    {"replayed-create-without-objects", "hold", of({crash})},
    {"write-count-lost-in-replay", "hold", of({crash})},
    {"pings-do-not-count", "flock-held", of({})},
    {"closes-share-the-slot", "chmod-beside-close", of({drop}), Dialect::v1_8},
    {"punch-keeps-size", "truncate-read", of({})},
    {"replay-executed-unordered", "lost-chmod-apart", of({crash})},
    {"lookup-lock-kept-over-rename", "moved-parent", of({})},
    {"failure-not-recorded", "made-and-gone", of({drop})},
    {"replay-renumbered", "chmod-beside-close", of({crash})},
    {"reply-locks-not-kept", "unheard-chmod", of({crash, drop})},
    {"connection-count-kept", "mkdir", of({delay})},
    {"reconnect-while-executing", "rename-stat", of({drop, delay})},
    {"versions-not-checked", "lost-chmod", of({crash, death})},
    {"version-failure-evicts-all", "evicted-chmod", of({crash, evict})},
    {"evicted-client-keeps-dirty", "dirty", of({evict})},
    // Clients of 2.0 say which replay is their first, and it has its turn before later ones.
    {"orphan-destroyed-in-recovery", "open-unlink-close", of({crash}), Dialect::v1_8},
    {"server-lock-ignored", "direct-write", of({})},
    {"glimpse-asks-first", "write-apart", of({})},
    {"window-never-ends", "lost-idle", of({crash, death})},
    {"som-told-within-epoch", "som-told", of({})},
    {"som-epoch-ends-at-close", "som-writers", of({})},
    {"som-change-forgotten", "som-writers", of({})},
    {"som-failed-update-keeps", "som-unread", of({evict})},
    {"som-cached-sizes-kept", "som-told", of({})},
    {"som-truncate-without-epoch", "som-cut", of({})},
});

}  // namespace

std::vector<Planted> planted() {
  std::vector<Planted> all;
  for (const Row& row : kRows) {
    const Scenario* known = find_scenario(row.scenario);
    const auto defect = reference::find_defect(row.defect);
    CHECK(known != nullptr && defect, "a row names what there is");
    Planted made{row.defect, *known, {}};
    made.scenario.budget = row.budget;
    made.scenario.defects = *defect;
    const bool old = reference::defect_info(*defect).in == reference::DefectIn::v1_8;
    made.scenario.dialect = old ? Dialect::v1_8 : row.dialect;
    all.push_back(std::move(made));
  }
  return all;
}

Sensed sense(const Planted& planted, unsigned workers) {
  SearchOptions options;
  options.workers = workers;
  options.states_max = kSensitivityStatesMax;
  options.stop_at_violation = true;
  options.properties = planted.properties;
  const SearchReport report = search(planted.scenario, options);
  Sensed sensed{.states = report.states};
  if (report.violated.empty()) return sensed;
  const auto meant = reference::defect_info(*reference::find_defect(planted.defect)).requirement;
  const auto own = std::ranges::find(report.violated, meant, &Violated::property);
  const Violated& first = own != report.violated.end() ? *own : report.violated.front();
  sensed.property = first.property;
  sensed.what = first.what;
  const auto shrunk = shrink(planted.scenario, first.schedule, first.property);
  sensed.schedule = shrunk ? shrunk->schedule : first.schedule;
  sensed.faults = static_cast<size_t>(std::ranges::count_if(sensed.schedule, &Decision::is_fault));
  return sensed;
}

}  // namespace harness::explore
