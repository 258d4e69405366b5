// Seeds of the targets that read files of ours: plans, histories, capsules.
#pragma once

#include <string>
#include <vector>

namespace fuzz {

std::vector<std::string> plan_seeds();
std::vector<std::string> history_seeds(const std::string& scratch);
std::vector<std::string> capsule_seeds();

}  // namespace fuzz
