#include "harness/explore/search.h"

#include <xxhash.h>

#include <algorithm>
#include <array>
#include <barrier>
#include <bit>
#include <cstring>
#include <map>
#include <mutex>
#include <thread>

#include "harness/explore/interned.h"
#include "harness/explore/packed.h"
#include "harness/explore/position.h"
#include "harness/explore/sleep_bits.h"
#include "harness/explore/twin.h"
#include "harness/explore/visited.h"
#include "protocol/check.h"

namespace harness::explore {
namespace {

using Kind = Decision::Kind;
using Buffer = std::vector<uint8_t>;

// --- what is shared ---

struct Shared {
  Shared(const Scenario& scenario, const SearchOptions& chosen)
      : options(chosen),
        cast(scenario),
        ground(cast, chosen.properties),
        rules(cast, ground),
        // The twin of a move would be a move of its own: beside what is prompt there are none.
        mirror(chosen.reduce_symmetry && !scenario.prompt ? Mirror(scenario) : Mirror()),
        bits(cast, mirror),
        takes_sure(chosen.reduce_order && chosen.sure_first && scenario.prompt) {}

  const SearchOptions& options;
  Cast cast;
  InternedGround ground;
  Rules rules;
  Mirror mirror;
  SleepBits bits;
  bool takes_sure;
  Visited visited;
  Twins root;
  uint64_t root_key = 0;

  uint32_t level = 0;  // of what is being expanded
  std::vector<Packed> now;
  std::atomic<size_t> next_buffer = 0;
  std::atomic<uint64_t> states = 1;
  std::atomic<bool> over = false;

  struct Finding {
    uint64_t parent = 0;
    uint16_t decision = 0;
    uint32_t level = 0;
    bool at_end = false;  // the position itself, its checkers finished
    std::string what;
    auto order() const { return std::tuple(level, parent, at_end, decision); }
  };
  std::mutex finding;
  std::map<std::string, Finding, std::less<>> findings;  // by property

