#include "faults/generate.h"

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>

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

std::string number(uint64_t value) { return std::to_string(value); }

// Its parts are drawn from left to right, as the braces say: not so the arguments of a function.
// What stands in braces is evaluated, so drawn, from left to right, unlike a function's arguments.
class Piece {
 public:
  template <class T>
  Piece(const T& words) : words_(words) {}  // NOLINT(google-explicit-constructor): a text
  const std::string& words() const { return words_; }

 private:
  std::string words_;
};
std::string phrase(std::initializer_list<Piece> pieces) {
  std::string out;
  for (const Piece& piece : pieces) out += piece.words();
  return out;
}

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
        return {phrase({"on ", message(), ": drop request"})};
      case Kind::reply_lost:
        return {phrase({"on ", message(), ": drop reply"})};
      case Kind::callback_lost:
        return {phrase({"on ", pick(kCallbacks), " ", nth(3), ": drop ", pick(kParts)})};
      case Kind::between_servers:
        return {phrase({"on ", pick(kOfMds), " ", nth(4), " mds->ost", number(one_ost()), ": drop ",
                        pick(kParts)})};
      case Kind::connect_lost:
        return {phrase({"on MDS_CONNECT|OST_CONNECT ", nth(3), " ", one_client(), "->*: drop ",
                        pick(kParts)})};
      case Kind::bulk_lost:
        return {phrase({"on OST_READ|OST_WRITE ", nth(5), ": drop ", pick(kBulk)})};
      case Kind::delay:
        return {phrase({"on ", message(), ": delay ", pick(kParts), " for ", away()})};
      case Kind::duplicate:
        return {phrase({"on ", message(), ": duplicate ", pick(kParts)})};
      case Kind::reorder:
        return {phrase({"on ", message(), ": reorder ", pick(kParts)})};
      case Kind::disconnect:
        return {phrase({"on ", moment(), ": disconnect ", one_client(), "<->", server()})};
      case Kind::partition:
        return {phrase({"on ", moment(), ": partition ", one_client(), pick(kArrows), server(),
                        " for ", away()})};
      default:
        return lines_of_node(kind);
    }
  }

  std::vector<std::string> lines_of_node(Kind kind) {
    switch (kind) {
      case Kind::crash:
        return {phrase({"on ", moment(), ": restart ", server(), " after ", away()})};
      case Kind::crash_at_commit: {
        const std::string who = server();
        const Time at = time();
        return {phrase({"on time +", duration_text(at), ": crash ", who, " ", pick(kAtCommit), " ",
                        nth(5)}),
                start_later(at, who)};
      }
      case Kind::crash_uncommitted: {
        const std::string who = server();
        const Time at = time();
        const Time then = at + draw_time(swarm_.away_max);
        return {phrase({"on time +", duration_text(at), ": hold commits of ", who}),
                phrase({"on time +", duration_text(then), ": crash ", who}),
                phrase({"on time +", duration_text(then), ": release commits of ", who}),
                start_later(then, who)};
      }
      case Kind::crash_twice: {
        const std::string who = server();
        const Time at = time();
        return {phrase({"on time +", duration_text(at), ": crash ", who, " twice"}),
                start_later(at, who)};
      }
      case Kind::failover:
        return {phrase({"on ", moment(), ": failover ", server(), " after ", away()})};
      case Kind::pause:
        return {phrase({"on ", moment(), ": pause ", server(), " for ", away()})};
      case Kind::evict:
        return {phrase({"on ", moment(), ": evict ", one_client(), " from ", pick(kEvictFrom)})};
      case Kind::client_dies:
        return {phrase({"on ", moment(), ": crash ", one_client()})};
      case Kind::clients_lost: {
        const std::string who = server();
        return {phrase({"on time +0s: ", pick(kLoss), " clients of ", who}),
                phrase({"on ", moment(), ": restart ", who, " after ", away()})};
      }
      case Kind::disk_full: {
        const uint64_t index = one_ost();
        const Time at = time();
        return {phrase({"on time +", duration_text(at), ": fill disk of ost", number(index)}),
                phrase({"on time +", duration_text(at + draw_time(swarm_.away_max)),
                        ": free disk of ost", number(index)})};
      }
      case Kind::clock_jump:
        return {phrase({"on ", moment(), ": jump clock of ", server(), " by ", pick(kJumps)})};
      case Kind::version_change:
        return {phrase({"on ", moment(), ": ", pick(kVersions), " mds after ", away()})};
      default:
        CHECK(false, "no such kind of fault");
        return {};
    }
  }

  template <size_t N>
  std::string_view pick(const std::string_view (&from)[N]) {
    return from[random_.below(N)];
  }
  std::string nth(uint32_t max) { return phrase({"#", number(1 + random_.below(max))}); }
  std::string one_client() { return phrase({"client", number(1 + random_.below(swarm_.clients))}); }
  uint64_t one_ost() { return random_.below(swarm_.osts); }
  // The MDS as often as all OSTs together.
  std::string server() {
    const uint64_t coin = random_.below(2);
    const uint64_t index = one_ost();
    return coin == 0 ? "mds" : phrase({"ost", number(index)});
  }
  Time draw_time(Time max) {
    const auto steps = static_cast<uint64_t>(std::max<Time>(1, max / (10 * kMillisecond)));
    return static_cast<Time>(1 + random_.below(steps)) * 10 * kMillisecond;
  }
  Time time() { return draw_time(swarm_.span); }
  std::string away() { return duration_text(draw_time(swarm_.away_max)); }
  std::string start_later(Time at, const std::string& who) {
    const Time then = at + draw_time(swarm_.away_max);
    return phrase({"on time +", duration_text(then), ": start ", who});
  }
  // An operation, mostly of one client.
  std::string message() {
    const std::string_view operation = pick(kOperations);
    const std::string which = nth(kNthMax);
    const uint64_t coin = random_.below(4);
    const std::string client = one_client();
    return phrase(
        {operation, " ", which, " ", coin == 0 ? std::string_view("client*") : client, "->*"});
  }
  // A message, or a time.
  std::string moment() {
    const uint64_t coin = random_.below(3);
    const Time at = time();
    if (coin == 0) return "time +" + duration_text(at);
    const std::string_view operation = pick(kOperations);
    const std::string_view part = pick(kParts);
    const std::string which = nth(kNthMax);
    return phrase({operation, " ", part, " ", which, " client*->*"});
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
  plan.title = phrase({"generated from ", number(seed)});
  plan.seed = seed;
  return plan;
}

}  // namespace faults
