// Whether calls could have happened one after the other: a search over orders that remembers where
// it was. For what has no faster way; exponential in the calls that run at once, so it is bounded.
//
// After Wing and Gong, "Testing and verifying concurrent objects" (1993), and Lowe, "Testing for
// linearizability" (2017): the calls that are done are a prefix and a few after it, so that a place
// in the search is a number, a mask of 64 calls and the object's state.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <optional>
#include <unordered_set>
#include <vector>

#include "harness/check/linear.h"
#include "reference/digest.h"

namespace harness::check {

struct Interval {
  Moment begin = 0;
  Moment end = kNeverEnds;
  bool maybe = false;  // need not have happened; if it did, then before `end`
};

enum class SearchResult : uint8_t { possible, impossible, undecided };

// State: copyable, with a state(). Step: (state, call index) -> std::optional<State>, none if the
// call could not have had its result there. Reads: (state, call index), whether the call changes
// nothing there, so that it is done as soon as it can be.
template <class State, class Step, class Reads>
class LinearSearch {
 public:
  // Calls sorted by begin. `farthest` is set to the call that no order could pass.
  LinearSearch(std::vector<Interval> calls, Step step, Reads reads, size_t states_max)
      : calls_(std::move(calls)),
        step_(std::move(step)),
        reads_(std::move(reads)),
        states_max_(states_max) {}

  SearchResult run(const State& initial) {
    std::vector<Place> stack{{0, 0, initial}};
    while (!stack.empty()) {
      Place place = std::move(stack.back());
      stack.pop_back();
      if (!advance(place)) return SearchResult::undecided;
      farthest_ = std::max(farthest_, place.first);
      if (done(place)) return SearchResult::possible;
      if (!remembered_.insert(digest(place)).second) continue;
      if (remembered_.size() > states_max_) return SearchResult::undecided;
      if (!branch(place, stack)) return SearchResult::undecided;
    }
    return SearchResult::impossible;
  }
  size_t farthest() const { return farthest_; }

 private:
  static constexpr size_t kWindow = 64;
  struct Place {
    size_t first = 0;   // all before it are done or dropped
    uint64_t mask = 0;  // of `first` and those after it
    State state;
  };

  static uint64_t digest(const Place& place) {
    reference::Digest digest;
    digest.add(place.first);
    digest.add(place.mask);
    digest.add(place.state);
    return digest.value();
  }
  bool is_done(const Place& place, size_t call) const {
    return call < place.first ||
           (call - place.first < kWindow && (place.mask >> (call - place.first) & 1) != 0);
  }
  static void shift(Place& place) {
    const int ones = std::countr_one(place.mask);
    place.first += static_cast<size_t>(ones);
    place.mask = ones == 64 ? 0 : place.mask >> ones;
  }
  // The first end among calls that must happen and have not.
  Moment first_end(const Place& place, size_t& behind) const {
    Moment end = kNeverEnds;
    behind = place.first;
    for (; behind < calls_.size() && calls_[behind].begin < end; ++behind) {
      if (!is_done(place, behind) && !calls_[behind].maybe) end = std::min(end, calls_[behind].end);
    }
    return end;
  }
  // Does a call; those that may have happened until before it began, and have not, never did.
  bool apply(Place& place, size_t call) const {
    const Moment begin = calls_[call].begin;
    for (size_t i = place.first; i < call && i - place.first < kWindow; ++i) {
      if (calls_[i].maybe && calls_[i].end < begin) place.mask |= uint64_t{1} << (i - place.first);
    }
    if (call - place.first >= kWindow) return false;
    place.mask |= uint64_t{1} << (call - place.first);
    shift(place);
    return true;
  }
  // Does every call that only looks and whose result fits. False if too many run at once.
  bool advance(Place& place) const {
    for (bool again = true; again;) {
      again = false;
      size_t behind = 0;
      const Moment end = first_end(place, behind);
      for (size_t i = place.first; i < behind; ++i) {
        if (calls_[i].begin > end || is_done(place, i) || !reads_(place.state, i)) continue;
        if (!step_(place.state, i)) continue;
        if (!apply(place, i)) return false;
        again = true;
        break;
      }
    }
    return true;
  }
  bool done(const Place& place) const {
    for (size_t i = place.first; i < calls_.size(); ++i) {
      if (!is_done(place, i) && !calls_[i].maybe) return false;
    }
    return true;
  }
  bool branch(const Place& place, std::vector<Place>& stack) const {
    size_t behind = 0;
    const Moment end = first_end(place, behind);
    for (size_t i = behind; i-- > place.first;) {
      if (calls_[i].begin > end || is_done(place, i) || reads_(place.state, i)) continue;
      std::optional<State> next = step_(place.state, i);
      if (!next) continue;
      Place further{place.first, place.mask, *std::move(next)};
      if (!apply(further, i)) return false;
      stack.push_back(std::move(further));
    }
    return true;
  }

  std::vector<Interval> calls_;
  Step step_;
  Reads reads_;
  size_t states_max_;
  size_t farthest_ = 0;
  std::unordered_set<uint64_t> remembered_;
};

}  // namespace harness::check
