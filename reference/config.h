// What a machine is built from, besides the Store it finds.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "reference/defects.h"
#include "reference/dialect.h"
#include "reference/machine.h"
#include "reference/som_policy.h"

namespace reference {

// Every interval of the protocol. Defaults are Lustre's (facts: semantics 1.9, 1.11, 1.12;
// lnet-socklnd 3). What travels in whole seconds is rounded up.
struct Timing {
  Time obd_timeout = 100 * kSecond;
  Time ping_interval = 25 * kSecond;           // max(obd_timeout / 4, 1 s)
  Time ping_evict_timeout = 150 * kSecond;     // 6 x ping_interval
  Time connect_timeout = 5 * kSecond;          // INITIAL_CONNECT_TIMEOUT: max(5, obd_timeout / 20)
  Time reconnect_delay = 1 * kSecond;          // between attempts of a disconnected import
  Time recovery_soft = 300 * kSecond;          // 3 x obd_timeout
  Time recovery_hard = 900 * kSecond;          // 9 x obd_timeout
  Time lock_callback_timeout = 100 * kSecond;  // AST answered and lock cancelled
  Time at_min = 0;
  Time at_max = 600 * kSecond;
  Time at_early_margin = 5 * kSecond;
  Time at_extra = 30 * kSecond;
  Time bulk_timeout = 100 * kSecond;
  Time keepalive = 30 * kSecond;          // socklnd
  Time zero_copy_timeout = 50 * kSecond;  // socklnd
  Time write_back_delay = 5 * kSecond;    // client: dirty pages age
  void state(auto&& visit) const {
    visit(obd_timeout, ping_interval, ping_evict_timeout, connect_timeout, reconnect_delay,
          recovery_soft, recovery_hard, lock_callback_timeout, at_min, at_max, at_early_margin,
          at_extra, bulk_timeout, keepalive, zero_copy_timeout, write_back_delay);
  }
};

// Short ones for our own servers in live suites.
Timing short_timing();

struct Config {
  Dialect dialect = Dialect::v2_0;
  PeerId self;
  PeerId mgs;                    // where the configuration comes from
  std::string fsname = "assay";  // at most 8 characters
  uint32_t index = 0;            // of an MDT or OST: assay-OST0000
  uint64_t seed = 0;             // cookies, uuids, first xids are derived from it (derive.h)
  uint64_t incarnation = 0;      // how often this node was started; part of what is derived
  int64_t wall_clock_base_s = 1'300'000'000;  // seconds since 1970 at Time 0
  Timing timing;
  DefectSet defects;
  // 1.8, compiled out as shipped: clients that miss recovery are not evicted but may recover later,
  // each by itself.
  bool delayed_recovery = false;
  uint32_t default_stripe_count = 1;
  uint32_t default_stripe_size = 1u << 20;
  uint64_t capacity_bytes = 1ull << 34;  // of an OST
  SomConfig som;
  void state(auto&& visit) const {
    visit(dialect, self, mgs, fsname, index, seed, incarnation, wall_clock_base_s, timing, defects,
          delayed_recovery, default_stripe_count, default_stripe_size, capacity_bytes,
          som);
  }
};

}  // namespace reference
