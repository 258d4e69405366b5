#include "reference/config.h"

namespace reference {

Timing short_timing() {
  Timing timing;
  timing.obd_timeout = 4 * kSecond;
  timing.ping_interval = 1 * kSecond;
  timing.ping_evict_timeout = 6 * kSecond;
  timing.connect_timeout = 1 * kSecond;
  timing.reconnect_delay = 100 * kMillisecond;
  timing.recovery_soft = 14 * kSecond;
  timing.recovery_hard = 42 * kSecond;
  timing.lock_callback_timeout = 3 * kSecond;
  timing.at_early_margin = 500 * kMillisecond;
  timing.at_extra = 1 * kSecond;
  timing.bulk_timeout = 3 * kSecond;
  timing.keepalive = 2 * kSecond;
  timing.zero_copy_timeout = 5 * kSecond;
  timing.write_back_delay = 500 * kMillisecond;
  return timing;
}

}  // namespace reference
