#include "harness/scratch.h"

#include <stdlib.h>

#include <filesystem>

#include "protocol/check.h"

namespace harness {

std::string make_scratch(std::string_view prefix) {
  constexpr char kDigit = 'X';  // six of them at the end are replaced
  std::string path = std::filesystem::temp_directory_path() / prefix;
  path.append(6, kDigit);
  CHECK(mkdtemp(path.data()) != nullptr, "no temporary directory can be made");
  return path;
}

}  // namespace harness
