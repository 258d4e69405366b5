#include "harness/check/file_sizes.h"

#include <algorithm>
#include <set>
#include <utility>

#include "protocol/check.h"

namespace harness::check {

// Walks the orders in which events may have happened.
class FileSizes::Search {
 public:
  Search(const FileSizes& file, const std::vector<Event>& events) : file_(file), events_(events) {
    CHECK(events.size() <= 64, "a place has a bit for each");
  }

  // False if there are too many. Then finals() has what the objects may be in the end; nothing, if
  // no order is possible.
  bool run(const std::vector<Objects>& firsts) {
    std::vector<Place> stack;
    for (const Objects& first : firsts) stack.emplace_back(0, first);
    while (!stack.empty()) {
      Place place = std::move(stack.back());
      stack.pop_back();
      if (!seen_.insert(place).second) continue;
      if (seen_.size() > kPlacesMax) return false;
      if (only_writes_left(place.first)) {
        for (size_t i = 0; i < events_.size(); ++i) {
          if (!is_done(place.first, i)) file_.apply(place.second, events_[i]);
        }
        finals_.insert(std::move(place.second));
        continue;
      }
      if (all_done(place.first)) finals_.insert(place.second);
      for (size_t i = 0; i < events_.size(); ++i) branch(place, i, stack);
    }
    return true;
  }
  const std::set<Objects>& finals() const { return finals_; }

 private:
  using Mask = uint64_t;
  using Place = std::pair<Mask, Objects>;
  static bool is_done(Mask done, size_t i) { return (done >> i & 1) != 0; }

  void branch(const Place& place, size_t i, std::vector<Place>& stack) const {
    const Event& event = events_[i];
    if (is_done(place.first, i) || !is_next(place.first, event)) return;
    if (event.kind == Event::Kind::told && !file_.fits(place.second, event.change.size)) return;
    Place further{place.first | Mask{1} << i, place.second};
    file_.apply(further.second, event);
    // What may have happened, and had ended before this began, has not.
    for (size_t j = 0; j < events_.size(); ++j) {
      if (events_[j].maybe && events_[j].end < event.begin) further.first |= Mask{1} << j;
    }
    stack.push_back(std::move(further));
  }
  // Whether all that ended before it began has happened.
  bool is_next(Mask done, const Event& event) const {
    for (size_t j = 0; j < events_.size(); ++j) {
      if (!events_[j].maybe && !is_done(done, j) && events_[j].end < event.begin) return false;
    }
    return true;
  }
  bool all_done(Mask done) const {
    for (size_t j = 0; j < events_.size(); ++j) {
      if (!events_[j].maybe && !is_done(done, j)) return false;
    }
    return true;
  }
  // Their order does not matter.
  bool only_writes_left(Mask done) const {
    bool any = false;
    for (size_t j = 0; j < events_.size(); ++j) {
      if (is_done(done, j)) continue;
      const Event& event = events_[j];
      if (event.kind != Event::Kind::change || event.change.cuts || event.maybe) return false;
      any = true;
    }
    return any;
  }

