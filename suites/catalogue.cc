#include "suites/suites.h"

namespace suites {

std::vector<std::span<const Case>> catalogue() {
  return {
      message_cases(),
      connect_cases(),
      reconnect_cases(),
      namespace_cases(),
      attribute_cases(),
      data_cases(),
      open_cases(),
      grant_cases(),
      lock_cases(),
      lookup_lock_cases(),
      resend_cases(),
      boundary_cases(),
      mds_recovery_cases(),
      ost_recovery_cases(),
      replay_rule_cases(),
      version_rule_cases(),
      membership_cases(),
      order_cases(),
      lock_rule_cases(),
      connect_rule_cases(),
      config_log_cases(),
      stock_cases(),
  };
}

}  // namespace suites