  void found(const std::string& property, Finding finding_made) {
    const std::lock_guard lock(finding);
    const auto at = findings.find(property);
    if (at == findings.end() || finding_made.order() < at->second.order()) {
      findings.insert_or_assign(property, std::move(finding_made));
    }
  }
  uint64_t key_of(const Position& position) const;
  // What may come next, as far as it has to be walked.
  void choices(const Position& position, std::vector<Decision>& out) const {
    if (!takes_sure || rules.spoken(position) || !rules.sure(position, out)) {
      rules.enabled(position, out);
    }
  }
  // The smaller key; the position that has it and its twin change places if need be. True if so.
  bool straighten(Twins& twins, uint64_t& key) const;
};

bool Shared::straighten(Twins& twins, uint64_t& key) const {
  key = key_of(twins.position);
  if (!twins.twinned) return false;
  const uint64_t twin = key_of(twins.twin);
  if (twin >= key) return false;
  key = twin;
  std::swap(twins.position, twins.twin);
  return true;
}

// Over digests, not numbers: those depend on the order of workers.
uint64_t Shared::key_of(const Position& position) const {
  std::array<uint64_t, 8 + Scenario::kNodesMax + kCheckersMax +
                           2 * (Position::kParcelsMax + Position::kHeldMax)>
      words;
  size_t count = 0;
  const auto add = [&](uint64_t word) { words[count++] = word; };
  add(static_cast<uint64_t>(position.now));
  add(static_cast<uint64_t>(position.pings_since));
  add(position.met);
  if (options.key_has_checkers) {
    for (const uint32_t checker : position.checkers) add(ground.checkers_digest(checker));
  }
  uint64_t left = 0;
  for (const uint8_t of : position.left.left) left = left << 8 | of;
  add(left);
  uint64_t clients = 0;
  static_assert(sizeof(Position::Client) == 4);
  for (size_t i = 0; i < position.clients.size(); ++i) {
    const Position::Client& client = position.clients[i];
    clients = mixed(clients + (uint64_t{client.next} | uint64_t{client.waiting} << 8 |
                               uint64_t{client.files[0]} << 16 | uint64_t{client.files[1]} << 24));
  }
  add(clients);
  add(position.parcels.size() << 8 | position.held.size());
  for (const uint32_t node : position.nodes) add(ground.node_digest(node));
  const auto add_parcel = [&](const Parcel& parcel) {
    add(uint64_t{parcel.link.from} << 16 | uint64_t{parcel.link.to} << 8 |
        uint64_t{parcel.link.bulk});
    add(ground.message_digest(parcel.message));
  };
  for (const Parcel& parcel : position.parcels) add_parcel(parcel);
  for (const Parcel& parcel : position.held) add_parcel(parcel);
  const uint64_t hash =
      XXH3_64bits_withSeed(words.data(), count * sizeof(uint64_t), options.hash_seed);
  return hash == 0 ? 1 : hash;
}

// --- a move ---

// A step and what follows from it at once: what is prompt, and what is sure.
struct Move {
  const Decision* decision = nullptr;
  std::vector<const Stepped*> steps;
  uint32_t nodes = 0;          // that took one of them but for the sure ones, a bit each
  uint32_t sure_nodes = 0;     // that took a sure one
  bool final = false;          // nothing comes after it
  std::vector<Decision> sure;  // scratch
  const Stepped& last() const { return *steps.back(); }
};

// Whether a server sent a client nothing but what Rules::sure reckons with.
bool foreseen(const Cast& cast, const Decision& decision, const Stepped& stepped) {
  if (!cast.is_server(decision.node)) return true;
  const bool mgs = cast.role(decision.node) == record::Role::mgs;
  return std::ranges::none_of(stepped.posts, [&](const Stepped::Post& post) {
    const bool unasked = mgs && post.to != decision.link.from;
    return !cast.is_server(post.to) && (post.bulk || unasked);
  });
}

// Ends early where something breaks. `after`, if given, is told the decisions that followed. What
// takes its time between servers lets what is behind it follow at once: its sender takes part. Who
// takes a sure step does not: that commutes with whatever is not in the move.
void make_move(const Shared& shared, const Decision& decision, Position& position, Move& move,
               Schedule* after = nullptr) {
  const Cast& cast = shared.cast;
  const Rules& rules = shared.rules;
  const auto take = [&](const Decision& each) {
    move.steps.push_back(&rules.apply(position, each));
    move.nodes |= 1u << each.node;
    CHECK(!shared.takes_sure || foreseen(cast, each, move.last()), "see Rules::sure");
  };
  move.decision = &decision;
  move.steps.clear();
  move.nodes = move.sure_nodes = 0;
  take(decision);
  const NodeIndex from = decision.link.from;
  const bool between = cast.is_server(from) && cast.is_server(decision.node);
  if (decision.kind == Kind::deliver && between) move.nodes |= 1u << from;
  while (!position.broken && move.last().failed.empty()) {
    const auto next = rules.prompt(position);
    if (!next) break;
    take(*next);
    if (after != nullptr) after->push_back(*next);
  }
  std::vector<Decision>& sure = move.sure;
  while (shared.takes_sure && !position.broken && move.last().failed.empty() &&
         !rules.spoken(position) && rules.sure(position, sure) && sure.size() == 1) {
    move.steps.push_back(&rules.apply(position, sure.front()));
    move.sure_nodes |= 1u << sure.front().node;
    if (after != nullptr) after->push_back(sure.front());
  }
  move.final = rules.spoken(position);
}

// --- one worker ---

struct Item {  // before an encoded position in a buffer
  uint64_t key = 0;
  uint64_t slept = 0;        // again: what slept at the expansion before; fresh: all
  uint32_t length = 0;       // of the position
  uint32_t twin_length = 0;  // of its twin behind it; 0: it has none
  uint64_t again = 0;
};

class Worker {
 public:
  explicit Worker(Shared& shared) : shared_(shared) {}

  // Takes buffers of the level until there are none.
  void work();
  std::vector<Packed> take_next() {
    flush();
    return std::move(next_);
  }
  void enqueue(const Twins& twins, const Item& item);

  uint64_t transitions = 0, again = 0, ends = 0, untwinned = 0;

 private:
  static constexpr size_t kBufferBytes = 1 << 18;

  void expand(const Item& item, const Twins& twins);
  void end_here(const Item& item, Position position);
  void judge_step(const Item& item, size_t decision, const Twins& twins, Twins& child,
                  const Move& move, uint64_t candidates);
  uint64_t sleepers(const Position& position, const Move& taken, uint64_t candidates) const;
  void step_twin(const Twins& twins, const Decision& decision, const Stepped& stepped,
                 Twins& child);
  bool independent(const Position& position, const Move& option, const Move& taken) const;
  void flush() {
    if (!building_.empty()) next_.emplace_back(building_);
    building_.clear();
  }

