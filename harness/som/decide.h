// Decides a cell: walks all its schedules.
#pragma once

#include <string>

#include "harness/explore/search.h"
#include "harness/som/cell.h"

namespace harness::som {

enum class Verdict : uint8_t {
  holds,      // exhausted, and no schedule breaks a property
  broken,     // some schedule does
  undecided,  // a bound was reached before
};
std::string_view verdict_name(Verdict verdict);

struct Decided {
  Verdict verdict = Verdict::undecided;
  std::string why;  // undecided: the bound; broken: property and what
  uint64_t states = 0;
  uint64_t transitions = 0;
  uint64_t states_again = 0;  // broken: of the second search, for a shortest witness
  uint64_t transitions_again = 0;
  uint32_t depth = 0;
  std::string property;        // broken
  explore::Schedule schedule;  // broken: one that shows it
  bool shortest = false;       // none has fewer moves
};

// What is judged: SOM-3 is broken before anybody is told a wrong size, and so says nothing of who
// is told one; it is asked for by name.
std::vector<std::string_view> judged_properties(bool invariant);

// `shortest`: what is broken is decided twice, the second time without taking sure steps early
// (explore/search.h), for a witness that has no move too many; unless that comes to a bound.
enum class Witness : uint8_t { shortest, any };
Decided decide(const Cell& cell, explore::SearchOptions options,
               Witness witness = Witness::shortest);

}  // namespace harness::som
