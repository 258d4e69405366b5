// Which bit of a sleep set (search.h) a step has.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include "harness/explore/decision.h"
#include "harness/explore/twin.h"

namespace harness::explore {

inline constexpr int kNoBit = 64;

// Calls, commits and deliveries sleep, as far as 64 bits go; the same bit in every position.
class SleepBits {
 public:
  SleepBits(const Cast& cast, const Mirror& mirror) {
    int next = 0;
    links_.fill(kNoBit);
    commits_.fill(kNoBit);
    calls_.fill(kNoBit);
    const auto nodes = static_cast<uint8_t>(cast.size());
    for (uint8_t i = 0; i < nodes; ++i) commits_[i] = next++;
    for (uint8_t i = 0; i < nodes; ++i) {
      if (!cast.is_server(i)) calls_[i] = next++;
    }
    for (const bool bulk : {false, true}) {
      for (uint8_t from = 0; from < nodes; ++from) {
        for (uint8_t to = 0; to < nodes; ++to) {
          if (from != to && next < kNoBit) links_[index({from, to, bulk})] = next++;
        }
      }
    }
    twins_.fill(kNoBit);
    const auto pair = [&](int number, int twin) {
      if (number < kNoBit) twins_[static_cast<size_t>(number)] = twin;
    };
    for (NodeIndex i = 0; i < nodes; ++i) {
      pair(commits_[i], commits_[mirror.of(i)]);
      pair(calls_[i], calls_[mirror.of(i)]);
      for (NodeIndex n = 0; n < nodes; ++n) {
        for (const bool bulk : {false, true}) {
          const LinkKey link{static_cast<uint8_t>(i), static_cast<uint8_t>(n), bulk};
          pair(links_[index(link)], links_[index(mirror.of(link))]);
        }
      }
    }
  }
  // The sleep set of the twin.
  uint64_t mirrored(uint64_t sleep) const {
    uint64_t out = 0;
    for (; sleep != 0; sleep &= sleep - 1) {
      const int twin = twins_[static_cast<size_t>(std::countr_zero(sleep))];
      if (twin < kNoBit) out |= uint64_t{1} << twin;
    }
    return out;
  }
  int of(const Decision& decision) const {
    switch (decision.kind) {
      case Decision::Kind::call:
        return calls_[decision.node];
      case Decision::Kind::commit:
        return commits_[decision.node];
      case Decision::Kind::deliver:
        return links_[index(decision.link)];
      default:
        return kNoBit;
    }
  }

 private:
  static size_t index(LinkKey link) { return 2 * (8u * link.from + link.to) + (link.bulk ? 1 : 0); }
  std::array<int, 128> links_;
  std::array<int, Scenario::kNodesMax> commits_, calls_;
  std::array<int, kNoBit> twins_;
};

constexpr uint64_t bit(int number) { return number < kNoBit ? uint64_t{1} << number : 0; }

}  // namespace harness::explore
