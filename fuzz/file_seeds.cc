#include "fuzz/file_seeds.h"

#include <filesystem>
#include <fstream>
#include <iterator>

#include "faults/failpoints.h"
#include "faults/generate.h"
#include "harness/explore/replay.h"
#include "harness/record/capsule.h"
#include "harness/record/history.h"
#include "harness/sim/world.h"
#include "protocol/check.h"

namespace fuzz {
namespace {

using harness::explore::Schedule;
using reference::Syscall;

constexpr uint64_t kPlans = 60;

void run(harness::record::Recorder& recorder, reference::Dialect dialect) {
  harness::sim::SimWorld world(
      {.dialect = dialect, .osts = 1, .seed = 1, .timing = {}, .recorder = &recorder});
  const harness::ClientId client = world.add_client();
  const auto call = [&](const Syscall& syscall) {
    const harness::OrderId order = world.submit(client, syscall);
    world.run_until([&] { return world.result(client, order) != nullptr; });
  };
  call({.kind = Syscall::Kind::mount});
  call({.kind = Syscall::Kind::open, .path = "/f", .flags = 0102, .mode = 0644});
  world.crash(harness::kMds);
  world.start(harness::kMds);
  call({.kind = Syscall::Kind::unlink, .path = "/f"});
  world.quiesce();
}

}  // namespace

std::vector<std::string> plan_seeds() {
  std::vector<std::string> seeds;
  for (uint64_t seed = 1; seed <= kPlans; ++seed) {
    seeds.push_back(to_text(faults::generate(seed, {.kinds = faults::kEveryKind})));
  }
  seeds.emplace_back("plan \"a\" seed 7\n# a comment\n\nfail_loc=0x80000119 version 2.1 mds\n");
  return seeds;
}

std::vector<std::string> history_seeds(const std::string& scratch) {
  std::vector<std::string> seeds;
  for (const auto dialect : {reference::Dialect::v1_8, reference::Dialect::v2_0}) {
    const std::string path = scratch + ".history";
    {
      harness::record::HistoryWriter writer(path);
      harness::record::Recorder recorder;
      recorder.listen([&](const harness::record::Record& record) { writer.write(record); });
      run(recorder, dialect);
      CHECK(writer.ok(), "a seed cannot be written");
    }
    std::ifstream file(path, std::ios::binary);
    seeds.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    std::filesystem::remove(path);
  }
  return seeds;
}

std::vector<std::string> capsule_seeds() {
  std::vector<std::string> seeds;
  for (const harness::explore::Scenario& scenario : harness::explore::scenarios()) {
    const auto capsule =
        harness::explore::make_capsule(scenario, Schedule{}, "REPLAY-1", "of a seed");
    const std::vector<uint8_t> file = harness::record::write_capsule(capsule);
    seeds.emplace_back(protocol::as_text(file));
  }
  return seeds;
}

}  // namespace fuzz
