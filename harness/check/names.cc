#include "harness/check/names.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <numeric>
#include <set>
#include <span>

#include "harness/check/linear_search.h"

namespace harness::check {

using Syscall = reference::Syscall;
using Kind = Names::Call::Kind;

namespace {

// What a call says of names, by what it was and how it ended; none where nothing follows.
std::optional<Kind> meaning(const Syscall& call, int32_t status) {
  const bool done = status == 0;
  switch (call.kind) {
    case Syscall::Kind::stat:
    case Syscall::Kind::lstat:
      if (done) return Kind::look;
      return status == -ENOENT ? std::optional(Kind::absent) : std::nullopt;
    case Syscall::Kind::open: {
      const bool creates = (call.flags & O_CREAT) != 0;
      const bool exclusive = creates && (call.flags & O_EXCL) != 0;
      if (done) return exclusive ? Kind::make : creates ? Kind::make_or_look : Kind::look;
      if (exclusive && status == -EEXIST) return Kind::look;
      return !creates && status == -ENOENT ? std::optional(Kind::absent) : std::nullopt;
    }
    case Syscall::Kind::mkdir:
    case Syscall::Kind::mknod:
      if (done) return Kind::make;
      return status == -EEXIST ? std::optional(Kind::look) : std::nullopt;
    case Syscall::Kind::unlink:
    case Syscall::Kind::rmdir:
      if (done) return Kind::remove;
      return status == -ENOENT ? std::optional(Kind::absent) : std::nullopt;
    case Syscall::Kind::rename:
      return done ? std::optional(Kind::move) : std::nullopt;
    case Syscall::Kind::link:
      return done ? std::optional(Kind::link) : std::nullopt;
    default:
      return std::nullopt;
  }
}

// An errno by which a server says why; the others leave open whether the call happened.
bool refused(int32_t status) {
  return status != -EIO && status != -EINTR && status != -ETIMEDOUT && status != -ESHUTDOWN &&
         status != -ENOTCONN && status != -ENODEV && status != -EAGAIN && status != -ERESTART &&
         status != -ESTALE;
}

// What each name of a component is: 0 for nothing, an inode, or some inode (by the call that made
// it).
struct State {
  std::vector<uint64_t> inodes;
  void state(auto&& visit) const { visit(inodes); }
};
constexpr uint64_t kSome = uint64_t{1} << 63;
constexpr uint64_t kUnknown = ~uint64_t{0};  // whatever was there before the history

bool fits(uint64_t there, uint64_t inode) {
  return there != 0 && (inode == 0 || (there & kSome) != 0 || there == inode);
}

// An absolute path that says everything once; the root is always there.
bool plain(std::string_view name) {
  return name.size() > 1 && name.front() == '/' && name.back() != '/' && !name.contains("//") &&
         !name.contains("/.");
}

class Component {
 public:
  // `fresh`: names that are plain were not there at first.
  Component(std::vector<const Names::Call*> calls, bool fresh, size_t states_max)
      : calls_(std::move(calls)), fresh_(fresh), states_max_(states_max) {
    std::ranges::sort(calls_, {}, &Names::Call::begin);
    for (const Names::Call* call : calls_) {
      place(call->name);
      if (!call->other.empty()) place(call->other);
    }
  }
  SearchResult judge(Moment& farthest) {
    std::vector<Interval> intervals;
    for (const Names::Call* call : calls_)
      intervals.push_back({call->begin, call->end, call->maybe});
    const auto step = [this](const State& state, size_t i) { return next(state, i); };
    // The first look at a name tells what was there from the beginning, which changes what is
    // known.
    const auto reads = [this](const State& state, size_t i) {
      const uint64_t there = state.inodes[places_.at(calls_[i]->name)];
      return !calls_[i]->changes() && there != kUnknown;
    };
    LinearSearch<State, decltype(step), decltype(reads)> search(std::move(intervals), step, reads,
                                                                states_max_);
    State initial{std::vector<uint64_t>(places_.size(), kUnknown)};
    for (const auto& [name, at] : places_) {
      if (fresh_ && plain(name)) initial.inodes[at] = 0;
    }
    const SearchResult result = search.run(initial);
    farthest = calls_[std::min(search.farthest(), calls_.size() - 1)]->begin;
    return result;
  }