  const FileSizes& file_;
  const std::vector<Event>& events_;
  std::set<Place> seen_;
  std::set<Objects> finals_;
};

FileSizes::FileSizes(uint32_t stripe_size, size_t stripes, bool empty)
    : stripe_size_(std::max(stripe_size, 1u)),
      possible_{Objects(stripes, Bounds{0, empty ? 0 : kAnySize})} {}

bool FileSizes::begins(Moment now, const Change& change) {
  if (change.stripe >= possible_.front().size()) return true;
  if (running_.size() >= kTogetherMax && !fold(now)) return false;
  running_.push_back({.begin = now, .change = change});
  return true;
}

void FileSizes::ends(Moment began, Moment now, bool done) {
  std::erase_if(unanswered_, [&](const Event& event) { return event.begin == began; });
  const auto event = std::ranges::find(running_, began, &Event::begin);
  if (event == running_.end() || event->kind != Event::Kind::change) return;
  event->end = now;
  event->maybe = !done;
}

FileSizes::Answer FileSizes::told(Moment asked, Moment now, uint64_t size) {
  if (asked < settled_) return Answer::possible;
  if (running_.size() >= kTogetherMax) {
    return fold(now) ? Answer::possible : Answer::undecided;
  }
  running_.push_back(
      {.kind = Event::Kind::told, .begin = asked, .end = now, .change = {.size = size}});
  std::vector<Event> events = running_;
  for (Event& event : events) event.maybe = event.maybe || event.end == kNeverEnds;
  Search search(*this, events);
  if (!search.run(possible_)) return Answer::undecided;
  return search.finals().empty() ? Answer::impossible : Answer::possible;
}

void FileSizes::forget(uint32_t stripe, Moment now) {
  if (stripe >= possible_.front().size()) return;
  if (running_.size() >= kTogetherMax) {
    running_.clear();
    possible_ = {Objects(possible_.front().size(), Bounds{0, kAnySize})};
    settled_ = now;
    return;
  }
  running_.push_back(
      {.kind = Event::Kind::forget, .begin = now, .end = now, .change = {.stripe = stripe}});
}

bool FileSizes::settle(Moment now) {
  const bool ended =
      std::ranges::none_of(running_, [](const Event& event) { return event.end == kNeverEnds; });
  return !ended || running_.empty() || fold(now);
}

// What runs by now is not waited for.
bool FileSizes::fold(Moment now) {
  std::vector<Event> events;
  for (const Event& event : std::exchange(running_, {})) {
    (event.end == kNeverEnds ? unanswered_ : events).push_back(event);
  }
  if (unanswered_.size() > kTogetherMax) return false;
  for (Objects& objects : possible_) widen(objects);
  Search search(*this, events);
  if (!search.run(possible_)) return false;
  settled_ = now;
  possible_.assign(search.finals().begin(), search.finals().end());
  CHECK(!possible_.empty(), "an answer that is impossible was not folded");
  if (possible_.size() <= kPossibleMax) return true;
  Objects hull = possible_.front();
  for (const Objects& objects : possible_) {
    for (size_t i = 0; i < hull.size(); ++i) {
      hull[i] = {std::min(hull[i].low, objects[i].low), std::max(hull[i].high, objects[i].high)};
    }
  }
  possible_ = {hull};
  return true;
}

void FileSizes::apply(Objects& objects, const Event& event) const {
  Bounds& object = objects[event.change.stripe];
  const uint64_t size = event.change.size;
  switch (event.kind) {
    case Event::Kind::told:
      return;
    case Event::Kind::forget:
      object = {0, kAnySize};
      return;
    case Event::Kind::change:
      object = event.change.cuts ? Bounds{size, size}
                                 : Bounds{std::max(object.low, size), std::max(object.high, size)};
  }
  widen(objects);
}

void FileSizes::widen(Objects& objects) const {
  for (const Event& event : unanswered_) {
    Bounds& object = objects[event.change.stripe];
    object.high = std::max(object.high, event.change.size);
    if (event.change.cuts) object.low = std::min(object.low, event.change.size);
  }
}

// The last byte of a file is in one object; the others end before it.
bool FileSizes::fits(const Objects& objects, uint64_t size) const {
  const uint64_t stripes = objects.size(), unit = stripe_size_, width = unit * stripes;
  if (stripes == 0) return true;
  for (uint64_t i = 0; i < stripes; ++i) {
    // Of the file's first `size` bytes so many are in this object.
    const uint64_t rest = size % width, before = unit * i;
    const uint64_t last = rest <= before ? 0 : std::min(rest - before, unit);
    const uint64_t most = size / width * unit + last;
    if (objects[i].low > most) return false;
    if (size != 0 && (size - 1) / unit % stripes == i && objects[i].high < most) return false;
  }
  return true;
}

}  // namespace harness::check
