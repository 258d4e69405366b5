#include "harness/explore/replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "protocol/check.h"
#include "reference/defects.h"

namespace harness::explore {
namespace {

using record::Capsule;

constexpr auto kCallNames = std::to_array<std::string_view>(
    {"mount",    "unmount",   "stat",        "lstat", "open",   "close",   "read",    "write",
     "fsync",    "truncate",  "mkdir",       "rmdir", "unlink", "link",    "symlink", "readlink",
     "rename",   "chmod",     "chown",       "utime", "mknod",  "readdir", "statfs",  "getxattr",
     "setxattr", "listxattr", "removexattr", "flock", "sync"});
static_assert(kCallNames.size() == static_cast<size_t>(reference::Syscall::Kind::sync) + 1);

std::vector<Capsule::Call> kept(const std::vector<Call>& calls) {
  std::vector<Capsule::Call> out;
  for (const Call& call : calls) out.push_back({call.call, call.slot, call.beside});
  return out;
}

std::expected<std::vector<Call>, std::string> calls_of(const std::vector<Capsule::Call>& calls) {
  std::vector<Call> out;
  for (const Capsule::Call& call : calls) {
    if (call.slot >= kSlots) return std::unexpected("a file slot that does not exist");
    out.push_back({call.call, call.slot, call.beside});
  }
  return out;
}

// The call that was begun last.
std::string_view last_call(const Scenario& scenario, const Schedule& schedule) {
  const Cast cast(scenario);
  std::vector<size_t> begun(scenario.clients.size());
  std::string_view name = "no call";
  for (const Decision& decision : schedule) {
    if (decision.kind != Decision::Kind::call) continue;
    const size_t client = decision.node - cast.first_client();
    const auto& script = scenario.clients[client];
    const size_t next = begun[client]++ + (script.begun ? 1 : 0);
    name = call_name(script.calls[next].call.kind);
  }
  return name;
}

}  // namespace

std::string_view call_name(reference::Syscall::Kind kind) {
  return kCallNames[static_cast<size_t>(kind)];
}

std::string title_of(std::string_view property, std::string_view operation,
                     const Schedule& schedule) {
  std::string faults;
  for (size_t i = 0; i < kFaults; ++i) {
    const auto fault = static_cast<Fault>(i);
    const auto has = [&](const Decision& d) { return d.is_fault() && d.fault() == fault; };
    if (!std::ranges::any_of(schedule, has)) continue;
    faults += fmt::format("{}{}", faults.empty() ? "" : " + ", fault_name(fault));
  }
  return fmt::format("{}: {}, {}", property, operation, faults.empty() ? "no fault" : faults);
}

Capsule make_capsule(const Scenario& scenario, const Schedule& schedule, std::string_view property,
                     std::string_view build_id) {
  Capsule capsule;
  capsule.property = property;
  capsule.title = title_of(property, last_call(scenario, schedule), schedule);
  capsule.build_id = build_id;
  capsule.scenario = scenario.name;
  capsule.dialect = scenario.dialect;
  capsule.osts = scenario.osts;
  capsule.seed = scenario.seed;
  for (const reference::DefectInfo& info : reference::kDefects) {
    if (scenario.defects.has(info.defect)) {
      capsule.defects.emplace_back(info.name);
    }
  }
  capsule.timing = scenario.timing;
  capsule.patience = scenario.patience;
  for (const Script& script : scenario.clients) {
    capsule.clients.push_back(
        {kept(script.prepared), kept(script.calls), script.begun, script.unhurried, script.last});
  }
  capsule.prompt = scenario.prompt;
  capsule.prompt_osts = scenario.prompt_osts;
  capsule.crash_loses = scenario.crash_loses;
  capsule.slow_opcodes = scenario.slow_opcodes;
  capsule.som = scenario.som.on;
  capsule.som_from_restart = scenario.som_from_restart;
  for (const reference::SomPolicyInfo& info : reference::kSomPolicies) {
    if (scenario.som.has(info.policy)) capsule.som_policies.emplace_back(info.name);
  }
  for (size_t i = 0; i < kFaults; ++i) {
    capsule.budget.emplace_back(fault_name(static_cast<Fault>(i)), scenario.budget.left[i]);
  }
  // Other properties may be broken on the way: they do not end it.
  Walk walk(scenario, {property});
  CHECK(!walk.begin(), "a scenario without a root");
  for (const Decision& decision : schedule) {
    CHECK(walk.can(decision), "a schedule that cannot happen");
    const Stepped& stepped = walk.apply(decision);
    capsule.steps.push_back({walk.cast().names().text(decision), shown_by(stepped, walk)});
  }
  walk.over();
  for (const Broken& broken : walk.broken()) {
    if (broken.property == property) capsule.what = broken.what;
  }
  return capsule;
}

std::expected<Scenario, std::string> scenario_of(const Capsule& capsule) {
  Scenario scenario;
  scenario.name = capsule.scenario;
  scenario.dialect = capsule.dialect;
  scenario.osts = capsule.osts;
  scenario.seed = capsule.seed;
  scenario.timing = capsule.timing;
  scenario.patience = capsule.patience;
  for (const std::string& name : capsule.defects) {
    const auto defect = reference::find_defect(name);
    if (!defect) return std::unexpected(fmt::format("no defect \"{}\"", name));
    scenario.defects.add(*defect);
  }
  for (const auto& [name, count] : capsule.budget) {
    size_t fault = 0;
    while (fault < kFaults && fault_name(static_cast<Fault>(fault)) != name) ++fault;
    if (fault == kFaults) return std::unexpected(fmt::format("no fault \"{}\"", name));
    scenario.budget.left[fault] = count;
  }
  if (capsule.clients.empty() || capsule.clients.size() > Scenario::kClientsMax ||
      2 + capsule.osts + capsule.clients.size() > Scenario::kNodesMax) {
    return std::unexpected("no client, or more nodes than a scenario may have");
  }
  for (const Capsule::Client& client : capsule.clients) {
    if (client.prepared.size() + client.calls.size() > Scenario::kCallsMax) {
      return std::unexpected("more calls than a script may have");
    }
    auto prepared = calls_of(client.prepared);
    if (!prepared) return std::unexpected(prepared.error());
    auto calls = calls_of(client.calls);
    if (!calls) return std::unexpected(calls.error());
    scenario.clients.push_back(
        {*std::move(prepared), *std::move(calls), client.begun, client.unhurried, client.last});
  }
  scenario.prompt = capsule.prompt;
  scenario.prompt_osts = capsule.prompt_osts;
  scenario.crash_loses = capsule.crash_loses;
  scenario.slow_opcodes = capsule.slow_opcodes;
  scenario.som = {.on = capsule.som, .policies = {}};
  scenario.som_from_restart = capsule.som_from_restart;
  for (const std::string& name : capsule.som_policies) {
    const auto policy = reference::find_som_policy(name);
    if (!policy) return std::unexpected(fmt::format("no solution \"{}\"", name));
    scenario.som.policies.add(*policy);
  }
  return scenario;
}

std::expected<Schedule, std::string> schedule_of(const Capsule& capsule, const Scenario& scenario) {
  const Names names(scenario);
  Schedule schedule;
  for (size_t i = 0; i < capsule.steps.size(); ++i) {
    auto decision = names.parse(capsule.steps[i].decision);
    if (!decision) return std::unexpected(fmt::format("step {}: {}", i + 1, decision.error()));
    // Those on a link say its ends; which node steps follows from that.
    if (decision->link != LinkKey{}) decision->node = decision->link.to;
    schedule.push_back(*decision);
  }
  return schedule;
}

Replayed replay(const Capsule& capsule, const Schedule& schedule, Walk& walk) {
  Replayed replayed;
  if (const auto trouble = walk.begin()) {
    replayed.difference = fmt::format("before the first step: {}", *trouble);
    return replayed;
  }
  for (const Decision& decision : schedule) {
    const Capsule::Step& step = capsule.steps[replayed.steps];
    ++replayed.steps;
    if (!walk.can(decision)) {
      replayed.difference =
          fmt::format("step {}, {}: cannot happen here", replayed.steps, step.decision);
      return replayed;
    }
    const Stepped& stepped = walk.apply(decision);
    if (shown_by(stepped, walk) == step.shown) continue;
    replayed.difference =
        fmt::format("step {}, {}: shows something else ({} message(s) sent, {} call(s) ended)",
                    replayed.steps, step.decision, stepped.posts.size(), stepped.ended.size());
    return replayed;
  }
  walk.over();
  replayed.violated = walk.violates(capsule.property);
  return replayed;
}

}  // namespace harness::explore
