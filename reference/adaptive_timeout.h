// How long a client waits: for each portal of a server the largest service time of late, in four
// bins over ten minutes, and what a time-out is made of it (facts: semantics 1.12).
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "reference/config.h"

namespace reference {

class AdaptiveTimeouts {
 public:
  static constexpr size_t kBins = 4;
  static constexpr Time kBinLength = 150 * kSecond;  // at_history (600 s) / kBins

  // A server said or showed that it takes so long, in seconds. The estimate is the largest of the
  // bins, within at_min and at_max.
  void measured(const Timing& timing, Time now, uint32_t portal, uint32_t seconds);
  // connect_timeout as long as nothing was measured.
  uint32_t estimate_s(const Timing& timing, uint32_t portal) const;
  // est + est/4 + at_early_margin (Lustre's 5 s); obd_timeout when at_max is 0.
  Time timeout(const Timing& timing, uint32_t portal) const;

  void state(auto&& visit) const { visit(portals_); }

 private:
  struct Portal {
    uint32_t portal = 0;
    Time bin_began = 0;
    std::array<uint32_t, kBins> bins = {};
    uint32_t estimate_s = 0;
    void state(auto&& visit) const { visit(portal, bin_began, bins, estimate_s); }
  };
  std::vector<Portal> portals_;  // few; in order of first use
};

// Whole seconds on the wire, rounded up.
uint32_t wire_seconds(Time interval);

}  // namespace reference
