#include "harness/check/linear.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <optional>

#include "harness/check/linear_search.h"

namespace harness::check {

namespace {

using Kind = Access::Kind;

// One access to one range that no access divides.
struct Part {
  uint64_t value = 0;  // hash of the bytes; 0 for zeros
  Moment begin = 0;
  Moment end = 0;
  uint32_t access = 0;
  bool writes = false;
  bool maybe = false;
};

// A value that was there: who wrote it and who read it.
struct Zone {
  Moment first_end = kNeverEnds;
  Moment last_begin = 0;
  uint32_t ended = 0;  // whose these are
  uint32_t began = 0;
  bool forward() const { return first_end < last_begin; }
  Moment low() const { return std::min(first_end, last_begin); }
  Moment high() const { return std::max(first_end, last_begin); }
};

bool all_zero(protocol::ByteView bytes) {
  return std::ranges::all_of(bytes, [](uint8_t byte) { return byte == 0; });
}

uint64_t value_of(protocol::ByteView bytes) {
  const bool zero = bytes.empty() || (bytes.front() == 0 && all_zero(bytes));
  return zero ? 0 : XXH3_64bits(bytes.data(), bytes.size()) | 1;
}

constexpr uint32_t kNobody = std::numeric_limits<uint32_t>::max();

LinearVerdict broken(std::string why, std::vector<uint32_t> witness) {
  std::erase(witness, kNobody);
  std::ranges::sort(witness);
  const auto same = std::ranges::unique(witness);
  witness.erase(same.begin(), same.end());
  return {LinearVerdict::Kind::broken, std::move(why), std::move(witness)};
}

// --- one range ---

struct Register {
  uint64_t value = 0;
  void state(auto&& visit) const { visit(value); }
};

LinearVerdict search_range(std::vector<Part>& parts, const LinearLimits& limits) {
  std::ranges::sort(parts, {}, &Part::begin);
  std::vector<Interval> calls;
  for (const Part& part : parts) calls.push_back({part.begin, part.end, part.maybe});
  const auto step = [&](const Register& at, size_t i) -> std::optional<Register> {
    if (parts[i].writes) return Register{parts[i].value};
    return parts[i].value == at.value ? std::optional(at) : std::nullopt;
  };
  const auto reads = [&](const Register&, size_t i) { return !parts[i].writes; };
  LinearSearch<Register, decltype(step), decltype(reads)> search(std::move(calls), step, reads,
                                                                 limits.states);
  switch (search.run({})) {
    case SearchResult::possible:
      return {};
    case SearchResult::undecided:
      return {LinearVerdict::Kind::undecided, "too many calls wrote the same at once", {}};
    case SearchResult::impossible:
      break;
  }
  const uint32_t last = parts[std::min(search.farthest(), parts.size() - 1)].access;
  return broken("no order of the calls explains what was read", {last});
}

// The zone of the parts from `first` to `last`, which have one value. None: nobody read it, and its
// write need not have happened. Several writes, or a read without any: `many` or `wrong`.
struct Cluster {
  std::optional<Zone> zone;
  bool many = false;
  std::optional<LinearVerdict> wrong;
};

Cluster cluster_of(std::span<const Part> parts) {
  Cluster cluster;
  const bool initial = parts.front().value == 0;
  const Part* write = nullptr;
  Zone zone;
  size_t reads = 0;
  for (const Part& part : parts) {
    if (part.writes) {
      cluster.many = write != nullptr || initial;
      write = &part;
      if (cluster.many) return cluster;
    } else {
      ++reads;
    }
    if (part.end < zone.first_end) zone.first_end = part.end, zone.ended = part.access;
    if (part.begin >= zone.last_begin) zone.last_begin = part.begin, zone.began = part.access;
  }
  if (reads == 0 && (write == nullptr || write->maybe)) return cluster;
  if (initial) {
    zone.first_end = 0;  // it was there before everything
    zone.ended = kNobody;
  } else if (write == nullptr) {
    cluster.wrong = broken("a read got what nobody wrote", {parts.front().access});
    return cluster;
  } else if (zone.first_end < write->begin) {
    cluster.wrong =
        broken("a read ended before what it got was written", {zone.ended, write->access});
    return cluster;
  }
  cluster.zone = zone;
  return cluster;
}

std::optional<LinearVerdict> compare(std::vector<Zone>& forward,
                                     const std::vector<Zone>& backward) {
  std::ranges::sort(forward, {}, &Zone::first_end);
  for (size_t i = 1; i < forward.size(); ++i) {
    const Zone& a = forward[i - 1];
    const Zone& b = forward[i];
    if (b.first_end > a.last_begin) continue;
    return broken("two values were there at the same time", {a.ended, a.began, b.ended, b.began});
  }
  for (const Zone& zone : backward) {
    auto at = std::ranges::upper_bound(forward, zone.low(), {}, &Zone::first_end);
    if (at == forward.begin()) continue;
    --at;
    if (zone.high() >= at->last_begin) continue;
    return broken("a value was written and read while another was there throughout",
                  {at->ended, at->began, zone.ended, zone.began});
  }
  return std::nullopt;
}

LinearVerdict judge_range(std::vector<Part>& parts, const LinearLimits& limits) {
  std::ranges::sort(parts, [](const Part& a, const Part& b) {
    return a.value != b.value ? a.value < b.value : a.begin < b.begin;
  });
  std::vector<Zone> forward, backward;
  for (size_t first = 0; first < parts.size();) {
    size_t last = first;
    while (last < parts.size() && parts[last].value == parts[first].value) ++last;
    Cluster cluster = cluster_of(std::span(parts).subspan(first, last - first));
    if (cluster.many) return search_range(parts, limits);
    if (cluster.wrong) return *std::move(cluster.wrong);
    if (cluster.zone) (cluster.zone->forward() ? forward : backward).push_back(*cluster.zone);
    first = last;
  }
  if (auto wrong = compare(forward, backward)) return *std::move(wrong);
  return {};
}

// --- a file ---

Part part_of(const Access& access, uint32_t index, uint64_t start, uint64_t end) {
  Part part{0, access.begin, access.end, index, access.kind != Kind::read, access.maybe};
  if (access.kind != Kind::truncate) {
    part.value = value_of(access.data.subspan(start - access.offset, end - start));
  }
  return part;
}

// The whole of every access, where all have the same range.
bool one_range(std::span<const Access> accesses) {
  return std::ranges::all_of(accesses, [&](const Access& access) {
    return access.kind != Kind::truncate && access.offset == accesses.front().offset &&
           access.data.size() == accesses.front().data.size();
  });
}

std::vector<uint64_t> boundaries(std::span<const Access> accesses) {
  std::vector<uint64_t> places;
  for (const Access& access : accesses) {
    places.push_back(access.offset);
    if (access.kind != Kind::truncate) places.push_back(access.offset + access.data.size());
  }
  std::ranges::sort(places);
  const auto same = std::ranges::unique(places);
  places.erase(same.begin(), same.end());
  return places;
}

}  // namespace

LinearVerdict judge_file(std::span<const Access> accesses, const LinearLimits& limits) {
  if (accesses.empty()) return {};
  if (one_range(accesses)) {
    std::vector<Part> parts;
    parts.reserve(accesses.size());
    for (uint32_t i = 0; i < accesses.size(); ++i) {
      const uint64_t end = accesses[i].offset + accesses[i].data.size();
      parts.push_back(part_of(accesses[i], i, accesses[i].offset, end));
    }
    return judge_range(parts, limits);
  }
  const std::vector<uint64_t> places = boundaries(accesses);
  std::vector<std::vector<Part>> ranges(places.size());
  size_t count = 0;
  for (uint32_t i = 0; i < accesses.size(); ++i) {
    const Access& access = accesses[i];
    const uint64_t end =
        access.kind == Kind::truncate ? places.back() : access.offset + access.data.size();
    auto place =
        static_cast<size_t>(std::ranges::lower_bound(places, access.offset) - places.begin());
    for (; place + 1 < places.size() && places[place] < end; ++place) {
      if (++count > limits.parts) {
        return {LinearVerdict::Kind::undecided, "too many ranges overlap", {}};
      }
      ranges[place].push_back(part_of(access, i, places[place], places[place + 1]));
    }
  }
  LinearVerdict verdict;
  for (std::vector<Part>& parts : ranges) {
    if (parts.empty()) continue;
    LinearVerdict one = judge_range(parts, limits);
    if (one.kind == LinearVerdict::Kind::broken) return one;
    if (one.kind == LinearVerdict::Kind::undecided) verdict = std::move(one);
  }
  return verdict;
}

}  // namespace harness::check
