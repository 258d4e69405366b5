// Walks all schedules of a scenario, breadth first, so that the first schedule that violates a
// property is a shortest one. A position is not expanded twice (64 bits of hash), and of
// independent steps one order is enough: a step that was taken before its sibling sleeps behind the
// sibling while nothing depends on it (sleep sets, Godefroid 1996). Sleep sets are kept with the
// visited position; who comes back with fewer sleepers wakes the others: only so are both
// reductions sound together.
//
// What is prompt (scenario.h) belongs to the step that it follows from: both are one move, and the
// positions between are none. So nothing that a move leaves behind keeps a sleeper from being
// taken, and moves of different nodes are independent whatever follows from them.
//
// In a scenario with prompt rules, a delivery to a client that commutes with all that may come
// before it (Rules::sure) is part of the move before it; where several steps of one client are so
// together, they alone are walked (persistent sets). Then positions are left out, too, which ones
// depends on the order of steps, and a violation's schedule may hold steps that it does not need.
//
// Two steps are independent if they are of different nodes and every checker is, after them, in the
// same state in either order; steps of time, starts and crashes depend on everything.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "harness/explore/decision.h"
#include "harness/explore/scenario.h"

namespace harness::explore {

// Why a search was stopped from outside.
enum class Stop : uint8_t { none, seconds, memory, interrupt };

struct SearchOptions {
  bool reduce_order = true;
  bool sure_first = true;  // with reduce_order; no effect on scenarios without prompt rules
  bool reduce_symmetry = true;
  bool merge = true;  // positions to which several ways lead; without it only tiny scenarios end
  // Two positions are one only if their checkers agree. Without it violations are missed; a test
  // shows one.
  bool key_has_checkers = true;
  // What no result may depend on: the order in which steps are tried, and the seed of the hashes.
  bool backwards = false;
  uint64_t hash_seed = 0;
  unsigned workers = 1;
  uint64_t states_max = ~uint64_t{0};
  uint32_t depth_max = 30'000;  // steps
  bool stop_at_violation = false;
  std::vector<std::string_view> properties;  // none: all
  const std::atomic<Stop>* stop = nullptr;
  struct Progress {
    uint64_t states, transitions;
    uint32_t depth;
    uint64_t waiting;  // bytes of positions to be expanded next
  };
  std::function<void(const Progress&)> progress;
};

// A property that some schedule violates, with a shortest one.
struct Violated {
  std::string property;  // "CHECK" for an invariant of the machines themselves
  std::string what;
  Schedule schedule;
};

struct SearchReport {
  enum class End : uint8_t { exhausted, states, depth, seconds, memory, interrupt, violation };
  End end = End::exhausted;
  std::string trouble;  // no root: why
  uint64_t states = 0;
  uint64_t transitions = 0;
  uint64_t expanded_again = 0;  // positions, for what had slept
  uint64_t ends = 0;            // positions where a schedule ends
  uint64_t untwinned = 0;       // steps that differ in the mirror
  uint32_t depth = 0;
  uint64_t visited_bytes = 0;
  uint64_t frontier_bytes_max = 0;
  uint32_t local_states = 0, messages = 0, local_steps = 0, checker_states = 0;
  uint64_t steps_again = 0;  // local ones, to make again what was let go (interned.h)
  std::map<std::string, std::string> inconclusive;  // checkers that gave up somewhere, and why
  std::vector<Violated> violated;                   // by property
};

SearchReport search(const Scenario& scenario, const SearchOptions& options);

}  // namespace harness::explore