  Shared& shared_;
  std::vector<Packed> next_;
  Buffer building_, expanding_;
  std::vector<Decision> decisions_, twin_decisions_;
  std::array<Move, kNoBit> options_;  // those that may sleep, with what they do
  Move other_;                        // one that may not
};

void Worker::enqueue(const Twins& twins, const Item& item) {
  const size_t begin = building_.size();
  building_.resize(begin + sizeof item);
  encode(twins.position, building_);
  Item made = item;
  made.length = static_cast<uint32_t>(building_.size() - begin - sizeof item);
  if (twins.twinned) {
    encode(twins.twin, building_);
    made.twin_length = static_cast<uint32_t>(building_.size() - begin - sizeof item) - made.length;
  }
  std::memcpy(building_.data() + begin, &made, sizeof made);
  if (building_.size() > kBufferBytes) flush();
}

void Worker::work() {
  while (!shared_.over.load(std::memory_order_relaxed)) {
    const size_t taken = shared_.next_buffer.fetch_add(1);
    if (taken >= shared_.now.size()) return;
    Packed(std::move(shared_.now[taken])).unpack(expanding_);
    for (size_t at = 0; at < expanding_.size();) {
      Item item;
      std::memcpy(&item, expanding_.data() + at, sizeof item);
      at += sizeof item;
      Twins twins{.position = decode(expanding_.data() + at), .twinned = item.twin_length != 0};
      at += item.length;
      if (twins.twinned) twins.twin = decode(expanding_.data() + at);
      at += item.twin_length;
      expand(item, twins);
    }
    const SearchOptions& options = shared_.options;
    if ((options.stop != nullptr && options.stop->load() != Stop::none) ||
        shared_.states.load() > options.states_max) {
      shared_.over = true;
    }
  }
}

bool Worker::independent(const Position& position, const Move& option, const Move& taken) const {
  if (option.final || taken.final || (option.nodes & taken.sure_nodes) != 0) return false;
  const bool on_link = taken.decision->is_fault();  // on a message: only its link is touched
  if (on_link
          ? option.decision->link == taken.decision->link && option.decision->kind == Kind::deliver
          : (option.nodes & taken.nodes) != 0) {
    return false;
  }
  return shared_.ground.commute(position.checkers, option.steps, taken.steps);
}

void Worker::expand(const Item& item, const Twins& twins) {
  Rules& rules = shared_.rules;
  const Position& position = twins.position;
  shared_.choices(position, decisions_);
  if (twins.twinned) rules.enabled(twins.twin, twin_decisions_);
  if (decisions_.empty()) return end_here(item, position);
  const bool reduce = shared_.options.reduce_order;
  const uint64_t sleep = reduce ? shared_.visited.way(item.key).sleep : 0;
  if (item.again != 0) ++again;
  // What sleeps here or was taken before the next step. At a second expansion what the first one
  // took does not count: it took it when others slept.
  uint64_t before = sleep;
  const uint64_t todo = item.again != 0 ? item.slept & ~sleep : ~sleep;
  uint64_t ready = 0;  // bits whose option is filled in
  const auto prepare = [&](const Decision& decision, int number, Position& child) -> const Move& {
    Move& move = number == kNoBit ? other_ : options_[static_cast<size_t>(number)];
    make_move(shared_, decision, child, move);
    ready |= bit(number);
    return move;
  };
  for (const Decision& decision : decisions_) {
    const int number = shared_.bits.of(decision);
    if ((sleep & bit(number)) == 0) continue;
    Position unused = position;
    prepare(decision, number, unused);
  }
  for (size_t tried = 0; tried < decisions_.size(); ++tried) {
    const size_t i = shared_.options.backwards ? decisions_.size() - 1 - tried : tried;
    const int number = reduce ? shared_.bits.of(decisions_[i]) : kNoBit;
    if (number == kNoBit ? item.again != 0 : (todo & bit(number)) == 0) continue;
    Twins child{.position = position};
    const Move& move = prepare(decisions_[i], number, child.position);
    ++transitions;
    judge_step(item, i, twins, child, move, before & ready);
    before |= bit(number);
  }
}

void Worker::step_twin(const Twins& twins, const Decision& decision, const Stepped& stepped,
                       Twins& child) {
  const auto mirrored = shared_.mirror.of(decision, decisions_, twin_decisions_);
  if (mirrored) {
    child.twin = twins.twin;
    const Stepped& shown = shared_.rules.apply(child.twin, *mirrored);
    child.twinned = shared_.mirror.same(stepped, shown) && !child.twin.broken;
  }
  if (!child.twinned) ++untwinned;
}

uint64_t Worker::sleepers(const Position& position, const Move& taken, uint64_t candidates) const {
  const Kind kind = taken.decision->kind;
  const bool link_fault = kind >= Kind::drop && kind <= Kind::duplicate;
  if (!link_fault && (!taken.decision->is_free() || kind == Kind::start)) return 0;
  uint64_t sleep = 0;
  for (uint64_t rest = candidates; rest != 0; rest &= rest - 1) {
    const int number = std::countr_zero(rest);
    if (independent(position, options_[static_cast<size_t>(number)], taken)) sleep |= bit(number);
  }
  return sleep;
}

void Worker::judge_step(const Item& item, size_t decision, const Twins& twins, Twins& child,
                        const Move& move, uint64_t candidates) {
  const auto place = static_cast<uint16_t>(decision);
  if (!move.last().failed.empty()) {
    return shared_.found("CHECK", {item.key, place, shared_.level, false, move.last().failed});
  }
  if (child.position.broken) {
    for (const uint32_t number : child.position.checkers) {
      for (const check::Violation& violation : shared_.ground.checkers(number).violations()) {
        shared_.found(violation.property, {item.key, place, shared_.level, false, violation.what});
      }
    }
    return;
  }
  uint64_t sleep = sleepers(twins.position, move, candidates);
  if (twins.twinned) step_twin(twins, decisions_[decision], move.last(), child);
  uint64_t key = 0;
  if (shared_.straighten(child, key)) sleep = shared_.bits.mirrored(sleep);
  if (!shared_.options.merge) key = mixed(item.key + mixed(place + 1)) | 1;
  const auto seen = shared_.visited.insert({key, item.key, place, shared_.level + 1, sleep});
  if (seen.seen == Visited::Seen::known) return;
  if (seen.seen == Visited::Seen::fresh) {
    shared_.states.fetch_add(1, std::memory_order_relaxed);
    enqueue(child, {.key = key, .slept = ~uint64_t{0}});
  } else {
    enqueue(child, {.key = key, .slept = seen.slept, .again = 1});
  }
}

void Worker::end_here(const Item& item, Position position) {
  if (item.again != 0) return;
  ++ends;
  shared_.rules.audit(position);
  if (!position.broken && !shared_.ground.broken_by_end(position.checkers)) return;
  for (const uint32_t number : position.checkers) {
    check::Checkers finished = shared_.ground.checkers(number);
    finished.finish();
    for (const check::Violation& violation : finished.violations()) {
      shared_.found(violation.property, {item.key, 0, shared_.level, true, violation.what});
    }
  }
}

// --- the whole ---

Schedule schedule_to(Shared& shared, const Shared::Finding& finding) {
  std::vector<uint16_t> places;
  if (!finding.at_end) places.push_back(finding.decision);
  for (uint64_t key = finding.parent; key != shared.root_key;) {
    const Visited::Way way = shared.visited.way(key);
    places.push_back(way.decision);
    key = way.parent;
  }
  std::ranges::reverse(places);
  // The way is kept as it looks from the positions' kept sides; turned back where those were twins.
  Schedule schedule;
  Twins twins = shared.root;
  bool turned = false;
  std::vector<Decision> decisions, twin_decisions;
  for (const uint16_t place : places) {
    shared.choices(twins.position, decisions);
    CHECK(place < decisions.size());
    const Decision& decision = decisions[place];
    Twins next{.position = twins.position};
    Move move;
    Schedule prompt;
    make_move(shared, decision, next.position, move, &prompt);
    std::optional<Decision> mirrored;
    if (twins.twinned) {
      shared.rules.enabled(twins.twin, twin_decisions);
      mirrored = shared.mirror.of(decision, decisions, twin_decisions);
    }
    if (mirrored) {
      next.twin = twins.twin;
      next.twinned = shared.mirror.same(move.last(), shared.rules.apply(next.twin, *mirrored)) &&
                     !next.twin.broken;
    }
    CHECK(!turned || mirrored, "a way that cannot be turned back");
    schedule.push_back(turned ? *mirrored : decision);
    schedule.insert(schedule.end(), prompt.begin(), prompt.end());
    uint64_t key = 0;
    if (shared.straighten(next, key)) turned = !turned;
    twins = next;
  }
  return schedule;
}

SearchReport::End end_of(const Shared& shared, uint32_t level) {
  using enum SearchReport::End;
  const SearchOptions& options = shared.options;
  switch (options.stop != nullptr ? options.stop->load() : Stop::none) {
    case Stop::seconds:
      return seconds;
    case Stop::memory:
      return memory;
    case Stop::interrupt:
      return interrupt;
    case Stop::none:
      break;
  }
  if (shared.states.load() > options.states_max) return states;
  if (level >= options.depth_max) return depth;
  return violation;
}

void run_levels(Shared& shared, std::vector<Worker>& workers, SearchReport& report) {
  const auto count = static_cast<ptrdiff_t>(workers.size());
  std::barrier begin(count), end(count);
  std::atomic<bool> finished = false;
  std::vector<std::thread> threads;
  for (size_t i = 1; i < workers.size(); ++i) {
    threads.emplace_back([&, i] {
      for (;;) {
        begin.arrive_and_wait();
        if (finished) return;
        workers[i].work();
        end.arrive_and_wait();
      }
    });
  }
  while (!shared.now.empty() && !shared.over && shared.level < shared.options.depth_max) {
    shared.next_buffer = 0;
    begin.arrive_and_wait();
    workers.front().work();
    end.arrive_and_wait();
    std::vector<Packed> next;
    uint64_t bytes = 0;
    for (Worker& worker : workers) {
      for (Packed& buffer : worker.take_next()) {
        bytes += buffer.size();
        next.push_back(std::move(buffer));
      }
    }
    if (shared.over) break;
    shared.now = std::move(next);
    shared.ground.trim();
    report.frontier_bytes_max = std::max(report.frontier_bytes_max, bytes);
    ++shared.level;
    if (shared.options.stop_at_violation && !shared.findings.empty()) break;
    if (shared.options.progress) {
      uint64_t transitions = 0;
      for (const Worker& worker : workers) transitions += worker.transitions;
      shared.options.progress({shared.states, transitions, shared.level, bytes});
    }
  }
  finished = true;
  begin.arrive_and_wait();
  for (std::thread& thread : threads) thread.join();
  const bool stopped =
      shared.options.stop_at_violation && !shared.findings.empty() && !shared.now.empty();
  if (shared.over || stopped || !shared.now.empty()) report.end = end_of(shared, shared.level);
}

}  // namespace

SearchReport search(const Scenario& scenario, const SearchOptions& options) {
  SearchReport report;
  Shared shared(scenario, options);
  const auto root = shared.rules.root(shared.cast);
  if (!root) {
    report.trouble = root.error();
    return report;
  }
  shared.root = {.position = *root, .twin = *root, .twinned = shared.mirror.any()};
  shared.root_key = shared.key_of(*root);
  std::vector<Worker> workers;
  for (unsigned i = 0; i < std::max(1u, options.workers); ++i) workers.emplace_back(shared);
  shared.visited.insert({shared.root_key, 0, 0, 0, 0});
  workers.front().enqueue(shared.root, {.key = shared.root_key, .slept = ~uint64_t{0}});
  shared.now = workers.front().take_next();
  run_levels(shared, workers, report);

  report.states = shared.visited.size();
  report.depth = shared.level;
  report.visited_bytes = shared.visited.bytes();
  for (const Worker& worker : workers) {
    report.transitions += worker.transitions;
    report.expanded_again += worker.again;
    report.ends += worker.ends;
    report.untwinned += worker.untwinned;
  }
  const InternedGround::Sizes sizes = shared.ground.sizes();
  report.local_states = sizes.nodes;
  report.messages = sizes.messages;
  report.local_steps = sizes.steps;
  report.checker_states = sizes.checkers;
  report.steps_again = sizes.steps_again;
  report.inconclusive = shared.ground.gave_up();
  for (const auto& [property, finding] : shared.findings) {
    report.violated.push_back({property, finding.what, schedule_to(shared, finding)});
  }
  return report;
}

}  // namespace harness::explore
