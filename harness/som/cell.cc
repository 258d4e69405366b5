#include "harness/som/cell.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "protocol/ptlrpc.h"
#include "reference/open_flags.h"

namespace harness::som {

namespace {

namespace opcode = protocol::ptlrpc::opcode;
namespace open_flags = reference::open_flags;
using explore::Aim;
using explore::Call;
using explore::Fault;
using explore::Scenario;
using explore::Script;
using reference::kSecond;
using Kind = reference::Syscall::Kind;

constexpr auto kUseCases = std::to_array<UseCaseInfo>({
    {UseCase::evicted, "1", "the MDS evicts A, which connects again"},
    {UseCase::failover, "2", "the MDS fails over"},
    {UseCase::evicted_then_failover, "3", "the MDS evicts A and then fails over"},
    {UseCase::upgrade, "4", "the MDS fails over, and only then has the profile"},
    {UseCase::never_back, "5", "the MDS fails over, and who misses it at once never comes back"},
});

constexpr auto kRows = std::to_array<RowInfo>({
    {Row::p3c, "P3c", "a new write into the cache, written back"},
    {Row::p3l, "P3l", "a new lockless write"},
    {Row::p4, "P4", "dirty data under a lock is written back"},
    {Row::p5k, "P5k", "a write under a lock is on its way"},
    {Row::p5l, "P5l", "a lockless write is on its way"},
    {Row::p2l, "P2l", "a lockless truncate"},
    {Row::p2k, "P2k", "a locked truncate"},
    {Row::p6, "P6", "a lockless truncate begun while the profile was off"},
});

constexpr uint8_t kMds = 1, kFirstOst = 2;
constexpr std::string_view kPath = "/f";
constexpr uint64_t kOldEnd = 4, kNewEnd = 5, kLateEnd = 9;

Call mount() { return {{.kind = Kind::mount}}; }
Call open(uint32_t flags, uint8_t stripes = 0) {
  return {{.kind = Kind::open,
           .path = std::string(kPath),
           .flags = open_flags::kReadWrite | flags,
           .mode = 0644,
           .stripe_count = stripes}};
}
// So many bytes, up to this end.
Call write(uint64_t end, uint64_t length = 1) {
  const std::vector<uint8_t> data(length, 'x');
  return {{.kind = Kind::write, .offset = end - length, .data = protocol::Bytes(data)}};
}
Call fsync() { return {{.kind = Kind::fsync}}; }
Call close() { return {{.kind = Kind::close}}; }
// What the MDS tells of it.
Call ask_mds() {
  return {{.kind = Kind::stat, .path = std::string(kPath), .flags = reference::kStatDontSync}};
}
Call truncate(uint32_t flags) {
  return {{.kind = Kind::truncate, .path = std::string(kPath), .flags = flags, .offset = 1}};
}

bool truncates(Row row) { return row == Row::p2l || row == Row::p2k || row == Row::p6; }
bool cached(Row row) { return row == Row::p3c || row == Row::p4 || row == Row::p5k; }

Script victim(Row row, uint8_t stripes) {
  Script script;
  script.prepared = {mount(), open(open_flags::kCreate | open_flags::kDirect, stripes),
                     write(kOldEnd, kOldEnd), close()};
  if (truncates(row)) {
    script.calls = {truncate(row == Row::p2k ? 0 : open_flags::kDirect)};
    return script;
  }
  script.prepared.push_back(open(cached(row) ? 0 : open_flags::kDirect));
  script.prepared.push_back(write(kNewEnd));
  const bool dirty = row == Row::p4 || row == Row::p5k;
  if (cached(row)) script.prepared.push_back(fsync());
  if (dirty) script.prepared.push_back(write(kLateEnd));
  if (!dirty) script.calls.push_back(write(kLateEnd));
  if (cached(row)) script.calls.push_back(fsync());
  script.begun = row == Row::p5k || row == Row::p5l;
  script.unhurried = !script.begun;
  return script;
}

// Writes within the file, so that only the epoch makes a difference. Where A has data in its cache
// a write would call it back, whatever else is done: there B opens for writing and writes nothing.
// When B has been told, nothing is left to be judged.
Script writer(Row row) {
  Script script{{mount()}, {open(open_flags::kDirect), write(1), close(), ask_mds()}};
  script.last = true;
  if (cached(row)) script.calls.erase(script.calls.begin() + 1);
  return script;
}

// Whether a solution has MDS and OSTs talk of clients and sizes.
bool servers_talk(SomPolicies policies) {
  using enum SomPolicy;
  constexpr auto kTalk = std::to_array({cluster_flush, evict_from_osts, list_of_clients,
                                        cancel_extent_locks, invalidate_first, ask_clients});
  return std::ranges::any_of(kTalk, [&](SomPolicy each) { return policies.has(each); });
}

// What of A may be held up on its way.
uint32_t held_opcode(Row row) {
  switch (row) {
    case Row::p3c:
    case Row::p3l:
    case Row::p4:
      return 0;
    case Row::p5k:
    case Row::p5l:
      return opcode::kOstWrite;
    case Row::p2l:
    case Row::p6:
      return opcode::kOstPunch;
    case Row::p2k:
      return opcode::kLdlmEnqueue;
  }
  return 0;
}

void allow_faults(const Cell& cell, Scenario& scenario) {
  const auto a = static_cast<uint8_t>(kFirstOst + cell.bounds.osts);
  const bool evicts =
      cell.use_case == UseCase::evicted || cell.use_case == UseCase::evicted_then_failover;
  const bool crashes = cell.use_case != UseCase::evicted;
  if (evicts) {
    scenario.budget.of(Fault::evict) = 1;
    scenario.aims.push_back({Fault::evict, a, kMds});
  }
  if (crashes) {
    scenario.budget.of(Fault::crash) = cell.bounds.mds_crashes;
    scenario.aims.push_back({Fault::crash, kMds, kMds, 0, cell.bounds.mds_crashes});
  }
  if (cell.bounds.ost_crashes != 0) {
    scenario.budget.of(Fault::crash) += cell.bounds.ost_crashes;
    for (uint8_t i = 0; i < cell.bounds.osts; ++i) {
      const auto ost = static_cast<uint8_t>(kFirstOst + i);
      scenario.aims.push_back({Fault::crash, ost, ost, 0, cell.bounds.ost_crashes});
    }
  }
  if (const uint32_t held = held_opcode(cell.row)) {
    scenario.budget.of(Fault::delay) = 1;
    for (uint8_t i = 0; i < cell.bounds.osts; ++i) {
      scenario.aims.push_back({Fault::delay, a, static_cast<uint8_t>(kFirstOst + i), held});
    }
  }
}

// A client that saw the MDS go before it was back tries again when the window is over; whoever sees
// it later is in time. Adaptive timeouts are off and pings rare: neither matters to sizes.
reference::Timing timing_of(UseCase use_case) {
  reference::Timing timing;
  timing.obd_timeout = 1000 * kSecond;
  timing.connect_timeout = 500 * kSecond;
  timing.at_max = 0;
  timing.recovery_soft = 10 * kSecond;
  timing.recovery_hard = timing.obd_timeout / 2 + timing.recovery_soft;
  timing.reconnect_delay = use_case == UseCase::never_back ? 1'000'000 * kSecond : 100 * kSecond;
  timing.lock_callback_timeout = 2000 * kSecond;
  timing.bulk_timeout = 2000 * kSecond;
  timing.write_back_delay = 50'000 * kSecond;  // what is dirty when a client is lost stays dirty
  timing.ping_interval = 100'000 * kSecond;
  timing.ping_evict_timeout = 600'000 * kSecond;
  return timing;
}

}  // namespace

std::span<const UseCaseInfo> use_cases() { return kUseCases; }
std::span<const RowInfo> rows() { return kRows; }

bool exists(UseCase use_case, Row row) { return row != Row::p6 || use_case == UseCase::upgrade; }

explore::Scenario scenario_of(const Cell& cell) {
  Scenario scenario;
  const std::string_view use_case = kUseCases[static_cast<size_t>(cell.use_case)].name;
  scenario.name = fmt::format("som-{}-{}", use_case, kRows[static_cast<size_t>(cell.row)].name);
  scenario.what = fmt::format("{}; {}", kUseCases[static_cast<size_t>(cell.use_case)].what,
                              kRows[static_cast<size_t>(cell.row)].what);
  scenario.osts = cell.bounds.osts;
  scenario.clients = {victim(cell.row, cell.bounds.osts), writer(cell.row)};
  scenario.timing = timing_of(cell.use_case);
  scenario.prompt = true;
  scenario.prompt_osts = true;
  scenario.crash_loses = cell.bounds.crash_loses;
  if (servers_talk(cell.policies)) {
    scenario.slow_opcodes = {opcode::kOstSetInfo, opcode::kLdlmSetInfo};
  }
  scenario.som = {true, cell.policies};
  scenario.som_from_restart = cell.use_case == UseCase::upgrade;
  allow_faults(cell, scenario);
  return scenario;
}

std::string text_of(SomPolicies policies) {
  std::string added, missing;
  for (const reference::SomPolicyInfo& info : reference::kSomPolicies) {
    const bool base = reference::kSomBase.has(info.policy);
    if (policies.has(info.policy) == base) continue;
    std::string& list = base ? missing : added;
    list += fmt::format("{}{}", list.empty() ? "" : ",", info.name);
  }
  if (added.empty() && missing.empty()) return "none";
  if (missing.empty()) return added;
  return fmt::format("{}{}without {}", added, added.empty() ? "" : " ", missing);
}

std::string text_of(const Cell& cell) {
  return fmt::format("{} x {}, solutions {}", kUseCases[static_cast<size_t>(cell.use_case)].name,
                     kRows[static_cast<size_t>(cell.row)].name, text_of(cell.policies));
}

std::optional<SomPolicies> parse_solutions(std::string_view text) {
  if (text == "shipped") {
    return SomPolicies{SomPolicy::clear_at_eviction, SomPolicy::getattr_under_lock};
  }
  SomPolicies policies = reference::kSomBase;
  if (text == "none") return policies;
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    const std::string_view name = text.substr(0, comma);
    const bool removed = name.starts_with('-');
    const auto policy = reference::find_som_policy(removed ? name.substr(1) : name);
    if (!policy) return std::nullopt;
    if (removed) {
      policies.remove(*policy);
    } else {
      policies.add(*policy);
    }
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return policies;
}

}  // namespace harness::som
