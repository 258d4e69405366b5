// What the mail of March 2009 claims, problem by problem, and what the fence is to hold, each as a
// cell that shows it or does not; and the page that puts claims and findings side by side.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/som/decide.h"

namespace harness::som {

struct Claim {
  std::string_view problem;  // the mail's number
  std::string_view what;     // in our words
  UseCase use_case = UseCase::evicted;
  Row row = Row::p5l;
  std::string_view solutions;
  bool breaks = true;  // whether the mail says so
  Bounds bounds;
};
std::span<const Claim> claims();
Cell cell_of(const Claim& claim);

struct Found {
  Claim claim;
  Decided decided;
  std::string capsule;  // the file of the witness, where there is one
};
// Markdown; a broken cell links to its capsule.
std::string page_of(const std::vector<Found>& all, uint64_t states_max);

}  // namespace harness::som
