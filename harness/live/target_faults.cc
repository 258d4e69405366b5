// TargetWorld: plans against servers of others.
#include <fmt/format.h>

#include <algorithm>

#include "harness/live/target_world.h"
#include "harness/target.h"
#include "protocol/check.h"

namespace harness::live {

using faults::Fault;
using faults::NodeName;
using faults::Order;
using faults::Trigger;
using faults::Verb;

namespace {

// Whether both ends can only be servers: what they say to each other passes no node of ours.
bool only_between_servers(const faults::Link& link) {
  return link.from.is_server() && link.to.is_server();
}

}  // namespace

std::vector<std::string> TargetWorld::cannot(const faults::Plan& plan) const {
  std::vector<std::string> refused = World::cannot(plan);
  for (const faults::Line& line : plan.lines) {
    const std::string why = why_not(line);
    if (!why.empty()) refused.push_back(fmt::format("{}: {}", why, to_text(line)));
  }
  return refused;
}

std::string TargetWorld::why_not(const faults::Line& line) const {
  std::string why = why_not(line.when);
  if (why.empty() && line.fault.until) why = why_not(*line.fault.until);
  return why.empty() ? why_not(line.fault) : why;
}

std::string TargetWorld::why_not(const Trigger& trigger) const {
  switch (trigger.kind) {
    case Trigger::Kind::message:
      if (!only_between_servers(trigger.link)) return "";
      return "what servers of others say to each other is not seen here";
    case Trigger::Kind::point:
    case Trigger::Kind::fact:
      return trigger.node.may_be_server() ? "servers of others give no notes" : "";
    case Trigger::Kind::time:
    case Trigger::Kind::transno:
      return "";
  }
  CHECK(false, "no such kind of trigger");
}

std::string TargetWorld::why_not(const Fault& fault) const {
  const auto lacks = [&](std::string_view verb) {
    return can(verb) ? "" : fmt::format("{} names no command for {}", target_.name, verb);
  };
  const auto lacks_both = [&](std::string_view verb, std::string_view other) {
    const std::string why = lacks(verb);
    return why.empty() ? lacks(other) : why;
  };
  const auto lacks_version = [&](Dialect dialect) {
    const std::string version(dialect_name(dialect));
    if (target_.versions.contains(version)) return lacks("crash");
    return fmt::format("{} names no command for version {}", target_.name, version);
  };
  if (fault.verb == Verb::evict) return lacks("evict");
  const bool has_link = fault.verb == Verb::disconnect || fault.verb == Verb::partition;
  if (has_link && fault.link.from.may_be_server() && fault.link.to.may_be_server()) {
    return "what servers of others say to each other is not seen here";
  }
  if (is_of_message(fault.verb) || has_link || !fault.node.may_be_server()) return "";
  switch (fault.verb) {
    case Verb::release:
    case Verb::heal:
      return "";
    case Verb::crash:
      if (fault.moment == faults::Moment::twice) return lacks_both("crash", "start");
      return fault.moment == faults::Moment::now ? lacks("crash")
                                                 : "a server of others dies at no chosen commit";
    case Verb::start:
      if (fault.version) return lacks_version(*fault.version);
      return lacks("start");
    case Verb::restart:
      if (fault.version) return lacks_version(*fault.version);
      return lacks_both("crash", "start");
    case Verb::upgrade:
      return lacks_version(Dialect::v2_0);
    case Verb::downgrade:
      return lacks_version(Dialect::v1_8);
    case Verb::hold_commits:
      return lacks("replay_barrier");
    default:
      return fmt::format("a server of others cannot be made to {}", verb_name(fault.verb));
  }
}

ClientSide::Progress TargetWorld::carry_out(const Order& order, ServerId server) {
  using Of = Order::Kind;
  const bool is_up = running(server);
  if (order.kind == Of::start ? is_up : !is_up) {
    injector().refused(order, is_up ? "it runs already" : "it is down");
    return Progress::done;
  }
  switch (order.kind) {
    case Of::crash:
      crash(server);
      break;
    case Of::start:
      order.version ? start_as(server, *order.version) : start(server);
      break;
    case Of::evict:
      evict(server, uuid_of(order.node));
      break;
    case Of::hold_commits:
      hold_commits(server);
      break;
    default:
      CHECK(false, "cannot() has let an order through");
  }
  return Progress::done;
}

}  // namespace harness::live
