// Plans in the simulated world: every verb strikes, is told to the history as it happened, and
// leaves a cluster that comes to rest.
#include <fcntl.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "faults/generate.h"
#include "harness/record/recorder.h"
#include "harness/sim/world.h"

using harness::ClientId;
using harness::Dialect;
using harness::OrderId;
using harness::Result;
using harness::Setup;
using harness::Syscall;
using harness::sim::SimWorld;
using Kind = harness::Syscall::Kind;

namespace {

constexpr uint32_t kRounds = 3;

// Two clients that each make, write and remove files of their own, one after the other.
class Work {
 public:
  explicit Work(SimWorld& world) : world_(world) {
    for (int i = 0; i < 2; ++i) workers_.push_back({.client = world.add_client(), .order = 0});
    for (Worker& worker : workers_) {
      worker.order = world.submit(worker.client, {.kind = Kind::mount, .path = "/"});
    }
    REQUIRE(world.run_until([&] { return step() == 0; }));
  }
  void begin() {
    for (Worker& worker : workers_) {
      worker.left = kRounds * 5;
      next(worker);
    }
  }
  // Gives who has an answer the next call; how many still work.
  size_t step() {
    size_t busy = 0;
    for (Worker& worker : workers_) {
      const Result* result = worker.order ? world_.result(worker.client, worker.order) : nullptr;
      if (result != nullptr) {
        if (worker.left % 5 == 4) worker.fd = result->status == 0 ? result->value : 0;
        worker.order = 0;
        if (worker.left != 0) next(worker);
      }
      busy += worker.order != 0 ? 1 : 0;
    }
    return busy;
  }

 private:
  struct Worker {
    ClientId client;
    OrderId order = 0;
    uint32_t left = 0;  // calls
    uint64_t fd = 0;
  };
  void next(Worker& worker) {
    const std::string path =
        "/f" + std::to_string(worker.client.index) + "-" + std::to_string((worker.left - 1) / 5);
    switch (worker.left-- % 5) {
      case 0:
        return submit(worker,
                      {.kind = Kind::open, .path = path, .flags = O_CREAT | O_RDWR, .mode = 0644});
      case 4:
        return submit(worker, {.kind = Kind::write,
                               .fd = worker.fd,
                               .data = harness::Bytes(std::vector<uint8_t>(5000, 7))});
      case 3:
        return submit(worker, {.kind = Kind::fsync, .fd = worker.fd});
      case 2:
        return submit(worker, {.kind = Kind::close, .fd = worker.fd});
      default:
        return submit(worker, {.kind = Kind::stat, .path = path});
    }
  }
  void submit(Worker& worker, const Syscall& call) {
    worker.order = world_.submit(worker.client, call);
  }

  SimWorld& world_;
  std::vector<Worker> workers_;
};

struct Run {
  std::vector<faults::Struck> strikes;
  std::vector<std::string> told;
  size_t deaths = 0;
  bool at_rest = false;
  uint64_t digest = 0;
};

Run run(Dialect dialect, const faults::Plan& plan, uint64_t seed = 1) {
  Run out;
  harness::record::Recorder recorder;
  recorder.listen([&](const harness::record::Record& record) {
    if (const auto* fault = std::get_if<harness::record::Faulted>(&record.what)) {
      out.told.push_back(fault->what);
    }
    out.deaths += std::holds_alternative<harness::record::Crashed>(record.what) ? 1 : 0;
  });
  SimWorld world({.dialect = dialect, .seed = seed, .recorder = &recorder});
  Work work(world);
  world.settle();
  REQUIRE(world.cannot(plan).empty());
  world.arm(plan);
  work.begin();
  world.run_until([&] {
    work.step();
    return world.now() > 60 * reference::kSecond && work.step() == 0;
  });
  out.at_rest = world.quiesce();
  out.strikes = world.strikes();
  out.digest = world.history_digest();
  return out;
}

faults::Plan plan_of(const std::string& lines) {
  const auto plan = faults::parse_plan("plan \"t\"\n" + lines);
  INFO(lines << (plan ? "" : plan.error().text()));
  REQUIRE(plan.has_value());
  return *plan;
}

}  // namespace

