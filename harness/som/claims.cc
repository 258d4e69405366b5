#include "harness/som/claims.h"

#include <fmt/format.h>

#include <array>

namespace harness::som {

namespace {

using enum UseCase;
using enum Row;

constexpr Bounds kTwoCrashes{.mds_crashes = 2};
constexpr Bounds kTwoStripes{.osts = 2};
constexpr Bounds kAllCrashes{.mds_crashes = 2, .ost_crashes = 1};

constexpr auto kClaims = std::to_array<Claim>({
    {"Problem 3.1", "3 holds only until a later epoch makes the size count again", evicted, p5l,
     "none"},
    {"Problem 4", "dirty data of a lost client is flushed later", evicted, p4, "none"},
    {"Solution 4", "sizes read under locks have all dirty data flushed", evicted, p4, "4", false},
    {"Problem 1.1", "1 does not help when a client is evicted and nobody recovers", evicted, p5l,
     "1"},
    {"Problem 1.2", "1 does not help a client that was evicted before the recovery",
     evicted_then_failover, p5l, "1"},
    {"Problem 1.2 (again)", "1 does not help a truncate that hangs", evicted, p2l, "1"},
    {"Problem 2.1", "2 does not help against data in caches", evicted, p4, "2"},
    {"Problem 2.1", "nor against a write that is on its way", evicted, p5l, "2"},
    {"Solution 2", "no new write without the lock", evicted, p3l, "2", false},
    {"Problem 4.1", "4 does not help against a lockless write", evicted, p5l, "4"},
    {"Problem 4.1", "nor against a lockless truncate", evicted, p2l, "4"},
    {"Problem 4.2", "4 does not help against the enqueue of a locked truncate", evicted, p2k, "4"},
    {"Problem 5.1", "5 does not help against lockless I/O", failover, p5l, "5"},
    {"Problem 5.2", "5 does not help against a locked truncate", failover, p2k, "5"},
    {"Problem 6", "a truncate that never had an epoch", upgrade, p6, "none"},
    {"Solution 6", "DONE_WRITING ends what the MDS did not know", upgrade, p6, "6", false},
    {"Problem 7.1", "7 does not help: who does not come back cannot be relied on", never_back, p5l,
     "7"},
    {"Solution 8", "evicting from the OSTs prevents later I/O", evicted, p5l, "8", false},
    {"Problem 8.1", "8 does not survive two failovers in a row", failover, p5l, "8", true,
     kTwoCrashes},
    {"Solution 8a", "the client tells OSTs itself", evicted, p5l, "8a", false},
    {"Solution 8b", "the list of clients survives two failovers", failover, p5l, "8b", false,
     kTwoCrashes},
    {"Solution 8 (locks)", "cancelling the extent locks prevents later I/O", evicted, p5l, "8c",
     false},
    {"Problem 9.1", "9 does not help if the MDS fails before the open is committed", failover, p5l,
     "9,-M"},
    {"Problem 9.2", "9 does not help once a new epoch makes the size count again", evicted, p5l,
     "9"},
    {"(*)", "blocking leaves a race between restart and the client's learning of it", failover, p5l,
     "*"},
    {"Solution 10", "the OST has the cache removed before a lockless write", evicted, p5l, "10",
     false},
    {"Solution 10", "likewise over a failover", failover, p5l, "10", false},
    {"Solution 10", "likewise a lockless truncate", evicted, p2l, "10", false},
    {"Solution 11", "waiting for the open's commit prevents lockless I/O of a lost epoch", failover,
     p5l, "11", false},
    {"Solution 12", "clients look whether the MDS knows them when servers synchronise", failover,
     p5l, "12", false},
    {"rule M", "without it a size of an earlier mount counts (as shipped)", failover, p3l, "-M"},
    {"FENCE", "no operation of an older epoch has an effect", evicted, p5l, "FENCE", false},
    {"FENCE", "likewise over a failover", failover, p5l, "FENCE", false},
    {"FENCE", "likewise over two", failover, p5l, "FENCE", false, kTwoCrashes},
    {"FENCE", "likewise over two and one of an OST", failover, p5l, "FENCE", false, kAllCrashes},
    {"FENCE", "likewise over two stripes", failover, p5l, "FENCE", false, kTwoStripes},
    {"FENCE", "likewise a new write into a cache", evicted, p3c, "FENCE", false},
    {"FENCE", "likewise over a failover", failover, p3c, "FENCE", false},
    {"FENCE", "likewise a locked truncate", evicted, p2k, "FENCE", false},
});

std::string_view judgement(const Found& found) {
  if (found.decided.verdict == Verdict::undecided) return "undecided";
  const bool breaks = found.decided.verdict == Verdict::broken;
  return breaks == found.claim.breaks ? "confirmed" : "refuted";
}

}  // namespace

std::span<const Claim> claims() { return kClaims; }

Cell cell_of(const Claim& claim) {
  return {claim.use_case, claim.row, *parse_solutions(claim.solutions), claim.bounds};
}

std::string page_of(const std::vector<Found>& all, uint64_t states_max) {
  std::string out = fmt::format(
      "| claim of the mail | cell | faults | stripes | found | | states | transitions |\n"
      "|---|---|---|---|---|---|---|---|\n");
  for (const Found& found : all) {
    const Cell cell = cell_of(found.claim);
    std::string verdict(verdict_name(found.decided.verdict));
    if (found.decided.verdict == Verdict::broken) {
      verdict += fmt::format(" in {} moves", found.decided.depth);
    }
    if (!found.capsule.empty()) verdict = fmt::format("[{}]({})", verdict, found.capsule);
    out += fmt::format("| {}: {} | {} | {} | {} | {} | {} | {} | {} |\n", found.claim.problem,
                       found.claim.what, text_of(cell), scenario_of(cell).budget.text(),
                       cell.bounds.osts, verdict, judgement(found), found.decided.states,
                       found.decided.transitions);
  }
  out += fmt::format(
      "\n2 clients, at most {} states a cell. \"holds\" is exhausted; what reached a bound is "
      "undecided. A move is a step with all that is prompt after it.\n",
      states_max);
  return out;
}

}  // namespace harness::som
