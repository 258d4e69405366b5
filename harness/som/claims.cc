#include "harness/som/claims.h"

#include <fmt/format.h>

#include <array>

namespace harness::som {

namespace {

using enum UseCase;
using enum Row;

constexpr auto kClaims = std::to_array<Claim>({
    {"Problem 3.1", "3 holds only until a later epoch makes the size count again", evicted, p5l,
     "none"},
    {"Problem 4", "dirty data of a lost client is flushed later", evicted, p4, "none"},
    {"Solution 4", "sizes read under locks have all dirty data flushed", evicted, p4, "4", 1,
     false},
    {"Problem 1.1", "1 does not help when a client is evicted and nobody recovers", evicted, p5l,
     "1"},
    {"Problem 1.2", "1 does not help a client that was evicted before the recovery",
     evicted_then_failover, p5l, "1"},
    {"Problem 1.2 (again)", "1 does not help a truncate that hangs", evicted, p2l, "1"},
    {"Problem 4.1", "4 does not help against a lockless write", evicted, p5l, "4"},
    {"Problem 4.1", "nor against a lockless truncate", evicted, p2l, "4"},
    {"Problem 4.2", "4 does not help against the enqueue of a locked truncate", evicted, p2k, "4"},
    {"Problem 5.1", "5 does not help against lockless I/O", failover, p5l, "5"},
    {"Problem 5.2", "5 does not help against a locked truncate", failover, p2k, "5"},
    {"Problem 6", "a truncate that never had an epoch", upgrade, p6, "none"},
    {"Problem 7.1", "7 does not help: who does not come back cannot be relied on", never_back, p5l,
     "7"},
    {"Solution 8", "evicting from the OSTs prevents later I/O", evicted, p5l, "8", 1, false},
    {"Problem 8.1", "8 does not survive two failovers in a row", failover, p5l, "8", 2},
    {"Solution 8a", "the client tells OSTs itself", evicted, p5l, "8a", 1, false},
    {"Solution 8b", "the list of clients survives two failovers", failover, p5l, "8b", 2, false},
    {"Solution 8 (locks)", "cancelling the extent locks prevents later I/O", evicted, p5l, "8c", 1,
     false},
    {"Problem 9.1", "9 does not help if the MDS fails before the open is committed", failover, p5l,
     "9,-M"},
    {"Problem 9.2", "9 does not help once a new epoch makes the size count again", evicted, p5l,
     "9"},
    {"(*)", "blocking leaves a race between restart and the client's learning of it", failover, p5l,
     "*"},
    {"Solution 11", "waiting for the open's commit prevents lockless I/O of a lost epoch", failover,
     p5l, "11", 1, false},
    {"rule M", "without it a size of an earlier mount counts (as shipped)", failover, p3l, "-M"},
    {"FENCE", "no operation of an older epoch has an effect", evicted, p5l, "FENCE", 1, false},
    {"FENCE", "likewise over a failover", failover, p5l, "FENCE", 1, false},
    {"FENCE", "likewise over two", failover, p5l, "FENCE", 2, false},
    {"FENCE", "likewise a locked truncate", evicted, p2k, "FENCE", 1, false},
});

std::string_view judgement(const Found& found) {
  if (found.decided.verdict == Verdict::undecided) return "undecided";
  const bool breaks = found.decided.verdict == Verdict::broken;
  return breaks == found.claim.breaks ? "confirmed" : "refuted";
}

}  // namespace

std::span<const Claim> claims() { return kClaims; }

Cell cell_of(const Claim& claim) {
  Cell cell{claim.use_case, claim.row, *parse_solutions(claim.solutions), {}};
  cell.bounds.mds_crashes = claim.mds_crashes;
  return cell;
}

std::string page_of(const std::vector<Found>& all, uint64_t states_max) {
  std::string out = fmt::format(
      "| claim of the mail | cell | MDS crashes | found | | states | transitions |\n"
      "|---|---|---|---|---|---|---|\n");
  for (const Found& found : all) {
    const Cell cell = cell_of(found.claim);
    const std::string length = found.decided.verdict == Verdict::broken
                                   ? fmt::format(" in {} steps", found.decided.schedule.size())
                                   : std::string();
    out += fmt::format("| {}: {} | {} | {} | {}{} | {} | {} | {} |\n", found.claim.problem,
                       found.claim.what, text_of(cell),
                       scenario_of(cell).budget.of(explore::Fault::crash),
                       verdict_name(found.decided.verdict), length, judgement(found),
                       found.decided.states, found.decided.transitions);
  }
  out += fmt::format(
      "\n2 clients, 1 stripe, no OST crash, at most {} states a cell. \"holds\" is exhausted; what "
      "reached a bound is undecided.\n",
      states_max);
  return out;
}

}  // namespace harness::som
