// JSON as text, whatever bytes its strings have: names in a file system and what peers send need
// not be UTF-8. What is not becomes U+FFFD.
#pragma once

#include <string>

namespace harness {

template <class Json>
std::string json_text(const Json& json, int indent = 2) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace harness
