#include "faults/generate.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "faults/random.h"
#include "protocol/check.h"

namespace faults {

using reference::kMillisecond;
using reference::Time;

namespace {

constexpr uint32_t kWeightMax = 8;
constexpr uint32_t kNthMax = 12;
constexpr std::string_view kOperations[] = {
    "MDS_REINT",   "MDS_REINT", "MDS_REINT",   "LDLM_ENQUEUE", "LDLM_ENQUEUE/OPEN",
    "MDS_CLOSE",   "MDS_CLOSE", "LDLM_CANCEL", "OST_WRITE",    "OST_WRITE",
    "OST_READ",    "OST_PUNCH", "OBD_PING",    "LDLM_ENQUEUE", "OST_SYNC",
    "MDS_GETATTR", "any"};

// Draws the lines of one plan.
class Drawing {
 public:
  Drawing(uint64_t seed, const Swarm& swarm) : random_(seed), swarm_(swarm) {}

  Plan draw() {
    Plan plan;
    const std::vector<Kind> bag = fill_bag();
    if (bag.empty()) return plan;
    const uint64_t count = 1 + random_.below(swarm_.faults_max);
    for (uint64_t i = 0; i < count; ++i) {
      const uint64_t which = random_.below(bag.size());
      add(plan, bag[which]);
    }
    return plan;
  }

 private:
  // Each kind as often as it weighs.
  std::vector<Kind> fill_bag() {
    std::vector<Kind> bag;
    std::vector<Kind> all;
    for (uint32_t i = 0; i < kKinds; ++i) {
      const auto kind = static_cast<Kind>(i);
      if ((swarm_.kinds & bit(kind)) == 0) continue;
      all.push_back(kind);
      const uint64_t coin = random_.below(2);
      const uint64_t weight = 1 + random_.below(kWeightMax);
      if (coin != 0) bag.insert(bag.end(), weight, kind);
    }
    if (!bag.empty() || all.empty()) return bag;
    const uint64_t only = random_.below(all.size());
    return {all[only]};
  }

  void add(Plan& plan, Kind kind) {
    for (const std::string& text : lines(kind)) {
      auto line = parse_line(text);
      CHECK(line.has_value(), text);
      plan.lines.push_back(*std::move(line));
    }
  }

  std::vector<std::string> lines(Kind kind) {
    switch (kind) {
      case Kind::request_lost:
        return {fmt::format("on {}: drop request", message())};
      case Kind::reply_lost:
        return {fmt::format("on {}: drop reply", message())};
      case Kind::callback_lost:
        return {fmt::format("on {} {}: drop {}", pick(kCallbacks), nth(3), pick(kParts))};
      case Kind::between_servers:
        return {fmt::format("on {} {} mds->ost{}: drop {}", pick(kOfMds), nth(4), one_ost(),
                            pick(kParts))};
      case Kind::connect_lost:
        return {fmt::format("on MDS_CONNECT|OST_CONNECT {} {}->*: drop {}", nth(3), one_client(),
                            pick(kParts))};
      case Kind::bulk_lost:
        return {fmt::format("on OST_READ|OST_WRITE {}: drop {}", nth(5), pick(kBulk))};
      case Kind::delay:
        return {fmt::format("on {}: delay {} for {}", message(), pick(kParts), away())};
      case Kind::duplicate:
        return {fmt::format("on {}: duplicate {}", message(), pick(kParts))};
      case Kind::reorder:
        return {fmt::format("on {}: reorder {}", message(), pick(kParts))};
      case Kind::disconnect:
        return {fmt::format("on {}: disconnect {}<->{}", moment(), one_client(), server())};
      case Kind::partition:
        return {fmt::format("on {}: partition {}{}{} for {}", moment(), one_client(), pick(kArrows),
                            server(), away())};
      default:
        return lines_of_node(kind);
    }
  }

