#include "harness/som/planted.h"

#include <array>
#include <string_view>

#include "harness/som/cell.h"
#include "harness/som/decide.h"
#include "protocol/check.h"

namespace harness::som {
namespace {

struct PlantedCell {
  std::string_view defect;
  UseCase use_case;
  Row row;
  uint8_t osts = 1;
};

constexpr auto kCells = std::to_array<PlantedCell>({
    {"som-mount-not-compared", UseCase::failover, Row::p2l},
    {"som-late-update-accepted", UseCase::evicted, Row::p2l},
    {"som-kept-at-eviction", UseCase::evicted, Row::p2l},
    {"som-one-stripe-read", UseCase::evicted, Row::p3l, 2},
    {"som-read-without-lock", UseCase::evicted_then_failover, Row::p4},
    {"som-replayed-close-validates", UseCase::failover, Row::p2k},
    {"som-enqueue-not-fenced", UseCase::evicted, Row::p3c},
});

}  // namespace

std::vector<explore::Planted> planted() {
  SomPolicies policies = reference::kSomBase;
  policies.add(SomPolicy::fence);
  std::vector<explore::Planted> all;
  for (const PlantedCell& one : kCells) {
    const Cell cell{one.use_case, one.row, policies, {.osts = one.osts}};
    const auto defect = reference::find_defect(one.defect);
    CHECK(defect, "a row names what there is");
    explore::Planted made{one.defect, scenario_of(cell), judged_properties(false)};
    made.scenario.defects = *defect;
    all.push_back(std::move(made));
  }
  return all;
}

}  // namespace harness::som
