// What a live world tells its recorder is a history as the simulated one's: whole, in order, and
// judged by the same checkers.
#include <fcntl.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "harness/check/judge.h"
#include "harness/live/random_run.h"
#include "harness/live/world.h"

namespace harness::live {
namespace {

using Kind = Syscall::Kind;
using record::Record;

// A world whose history is judged and kept.
struct Recorded {
  explicit Recorded(reference::DefectSet defects = {}) {
    judge.recorder().listen([this](const Record& record) { records.push_back(record); });
    Setup setup;
    setup.timing = reference::short_timing();
    setup.defects = defects;
    setup.recorder = &judge.recorder();
    world = std::make_unique<LiveWorld>(setup, ASSAY_PROGRAM);
  }
  ClientId mounted() {
    const ClientId client = world->add_client();
    REQUIRE(call(client, {.kind = Kind::mount, .path = "/"}).status == 0);
    return client;
  }
  Result call(ClientId client, const Syscall& syscall) {
    const OrderId order = world->submit(client, syscall);
    REQUIRE(world->run_until([&] { return world->result(client, order) != nullptr; }));
    return *world->result(client, order);
  }
  template <class What>
  size_t count() const {
    return static_cast<size_t>(std::ranges::count_if(
        records, [](const Record& record) { return std::holds_alternative<What>(record.what); }));
  }

  check::Judge judge;
  std::vector<Record> records;
  std::unique_ptr<LiveWorld> world;
};

}  // namespace

TEST_CASE("a live history has events, messages, faults, commits, notes and calls, and holds") {
  Recorded run;
  const ClientId client = run.mounted();
  REQUIRE(run.call(client, {.kind = Kind::mkdir, .path = "/d", .mode = 0755}).status == 0);
  run.world->crash(kMds);
  run.world->start(kMds);
  REQUIRE(run.call(client, {.kind = Kind::mkdir, .path = "/e", .mode = 0755}).status == 0);
  REQUIRE(run.world->quiesce());

  REQUIRE(run.judge.complaints().empty());
  REQUIRE(run.count<record::CallBegan>() == 3);
  REQUIRE(run.count<record::CallEnded>() == 3);
  REQUIRE(run.count<record::Crashed>() == 1);
  REQUIRE(run.count<record::Started>() == 6);  // five nodes, one of them twice
  REQUIRE(run.count<record::Faulted>() == 1);
  REQUIRE(run.count<record::Committed>() > 0);
  REQUIRE(run.count<record::Noted>() > 0);
  REQUIRE(run.count<record::Quiesced>() == 1);
}

TEST_CASE("a message is in the history before what it led to, on both sides") {
  Recorded run;
  const ClientId client = run.mounted();
  REQUIRE(run.call(client, {.kind = Kind::mkdir, .path = "/d", .mode = 0755}).status == 0);
  REQUIRE(run.world->quiesce());

  uint64_t sent = 0, received = 0;
  for (const Record& record : run.records) {
    if (const auto* one = std::get_if<record::Sent>(&record.what)) sent = one->message;
    const auto* one = std::get_if<record::Received>(&record.what);
    if (one == nullptr) continue;
    ++received;
    REQUIRE(one->message != 0);
    REQUIRE(one->message <= sent);
    REQUIRE(record.cause != 0);
    REQUIRE(record.cause < record.index);
  }
  REQUIRE(received > 50);
}

TEST_CASE("what a server does wrong is found in its live history") {
  Recorded run(reference::Defect::evicted_opens_kept);
  const ClientId client = run.mounted();
  const Syscall open{.kind = Kind::open, .path = "/f", .flags = O_CREAT | O_RDWR, .mode = 0644};
  REQUIRE(run.call(client, open).status == 0);
  run.world->evict(kMds, run.world->client_uuid(client));
  run.world->quiesce();
  const auto complaints = run.judge.complaints();
  REQUIRE_FALSE(complaints.empty());
  REQUIRE(complaints.front().starts_with("EVICT-1"));
}

TEST_CASE("random runs are judged, and their plans strike") {
  size_t struck = 0;
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    const RandomRun run = random_run({}, seed, ASSAY_PROGRAM);
    INFO(run.plan);
    REQUIRE(run.rested);
    REQUIRE(run.complaints.empty());
    REQUIRE(run.records > 200);
    struck += run.struck.size();
  }
  REQUIRE(struck > 0);
}

}  // namespace harness::live
