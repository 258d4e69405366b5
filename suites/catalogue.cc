#include "suites/suites.h"

namespace suites {

std::vector<std::span<const Case>> catalogue() {
  return {
      message_cases(),
      connect_cases(),
      reconnect_cases(),
  };
}

}  // namespace suites
