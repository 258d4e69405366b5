#include "harness/live/random_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <set>

#include "faults/generate.h"
#include "faults/random.h"
#include "harness/check/judge.h"
#include "harness/record/history.h"

namespace harness::live {
namespace {

using faults::Random;
using Kind = Syscall::Kind;

// The calls are spread over the time in which a plan strikes.
constexpr Time kSpan = 3 * reference::kSecond;
constexpr size_t kSlots = 2;  // open files that a client may have

// A client table that is lost, or an old one, loses what was promised to clients: by right.
constexpr uint32_t kPlanned = faults::kEveryKind & ~faults::bit(faults::Kind::version_change) &
                              ~faults::bit(faults::Kind::clients_lost);

struct Worker {
  ClientId client;
  std::optional<OrderId> order;
  Kind kind = Kind::mount;
  size_t slot = 0;
  uint64_t descriptors[kSlots] = {};
  bool open[kSlots] = {};
};

std::string random_name(Random& random) {
  static constexpr std::string_view kNames[] = {"/a", "/b", "/c", "/d", "/d/a", "/d/b"};
  return std::string(kNames[random.below(std::size(kNames))]);
}

// One that needs an open file opens one where there is none.
Syscall random_call(Random& random, Worker& worker) {
  static constexpr Kind kKinds[] = {Kind::open,  Kind::open,   Kind::write,  Kind::write,
                                    Kind::write, Kind::read,   Kind::close,  Kind::mkdir,
                                    Kind::stat,  Kind::unlink, Kind::rename, Kind::fsync,
                                    Kind::chmod, Kind::link,   Kind::rmdir,  Kind::truncate};
  Syscall call;
  call.kind = kKinds[random.below(std::size(kKinds))];
  worker.slot = random.below(kSlots);
  const bool on_file = call.kind == Kind::write || call.kind == Kind::read ||
                       call.kind == Kind::close || call.kind == Kind::fsync;
  if (on_file && !worker.open[worker.slot]) call.kind = Kind::open;
  if (call.kind == Kind::open && worker.open[worker.slot]) call.kind = Kind::close;
  call.path = random_name(random);
  call.target = random_name(random);
  call.mode = 0700 + static_cast<uint32_t>(random.below(8));
  if (call.kind == Kind::mkdir) call.path = "/d";
  if (call.kind == Kind::open) call.flags = 0102;  // O_CREAT | O_RDWR
  if (call.kind == Kind::open || call.kind == Kind::truncate) {
    if (call.kind == Kind::truncate) call.offset = random.below(2) * 3;
    return call;
  }
  call.fd = worker.descriptors[worker.slot];
  call.offset = random.below(3) * 4096;
  call.length = 64;
  if (call.kind == Kind::write) {
    const std::string content = fmt::format("{:016x}", random.next());
    call.data = Bytes(protocol::as_bytes(content));
  }
  return call;
}

void take_result(World& world, Worker& worker) {
  if (!worker.order) return;
  const Result* result = world.result(worker.client, *worker.order);
  if (result == nullptr) return;
  worker.order.reset();
  if (worker.kind == Kind::open && result->status == 0) {
    worker.descriptors[worker.slot] = result->value;
    worker.open[worker.slot] = true;
  }
  if (worker.kind == Kind::close) worker.open[worker.slot] = false;
}

void work(World& world, Random& random, const RandomRunOptions& options, RandomRun& run) {
  std::vector<Worker> workers;
  for (uint32_t i = 0; i < options.clients; ++i) {
    Worker& worker = workers.emplace_back(Worker{world.add_client(), {}});
    worker.order = world.submit(worker.client, {.kind = Kind::mount, .path = "/"});
  }
  const Time pause = 2 * kSpan / options.calls;  // at most
  while (run.calls < options.calls) {
    world.pass(static_cast<Time>(random.below(static_cast<uint64_t>(pause))));
    Worker& worker = workers[random.below(workers.size())];
    take_result(world, worker);
    // A turn counts also where somebody still waits, or is dead.
    ++run.calls;
    if (worker.order) continue;
    const Syscall call = random_call(random, worker);
    worker.kind = call.kind;
    worker.order = world.submit(worker.client, call);
  }
}

void judge(check::Judge& judge, RandomRun& run) {
  run.records = judge.recorder().records();
  run.complaints = judge.complaints();
  for (const check::Verdict& verdict : judge.checkers().verdicts(true)) {
    if (verdict.outcome == check::Outcome::broken) run.properties.emplace_back(verdict.property);
    if (verdict.outcome != check::Outcome::inconclusive) continue;
    run.undecided.push_back(fmt::format("{}: {}", verdict.property, verdict.why));
  }
}

}  // namespace

RandomRun random_run(const RandomRunOptions& options, uint64_t seed, const std::string& program) {
  RandomRun run;
  run.seed = seed;
  const faults::Plan plan = faults::generate(seed, {.kinds = kPlanned,
                                                    .clients = options.clients,
                                                    .osts = options.osts,
                                                    .span = kSpan,
                                                    .away_max = reference::kSecond});
  run.plan = to_text(plan);
  check::Judge judged;
  std::unique_ptr<record::HistoryWriter> history;
  if (!options.history.empty()) {
    history = std::make_unique<record::HistoryWriter>(options.history);
    judged.recorder().listen([&](const record::Record& record) { history->write(record); });
  }
  std::set<record::NodeIndex> servers;
  judged.recorder().listen([&](const record::Record& record) {
    const auto* started = std::get_if<record::Started>(&record.what);
    if (started != nullptr && is_server(started->node.role)) servers.insert(record.node);
    const bool crashed = std::holds_alternative<record::Crashed>(record.what);
    run.kills += crashed && servers.contains(record.node) ? 1 : 0;
  });
  Setup setup;
  setup.dialect = options.dialect;
  setup.defects = options.defects;
  setup.osts = options.osts;
  setup.seed = seed;
  setup.timing = reference::short_timing();
  setup.recorder = &judged.recorder();
  setup.server_links = true;
  LiveWorld world(setup, program);
  world.arm(plan);
  Random random(seed);
  work(world, random, options, run);
  run.rested = world.quiesce();
  for (const faults::Struck& struck : world.strikes()) {
    if (struck.refused.empty()) run.struck.push_back(struck.what + ' ' + struck.where);
  }
  judge(judged, run);
  return run;
}

}  // namespace harness::live