 private:
  size_t place(const std::string& name) {
    return places_.emplace(name, places_.size()).first->second;
  }
  std::optional<State> next(const State& state, size_t i) const {
    const Names::Call& call = *calls_[i];
    const size_t at = places_.at(call.name);
    const uint64_t there = state.inodes[at];
    State after = state;
    switch (call.kind) {
      case Kind::look:
        if (there == kUnknown) after.inodes[at] = call.inode != 0 ? call.inode : kSome | i;
        return there == kUnknown || fits(there, call.inode) ? std::optional(after) : std::nullopt;
      case Kind::absent:
        after.inodes[at] = 0;
        return there == 0 || there == kUnknown ? std::optional(after) : std::nullopt;
      case Kind::make_or_look:
        if (there != 0 && there != kUnknown) {
          return fits(there, call.inode) ? std::optional(after) : std::nullopt;
        }
        [[fallthrough]];
      case Kind::make:
        if (there != 0 && there != kUnknown) return std::nullopt;
        after.inodes[at] = call.inode != 0 ? call.inode : kSome | i;
        return after;
      case Kind::remove:
        if (there == 0) return std::nullopt;
        after.inodes[at] = 0;
        return after;
      case Kind::move:
      case Kind::link: {
        if (there == 0) return std::nullopt;
        uint64_t& target = after.inodes[places_.at(call.other)];
        if (call.kind == Kind::link && target != 0 && target != kUnknown) return std::nullopt;
        const uint64_t what = there == kUnknown ? kSome | i : there;
        const bool same = target == what;  // two names of one file: nothing is done
        target = what;
        after.inodes[at] = call.kind == Kind::link || same ? what : 0;
        return after;
      }
    }
    return std::nullopt;
  }

  std::vector<const Names::Call*> calls_;
  bool fresh_;
  size_t states_max_;
  std::map<std::string, size_t> places_;
};

constexpr size_t kStatesMax = 1 << 18;

// Calls that ended well went through the directories above their names: a look at those that were
// moved or removed, each at some moment of the call.
std::vector<Names::Call> passed_on_the_way(std::span<const Names::Call> calls,
                                           const std::set<std::string>& gone) {
  std::vector<Names::Call> passed;
  for (const Names::Call& call : calls) {
    if (call.maybe || call.kind == Kind::absent) continue;
    for (const std::string& name : {call.name, call.other}) {
      if (!plain(name)) continue;
      for (size_t slash = name.rfind('/'); slash > 0; slash = name.rfind('/', slash - 1)) {
        const std::string directory = name.substr(0, slash);
        if (!gone.contains(directory)) continue;
        passed.push_back({Kind::look, false, call.client, directory, {}, 0, call.begin, call.end});
      }
    }
  }
  return passed;
}

// Names that a call has together, by a union of sets.
class Groups {
 public:
  size_t of(const std::string& name) {
    const auto [at, fresh] = numbers_.emplace(name, parents_.size());
    if (fresh) parents_.push_back(parents_.size());
    return root(at->second);
  }
  void join(const std::string& a, const std::string& b) {
    const size_t first = of(a), second = of(b);
    parents_[second] = first;
  }

