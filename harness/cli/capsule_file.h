// Capsules as files of the command line.
#pragma once

#include <expected>
#include <optional>
#include <string>

#include "harness/explore/decision.h"
#include "harness/explore/scenario.h"
#include "harness/record/capsule.h"

namespace harness {

struct LoadedCapsule {
  record::Capsule capsule;
  explore::Scenario scenario;
  explore::Schedule schedule;
};
// Or what is wrong with the file, with its name.
std::expected<LoadedCapsule, std::string> load_capsule(const std::string& path);

// Under a name made from its title, in a folder that is made if need be; never over another file.
// Nothing, and said so, when that does not work.
std::optional<std::string> save_capsule(const record::Capsule& capsule, const std::string& folder);

// Never over another file; false, and said so, when that does not work.
bool save_file(const std::string& path, std::string_view content);

}  // namespace harness
