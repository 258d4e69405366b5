#include "harness/explore/interned.h"

#include <xxhash.h>

#include <algorithm>
#include <bit>

#include "protocol/check.h"

namespace harness::explore {
namespace {

// All that a step depends on, without loss.
Index::Key step_key(NodeIndex self, uint32_t node, const Happening& happening, Time now) {
  CHECK(now >= 0 && now < Time{1} << 50 && self < 16 && happening.from < 16);
  return {uint64_t{node} << 32 | happening.argument,
          static_cast<uint64_t>(now) << 14 | uint64_t{self} << 10 | uint64_t{happening.from} << 6 |
              static_cast<uint64_t>(happening.kind)};
}

}  // namespace

InternedGround::InternedGround(const Cast& cast, const std::vector<std::string_view>& properties,
                               uint32_t whole_max)
    : cast_(cast), whole_max_(whole_max) {
  messages_.add({});
  const std::vector<std::string_view> named =
      properties.empty() ? check::Checkers::properties(check::Judges::everywhere) : properties;
  CHECK(named.size() <= kCheckersMax);
  for (const std::string_view property : named) {
    const size_t place = first_checkers_.size();
    first_checkers_.push_back(add_checkers(place, check::Checkers({property})));
  }
}

uint32_t InternedGround::add(NodeIndex self, sim::Node node) {
  return add_node(self, std::move(node), {});
}

uint32_t InternedGround::add_node(NodeIndex self, sim::Node node, const Origin& origin) {
  const uint64_t digest = node.digest(0);
  const Index::Key key{digest, self};
  if (const auto known = node_index_.find(key)) return *known;
  const bool recovering = node.recovering();
  return node_index_.insert(key, nodes_.add({std::move(node), digest, recovering, origin}));
}

const Bytes* InternedGround::received(const Happening& happening) const {
  const bool any = happening.kind == Happening::Kind::received;
  return any ? &messages_[happening.argument].bytes : nullptr;
}

sim::Node InternedGround::whole(NodeIndex self, uint32_t number) {
  const KeptNode& kept = nodes_[number];
  if (!kept.node.up() || kept.node.has_machine()) return kept.node;
  const Origin& origin = kept.origin;
  sim::Node made = whole(self, origin.before);
  sim::Happened happened;
  Stepped stepped;
  perform(cast_, self, made, origin.happening, received(origin.happening), origin.now, happened,
          stepped);
  CHECK(made.digest(0) == kept.digest, "a step that comes out differently");
  ++steps_again_;
  return made;
}

uint32_t InternedGround::add_message(Bytes message) {
  const XXH128_hash_t hash = XXH3_128bits(message.data(), message.size());
  const Index::Key key{hash.high64, hash.low64};
  if (const auto known = message_index_.find(key)) return *known;
  return message_index_.insert(key, messages_.add({std::move(message), hash.low64}));
}

void InternedGround::note_gave_up(const check::Checkers& checkers) {
  for (check::Verdict& verdict : checkers.verdicts(true)) {
    if (verdict.outcome != check::Outcome::inconclusive) continue;
    const std::lock_guard lock(giving_up_);
    gave_up_.emplace(verdict.property, std::move(verdict.why));
  }
}

std::map<std::string, std::string> InternedGround::gave_up() {
  const std::lock_guard lock(giving_up_);
  return gave_up_;
}

uint32_t InternedGround::add_checkers(size_t place, check::Checkers checkers) {
  const bool broken = checkers.broken();
  const uint64_t digest = checkers.digest();
  const Index::Key key{digest, uint64_t{place} << 1 | uint64_t{broken}};
  if (const auto known = checkers_index_.find(key)) return *known;
  note_gave_up(checkers);
  return checkers_index_.insert(key, checkers_.add({std::move(checkers), digest, broken}));
}

uint64_t InternedGround::hearers(const record::Record& record) const {
  uint64_t hearing = 0;
  for (size_t i = 0; i < first_checkers_.size(); ++i) {
    if (checkers_[first_checkers_[i]].checkers.wants(record)) hearing |= uint64_t{1} << i;
  }
  return hearing;
}

const Stepped& InternedGround::step(NodeIndex self, uint32_t node, const Happening& happening,
                                    Time now) {
  const Index::Key key = step_key(self, node, happening, now);
  if (const auto known = step_index_.find(key)) return steps_[*known];
  sim::Node stepped_node = whole(self, node);
  sim::Happened happened;
  Stepped stepped;
  perform(cast_, self, stepped_node, happening, received(happening), now, happened, stepped);
  stepped.after = node;
  if (stepped.failed.empty()) {
    for (sim::Happened::Sent& sent : happened.sent) {
      const auto to = cast_.find(sent.to);
      if (!to) continue;
      const bool bulk = is_bulk(sent.message);
      stepped.posts.push_back({*to, bulk, add_message(std::move(sent.message))});
    }
    stepped.after = add_node(self, std::move(stepped_node), {node, happening, now});
  }
  std::erase_if(stepped.records, [&](const record::Record& record) {
    const uint64_t hearing = hearers(record);
    stepped.heard_by |= hearing;
    return hearing == 0;
  });
  stepped.records.shrink_to_fit();
  const uint32_t number = steps_.add_with([&](uint32_t own) {
    stepped.number = own;
    return std::move(stepped);
  });
  return steps_[step_index_.insert(key, number)];
}

uint32_t InternedGround::judge_one(size_t place, uint32_t checkers, const Stepped& stepped) {
  const Index::Key key{checkers, stepped.number};
  if (const auto known = judged_index_.find(key)) return *known;
  check::Checkers judged = checkers_[checkers].checkers;
  for (const record::Record& record : stepped.records) judged.on(record);
  return judged_index_.insert(key, add_checkers(place, std::move(judged)));
}

bool InternedGround::judge(Checking& checkers, const Stepped& stepped) {
  bool broken = false;
  for (uint64_t rest = stepped.heard_by; rest != 0; rest &= rest - 1) {
    const auto place = static_cast<size_t>(std::countr_zero(rest));
    checkers[place] = judge_one(place, checkers[place], stepped);
    broken = broken || checkers_[checkers[place]].broken;
  }
  return broken;
}

uint32_t InternedGround::judge_move(size_t place, uint32_t checkers, Move move) {
  for (const Stepped* stepped : move) {
    if ((stepped->heard_by >> place & 1) != 0) checkers = judge_one(place, checkers, *stepped);
  }
  return checkers;
}

bool InternedGround::commute(const Checking& checkers, Move one, Move other) {
  const auto heard_by = [](Move move) {
    uint64_t all = 0;
    for (const Stepped* stepped : move) all |= stepped->heard_by;
    return all;
  };
  for (uint64_t rest = heard_by(one) & heard_by(other); rest != 0; rest &= rest - 1) {
    const auto place = static_cast<size_t>(std::countr_zero(rest));
    const uint32_t first = judge_move(place, checkers[place], one);
    const uint32_t second = judge_move(place, checkers[place], other);
    if (checkers_[first].broken || checkers_[second].broken) return false;
    if (judge_move(place, first, other) != judge_move(place, second, one)) return false;
  }
  return true;
}

bool InternedGround::broken_by_end(const Checking& checkers) {
  bool broken = false;
  for (const uint32_t number : checkers) {
    const Index::Key key{number, kEnd};
    auto known = end_index_.find(key);
    if (!known) {
      check::Checkers finished = checkers_[number].checkers;
      finished.finish();
      note_gave_up(finished);
      known = end_index_.insert(key, finished.broken() ? 1 : 0);
    }
    broken = broken || *known != 0;
  }
  return broken;
}

void InternedGround::trim() {
  for (Index* index : {&node_index_, &message_index_, &checkers_index_, &step_index_,
                       &judged_index_, &end_index_}) {
    index->trim();
  }
  const bool many = nodes_.size() > whole_max_;
  for (; many && let_go_ < levels_.front(); ++let_go_) {
    KeptNode& kept = nodes_.change(let_go_);
    if (kept.node.kind != sim::Kind::client && kept.origin.before != kNone) {
      kept.node.let_machine_go();
    }
  }
  std::ranges::rotate(levels_, levels_.begin() + 1);
  levels_.back() = nodes_.size();
}

}  // namespace harness::explore
