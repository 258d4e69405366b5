// Messages per second in simulation, and what a copy and a digest of a cluster cost. Prints the
// median of several runs; the figures of one machine are only to be compared with each other.
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "harness/sim/world.h"

namespace harness {
namespace {

using Clock = std::chrono::steady_clock;
using Kind = Syscall::Kind;

constexpr int kRuns = 7;

double seconds_of(const auto& work) {
  const auto begin = Clock::now();
  work();
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

double median(std::vector<double> values) {
  std::ranges::nth_element(values, values.begin() + static_cast<ptrdiff_t>(values.size() / 2));
  return values[values.size() / 2];
}

void call(sim::SimWorld& world, ClientId client, const Syscall& syscall) {
  const OrderId order = world.submit(client, syscall);
  world.run_until([&] { return world.result(client, order) != nullptr; });
}

// Messages per second while `operations` calls are made one after the other.
template <class Make>
double rate(const char* name, uint64_t operations, Make make) {
  std::vector<double> rates;
  for (int run = 0; run < kRuns; ++run) {
    sim::SimWorld world({});
    const ClientId client = world.add_client();
    call(world, client, {.kind = Kind::mount});
    call(world, client, {.kind = Kind::open, .path = "/f", .flags = 0102, .mode = 0644});
    const uint64_t before = world.delivered();
    const double seconds = seconds_of([&] {
      for (uint64_t i = 0; i < operations; ++i) call(world, client, make(i));
    });
    rates.push_back(static_cast<double>(world.delivered() - before) / seconds);
  }
  const double result = median(rates);
  fmt::print("{:<28} {:>12.0f} messages/s\n", name, result);
  return result;
}

void copies() {
  sim::SimWorld world({});
  const ClientId client = world.add_client();
  call(world, client, {.kind = Kind::mount});
  for (int i = 0; i < 100; ++i) {
    call(world, client,
         {.kind = Kind::mkdir, .path = fmt::format("/d{}", i), .mode = 0755});
  }
  constexpr int kCopies = 100'000;
  const double copying = seconds_of([&] {
    for (int i = 0; i < kCopies; ++i) {
      const sim::Cluster copy = world.cluster();
      if (copy.size() == 0) std::abort();
    }
  });
  fmt::print("{:<28} {:>12.0f} ns\n", "copy of a cluster", copying / kCopies * 1e9);
}

}  // namespace
}  // namespace harness

int main() {
  using harness::Kind;
  using harness::Syscall;
  harness::rate("statfs", 20'000, [](uint64_t) { return Syscall{.kind = Kind::statfs}; });
  harness::rate("chmod", 5'000, [](uint64_t i) {
    return Syscall{.kind = Kind::chmod, .path = "/f", .mode = 0600 + static_cast<uint32_t>(i % 8)};
  });
  harness::rate("mkdir", 5'000, [](uint64_t i) {
    return Syscall{.kind = Kind::mkdir, .path = fmt::format("/d{}", i), .mode = 0755};
  });
  harness::copies();
  return 0;
}