TEST_CASE("Every verb strikes, is told as it happened, and the cluster comes to rest") {
  struct Row {
    const char* lines;
    const char* told;  // one of what the history says of it
    size_t deaths;
  };
  const Row rows[] = {
      {"on MDS_CLOSE #1 client1->mds: drop request", "drop request of MDS_CLOSE client1->mds", 0},
      {"on OST_WRITE #1: drop bulk", "drop bulk of OST_WRITE", 0},
      {"on MDS_CLOSE #1: delay reply for 2s", "delay reply of MDS_CLOSE mds->client", 0},
      {"on MDS_CLOSE #1: duplicate request", "duplicate request of MDS_CLOSE", 0},
      {"on MDS_CLOSE #1: reorder request", "reorder request of MDS_CLOSE", 0},
      {"on MDS_CLOSE #1: corrupt request byte 40", "corrupt request of MDS_CLOSE", 0},
      {"on MDS_CLOSE #1: disconnect client1<->mds", "disconnect from mds", 0},
      {"on time +0s: partition client1->mds for 3s", "lost in a partition client1->mds", 0},
      {"on MDS_CLOSE #1: crash mds\non time +5s: start mds", "crash", 1},
      {"on time +0s: crash mds before commit #2\non time +9s: start mds", "crash before commit", 1},
      {"on time +0s: crash mds after commit #2\non time +9s: start mds", "crash after commit", 1},
      {"on time +0s: crash mds at write #2\non time +9s: start mds", "crash at write", 1},
      {"on MDS_CLOSE #1: crash mds twice\non time +9s: start mds", "crash", 2},
      {"on OST_WRITE #2: restart ost0 after 2s", "crash", 1},
      {"on MDS_CLOSE #2: failover mds after 1s", "stop", 1},
      {"on MDS_CLOSE #2: pause mds for 4s", "pause", 0},
      {"on MDS_CLOSE #2: evict client1 from all", "evict ", 0},
      {"on MDS_CLOSE #1: hold commits of mds\non time +9s: restart mds", "hold commits", 1},
      {"on time +0s: lose clients of mds\non MDS_CLOSE #2: restart mds", "lose clients", 1},
      {"on time +0s: roll back clients of mds\non MDS_CLOSE #2: restart mds", "roll back clients",
       1},
      {"on time +0s: fill disk of ost0\non time +5s: free disk of ost0", "fill disk", 0},
      {"on fact executed #2 mds of client2: restart mds", "crash", 1},
      {"on MDS_CLOSE #1: jump clock of mds by +100s", "jump clock", 0},
  };
  for (const Dialect dialect : {Dialect::v1_8, Dialect::v2_0}) {
    for (const Row& row : rows) {
      INFO(row.lines);
      const Run got = run(dialect, plan_of(row.lines));
      for (const std::string& told : got.told) INFO(told);
      REQUIRE_FALSE(got.strikes.empty());
      for (const faults::Struck& struck : got.strikes) {
        INFO(struck.what << ' ' << struck.where << ": " << struck.refused);
        REQUIRE(struck.refused.empty());
      }
      const bool told = std::ranges::any_of(
          got.told, [&](const std::string& text) { return text.starts_with(row.told); });
      REQUIRE(told);
      REQUIRE(got.deaths == row.deaths);
      REQUIRE(got.at_rest);
    }
  }
}

TEST_CASE("A plan runs again byte for byte, and strikes alike") {
  const faults::Plan plan = faults::generate(7, {});
  const Run once = run(Dialect::v2_0, plan);
  const Run again = run(Dialect::v2_0, plan);
  REQUIRE(once.digest == again.digest);
  REQUIRE(once.told == again.told);
  REQUIRE(run(Dialect::v2_0, faults::generate(8, {})).digest != once.digest);
}

TEST_CASE("A plan that names an OST which is not there is not for this world") {
  SimWorld world({.osts = 1});
  REQUIRE(world.cannot(plan_of("on time +1s: crash ost0")).empty());
  REQUIRE(world.cannot(plan_of("on time +1s: crash ost1")) ==
          std::vector<std::string>{"there is no ost1"});
}
