#include "reference/cache.h"

#include <catch2/catch.hpp>
#include <string>

namespace reference {
namespace {

using protocol::Bytes;
using Range = ObjectCache::Range;

Bytes text(std::string_view words) { return Bytes(protocol::as_bytes(words)); }

// What is here of the first bytes; a dot where nothing is.
std::string seen(const ObjectCache& cache, size_t length) {
  std::string out(length, '.');
  cache.copy(0, {reinterpret_cast<uint8_t*>(out.data()), out.size()});
  return out;
}

}  // namespace

TEST_CASE("later writes lie over earlier ones", "[cache]") {
  ObjectCache cache;
  cache.write(0, text("aaaaaaaa"), true);
  cache.write(2, text("bb"), true);
  cache.write(6, text("ccc"), true);
  REQUIRE(seen(cache, 10) == "aabbaaccc.");
  REQUIRE(cache.dirty_bytes() == 9);
  cache.invariants();
}

TEST_CASE("what was read goes only where nothing is", "[cache]") {
  ObjectCache cache;
  cache.write(2, text("bb"), true);
  cache.fill(0, text("rrrrrr"));
  REQUIRE(seen(cache, 6) == "rrbbrr");
  REQUIRE(cache.gaps(0, 8) == std::vector<Range>{{6, 8}});
}

TEST_CASE("adjacent dirty data goes out as one piece", "[cache]") {
  ObjectCache cache;
  cache.write(0, text("aa"), true);
  cache.write(2, text("bb"), true);
  cache.write(8, text("cc"), true);
  const auto batch = cache.take_batch(1 << 20);
  REQUIRE(batch->pieces.size() == 2);
  REQUIRE(batch->pieces[0].length == 4);
  REQUIRE(batch->data == text("aabbcc"));
  REQUIRE_FALSE(cache.take_batch(1 << 20).has_value());
  REQUIRE(cache.dirty());
  cache.written(batch->id);
  REQUIRE_FALSE(cache.dirty());
  REQUIRE(seen(cache, 10) == "aabb....cc");
}

TEST_CASE("a rewrite waits for the write that is under way", "[cache]") {
  ObjectCache cache;
  cache.write(0, text("old!"), true);
  const auto first = cache.take_batch(1 << 20);
  cache.write(1, text("N"), true);
  REQUIRE_FALSE(cache.take_batch(1 << 20).has_value());
  cache.written(first->id);
  const auto second = cache.take_batch(1 << 20);
  REQUIRE(second->data == text("N"));
  REQUIRE(seen(cache, 4) == "oNd!");
  cache.invariants();
}

TEST_CASE("a long write goes out in several transfers", "[cache]") {
  ObjectCache cache;
  cache.write(10, text("0123456789"), true);
  const auto first = cache.take_batch(4);
  REQUIRE(first->data == text("0123"));
  const auto second = cache.take_batch(4);
  REQUIRE(second->pieces[0].offset == 14);
  REQUIRE(cache.take_batch(4)->data == text("89"));
  REQUIRE(cache.dirty_bytes() == 0);
  cache.invariants();
}

TEST_CASE("discarded data is neither read nor written, and its grant is counted", "[cache]") {
  ObjectCache cache;
  cache.write(0, text("abcdef"), true);
  REQUIRE(cache.discard(2, 3) == 0);  // the page is still dirty
  REQUIRE(seen(cache, 6) == "ab..ef");
  REQUIRE(cache.dirty(0, 1));
  REQUIRE_FALSE(cache.dirty(2, 3));
  REQUIRE(cache.discard(0, ~uint64_t{0}) == kCachePage);
  REQUIRE(cache.empty());
}

TEST_CASE("pages keep their grant until they are written", "[cache]") {
  ObjectCache cache;
  cache.write(0, text("aa"), true);
  cache.write(8, text("bb"), true);
  cache.write(2 * kCachePage, text("cc"), false);
  REQUIRE(cache.granted_pages() == 1);
  const auto batch = cache.take_batch(1 << 20);
  REQUIRE(cache.granted_pages() == 2);  // the first page goes out as two pieces, each with a page
  cache.write(kCachePage - 1, text("dd"), true);
  REQUIRE(cache.granted_pages() == 4);
  cache.written(batch->id);
  REQUIRE(cache.granted_pages() == 2);
  cache.discard(0, ~uint64_t{0});
  REQUIRE(cache.granted_pages() == 0);
}

TEST_CASE("each page takes grant once", "[cache]") {
  ObjectCache cache;
  REQUIRE(cache.pages_to_grant(4000, 200) == 2);
  cache.write(0, text("a"), true);
  REQUIRE(cache.pages_to_grant(4000, 200) == 1);
  cache.write(5000, text("a"), false);
  REQUIRE(cache.pages_to_grant(4000, 200) == 1);
}

}  // namespace reference
