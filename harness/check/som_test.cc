#include <catch2/catch.hpp>

#include "harness/check/story.h"

namespace harness::check {

namespace {

using Kind = Fact::Kind;
constexpr reference::ObjectName kFile{0x200000400, 1}, kObject{7, 0};

// A file of one object on OST 0, which has this size.
Story with_file(std::string_view property, uint64_t size) {
  Story story(property);
  story.note(Story::kMds, {.kind = Kind::som_stripe,
                           .object = kFile,
                           .value = 0,
                           .start = 7,
                           .end = 0,
                           .digest = 1 << 20});
  story.note(Story::kOst, {.kind = Kind::object_state, .object = kObject, .start = size, .end = 8});
  return story;
}
Fact told(uint64_t size, uint64_t mount = 1, uint64_t present = 1) {
  return {.kind = Kind::som_answered,
          .object = kFile,
          .handle = mount,
          .start = size,
          .end = 8,
          .digest = present};
}

}  // namespace

TEST_CASE("SOM-1: the size that is told is that of the objects") {
  Story story = with_file("SOM-1", 100);
  story.note(Story::kMds, told(100));
  REQUIRE_FALSE(story.broken());
  story.note(Story::kMds, told(99));
  REQUIRE(story.broken());
}

TEST_CASE("SOM-2: data in a cache makes a file longer") {
  Story story = with_file("SOM-2", 100);
  story.note(Story::kAlice, {.kind = Kind::dirtied,
                             .client = "alice",
                             .xid = 0,
                             .object = kObject,
                             .start = 100,
                             .end = 200});
  Story evicted = story;
  story.note(Story::kMds, told(100));
  REQUIRE(story.broken());
  evicted.note(Story::kOst, {.kind = Kind::evicted, .client = "alice"});
  evicted.note(Story::kMds, told(100));
  REQUIRE_FALSE(evicted.broken());
}

TEST_CASE("SOM-3: nothing changes while the size would be told") {
  Story story = with_file("SOM-3", 100);
  story.note(Story::kMds, {.kind = Kind::som_state, .object = kFile, .value = 1});
  Story closed = story;
  story.note(Story::kOst, {.kind = Kind::object_state, .object = kObject, .start = 101, .end = 8});
  REQUIRE(story.broken());
  closed.note(Story::kMds, {.kind = Kind::som_state, .object = kFile, .value = 0});
  closed.note(Story::kOst, {.kind = Kind::object_state, .object = kObject, .start = 101, .end = 8});
  REQUIRE_FALSE(closed.broken());
}

TEST_CASE("SOM-4: sizes of an earlier mount are not told") {
  Story story = with_file("SOM-4", 100);
  story.note(Story::kMds, told(100, 2, 2));
  REQUIRE_FALSE(story.broken());
  story.note(Story::kMds, told(100, 1, 2));
  REQUIRE(story.broken());
}

TEST_CASE("SOM-5: a size comes from all objects, read in its epoch") {
  Story story = with_file("SOM-5", 100);
  const Fact kept{.kind = Kind::som_written,
                  .client = "alice",
                  .xid = 5,
                  .object = kFile,
                  .start = 100,
                  .end = 8};
  Story unread = story;
  story.note(Story::kOst,
             {.kind = Kind::som_validated, .client = "alice", .xid = 5, .object = kObject});
  story.note(Story::kMds, kept);
  REQUIRE_FALSE(story.broken());
  unread.note(Story::kOst,
              {.kind = Kind::som_validated, .client = "alice", .xid = 4, .object = kObject});
  unread.note(Story::kMds, kept);
  REQUIRE(unread.broken());
}

}  // namespace harness::check
