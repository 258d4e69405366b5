// What a checker is: one property (facts: semantics 9.2), as a small copyable value that is fed one
// record after the other. Judging a file folds it over the records; an exploration carries it along
// as part of the state.
//
//   struct Replay1 {
//     static constexpr Profile kProfile = {"REPLAY-1", Needs::notes, kinds<Noted, Started>(),
//                                          facts(Fact::Kind::executed, …)};
//     void on(const Record&, Findings&);  // what it asked for, in the order of the run
//     void finish(Findings&);             // at quiescence: all calls ended, nothing on the way
//     void state(auto&& visit) const;     // as reference/digest.h; no record indices, no global
//   };                                    // numbers: merge paths that no later verdict tells apart
//
// A violation ends the checker: what comes after it is another history. What a checker remembers is
// bounded; beyond that it is inconclusive and ends as well.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "harness/record/record.h"

namespace harness::check {

using record::Record;
using reference::Fact;

struct Violation {
  std::string property;  // "REPLAY-1"
  std::string what;      // one sentence
  // Indices of the records that explain it, in order; the last is the first that breaks it.
  std::vector<uint64_t> witness;
};

// How far a checker got: what it found ends it.
class Findings {
 public:
  void broken(std::string_view property, std::string what, std::vector<uint64_t> witness) {
    if (!ended())
      violation_ = Violation{std::string(property), std::move(what), std::move(witness)};
  }
  void inconclusive(std::string why) {
    if (!ended()) inconclusive_ = std::move(why);
  }
  bool ended() const { return violation_ || inconclusive_; }
  const std::optional<Violation>& violation() const { return violation_; }
  const std::optional<std::string>& inconclusive() const { return inconclusive_; }

 private:
  std::optional<Violation> violation_;
  std::optional<std::string> inconclusive_;
};

// Without notes of the servers a checker that needs them is unsupported.
enum class Needs : uint8_t { messages, notes };

// The alternatives of record::What that a checker wants to see, a bit each.
template <class... Kinds>
constexpr uint32_t kinds() {
  uint32_t bits = 0;
  const auto add = [&]<class Kind>(std::type_identity<Kind>) {
    [&]<class... All>(std::type_identity<std::variant<All...>>) {
      uint32_t bit = 1;
      ((bits |= std::same_as<Kind, All> ? bit : 0, bit <<= 1), ...);
    }(std::type_identity<record::What>{});
  };
  (add(std::type_identity<Kinds>{}), ...);
  return bits;
}
// The kinds of notes that it wants to see, a bit each.
constexpr uint64_t facts(std::same_as<Fact::Kind> auto... kind) {
  return ((uint64_t{1} << static_cast<uint32_t>(kind)) | ... | uint64_t{0});
}
static_assert(static_cast<uint32_t>(Fact::Kind::reached) < 64);

// Where one clock orders everything, as in an exploration, some have an exact one beside them.
enum class Judges : uint8_t { everywhere, without_one_clock };

struct Profile {
  std::string_view property;
  Needs needs = Needs::notes;
  uint32_t records = 0;
  uint64_t facts = 0;
  Judges judges = Judges::everywhere;
};

template <class C>
concept Checker = std::copyable<C> && std::default_initializable<C> &&
                  requires(C checker, const C& fixed, const Record& record, Findings& findings) {
                    { C::kProfile } -> std::convertible_to<const Profile&>;
                    checker.on(record, findings);
                    checker.finish(findings);
                    fixed.state([](const auto&...) {});
                  };

}  // namespace harness::check
