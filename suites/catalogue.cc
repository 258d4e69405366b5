#include "suites/suites.h"

namespace suites {

std::vector<std::span<const Case>> catalogue() {
  return {
      message_cases(),       connect_cases(),      reconnect_cases(),   connection_cases(),
      later_client_cases(),  namespace_cases(),    attribute_cases(),   data_cases(),
      size_cases(),          open_cases(),         open_kind_cases(),   grant_cases(),
      lock_cases(),          lookup_lock_cases(),  coherence_cases(),   pair_cases(),
      resend_cases(),        lost_cases(),         bulk_cases(),        early_reply_cases(),
      boundary_cases(),      mds_recovery_cases(), replay_name_cases(), failed_cases(),
      orphan_cases(),        open_flag_cases(),    two_slot_cases(),    replay_loss_cases(),
      dual_cases(),          vbr_check_cases(),    vbr_cycle_cases(),   vbr_version_cases(),
      vbr_three_cases(),     window_cases(),       abort_cases(),       eviction_cases(),
      late_eviction_cases(), ost_recovery_cases(), mds_ost_cases(),     many_cases(),
      replay_rule_cases(),   version_rule_cases(), membership_cases(),  order_cases(),
      lock_rule_cases(),     connect_rule_cases(), config_log_cases(),  som_cases(),
      stock_cases(),
  };
}

}  // namespace suites
