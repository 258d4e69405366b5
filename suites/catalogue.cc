#include "suites/suites.h"

namespace suites {

std::vector<std::span<const Case>> catalogue() {
  return {
      message_cases(),
      connect_cases(),
      reconnect_cases(),
      later_client_cases(),
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
      stock_cases(),
  };
}

}  // namespace suites
