// What Size-on-MDS may do about recovery: the solutions of the mail of March 2009 (facts: semantics
// 4.6, 4.8), each a policy that can be switched on alone or together with others. Policies are
// behaviours of client, MDS and OST with messages of their own; this table is the only place that
// says which exist.
//
// The base that every cell stands on is {3, M, E}: caches of evicted clients' files are removed,
// a cache of an earlier mount counts as none, an update names its epoch.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>

namespace reference {

enum class SomPolicy : uint8_t {
  reopen,
  layout_lock,
  clear_at_eviction,
  getattr_under_lock,
  cluster_flush,
  always_done_writing,
  clear_on_close,
  evict_from_osts,
  client_leaves_osts,
  list_of_clients,
  cancel_extent_locks,
  clear_on_open,
  block_lockless,
  invalidate_first,
  wait_for_commit,
  ask_clients,
  mount_rule,
  epoch_rule,
  fence,
};

struct SomPolicyInfo {
  SomPolicy policy;
  std::string_view name;  // as in --solutions
  std::string_view what;  // the mail's sentence, in our words
};

inline constexpr auto kSomPolicies = [] {
  using enum SomPolicy;
  return std::to_array<SomPolicyInfo>({
      {reopen, "1", "a client that learns that the MDS forgot it opens its files again"},
      {layout_lock, "2", "a client makes no new write or truncate without a lock on the layout"},
      {clear_at_eviction, "3", "eviction of a client removes the size cache of its open epochs"},
      {getattr_under_lock, "4",
       "a writer that closes where no cache is reads sizes under locks on all of each object"},
      {cluster_flush, "5",
       "no size is kept or told until every OST has had all clients flush to it"},
      {always_done_writing, "6", "clients send DONE_WRITING though the profile is off"},
      {clear_on_close, "7", "a close removes the size cache"},
      {evict_from_osts, "8", "the MDS has OSTs evict whom it evicts; it waits for their word"},
      {client_leaves_osts, "8a", "a client that learns of its eviction leaves the OSTs itself"},
      {list_of_clients, "8b",
       "as 8, and after each start the MDS tells OSTs of all clients that are left"},
      {cancel_extent_locks, "8c", "as 8, but only the client's extent locks go"},
      {clear_on_open, "9", "an open for writing removes the size cache"},
      {block_lockless, "*", "no lockless I/O or truncate while the client is cut off from the MDS"},
      {invalidate_first, "10",
       "the OST has the MDS remove the cache before it executes a lockless operation"},
      {wait_for_commit, "11",
       "a client waits until its open, and the removal of the cache, is committed before it sends "
       "a lockless operation"},
      {ask_clients, "12",
       "at its synchronisation with the MDS an OST has its clients look whether the MDS knows them "
       "first"},
      {mount_rule, "M", "a size cache of an earlier mount of the MDS counts as none"},
      {epoch_rule, "E", "an update of an epoch that is not the present one is ignored"},
      {fence, "FENCE", "reading sizes raises a fence: an OST refuses operations of older epochs"},
  });
}();

constexpr const SomPolicyInfo& policy_info(SomPolicy policy) {
  return kSomPolicies[static_cast<size_t>(policy)];
}
static_assert([] {
  for (size_t i = 0; i < kSomPolicies.size(); ++i) {
    if (static_cast<size_t>(kSomPolicies[i].policy) != i) return false;
  }
  return true;
}());

constexpr std::optional<SomPolicy> find_som_policy(std::string_view name) {
  for (const SomPolicyInfo& info : kSomPolicies) {
    if (info.name == name) return info.policy;
  }
  return std::nullopt;
}

class SomPolicies {
 public:
  constexpr SomPolicies() = default;
  constexpr SomPolicies(std::initializer_list<SomPolicy> all) {
    for (const SomPolicy each : all) add(each);
  }
  constexpr bool has(SomPolicy policy) const { return (bits_ & bit(policy)) != 0; }
  constexpr void add(SomPolicy policy) { bits_ |= bit(policy); }
  constexpr void remove(SomPolicy policy) { bits_ &= ~bit(policy); }
  constexpr uint32_t bits() const { return bits_; }
  constexpr bool contains(SomPolicies other) const { return (other.bits_ & ~bits_) == 0; }
  constexpr auto operator<=>(const SomPolicies&) const = default;
  void state(auto&& visit) const { visit(bits_); }

 private:
  static constexpr uint32_t bit(SomPolicy policy) { return 1u << static_cast<unsigned>(policy); }
  uint32_t bits_ = 0;
};

inline constexpr SomPolicies kSomBase = {SomPolicy::clear_at_eviction, SomPolicy::mount_rule,
                                         SomPolicy::epoch_rule};

// What our own servers do when the profile is asked of them as a target: nothing is missing.
inline constexpr SomPolicies kSomComplete = {
    SomPolicy::clear_at_eviction, SomPolicy::mount_rule, SomPolicy::epoch_rule,
    SomPolicy::getattr_under_lock, SomPolicy::fence};

// The profile `som` of dialect 2.0 (facts: semantics 4.2 to 4.4), off unless asked for.
struct SomConfig {
  bool on = false;
  SomPolicies policies = kSomBase;
  bool has(SomPolicy policy) const { return policies.has(policy); }
  void state(auto&& visit) const { visit(on, policies); }
};

}  // namespace reference
