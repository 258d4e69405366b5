#include "harness/check/file_sizes.h"

#include <catch2/catch.hpp>

namespace harness::check {

namespace {

using Answer = FileSizes::Answer;
constexpr uint32_t kUnit = 1 << 16;

FileSizes::Change write(uint64_t end, uint32_t stripe = 0) { return {stripe, false, end}; }
FileSizes::Change cut(uint64_t size, uint32_t stripe = 0) { return {stripe, true, size}; }

FileSizes empty_file(size_t stripes = 1) { return {kUnit, stripes, true}; }

// Whether a size may be told, without it having been told.
bool may_tell(FileSizes file, Moment asked, Moment now, uint64_t size) {
  return file.told(asked, now, size) == Answer::possible;
}

}  // namespace

TEST_CASE("a write that has ended counts") {
  FileSizes file = empty_file();
  REQUIRE(file.begins(1, write(9)));
  file.ends(1, 2, true);
  REQUIRE(file.settle(2));
  REQUIRE(may_tell(file, 3, 4, 9));
  REQUIRE_FALSE(may_tell(file, 3, 4, 0));
  REQUIRE_FALSE(may_tell(file, 3, 4, 10));
}

TEST_CASE("a write that has not begun when the answer comes does not count") {
  FileSizes file = empty_file();
  REQUIRE_FALSE(may_tell(file, 1, 2, 9));
  REQUIRE(file.begins(3, write(9)));
  REQUIRE_FALSE(may_tell(file, 1, 2, 9));
}

TEST_CASE("a write that runs, or was refused, may count or not") {
  FileSizes file = empty_file();
  REQUIRE(file.begins(1, write(9)));
  REQUIRE(may_tell(file, 2, 3, 9));
  REQUIRE(may_tell(file, 2, 3, 0));
  file.ends(1, 4, false);
  REQUIRE(may_tell(file, 5, 6, 9));
  REQUIRE(may_tell(file, 5, 6, 0));
  REQUIRE_FALSE(may_tell(file, 5, 6, 4));
}

TEST_CASE("a write and a cut at once have their effects in either order, and no third") {
  FileSizes file = empty_file();
  REQUIRE(file.begins(1, write(9)));
  REQUIRE(file.begins(2, cut(4)));
  file.ends(1, 3, true);
  file.ends(2, 4, true);
  REQUIRE(file.settle(4));
  REQUIRE(may_tell(file, 5, 6, 9));
  REQUIRE(may_tell(file, 5, 6, 4));
  REQUIRE_FALSE(may_tell(file, 5, 6, 5));
  REQUIRE_FALSE(may_tell(file, 5, 6, 0));
}

TEST_CASE("what one was told the next is told as well, unless something happens in between") {
  FileSizes file = empty_file();
  REQUIRE(file.begins(1, write(9)));
  REQUIRE(file.told(2, 3, 9) == Answer::possible);
  REQUIRE_FALSE(may_tell(file, 4, 5, 0));
  REQUIRE(may_tell(file, 2, 5, 0));  // asked before
}

TEST_CASE("nobody knows the size of what was there before, but that it is long enough") {
  FileSizes file(kUnit, 1, false);
  REQUIRE(may_tell(file, 1, 2, 77));
  REQUIRE(file.begins(3, write(9)));
  file.ends(3, 4, true);
  REQUIRE(may_tell(file, 5, 6, 77));
  REQUIRE_FALSE(may_tell(file, 5, 6, 8));
  REQUIRE(file.begins(7, cut(3)));
  file.ends(7, 8, true);
  REQUIRE_FALSE(may_tell(file, 9, 10, 77));
  REQUIRE(may_tell(file, 9, 10, 3));
}

TEST_CASE("an OST that died may have lost something") {
  FileSizes file = empty_file();
  REQUIRE(file.begins(1, write(9)));
  file.ends(1, 2, true);
  file.forget(0, 3);
  REQUIRE(may_tell(file, 4, 5, 0));
  REQUIRE(file.begins(6, cut(4)));
  file.ends(6, 7, true);
  REQUIRE_FALSE(may_tell(file, 8, 9, 0));
}

TEST_CASE("the end of a file on two objects is that of the last byte") {
  FileSizes file = empty_file(2);
  REQUIRE(file.begins(1, write(4, 1)));
  file.ends(1, 2, true);
  REQUIRE(may_tell(file, 3, 4, kUnit + 4));
  REQUIRE_FALSE(may_tell(file, 3, 4, 4));
  REQUIRE(file.begins(5, write(kUnit + 1, 0)));
  file.ends(5, 6, true);
  REQUIRE(may_tell(file, 7, 8, 2 * kUnit + 1));
  REQUIRE_FALSE(may_tell(file, 7, 8, kUnit + 4));
}

TEST_CASE("what is never answered counts at any time later, and again") {
  FileSizes file = empty_file();
  REQUIRE(file.begins(1, write(9)));
  Moment now = 2;
  for (size_t i = 0; i < 2 * FileSizes::kTogetherMax; ++i, now += 2) {
    REQUIRE(file.begins(now, cut(4)));
    file.ends(now, now + 1, true);
  }
  REQUIRE(may_tell(file, now, now + 1, 4));
  REQUIRE(may_tell(file, now, now + 1, 9));
  REQUIRE_FALSE(may_tell(file, now, now + 1, 3));
  REQUIRE_FALSE(may_tell(file, now, now + 1, 10));
}

TEST_CASE("writes of many at once are no search") {
  FileSizes file = empty_file();
  for (Moment i = 1; i <= FileSizes::kTogetherMax; ++i) REQUIRE(file.begins(i, write(i)));
  for (Moment i = 1; i <= FileSizes::kTogetherMax; ++i) file.ends(i, 100 + i, true);
  REQUIRE(file.settle(200));
  REQUIRE(may_tell(file, 201, 202, FileSizes::kTogetherMax));
}

}  // namespace harness::check
