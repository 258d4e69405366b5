#include "reference/adaptive_timeout.h"

#include <algorithm>
#include <limits>

namespace reference {

uint32_t wire_seconds(Time interval) {
  const Time seconds = (std::max<Time>(interval, 0) + kSecond - 1) / kSecond;
  return static_cast<uint32_t>(std::min<Time>(seconds, std::numeric_limits<int32_t>::max()));
}

void AdaptiveTimeouts::measured(const Timing& timing, Time now, uint32_t portal, uint32_t seconds) {
  if (seconds == 0) return;
  auto entry = std::ranges::find(portals_, portal, &Portal::portal);
  if (entry == portals_.end()) {
    entry = portals_.insert(portals_.end(), Portal{.portal = portal, .bin_began = now});
  }
  while (now - entry->bin_began >= kBinLength) {
    std::ranges::copy_backward(entry->bins.begin(), entry->bins.end() - 1, entry->bins.end());
    entry->bins[0] = 0;
    entry->bin_began += kBinLength;
    if (std::ranges::all_of(entry->bins, [](uint32_t bin) { return bin == 0; })) {
      entry->bin_began = now;
    }
  }
  entry->bins[0] = std::max(entry->bins[0], seconds);
  entry->estimate_s = std::clamp(*std::ranges::max_element(entry->bins),
                                 wire_seconds(timing.at_min), wire_seconds(timing.at_max));
}

uint32_t AdaptiveTimeouts::estimate_s(const Timing& timing, uint32_t portal) const {
  const auto entry = std::ranges::find(portals_, portal, &Portal::portal);
  return entry == portals_.end() ? wire_seconds(timing.connect_timeout) : entry->estimate_s;
}

Time AdaptiveTimeouts::timeout(const Timing& timing, uint32_t portal) const {
  if (timing.at_max == 0) return timing.obd_timeout;
  const Time estimate = estimate_s(timing, portal) * kSecond;
  return estimate + estimate / 4 + timing.at_early_margin;
}

}  // namespace reference
