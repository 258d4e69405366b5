#include "harness/explore/twin.h"

#include <algorithm>

#include "reference/digest.h"

namespace harness::explore {
namespace {

using Kind = Decision::Kind;

bool same_calls(const std::vector<Call>& a, const std::vector<Call>& b) {
  return std::ranges::equal(a, b, [](const Call& x, const Call& y) {
    return x.slot == y.slot && x.beside == y.beside &&
           reference::digest_of(x.call) == reference::digest_of(y.call);
  });
}

// Alike but for what is a hash of the client's address or a place among others.
bool alike(const Decision& a, const Decision& b) {
  return a.kind == b.kind && a.node == b.node && a.link == b.link && a.timer.kind == b.timer.kind;
}

}  // namespace

Mirror::Mirror(const Scenario& scenario) {
  const auto first_client = static_cast<NodeIndex>(2 + scenario.osts);
  for (size_t i = 0; i < scenario.clients.size(); ++i) {
    for (size_t n = i + 1; n < scenario.clients.size(); ++n) {
      if (!same_calls(scenario.clients[i].prepared, scenario.clients[n].prepared)) continue;
      if (!same_calls(scenario.clients[i].calls, scenario.clients[n].calls)) continue;
      pair_ = {static_cast<NodeIndex>(first_client + i), static_cast<NodeIndex>(first_client + n)};
      return;
    }
  }
}

std::optional<Decision> Mirror::of(const Decision& decision, const std::vector<Decision>& enabled,
                                   const std::vector<Decision>& enabled_in_twin) const {
  Decision wanted = decision;
  wanted.node = of(decision.node);
  wanted.link = of(decision.link);
  const auto like = [](const Decision& what) {
    return [&what](const Decision& other) { return alike(what, other); };
  };
  const auto at = std::ranges::find_if(enabled_in_twin, like(wanted));
  if (at == enabled_in_twin.end()) return std::nullopt;
  // Two that are alike, held messages of one link or timers of one kind, are not told apart.
  if (std::ranges::count_if(enabled, like(decision)) != 1) return std::nullopt;
  if (std::ranges::count_if(enabled_in_twin, like(wanted)) != 1) return std::nullopt;
  return *at;
}

bool Mirror::same(const Stepped& stepped, const Stepped& mirrored) const {
  const auto same_post = [&](const Stepped::Post& a, const Stepped::Post& b) {
    return of(a.to) == b.to && a.bulk == b.bulk;
  };
  const auto same_end = [](const Stepped::Ended& a, const Stepped::Ended& b) {
    return a.call == b.call && a.status == b.status && a.value == b.value;
  };
  const auto same_node = [&](NodeIndex a, NodeIndex b) { return of(a) == b; };
  return stepped.failed.empty() == mirrored.failed.empty() &&
         std::ranges::equal(stepped.posts, mirrored.posts, same_post) &&
         std::ranges::equal(stepped.ended, mirrored.ended, same_end) &&
         std::ranges::equal(stepped.dropped, mirrored.dropped, same_node);
}

}  // namespace harness::explore
