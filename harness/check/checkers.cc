#include "harness/check/checkers.h"

#include <algorithm>
#include <atomic>
#include <optional>

#include "harness/check/atom_4.h"
#include "harness/check/atom_5.h"
#include "harness/check/contents.h"
#include "harness/check/evict_1.h"
#include "harness/check/evict_2.h"
#include "harness/check/evict_3.h"
#include "harness/check/grant_1.h"
#include "harness/check/live_1.h"
#include "harness/check/lnd_1.h"
#include "harness/check/lock_1.h"
#include "harness/check/lock_2.h"
#include "harness/check/lock_3.h"
#include "harness/check/lock_4.h"
#include "harness/check/lock_5.h"
#include "harness/check/lock_6.h"
#include "harness/check/lock_7.h"
#include "harness/check/mgs_1.h"
#include "harness/check/names.h"
#include "harness/check/nego_1.h"
#include "harness/check/open_1.h"
#include "harness/check/open_2.h"
#include "harness/check/open_3.h"
#include "harness/check/open_4.h"
#include "harness/check/open_5.h"
#include "harness/check/order_1.h"
#include "harness/check/replay_1.h"
#include "harness/check/replay_2.h"
#include "harness/check/replay_3.h"
#include "harness/check/replay_4.h"
#include "harness/check/replay_5.h"
#include "harness/check/replay_6.h"
#include "harness/check/replay_7.h"
#include "harness/check/replay_8.h"
#include "harness/check/replay_9.h"
#include "harness/check/som_1.h"
#include "harness/check/som_1_order.h"
#include "harness/check/som_2.h"
#include "harness/check/som_3.h"
#include "harness/check/som_4.h"
#include "harness/check/som_5.h"
#include "harness/check/wire_1.h"
#include "reference/digest.h"

namespace harness::check {

using record::Noted;

// One checker of any type, with what it found and its digest.
class Checkers::Carried {
 public:
  virtual ~Carried() = default;
  virtual std::shared_ptr<Carried> clone() const = 0;
  virtual void on(const Record& record) = 0;
  virtual void finish() = 0;
  virtual uint64_t digest() const = 0;
  const Findings& findings() const { return findings_; }

 protected:
  Findings findings_;
};

template <class C>
class Checkers::Carries final : public Carried {
  static_assert(Checker<C>);

 public:
  std::shared_ptr<Carried> clone() const override { return std::make_shared<Carries>(*this); }
  void on(const Record& record) override {
    digest_.reset();
    checker_.on(record, findings_);
  }
  void finish() override {
    digest_.reset();
    checker_.finish(findings_);
  }
  uint64_t digest() const override {
    if (!digest_) digest_ = findings_.ended() ? 1 : reference::digest_of(checker_);
    return *digest_;
  }

 private:
  C checker_;
  mutable std::optional<uint64_t> digest_;
};

namespace {

template <class... All>
struct List {};
using Every = List<Replay1, Replay2, Replay3, Replay4, Replay5, Replay6, Replay7, Replay8, Replay9,
                   Evict1, Evict2, Evict3, Open1, Open2, Open3, Open4, Open5, Lock1, Lock2, Lock3,
                   Lock4, Lock5, Lock6, Lock7, Live1, Order1, Nego1, Grant1, Wire1, Atom4, Atom5,
                   Mgs1, Lnd1, Contents, Names, Som1, Som2, Som3, Som4, Som5, Som1Order>;

// Whether the checker asked for this record.
bool asked(const Profile& profile, const Record& record) {
  if (const auto* noted = std::get_if<Noted>(&record.what)) {
    return (profile.facts >> static_cast<uint32_t>(noted->fact.kind) & 1) != 0;
  }
  return (profile.records >> record.what.index() & 1) != 0;
}

}  // namespace

template <class... All>
std::vector<Checkers::Place> Checkers::make(const std::vector<std::string_view>& wanted) {
  std::vector<Place> places;
  const auto add = [&]<class C>(std::type_identity<C>) {
    const bool named = std::ranges::find(wanted, C::kProfile.property) != wanted.end();
    if (!wanted.empty() && !named) return;
    places.push_back({&C::kProfile, std::make_shared<Carries<C>>()});
  };
  (add(std::type_identity<All>{}), ...);
  return places;
}

Checkers::Checkers() : Checkers(std::vector<std::string_view>{}) {}

Checkers::Checkers(const std::vector<std::string_view>& wanted) {
  const auto made = [&]<class... All>(List<All...>) { return make<All...>(wanted); };
  places_ = reference::Cow(made(Every{}));
}

std::vector<std::string_view> Checkers::properties(Judges judges) {
  return [judges]<class... All>(List<All...>) {
    std::vector<std::string_view> all;
    const auto add = [&](const Profile& profile) {
      if (profile.judges == judges) all.push_back(profile.property);
    };
    (add(All::kProfile), ...);
    return all;
  }(Every{});
}

void Checkers::on(const Record& record) {
  if (std::holds_alternative<record::Quiesced>(record.what)) return finish();
  const std::vector<Place>& places = *places_;
  for (size_t i = 0; i < places.size(); ++i) {
    if (!asked(*places[i].profile, record) || places[i].carried->findings().ended()) continue;
    std::shared_ptr<Carried>& carried = places_.change()[i].carried;
    if (carried.use_count() > 1) carried = carried->clone();
    std::atomic_thread_fence(std::memory_order_acquire);
    carried->on(record);
    broken_ = broken_ || carried->findings().violation();
  }
}

bool Checkers::wants(const Record& record) const {
  return std::ranges::any_of(*places_,
                             [&](const Place& place) { return asked(*place.profile, record); });
}

void Checkers::finish() {
  for (Place& place : places_.change()) {
    if (place.carried->findings().ended()) continue;
    place.carried = place.carried->clone();
    place.carried->finish();
    broken_ = broken_ || place.carried->findings().violation();
  }
}

std::vector<Violation> Checkers::violations() const {
  std::vector<Violation> found;
  for (const Place& place : *places_) {
    if (const auto& violation = place.carried->findings().violation()) found.push_back(*violation);
  }
  return found;
}

std::vector<Verdict> Checkers::verdicts(bool notes) const {
  std::vector<Verdict> verdicts;
  for (const Place& place : *places_) {
    Verdict verdict{.property = place.profile->property};
    const Findings& found = place.carried->findings();
    if (!notes && place.profile->needs == Needs::notes) {
      verdict.outcome = Outcome::unsupported;
      verdict.why = "the target gives no notes of what it does";
    } else if (found.violation()) {
      verdict.outcome = Outcome::broken;
      verdict.violation = *found.violation();
    } else if (found.inconclusive()) {
      verdict.outcome = Outcome::inconclusive;
      verdict.why = *found.inconclusive();
    }
    verdicts.push_back(std::move(verdict));
  }
  return verdicts;
}

uint64_t Checkers::digest() const {
  reference::Digest digest;
  for (const Place& place : *places_) digest.add(place.carried->digest());
  return digest.value();
}

}  // namespace harness::check
