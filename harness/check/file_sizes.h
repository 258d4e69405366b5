// Which sizes a striped file may have while writes and truncations of its objects begin and end: as
// if each had its effect in one moment between the two, and whoever was told a size was told that
// of one moment between asking and hearing. What ended before another began came first; no more is
// known of the order.
//
// An operation that was refused may have had its effect or not. One that is not answered may have
// it at any time later, and again. An object of which nothing is known has any size.
//
// Orders are searched among operations that run at once; what came before is folded into the sizes
// that are possible then. It does not model: blocks, several layouts of one file.
#pragma once

#include <cstdint>
#include <tuple>
#include <vector>

#include "harness/check/linear.h"

namespace harness::check {

class FileSizes {
 public:
  // Of operations that begin while one runs: then those that run are taken for never answered.
  static constexpr size_t kTogetherMax = 48;
  static constexpr size_t kPlacesMax = 1 << 15;
  static constexpr size_t kPossibleMax = 64;  // beyond it what is between them is possible, too
  static constexpr uint64_t kAnySize = ~uint64_t{0};

  // Of one object: what a write makes at least, a cut makes exactly.
  struct Change {
    uint32_t stripe = 0;
    bool cuts = false;
    uint64_t size = 0;
    void state(auto&& visit) const { visit(stripe, cuts, size); }
  };
  enum class Answer : uint8_t { possible, impossible, undecided };

  FileSizes() = default;
  // `empty`: its objects are; else nothing is known of them.
  FileSizes(uint32_t stripe_size, size_t stripes, bool empty);

  // False: too many orders are possible.
  bool begins(Moment now, const Change& change);
  // `began` names it. `done`: it had its effect.
  void ends(Moment began, Moment now, bool done);
  // Whether somebody who asked and hears now may be told so; if so, he was.
  Answer told(Moment asked, Moment now, uint64_t size);
  // Nothing is known of the object from now on: its OST died and may have lost something.
  void forget(uint32_t stripe, Moment now);
  // Nobody who asked before will hear anything yet. False: too many orders are possible.
  bool settle(Moment now);

  void state(auto&& visit) const {
    visit(stripe_size_, possible_, running_, unanswered_, settled_);
  }

 private:
  struct Bounds {
    uint64_t low = 0, high = 0;
    auto operator<=>(const Bounds&) const = default;
    void state(auto&& visit) const { visit(low, high); }
  };
  using Objects = std::vector<Bounds>;
  struct Event {
    enum class Kind : uint8_t { change, told, forget };
    Kind kind = Kind::change;
    bool maybe = false;
    Moment begin = 0;
    Moment end = kNeverEnds;
    Change change;  // of `told`: the size of all
    void state(auto&& visit) const { visit(kind, maybe, begin, end, change); }
  };
  class Search;

  bool fits(const Objects& objects, uint64_t size) const;
  void apply(Objects& objects, const Event& event) const;
  void widen(Objects& objects) const;
  bool fold(Moment now);

  uint64_t stripe_size_ = 1;
  std::vector<Objects> possible_;  // before any of running_
  std::vector<Event> running_;
  std::vector<Event> unanswered_;
  Moment settled_ = 0;  // who asked before is not judged
};

}  // namespace harness::check
