// A client when servers crash, forget it, or talk nonsense.
#include <catch2/catch.hpp>

#include "reference/client.h"
#include "reference/client_probe.h"
#include "reference/open_flags.h"

namespace reference {
namespace {

using Kind = Syscall::Kind;
using namespace open_flags;
using namespace application;

}  // namespace

TEST_CASE("an open file lives through a crash of the MDT", "[client]") {
  const auto dialect = GENERATE(Dialect::v2_0, Dialect::v1_8);
  const bool committed = GENERATE(true, false);
  ClusterProbe cluster(dialect);
  REQUIRE(cluster.call({.kind = Kind::mount}).status == 0);
  opened(cluster, "/warm", kCreate | kReadWrite);  // brings a sequence and objects
  cluster.hold_commits = !committed;
  const uint64_t fd = opened(cluster, "/f", kCreate | kReadWrite);
  write(cluster, fd, 0, "kept");
  cluster.crash(ClusterProbe::kMds);
  cluster.hold_commits = false;
  cluster.restart(ClusterProbe::kMds);
  REQUIRE(stat(cluster, "/f").size == 4);
  REQUIRE(read(cluster, fd, 0, 10) == "kept");
  REQUIRE(cluster.call({.kind = Kind::close, .fd = fd}).status == 0);
  REQUIRE(stat(cluster, "/f").size == 4);
}

TEST_CASE("a lost answer is not executed twice", "[client]") {
  ClusterProbe cluster;
  REQUIRE(cluster.call({.kind = Kind::mount}).status == 0);
  REQUIRE(plain(cluster, Kind::mkdir, "/warm") == 0);
  cluster.lose_from = ClusterProbe::kMds;
  cluster.lose = 1;
  REQUIRE(plain(cluster, Kind::mkdir, "/once") == 0);
}

TEST_CASE("an OST that crashes gets what was not written", "[client]") {
  ClusterProbe cluster;
  REQUIRE(cluster.call({.kind = Kind::mount}).status == 0);
  const uint64_t fd = opened(cluster, "/f", kCreate | kReadWrite);
  write(cluster, fd, 0, "survives");
  cluster.crash(ClusterProbe::ost(0));
  cluster.restart(ClusterProbe::ost(0));
  REQUIRE(cluster.call({.kind = Kind::fsync, .fd = fd}).status == 0);
  REQUIRE(read(cluster, fd, 0, 10) == "survives");
}

TEST_CASE("an evicted client goes on with its open files", "[client]") {
  const auto dialect = GENERATE(Dialect::v2_0, Dialect::v1_8);
  ClusterProbe cluster(dialect);
  REQUIRE(cluster.call({.kind = Kind::mount}).status == 0);
  const uint64_t fd = opened(cluster, "/f", kCreate | kReadWrite);
  write(cluster, fd, 0, "mine");
  cluster.order(ClusterProbe::kMds, Evict{cluster.client_machine().uuid()});
  // The call that learns of it fails; the next one has a new connection.
  REQUIRE(cluster.call({.kind = Kind::stat, .path = "/f"}).status == -5);
  REQUIRE(stat(cluster, "/f").size == 4);
  REQUIRE(read(cluster, fd, 0, 10) == "mine");
  REQUIRE(cluster.call({.kind = Kind::close, .fd = fd}).status == 0);
  REQUIRE(opened(cluster, "/f", kReadWrite) != fd);
}

TEST_CASE("an OST that evicts takes the dirty data with it, and fsync says so", "[client]") {
  ClusterProbe cluster;
  REQUIRE(cluster.call({.kind = Kind::mount}).status == 0);
  const uint64_t fd = opened(cluster, "/f", kCreate | kReadWrite);
  write(cluster, fd, 0, "lost");
  cluster.order(ClusterProbe::ost(0), Evict{cluster.client_machine().uuid()});
  REQUIRE(cluster.call({.kind = Kind::fsync, .fd = fd}).status == -5);
  REQUIRE(read(cluster, fd, 0, 10).empty());
  write(cluster, fd, 0, "again");
  REQUIRE(cluster.call({.kind = Kind::fsync, .fd = fd}).status == 0);
}

TEST_CASE("locks are replayed: another client still has to wait for them", "[client]") {
  ClusterProbe cluster(Dialect::v2_0, 1, 2);
  REQUIRE(cluster.call({.kind = Kind::mount}, 0).status == 0);
  REQUIRE(cluster.call({.kind = Kind::mount}, 1).status == 0);
  const uint64_t a = opened(cluster, "/f", kCreate | kReadWrite, 0);
  const uint64_t b = opened(cluster, "/f", kReadWrite, 1);
  write(cluster, a, 0, "dirty", 0);
  cluster.crash(ClusterProbe::ost(0));
  cluster.restart(ClusterProbe::ost(0));
  REQUIRE(read(cluster, b, 0, 10, 1) == "dirty");
}

TEST_CASE("servers that talk nonsense get no client down", "[client]") {
  const auto dialect = GENERATE(Dialect::v2_0, Dialect::v1_8);
  ClusterProbe cluster(dialect, 2);
  REQUIRE(cluster.call({.kind = Kind::mount}).status == 0);
  cluster.spoil_one_of = 4;
  for (int i = 0; i < 40; ++i) {
    const std::string name = "/f" + std::to_string(i % 5);
    const Result open =
        cluster.call({.kind = Kind::open, .path = name, .flags = kCreate | kReadWrite});
    if (open.status == 0) {
      cluster.call({.kind = Kind::write, .fd = open.value, .data = text(std::string(9000, 'x'))});
      cluster.call({.kind = Kind::fsync, .fd = open.value});
      cluster.call({.kind = Kind::read, .fd = open.value, .length = 20'000});
      cluster.call({.kind = Kind::close, .fd = open.value});
    }
    cluster.call({.kind = Kind::readdir, .path = "/"});
    cluster.call({.kind = Kind::stat, .path = name});
    cluster.call({.kind = Kind::unlink, .path = name});
  }
}

}  // namespace reference
