// A client among servers of ours: applications' calls end to end, in both dialects.
#include "reference/client.h"

#include <catch2/catch.hpp>

#include "reference/client_probe.h"
#include "reference/open_flags.h"

namespace reference {
namespace {

using Kind = Syscall::Kind;
using namespace open_flags;
using namespace application;

}  // namespace

TEST_CASE("mount, stat of the root, unmount", "[client]") {
  const auto dialect = GENERATE(Dialect::v2_0, Dialect::v1_8);
  ClusterProbe cluster(dialect);
  REQUIRE(cluster.call({.kind = Kind::mount}).status == 0);
  const Attributes root = stat(cluster, "/");
  REQUIRE((root.mode & 0170000) == 0040000);
  REQUIRE(cluster.call({.kind = Kind::unmount}).status == 0);
  REQUIRE(cluster.call({.kind = Kind::stat, .path = "/"}).status == -19);
}

TEST_CASE("a directory is mounted as the root", "[client]") {
  const auto dialect = GENERATE(Dialect::v2_0, Dialect::v1_8);
  ClusterProbe cluster(dialect);
  REQUIRE(cluster.call({.kind = Kind::mount}).status == 0);
  REQUIRE(cluster.call({.kind = Kind::mkdir, .path = "/d", .mode = 0755}).status == 0);
  REQUIRE(cluster.call({.kind = Kind::mkdir, .path = "/d/e", .mode = 0750}).status == 0);
  REQUIRE(cluster.call({.kind = Kind::symlink, .path = "/d/s", .target = "/e"}).status == 0);
  REQUIRE(cluster.call({.kind = Kind::unmount}).status == 0);

  REQUIRE(cluster.call({.kind = Kind::mount, .path = "/nowhere"}).status == -2);
  REQUIRE(cluster.call({.kind = Kind::mount, .path = "/d/s"}).status == -2);
  REQUIRE(cluster.call({.kind = Kind::mount, .path = "/d"}).status == 0);
  REQUIRE((stat(cluster, "/s").mode & 07777u) == 0750);
  REQUIRE((stat(cluster, "/../e/..").mode & 07777u) == 0755);
  REQUIRE(cluster.call({.kind = Kind::stat, .path = "/d"}).status == -2);
}

TEST_CASE("without an MGS, a client goes by what its configuration says", "[client]") {
  const auto dialect = GENERATE(Dialect::v2_0, Dialect::v1_8);
  ClusterProbe cluster(dialect, 2, 0);
  cluster.add_client_without_mgs(2);
  REQUIRE(cluster.call({.kind = Kind::mount}).status == 0);
  const uint64_t fd = opened(cluster, "/file", kCreate | kReadWrite);
  write(cluster, fd, 0, "hello world");
  REQUIRE(cluster.call({.kind = Kind::close, .fd = fd}).status == 0);
  REQUIRE(cluster.call({.kind = Kind::unmount}).status == 0);
}

TEST_CASE("a file is written, read, grows and shrinks", "[client]") {
  const auto dialect = GENERATE(Dialect::v2_0, Dialect::v1_8);
  ClusterProbe cluster(dialect, 2);
  REQUIRE(cluster.call({.kind = Kind::mount}).status == 0);
  const uint64_t fd = opened(cluster, "/file", kCreate | kReadWrite);
  write(cluster, fd, 0, "hello world");
  REQUIRE(read(cluster, fd, 0, 100) == "hello world");
  REQUIRE(stat(cluster, "/file").size == 11);
  REQUIRE(cluster.call({.kind = Kind::fsync, .fd = fd}).status == 0);
  write(cluster, fd, 20, "!");
  REQUIRE(read(cluster, fd, 6, 100) == std::string("world") + std::string(9, '\0') + "!");
  REQUIRE(cluster.call({.kind = Kind::truncate, .path = "/file", .offset = 5}).status == 0);
  REQUIRE(read(cluster, fd, 0, 100) == "hello");
  REQUIRE(stat(cluster, "/file").size == 5);
  REQUIRE(cluster.call({.kind = Kind::close, .fd = fd}).status == 0);
  REQUIRE(cluster.call({.kind = Kind::close, .fd = fd}).status == -9);
}

TEST_CASE("striped data crosses objects", "[client]") {
  ClusterProbe cluster(Dialect::v2_0, 2);
  REQUIRE(cluster.call({.kind = Kind::mount}).status == 0);
  const Result open = cluster.call({.kind = Kind::open,
                                    .path = "/striped",
                                    .flags = kCreate | kReadWrite,
                                    .mode = 0644,
                                    .stripe_count = 2,
                                    .stripe_size = 65536});
  REQUIRE(open.status == 0);
  std::string data(200'000, 'x');
  for (size_t i = 0; i < data.size(); ++i) data[i] = static_cast<char>('a' + i % 23);
  write(cluster, open.value, 1000, data);
  REQUIRE(cluster.call({.kind = Kind::fsync, .fd = open.value}).status == 0);
  REQUIRE(read(cluster, open.value, 1000, 300'000) == data);
  REQUIRE(stat(cluster, "/striped").size == 201'000);
}

TEST_CASE("two clients see each other's data", "[client]") {
  const auto dialect = GENERATE(Dialect::v2_0, Dialect::v1_8);
  ClusterProbe cluster(dialect, 1, 2);
  REQUIRE(cluster.call({.kind = Kind::mount}, 0).status == 0);
  REQUIRE(cluster.call({.kind = Kind::mount}, 1).status == 0);
  const uint64_t a = opened(cluster, "/f", kCreate | kReadWrite, 0);
  const uint64_t b = opened(cluster, "/f", kReadWrite, 1);
  write(cluster, a, 0, "from a", 0);
  REQUIRE(read(cluster, b, 0, 100, 1) == "from a");
  write(cluster, b, 5, "b!", 1);
  REQUIRE(stat(cluster, "/f", 0).size == 7);
  REQUIRE(read(cluster, a, 0, 100, 0) == "from b!");
}

TEST_CASE("names are made, moved and removed", "[client]") {
  const auto dialect = GENERATE(Dialect::v2_0, Dialect::v1_8);
  ClusterProbe cluster(dialect);
  REQUIRE(cluster.call({.kind = Kind::mount}).status == 0);
  REQUIRE(plain(cluster, Kind::mkdir, "/d") == 0);
  REQUIRE(plain(cluster, Kind::mkdir, "/d") == -17);
  REQUIRE(plain(cluster, Kind::mknod, "/d/file") == 0);
  REQUIRE(plain(cluster, Kind::symlink, "/d/link", "file") == 0);
  REQUIRE(plain(cluster, Kind::link, "/d/file", "/d/second") == 0);
  REQUIRE(stat(cluster, "/d/link").nlink == 2);
  const Result link = cluster.call({.kind = Kind::readlink, .path = "/d/link"});
  REQUIRE(text_of(link.data) == "file");
  REQUIRE((cluster.call({.kind = Kind::lstat, .path = "/d/link"}).attributes.mode & 0170000) ==
          0120000);
  REQUIRE(plain(cluster, Kind::rename, "/d/second", "/moved") == 0);
  REQUIRE(stat(cluster, "/moved").nlink == 2);
  REQUIRE(plain(cluster, Kind::rmdir, "/d") == -39);
  REQUIRE(plain(cluster, Kind::unlink, "/d/file") == 0);
  REQUIRE(plain(cluster, Kind::stat, "/d/file") == -2);
  REQUIRE(plain(cluster, Kind::unlink, "/d/link") == 0);
  REQUIRE(plain(cluster, Kind::rmdir, "/d") == 0);
  REQUIRE(stat(cluster, "/moved").nlink == 1);
}

TEST_CASE("a directory of several pages is read whole", "[client]") {
  const auto dialect = GENERATE(Dialect::v2_0, Dialect::v1_8);
  ClusterProbe cluster(dialect);
  REQUIRE(cluster.call({.kind = Kind::mount}).status == 0);
  REQUIRE(plain(cluster, Kind::mkdir, "/many") == 0);
  for (int i = 0; i < 300; ++i) {
    REQUIRE(plain(cluster, Kind::mkdir, "/many/entry-with-a-long-name-" + std::to_string(i)) == 0);
  }
  const Result listed = cluster.call({.kind = Kind::readdir, .path = "/many"});
  REQUIRE(listed.status == 0);
  std::vector<std::string> names;
  for (const DirectoryEntry& entry : listed.entries) names.push_back(entry.name);
  std::ranges::sort(names);
  REQUIRE(std::ranges::adjacent_find(names) == names.end());
  std::erase_if(names, [](const std::string& name) { return name == "." || name == ".."; });
  REQUIRE(names.size() == 300);
}

TEST_CASE("attributes and extended attributes", "[client]") {
  const auto dialect = GENERATE(Dialect::v2_0, Dialect::v1_8);
  ClusterProbe cluster(dialect);
  REQUIRE(cluster.call({.kind = Kind::mount}).status == 0);
  const uint64_t fd = opened(cluster, "/f", kCreate | kReadWrite);
  write(cluster, fd, 0, "data");
  REQUIRE(cluster.call({.kind = Kind::chmod, .path = "/f", .mode = 0600}).status == 0);
  REQUIRE(cluster.call({.kind = Kind::chown, .path = "/f", .uid = 7, .gid = 8}).status == 0);
  REQUIRE(cluster.call({.kind = Kind::utime, .path = "/f", .atime = 1000, .mtime = 2000}).status ==
          0);
  const Attributes attributes = stat(cluster, "/f");
  REQUIRE(attributes.mode == 0100600);
  REQUIRE(attributes.uid == 7);
  REQUIRE(attributes.gid == 8);
  REQUIRE(attributes.mtime == 2000);
  REQUIRE(
      cluster
          .call(
              {.kind = Kind::setxattr, .path = "/f", .target = "user.colour", .data = text("blue")})
          .status == 0);
  const Result value =
      cluster.call({.kind = Kind::getxattr, .path = "/f", .target = "user.colour"});
  REQUIRE(text_of(value.data) == "blue");
  REQUIRE(plain(cluster, Kind::removexattr, "/f", "user.colour") == 0);
  REQUIRE(plain(cluster, Kind::getxattr, "/f", "user.colour") == -61);
  REQUIRE(cluster.call({.kind = Kind::statfs}).file_system.blocks > 0);
}

TEST_CASE("appends of two clients lie one after the other", "[client]") {
  ClusterProbe cluster(Dialect::v2_0, 1, 2);
  REQUIRE(cluster.call({.kind = Kind::mount}, 0).status == 0);
  REQUIRE(cluster.call({.kind = Kind::mount}, 1).status == 0);
  const uint64_t a = opened(cluster, "/log", kCreate | kWrite | kAppend, 0);
  const uint64_t b = opened(cluster, "/log", kReadWrite | kAppend, 1);
  write(cluster, a, 0, "one,", 0);
  write(cluster, b, 0, "two,", 1);
  write(cluster, a, 0, "three", 0);
  REQUIRE(read(cluster, b, 0, 100, 1) == "one,two,three");
}

TEST_CASE("a flock keeps another client waiting", "[client]") {
  ClusterProbe cluster(Dialect::v2_0, 1, 2);
  REQUIRE(cluster.call({.kind = Kind::mount}, 0).status == 0);
  REQUIRE(cluster.call({.kind = Kind::mount}, 1).status == 0);
  const uint64_t a = opened(cluster, "/f", kCreate | kReadWrite, 0);
  const uint64_t b = opened(cluster, "/f", kReadWrite, 1);
  REQUIRE(cluster.call({.kind = Kind::flock, .flags = 1, .fd = a, .length = 9}, 0).status == 0);
  const OrderId waits = cluster.begin({.kind = Kind::flock, .flags = 1, .fd = b, .length = 9}, 1);
  cluster.run();
  REQUIRE_FALSE(cluster.done(waits));
  REQUIRE(cluster.call({.kind = Kind::flock, .flags = 2, .fd = a, .length = 9}, 0).status == 0);
  REQUIRE(cluster.result(waits).status == 0);
}

TEST_CASE("dirty data goes out by age", "[client]") {
  ClusterProbe cluster;
  REQUIRE(cluster.call({.kind = Kind::mount}).status == 0);
  const uint64_t fd = opened(cluster, "/f", kCreate | kReadWrite);
  write(cluster, fd, 0, "old");
  cluster.pass(10 * kSecond);
  const Objects& objects = cluster.machine<Ost>(ClusterProbe::ost(0)).objects();
  bool found = false;
  for (uint64_t id = 1; id < 100; ++id) {
    const Object* object = objects.find({0, id});
    found = found || (object != nullptr && object->pages() == 1);
  }
  REQUIRE(found);
}

}  // namespace reference
