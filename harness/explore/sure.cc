// Which steps of a client may as well come before everything else (Rules::sure).
//
// They commute with whatever others may do first if none of the others can reach the client
// meanwhile, no step of others touches what they send to, and no checker hears of them. Others
// reach a client by answers to what it asked, by callbacks for locks that it has, and by crashes;
// what comes on a link that has something already comes behind that. (Singletons and small
// persistent sets, Godefroid 1996. No way leads round in a circle of them: each takes a message
// from a server, or a call, and makes none.) som/sure_test.cc looks whether it is so.
#include <algorithm>

#include "harness/explore/position.h"

namespace harness::explore {

bool Rules::sure(const Position& position, std::vector<Decision>& out) const {
  out.clear();
  if (position.left.of(Fault::death) != 0) return false;
  for (NodeIndex server = 0; server < cast_.first_client(); ++server) {
    if (may_crash(position, server)) return false;
  }
  std::vector<Decision> steps;
  for (size_t client = 0; client < position.clients.size() && out.size() != 1; ++client) {
    if (!sure_of(position, client, steps)) continue;
    if (out.empty() || steps.size() < out.size()) std::swap(out, steps);
  }
  return !out.empty();
}

bool Rules::sure_of(const Position& position, size_t client, std::vector<Decision>& out) const {
  out.clear();
  const auto self = static_cast<NodeIndex>(cast_.first_client() + client);
  if (!ground_.node(position.nodes[self]).up()) return false;
  uint32_t senders = 0;
  for (size_t i = 0; i < position.parcels.size(); ++i) {
    const LinkKey link = position.parcels[i].link;
    if (link.to != self || (i > 0 && position.parcels[i - 1].link == link)) continue;
    senders |= 1u << link.from;
    add_link_faults(position, i, out);
    if (!out.empty() && out.back().is_fault()) return false;
    out.push_back({.kind = Decision::Kind::deliver, .node = self, .link = link});
  }
  if (can_call(position, client)) {
    // Time may pass first, and wake its timers.
    if (out.empty() && cast_.scenario().clients[client].unhurried) return false;
    out.push_back({.kind = Decision::Kind::call, .node = self});
  }
  return !out.empty() && unreached(position, self, senders) &&
         std::ranges::all_of(out, [&](const Decision& step) { return quiet(position, step); });
}

// Whether no server but these sends it anything before it has taken a step.
bool Rules::unreached(const Position& position, NodeIndex self, uint32_t senders) const {
  const auto& client = *ground_.node(position.nodes[self]).as<reference::Client>();
  const bool osts_ask = cast_.scenario().som.policies.has(reference::SomPolicy::ask_clients);
  for (const reference::Import& import : client.imports()) {
    const auto server = cast_.find(import.peer());
    if (!server || (senders >> *server & 1) != 0 || cast_.role(*server) == record::Role::mgs) {
      continue;
    }
    const auto of_import = [&](const reference::ClientLock& lock) {
      return lock.import == import.number();
    };
    if (import.pending() != 0 || std::ranges::any_of(client.locks(), of_import)) return false;
    if (osts_ask && cast_.role(*server) == record::Role::ost) return false;
  }
  const auto asks = [&](const Parcel& parcel) {
    return parcel.link.from == self && (senders >> parcel.link.to & 1) == 0;
  };
  return std::ranges::none_of(position.parcels, asks) && std::ranges::none_of(position.held, asks);
}

// Whether nobody hears of the step but servers that are up, and it is nobody's last word.
bool Rules::quiet(const Position& position, const Decision& step) const {
  const size_t client = step.node - cast_.first_client();
  const bool calls = step.kind == Decision::Kind::call;
  const Happening happening =
      calls ? call_of(position, client)
            : arrival_of(*std::ranges::find(position.parcels, step.link, &Parcel::link));
  const Stepped& stepped =
      ground_.step(step.node, position.nodes[step.node], happening, position.now);
  const bool speaks = cast_.scenario().clients[client].last && !stepped.ended.empty() &&
                      all_called(position, client);
  if (!stepped.failed.empty() || stepped.heard_by != 0 || speaks) return false;
  return stepped.dropped.empty() &&
         std::ranges::all_of(stepped.posts, [&](const Stepped::Post& post) {
           return cast_.role(post.to) != record::Role::mgs &&
                  ground_.node(position.nodes[post.to]).up();
         });
}

}  // namespace harness::explore
