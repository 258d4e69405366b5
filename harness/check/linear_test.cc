#include "harness/check/linear.h"

#include <catch2/catch.hpp>
#include <deque>

namespace harness::check {

namespace {

using Kind = Access::Kind;

// Calls on one file, told as in "w a 1 2": a write of "a" from moment 1 to 2.
class File {
 public:
  File& write(std::string_view text, Moment begin, Moment end, uint64_t offset = 0) {
    return add(Kind::write, text, begin, end, offset);
  }
  File& read(std::string_view text, Moment begin, Moment end, uint64_t offset = 0) {
    return add(Kind::read, text, begin, end, offset);
  }
  File& maybe(std::string_view text, Moment begin, Moment end = kNeverEnds) {
    add(Kind::write, text, begin, end, 0);
    accesses_.back().maybe = true;
    return *this;
  }
  File& truncate(uint64_t size, Moment begin, Moment end) {
    accesses_.push_back({.kind = Kind::truncate, .begin = begin, .end = end, .offset = size});
    return *this;
  }
  LinearVerdict::Kind judged() const { return judge_file(accesses_).kind; }
  LinearVerdict verdict() const { return judge_file(accesses_); }

 private:
  File& add(Kind kind, std::string_view text, Moment begin, Moment end, uint64_t offset) {
    texts_.emplace_back(text);
    accesses_.push_back({.kind = kind,
                         .begin = begin,
                         .end = end,
                         .offset = offset,
                         .data = protocol::as_bytes(texts_.back())});
    return *this;
  }
  std::deque<std::string> texts_;
  std::vector<Access> accesses_;
};

constexpr auto kFine = LinearVerdict::Kind::linearizable;
constexpr auto kBroken = LinearVerdict::Kind::broken;
const std::string_view kZero("\0", 1);

}  // namespace

TEST_CASE("a read gets the last write that ended before it, or one that runs beside it") {
  REQUIRE(File().write("a", 1, 2).read("a", 3, 4).judged() == kFine);
  REQUIRE(File().write("a", 1, 2).write("b", 3, 6).read("a", 4, 5).judged() == kFine);
  REQUIRE(File().write("a", 1, 2).write("b", 3, 6).read("b", 4, 5).judged() == kFine);
  REQUIRE(File().write("a", 1, 2).write("b", 3, 4).read("a", 5, 6).judged() == kBroken);
}

TEST_CASE("what was read once is not taken back") {
  File file;
  file.write("a", 1, 2).write("b", 3, 10).read("b", 4, 5).read("a", 6, 7);
  REQUIRE(file.judged() == kBroken);
  REQUIRE(File().write("a", 1, 2).write("b", 3, 10).read("a", 4, 5).read("b", 6, 7).judged() ==
          kFine);
}

TEST_CASE("nobody reads what nobody wrote, nor before it was written") {
  REQUIRE(File().read("a", 1, 2).judged() == kBroken);
  REQUIRE(File().read("a", 1, 2).write("a", 3, 4).judged() == kBroken);
  REQUIRE(File().read(kZero, 1, 2).write("a", 3, 4).judged() == kFine);
  REQUIRE(File().write("a", 1, 2).read(kZero, 3, 4).judged() == kBroken);
}

TEST_CASE("a call that timed out may have happened, but not after its client's next") {
  REQUIRE(File().write("a", 1, 2).maybe("b", 3).read("a", 10, 11).judged() == kFine);
  REQUIRE(File().write("a", 1, 2).maybe("b", 3).read("b", 10, 11).judged() == kFine);
  REQUIRE(File().write("a", 1, 2).maybe("b", 3, 9).read("a", 10, 11).read("b", 12, 13).judged() ==
          kBroken);
  REQUIRE(File().write("a", 1, 2).maybe("b", 3, 14).read("a", 10, 11).read("b", 12, 13).judged() ==
          kFine);
}

TEST_CASE("every range is judged by itself, and read whole") {
  REQUIRE(File().write("aaaa", 1, 2).write("bb", 3, 4, 1).read("abba", 5, 6).judged() == kFine);
  const LinearVerdict verdict =
      File().write("aaaa", 1, 2).write("bb", 3, 4, 1).read("aaaa", 5, 6).verdict();
  REQUIRE(verdict.kind == kBroken);
  REQUIRE(verdict.witness == std::vector<uint32_t>{0, 1, 2});
  REQUIRE(File().write("aa", 1, 5).write("bb", 2, 6).read("ab", 7, 8).judged() == kBroken);
}

TEST_CASE("the same bytes twice are searched for") {
  REQUIRE(File().write("a", 1, 2).write("b", 3, 4).write("a", 5, 6).read("a", 7, 8).judged() ==
          kFine);
  REQUIRE(File().write("a", 1, 2).write("b", 3, 4).write("a", 5, 6).read("b", 7, 8).judged() ==
          kBroken);
  REQUIRE(File().write("a", 1, 2).truncate(0, 3, 4).read(kZero, 5, 6).judged() == kFine);
  REQUIRE(File().write("a", 1, 2).truncate(0, 3, 4).read("a", 5, 6).judged() == kBroken);
  REQUIRE(File().write("a", 1, 2).truncate(1, 3, 4).read("a", 5, 6).judged() == kFine);
}

// Both ways of judging, against each other: what is wrong by one is wrong by the other.
TEST_CASE("zones and search agree") {
  uint64_t seed = 1;
  const auto below = [&](uint64_t n) {
    seed = seed * 6364136223846793005 + 1442695040888963407;
    return (seed >> 33) % n;
  };
  size_t wrong = 0;
  for (int round = 0; round < 2000; ++round) {
    File unique, twice;
    std::vector<std::string> written;
    for (Moment at = 1; at < 8; ++at) {
      const Moment begin = at * 10 + below(5);
      const Moment end = begin + 1 + below(25) * 2 + 100 * below(2) * below(2);
      if (below(2) == 0) {
        written.push_back(std::string(1, static_cast<char>('a' + written.size())));
        unique.write(written.back(), begin * 16 + at, end * 16 + at);
        twice.write(written.back(), begin * 16 + at, end * 16 + at);
      } else {
        const size_t which = below(written.size() + 1);
        const std::string value = which == 0 ? std::string(kZero) : written[which - 1];
        unique.read(value, begin * 16 + at, end * 16 + at);
        twice.read(value, begin * 16 + at, end * 16 + at);
      }
    }
    // Two writes of the same after all the rest leave the question to the search.
    twice.write("z", 100'000, 100'001).write("z", 100'002, 100'003);
    REQUIRE(unique.judged() == twice.judged());
    wrong += unique.judged() == kBroken ? 1 : 0;
  }
  REQUIRE(wrong > 100);
  REQUIRE(wrong < 1900);
}

}  // namespace harness::check