  std::vector<std::string> lines_of_node(Kind kind) {
    switch (kind) {
      case Kind::crash:
        return {fmt::format("on {}: restart {} after {}", moment(), server(), away())};
      case Kind::crash_at_commit: {
        const std::string who = server();
        const Time at = time();
        return {fmt::format("on time +{}: crash {} {} {}", duration_text(at), who, pick(kAtCommit),
                            nth(5)),
                start_later(at, who)};
      }
      case Kind::crash_uncommitted: {
        const std::string who = server();
        const Time at = time();
        const Time then = at + draw_time(swarm_.away_max);
        return {fmt::format("on time +{}: hold commits of {}", duration_text(at), who),
                fmt::format("on time +{}: crash {}", duration_text(then), who),
                fmt::format("on time +{}: release commits of {}", duration_text(then), who),
                start_later(then, who)};
      }
      case Kind::crash_twice: {
        const std::string who = server();
        const Time at = time();
        return {fmt::format("on time +{}: crash {} twice", duration_text(at), who),
                start_later(at, who)};
      }
      case Kind::failover:
        return {fmt::format("on {}: failover {} after {}", moment(), server(), away())};
      case Kind::pause:
        return {fmt::format("on {}: pause {} for {}", moment(), server(), away())};
      case Kind::evict:
        return {fmt::format("on {}: evict {} from {}", moment(), one_client(), pick(kEvictFrom))};
      case Kind::client_dies:
        return {fmt::format("on {}: crash {}", moment(), one_client())};
      case Kind::clients_lost: {
        const std::string who = server();
        return {fmt::format("on time +0s: {} clients of {}", pick(kLoss), who),
                fmt::format("on {}: restart {} after {}", moment(), who, away())};
      }
      case Kind::disk_full: {
        const uint64_t index = one_ost();
        const Time at = time();
        return {fmt::format("on time +{}: fill disk of ost{}", duration_text(at), index),
                fmt::format("on time +{}: free disk of ost{}",
                            duration_text(at + draw_time(swarm_.away_max)), index)};
      }
      case Kind::clock_jump:
        return {fmt::format("on {}: jump clock of {} by {}", moment(), server(), pick(kJumps))};
      case Kind::version_change:
        return {fmt::format("on {}: {} mds after {}", moment(), pick(kVersions), away())};
      default:
        CHECK(false, "no such kind of fault");
        return {};
    }
  }

  template <size_t N>
  std::string_view pick(const std::string_view (&from)[N]) {
    return from[random_.below(N)];
  }
  std::string nth(uint32_t max) { return fmt::format("#{}", 1 + random_.below(max)); }
  std::string one_client() { return fmt::format("client{}", 1 + random_.below(swarm_.clients)); }
  uint64_t one_ost() { return random_.below(swarm_.osts); }
  // The MDS as often as all OSTs together.
  std::string server() {
    const uint64_t coin = random_.below(2);
    const uint64_t index = one_ost();
    return coin == 0 ? "mds" : fmt::format("ost{}", index);
  }
  Time draw_time(Time max) {
    const auto steps = static_cast<uint64_t>(std::max<Time>(1, max / (10 * kMillisecond)));
    return static_cast<Time>(1 + random_.below(steps)) * 10 * kMillisecond;
  }
  Time time() { return draw_time(swarm_.span); }
  std::string away() { return duration_text(draw_time(swarm_.away_max)); }
  std::string start_later(Time at, const std::string& who) {
    const Time then = at + draw_time(swarm_.away_max);
    return fmt::format("on time +{}: start {}", duration_text(then), who);
  }
  // An operation, mostly of one client.
  std::string message() {
    const std::string_view operation = pick(kOperations);
    const std::string which = nth(kNthMax);
    const uint64_t coin = random_.below(4);
    const std::string client = one_client();
    return fmt::format("{} {} {}->*", operation, which, coin == 0 ? "client*" : client);
  }
  // A message, or a time.
  std::string moment() {
    const uint64_t coin = random_.below(3);
    const Time at = time();
    if (coin == 0) return "time +" + duration_text(at);
    const std::string_view operation = pick(kOperations);
    const std::string_view part = pick(kParts);
    const std::string which = nth(kNthMax);
    return fmt::format("{} {} {} client*->*", operation, part, which);
  }

  static constexpr std::string_view kParts[] = {"request", "reply"};
  static constexpr std::string_view kBulk[] = {"bulk", "data"};
  static constexpr std::string_view kArrows[] = {"->", "<->"};
  static constexpr std::string_view kCallbacks[] = {"LDLM_BL_CALLBACK", "LDLM_CP_CALLBACK",
                                                    "LDLM_GL_CALLBACK"};
  static constexpr std::string_view kOfMds[] = {"OST_CREATE",  "OST_DESTROY",  "OST_STATFS",
                                                "OST_CONNECT", "OST_SET_INFO", "any"};
  static constexpr std::string_view kAtCommit[] = {"before commit", "after commit", "at write"};
  static constexpr std::string_view kEvictFrom[] = {"mds", "ost*", "all"};
  static constexpr std::string_view kLoss[] = {"lose", "roll back"};
  static constexpr std::string_view kJumps[] = {"+10s", "+1h", "-10s"};
  static constexpr std::string_view kVersions[] = {"upgrade", "downgrade"};

  Random random_;
  const Swarm& swarm_;
};

}  // namespace

Plan generate(uint64_t seed, const Swarm& swarm) {
  CHECK(swarm.clients > 0 && swarm.osts > 0 && swarm.faults_max > 0);
  Plan plan = Drawing(seed, swarm).draw();
  plan.title = fmt::format("generated from {}", seed);
  plan.seed = seed;
  return plan;
}

}  // namespace faults
