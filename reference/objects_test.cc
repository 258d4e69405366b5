#include "reference/objects.h"

#include <catch2/catch.hpp>

#include "reference/digest.h"

using namespace reference;

namespace {

constexpr ObjectId kOne{0, 1};

Bytes text(std::string_view content) { return Bytes(protocol::as_bytes(content)); }

std::string content(const Objects& objects, ObjectId id, uint64_t offset, uint64_t length) {
  const Bytes data = objects.find(id)->read(offset, length);
  return std::string(protocol::as_text(data.view()));
}

// One object that grows as it is written, and the disk with it.
struct Written {
  Written() { objects.precreate(0, 1, writes); }
  void write(uint64_t offset, std::string_view data) {
    ObjectAttributes attributes = objects.find(kOne)->attributes;
    attributes.size = std::max<uint64_t>(attributes.size, offset + data.size());
    objects.write(kOne, offset, text(data), writes);
    objects.set_attributes(kOne, attributes, writes);
    objects.invariants();
  }
  void truncate(uint64_t size) {
    ObjectAttributes attributes = objects.find(kOne)->attributes;
    attributes.size = size;
    objects.truncate_pages(kOne, size, writes);
    objects.set_attributes(kOne, attributes, writes);
    objects.invariants();
  }
  Objects restarted() const {
    Store disk;
    for (const Write& each : writes) {
      if (each.value) {
        disk[each.key] = *each.value;
      } else {
        disk.erase(each.key);
      }
    }
    return Objects(disk);
  }
  Objects objects{Store{}};
  std::vector<Write> writes;
};

}  // namespace

TEST_CASE("Objects: writing over the edge of a page and reading it back") {
  Written one;
  one.write(4090, "twelve bytes");
  REQUIRE(content(one.objects, kOne, 4090, 100) == "twelve bytes");
  REQUIRE(content(one.objects, kOne, 4095, 3) == "e b");
  REQUIRE(one.objects.find(kOne)->blocks() == 16);
}

TEST_CASE("Objects: a hole reads as zeros and takes no space") {
  Written one;
  one.write(1u << 20, "x");
  REQUIRE(one.objects.used_bytes() == 4096);
  REQUIRE(content(one.objects, kOne, (1u << 20) - 2, 10) == std::string("\0\0x", 3));
  REQUIRE(one.objects.find(kOne)->read((1u << 20) + 1, 5).empty());
}

TEST_CASE("Objects: what was cut off does not come back when the object grows") {
  Written one;
  one.write(0, "secret");
  one.truncate(2);
  one.truncate(6);
  REQUIRE(content(one.objects, kOne, 0, 6) == std::string("se\0\0\0\0", 6));
}

TEST_CASE("Objects: an overwrite in the middle leaves what is around it") {
  Written one;
  one.write(0, "abcdefgh");
  one.write(2, "XY");
  REQUIRE(content(one.objects, kOne, 0, 8) == "abXYefgh");
  one.write(0, "12");
  REQUIRE(content(one.objects, kOne, 0, 8) == "12XYefgh");
}

TEST_CASE("Objects: the disk has what memory has") {
  Written one;
  one.write(0, std::string(10'000, 'a'));
  one.truncate(5'000);
  one.write(8'192, "tail");
  REQUIRE(digest_of(one.restarted()) == digest_of(one.objects));
  REQUIRE(one.restarted().used_bytes() == one.objects.used_bytes());
}

TEST_CASE("Objects: orphans go, and their numbers with them unless they are kept") {
  Written one;
  REQUIRE(one.objects.precreate(0, 10, one.writes) == 10);
  one.objects.destroy_above(0, 4, true, one.writes);
  REQUIRE(one.objects.size() == 4);
  REQUIRE(one.objects.last_id(0) == 10);
  one.objects.destroy_above(0, 2, false, one.writes);
  REQUIRE(one.objects.last_id(0) == 2);
  one.objects.invariants();
  REQUIRE(digest_of(one.restarted()) == digest_of(one.objects));
}

TEST_CASE("Objects: precreation has a limit") {
  Written one;
  REQUIRE(one.objects.precreate(0, 1'000'000, one.writes) == 1 + Objects::kPrecreateMax);
}

TEST_CASE("Objects: a copy keeps its data when the other changes") {
  Written one;
  one.write(0, "before");
  const Objects copy = one.objects;
  one.write(0, "after ");
  REQUIRE(content(copy, kOne, 0, 6) == "before");
}
