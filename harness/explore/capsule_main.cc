// Capsules across builds: `explore_capsule write PREFIX` explores a few scenarios with a planted
// defect and leaves a capsule of each; `explore_capsule replay PREFIX` replays them and says at
// which step each violates what. Built by another compiler it must say the same (cmake/
// same_capsule.cmake compares). Exit status: 0 all are violated as they were.
#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "harness/explore/replay.h"
#include "harness/explore/search.h"
#include "harness/explore/sensitivity.h"
#include "harness/explore/shrink.h"

namespace harness::explore {
namespace {

// With no fault, a crash, a loss, a delay, an eviction.
constexpr auto kDefects = std::to_array<std::string_view>(
    {"completion-lost", "slot-outside-transaction", "resent-create-executed-twice",
     "old-connection-accepted", "slot-kept-at-eviction"});

std::string file_of(std::string_view prefix, std::string_view defect) {
  return std::string(prefix) + "-" + std::string(defect) + ".capsule";
}

bool write(std::string_view prefix, std::string_view defect) {
  const std::vector<Planted> all = planted();
  const Planted& one = *std::ranges::find(all, defect, &Planted::defect);
  const Sensed sensed = sense(one, 1);
  if (sensed.property.empty()) return false;
  const record::Capsule capsule =
      make_capsule(one.scenario, sensed.schedule, sensed.property, "any");
  const std::vector<uint8_t> bytes = record::write_capsule(capsule);
  std::ofstream file(file_of(prefix, defect), std::ios::binary);
  file.write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
  return file.good();
}

bool again(std::string_view prefix, std::string_view defect) {
  std::ifstream file(file_of(prefix, defect), std::ios::binary);
  const std::vector<uint8_t> bytes{std::istreambuf_iterator<char>(file), {}};
  const auto capsule = record::read_capsule(bytes);
  if (!capsule) return false;
  const auto scenario = scenario_of(*capsule);
  if (!scenario) return false;
  const auto schedule = schedule_of(*capsule, *scenario);
  if (!schedule) return false;
  Walk walk(*scenario);
  const Replayed replayed = replay(*capsule, *schedule, walk);
  if (replayed.difference || walk.broken().empty()) {
    std::printf("%s: %s\n", capsule->title.c_str(), replayed.difference.value_or("none").c_str());
    return false;
  }
  std::printf("%s: %s after %zu steps: %s\n", capsule->title.c_str(),
              walk.broken().front().property.c_str(), replayed.steps,
              walk.broken().front().what.c_str());
  return true;
}

}  // namespace
}  // namespace harness::explore

int main(int argc, char** argv) {
  using namespace harness::explore;
  const std::string_view verb = argc == 3 ? argv[1] : "";
  if (verb != "write" && verb != "replay") {
    std::fprintf(stderr, "usage: explore_capsule write|replay PREFIX\n");
    return 64;
  }
  int failed = 0;
  for (const std::string_view defect : kDefects) {
    const bool good = verb == "write" ? write(argv[2], defect) : again(argv[2], defect);
    failed += good ? 0 : 1;
  }
  return failed == 0 ? 0 : 1;
}
