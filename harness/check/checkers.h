// All checkers together, as one value: what judges a history and what an exploration carries along.
// A copy costs one count; a record clones only the checkers that ask for it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/check/checker.h"
#include "reference/cow.h"

namespace harness::check {

enum class Outcome : uint8_t { holds, broken, inconclusive, unsupported };

struct Verdict {
  std::string_view property;
  Outcome outcome = Outcome::holds;
  Violation violation;  // when broken
  std::string why;      // when inconclusive or unsupported
};

class Checkers {
 public:
  // All, or those whose property is named.
  Checkers();
  explicit Checkers(const std::vector<std::string_view>& wanted);
  // By where they judge: of `without_one_clock` those whose verdict needs no notes of servers.
  static std::vector<std::string_view> properties(Judges judges);

  // At a record `Quiesced` it finishes.
  void on(const Record& record);
  // Whether one of them asked for records like this.
  bool wants(const Record& record) const;
  // At quiescence: all calls have ended and nothing is left to happen but what is periodic. More
  // may happen later, and is fed as before.
  void finish();

  // Whether a property was found broken.
  bool broken() const { return broken_; }
  std::vector<Violation> violations() const;
  // One a checker. `notes`: whether the servers gave any.
  std::vector<Verdict> verdicts(bool notes) const;

  // 64 bits over what later verdicts depend on.
  uint64_t digest() const;

 private:
  class Carried;
  template <class C>
  class Carries;
  struct Place {
    const Profile* profile = nullptr;
    std::shared_ptr<Carried> carried;
  };
  template <class... All>
  static std::vector<Place> make(const std::vector<std::string_view>& wanted);

  reference::Cow<std::vector<Place>> places_;
  bool broken_ = false;
};

}  // namespace harness::check