 private:
  size_t root(size_t at) {
    while (parents_[at] != at) at = parents_[at] = parents_[parents_[at]];
    return at;
  }
  std::map<std::string, size_t> numbers_;
  std::vector<size_t> parents_;
};

}  // namespace

void Names::on(const Record& record, Findings& findings) {
  if (const auto* began = std::get_if<record::CallBegan>(&record.what)) {
    for (Call& call : calls_) {
      if (call.client == record.node && call.maybe && call.end == kNeverEnds) {
        call.end = moments_.next(record);
      }
    }
    const bool unaware = unaware_.find(record.node) != nullptr;
    running_[{record.node, began->order}] = {began->call, moments_.next(record), unaware};
  } else if (const auto* ended = std::get_if<record::CallEnded>(&record.what)) {
    on_ended(record, *ended, findings);
  } else if (const auto* started = std::get_if<record::Started>(&record.what)) {
    on_started(record, *started);
  } else if (const Fact* fact = fact_of(record)) {
    on_fact(record, *fact);
  } else {
    on_crashed(record, findings);
  }
}

void Names::on_started(const Record& record, const record::Started& started) {
  if (started.node.role == record::Role::mds) metadata_[record.node] = true;
  if (started.node.role == record::Role::probe) fresh_ = Ternary::no;
}

void Names::on_fact(const Record& record, const Fact& fact) {
  if (fact.kind == Fact::Kind::started) {
    if (fresh_ != Ternary::unknown || metadata_.find(record.node) == nullptr) return;
    const bool first_mount = fact.value == 1 && fact.transno == 0;
    fresh_ = first_mount ? Ternary::yes : Ternary::no;
  } else if (fact.kind == Fact::Kind::connected) {
    if (fact.text.empty()) return;  // a server's word
    names_[record.node] = fact.client;
    if (fact.text.contains("-MDT")) unaware_.erase(record.node);
  } else if (fact.kind == Fact::Kind::evicted || fact.text == "client:evicted") {
    const bool by_metadata = metadata_.find(record.node) != nullptr;
    for (const auto& [node, name] : names_) {
      if (name != fact.client) continue;
      lose(node);
      if (by_metadata) become_unaware(node);
    }
  }
}

// Until it hears of its eviction it believes in names that it knows (facts: semantics 1.11).
void Names::become_unaware(record::NodeIndex client) {
  unaware_[client] = true;
  for (auto& [running, begun] : running_) {
    begun.unaware = begun.unaware || running.client == client;
  }
}

void Names::on_crashed(const Record& record, Findings& findings) {
  const FlatMap<Running, Begun> running = running_;
  for (const auto& [call, begun] : running) {
    if (call.client != record.node) continue;
    add(begun, call.client, kNeverEnds, -EIO, 0, findings);
    running_.erase(call);
  }
  lose(record.node);
}

// What it did may be undone: it was not committed, and nobody replays it.
void Names::lose(record::NodeIndex client) {
  const auto leave_out = [&](const std::string& name, const std::string& other) {
    left_out_[name] = true;
    if (!other.empty()) left_out_[other] = true;
  };
  for (const Call& call : calls_) {
    if (call.client == client && call.changes()) leave_out(call.name, call.other);
  }
  for (const auto& [running, begun] : running_) {
    if (running.client == client) leave_out(begun.call->path, begun.call->target);
  }
}

void Names::on_ended(const Record& record, const record::CallEnded& ended, Findings& findings) {
  const Running key{record.node, ended.order};
  const Begun* known = running_.find(key);
  if (known == nullptr) return;
  const Begun begun = *known;
  running_.erase(key);
  const bool known_inode = ended.result->status == 0;
  add(begun, record.node, moments_.next(record), ended.result->status,
      known_inode ? ended.result->attributes.ino : 0, findings);
}

void Names::add(const Begun& begun, record::NodeIndex client, Moment end, int32_t status,
                uint64_t inode, Findings& findings) {
  const Syscall& call = *begun.call;
  if (call.kind == Syscall::Kind::symlink) {  // calls may follow it
    fresh_ = Ternary::no;
    left_out_[call.target] = true;
    left_out_[call.path] = true;
    return;
  }
  const bool open_ended = status < 0 && !refused(status);
  const std::optional<Kind> kind = meaning(call, open_ended ? 0 : status);
  if (!kind) return;
  Call added{*kind, open_ended, client, call.path, {}, inode, begun.at, end};
  if (added.kind == Kind::move || added.kind == Kind::link) added.other = call.target;
  if (open_ended) {
    if (!added.changes()) return;
    added.end = kNeverEnds;
  }
  if (begun.unaware && !added.changes()) return;
  if (calls_.size() == kCallsMax) return findings.inconclusive("more calls than are remembered");
  calls_.push_back(std::move(added));
}

void Names::finish(Findings& findings) {
  // Directories that went, or moved, take what is below them along.
  std::set<std::string> gone;
  for (const Call& call : calls_) {
    if (call.kind == Kind::remove || call.kind == Kind::move) gone.insert(call.name);
    if (call.kind == Kind::move) gone.insert(call.other);
  }
  const auto left_out = [&](const std::string& name) {
    if (left_out_.find(name) != nullptr) return true;
    for (size_t slash = name.rfind('/'); slash != std::string::npos && slash > 0;
         slash = name.rfind('/', slash - 1)) {
      const std::string directory = name.substr(0, slash);
      if (gone.contains(directory) || left_out_.find(directory) != nullptr) return true;
    }
    return false;
  };
  const std::vector<Call> passed = passed_on_the_way(calls_, gone);
  Groups groups;
  for (const Call& call : calls_) {
    if (!call.other.empty()) groups.join(call.name, call.other);
  }
  std::map<size_t, std::vector<const Call*>> components;
  std::set<size_t> skipped;
  for (const Call& call : calls_) {
    const size_t group = groups.of(call.name);
    components[group].push_back(&call);
    if (left_out(call.name) || (!call.other.empty() && left_out(call.other))) skipped.insert(group);
  }
  for (const Call& call : passed) components[groups.of(call.name)].push_back(&call);
  for (const auto& [group, calls] : components) {
    if (skipped.contains(group)) continue;
    Moment farthest = 0;
    switch (Component(calls, fresh_ == Ternary::yes, kStatesMax).judge(farthest)) {
      case SearchResult::possible:
        break;
      case SearchResult::undecided:
        findings.inconclusive("too many calls on one name at once");
        break;
      case SearchResult::impossible: {
        std::vector<uint64_t> witness;
        const auto last = std::ranges::find(calls, farthest, &Call::begin);
        for (const Call* call : calls) {
          const bool near = call->begin <= farthest && call->end != kNeverEnds;
          if (near && witness.size() < 16) witness.push_back(moments_.record_of(call->end));
        }
        return findings.broken(
            "ATOMIC-NAMES",
            fmt::format("no order of the calls on {} explains their results", (*last)->name),
            witness);
      }
    }
  }
}

std::pair<std::vector<std::pair<Names::Call, Span>>, std::vector<Span>> Names::told() const {
  std::vector<Span> spans;
  for (const Call& call : calls_) spans.push_back({call.begin, call.end});
  for (const auto& [key, begun] : running_) spans.push_back({begun.at, kNeverEnds});
  spans = plainest(std::move(spans));
  std::vector<std::pair<Call, Span>> ended;
  for (size_t i = 0; i < calls_.size(); ++i) ended.emplace_back(calls_[i], spans[i]);
  std::ranges::stable_sort(ended, {}, [](const auto& one) { return one.first.client; });
  spans.erase(spans.begin(), spans.begin() + static_cast<ptrdiff_t>(calls_.size()));
  return {std::move(ended), std::move(spans)};
}

}  // namespace harness::check
