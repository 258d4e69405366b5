#include "harness/explore/campaign.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <thread>

#include "faults/random.h"
#include "harness/explore/walk.h"

namespace harness::explore {
namespace {

using faults::Random;
using reference::Syscall;
using Kind = reference::Syscall::Kind;

constexpr uint64_t kFaultOdds[] = {8, 30, 100};  // one step in so many, drawn for the run

std::string random_name(Random& random) {
  static constexpr std::string_view kNames[] = {"/a", "/b", "/d", "/d/a"};
  return std::string(kNames[random.below(4)]);
}

Call random_call(Random& random) {
  static constexpr Kind kKinds[] = {Kind::open,     Kind::open,   Kind::write, Kind::write,
                                    Kind::read,     Kind::close,  Kind::mkdir, Kind::unlink,
                                    Kind::rmdir,    Kind::rename, Kind::stat,  Kind::chmod,
                                    Kind::truncate, Kind::fsync,  Kind::link,  Kind::readdir};
  Call made;
  Syscall& call = made.call;
  call.kind = kKinds[random.below(std::size(kKinds))];
  call.path = random_name(random);
  call.target = random_name(random);
  made.slot = static_cast<uint8_t>(random.below(kSlots));
  call.mode = 0700 + static_cast<uint32_t>(random.below(8));
  if (call.kind == Kind::open) call.flags = 0102;  // O_CREAT | O_RDWR
  if (call.kind == Kind::readdir) call.path = "/";
  if (call.kind == Kind::open || call.kind == Kind::truncate) {
    call.offset = random.below(2) * 3;
    return made;
  }
  call.fd = random.below(kSlots);
  call.offset = random.below(3) * 4096;
  call.length = 64;
  if (call.kind == Kind::write) {
    const std::string content = fmt::format("{:016x}", random.next());
    call.data = reference::Bytes(protocol::as_bytes(content));
  }
  return made;
}

Budget swarm(Random& random) {
  Budget budget;
  for (size_t i = 0; i < kFaults; ++i) {
    const bool used = random.below(2) == 0;
    const uint64_t count = 1 + random.below(4);
    if (used) budget.left[i] = static_cast<uint8_t>(count);
  }
  return budget;
}

}  // namespace

Scenario random_scenario(const Scenario& like, uint64_t seed) {
  Random random(seed ^ 0x5ce9'a510);
  Scenario scenario = like;
  scenario.name = "random";
  scenario.what = "calls drawn from the seed";
  scenario.seed = seed;
  scenario.osts = 1 + static_cast<uint32_t>(random.below(2));
  scenario.clients.clear();
  const uint64_t clients = 1 + random.below(3);
  for (uint64_t i = 0; i < clients; ++i) {
    Script script{.prepared = {{{.kind = Kind::mount}}}};
    const uint64_t calls = 2 + random.below(8);
    for (uint64_t n = 0; n < calls; ++n) script.calls.push_back(random_call(random));
    scenario.clients.push_back(std::move(script));
  }
  return scenario;
}

RunResult random_walk(const Scenario& scenario, uint64_t seed) {
  Random random(seed);
  RunResult result{.seed = seed, .scenario = scenario};
  result.scenario.budget = swarm(random);
  const uint64_t odds = kFaultOdds[random.below(std::size(kFaultOdds))];
  Walk walk(result.scenario);
  if (const auto trouble = walk.begin()) {
    result.property = "CHECK";
    result.what = *trouble;
    return result;
  }
  const Time began = walk.position().now;
  while (!walk.over() && result.steps < kWalkStepsMax) {
    const auto& enabled = walk.enabled();
    const auto faults = static_cast<size_t>(std::ranges::count_if(enabled, &Decision::is_fault));
    const size_t plain = enabled.size() - faults;  // come first
    const bool strike = faults != 0 && (plain == 0 || random.below(odds) == 0);
    const size_t pick = strike ? plain + random.below(faults) : random.below(plain);
    result.schedule.push_back(enabled[pick]);
    walk.apply(result.schedule.back());
    ++result.steps;
  }
  result.cluster_time = walk.position().now - began;
  result.over = result.steps < kWalkStepsMax;
  if (!walk.broken().empty()) {
    result.property = walk.broken().front().property;
    result.what = walk.broken().front().what;
  }
  return result;
}

void campaign(const Scenario& scenario, const CampaignOptions& options) {
  std::atomic<uint64_t> next = 0;
  std::mutex reporting;
  const auto work = [&] {
    for (;;) {
      const uint64_t run = next.fetch_add(1);
      if (run >= options.runs) return;
      if (options.stop != nullptr && options.stop->load() != Stop::none) return;
      const uint64_t seed = options.first_seed + run;
      const RunResult result =
          random_walk(options.random_scripts ? random_scenario(scenario, seed) : scenario, seed);
      const std::lock_guard lock(reporting);
      if (options.done) options.done(result);
    }
  };
  std::vector<std::thread> threads;
  for (unsigned i = 1; i < options.workers; ++i) threads.emplace_back(work);
  work();
  for (std::thread& thread : threads) thread.join();
}

}  // namespace harness::explore
