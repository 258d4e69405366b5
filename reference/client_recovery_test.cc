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

TEST_CASE("a file whose close was executed, but not answered, is not opened again by recovery",
          "[client]") {
  const auto dialect = GENERATE(Dialect::v2_0, Dialect::v1_8);
  ClusterProbe cluster(dialect);
  REQUIRE(cluster.call({.kind = Kind::mount}).status == 0);
  const uint64_t fd = opened(cluster, "/f", kCreate | kReadWrite);
  REQUIRE(plain(cluster, Kind::mkdir, "/later") == 0);
  cluster.lose_from = ClusterProbe::kMds;
  cluster.lose = 1;
  const OrderId close = cluster.begin({.kind = Kind::close, .fd = fd});
  cluster.run();
  cluster.crash(ClusterProbe::kMds);
  cluster.restart(ClusterProbe::kMds);
  REQUIRE(cluster.result(close).status == 0);
  REQUIRE(cluster.machine<Mds>(ClusterProbe::kMds).opens().size() == 0);
}

TEST_CASE("objects of a removed file are destroyed when that is committed", "[client]") {
  const auto dialect = GENERATE(Dialect::v2_0, Dialect::v1_8);
  ClusterProbe cluster(dialect);
  REQUIRE(cluster.call({.kind = Kind::mount}).status == 0);
  const uint64_t fd = opened(cluster, "/f", kCreate | kReadWrite);
  write(cluster, fd, 0, "data");
  REQUIRE(cluster.call({.kind = Kind::fsync, .fd = fd}).status == 0);
  REQUIRE(cluster.call({.kind = Kind::close, .fd = fd}).status == 0);
  const auto used = [&] {
    return cluster.machine<Ost>(ClusterProbe::ost(0)).objects().used_bytes();
  };
  REQUIRE(used() != 0);
  cluster.hold_commits = true;
  REQUIRE(plain(cluster, Kind::unlink, "/f") == 0);
  cluster.pass(60 * kSecond);
  REQUIRE(used() != 0);
  cluster.hold_commits = false;
  cluster.commit(ClusterProbe::kMds);
  cluster.pass(60 * kSecond);
  REQUIRE(used() == 0);
}

TEST_CASE("objects of a file whose removal was answered to nobody are destroyed by the server",
          "[client]") {
  const auto dialect = GENERATE(Dialect::v2_0, Dialect::v1_8);
  ClusterProbe cluster(dialect);
  REQUIRE(cluster.call({.kind = Kind::mount}).status == 0);
  const uint64_t fd = opened(cluster, "/f", kCreate | kReadWrite);
  write(cluster, fd, 0, "data");
  REQUIRE(cluster.call({.kind = Kind::fsync, .fd = fd}).status == 0);
  REQUIRE(cluster.call({.kind = Kind::close, .fd = fd}).status == 0);
  cluster.lose_from = ClusterProbe::kMds;
  cluster.lose = 1;
  REQUIRE(plain(cluster, Kind::unlink, "/f") == 0);
  cluster.pass(60 * kSecond);
  REQUIRE(cluster.machine<Ost>(ClusterProbe::ost(0)).objects().used_bytes() == 0);
}

TEST_CASE("a client that is evicted by the MDT leaves the rest of a removal to it", "[client]") {
  ClusterProbe cluster;
  REQUIRE(cluster.call({.kind = Kind::mount}).status == 0);
  const uint64_t fd = opened(cluster, "/f", kCreate | kReadWrite);
  write(cluster, fd, 0, "data");
  REQUIRE(cluster.call({.kind = Kind::fsync, .fd = fd}).status == 0);
  REQUIRE(cluster.call({.kind = Kind::close, .fd = fd}).status == 0);
  cluster.hold_commits = true;
  REQUIRE(plain(cluster, Kind::unlink, "/f") == 0);
  cluster.order(ClusterProbe::kMds, Evict{cluster.client_machine().uuid()});
  cluster.hold_commits = false;
  cluster.commit(ClusterProbe::kMds);
  cluster.pass(60 * kSecond);
  REQUIRE(cluster.machine<Ost>(ClusterProbe::ost(0)).objects().used_bytes() == 0);
}

TEST_CASE("locks that a recovery left out are no locks any more", "[client]") {
  // 1.8 does not replay locks once a transno was passed over (facts: semantics 1.7).
  ClusterProbe cluster(Dialect::v1_8, 1, 3);
  for (uint32_t who = 0; who < 3; ++who) {
    REQUIRE(cluster.call({.kind = Kind::mount}, who).status == 0);
  }
  REQUIRE(cluster.call({.kind = Kind::mkdir, .path = "/own", .mode = 0755}, 0).status == 0);
  opened(cluster, "/x", kCreate | kReadWrite, 0);
  stat(cluster, "/x", 0);
  cluster.hold_commits = true;
  REQUIRE(cluster.call({.kind = Kind::mkdir, .path = "/lost", .mode = 0755}, 1).status == 0);
  REQUIRE(cluster.call({.kind = Kind::mkdir, .path = "/own/d", .mode = 0755}, 0).status == 0);
  cluster.crash(ClusterProbe::client(1));
  cluster.crash(ClusterProbe::kMds);
  cluster.hold_commits = false;
  cluster.restart(ClusterProbe::kMds);
  cluster.pass(800 * kSecond);
  REQUIRE(cluster.call({.kind = Kind::rename, .path = "/x", .target = "/z"}, 2).status == 0);
  REQUIRE(cluster.call({.kind = Kind::stat, .path = "/x"}, 0).status == -2);
  stat(cluster, "/own/d", 0);
}

TEST_CASE("a server that is unmounted and mounted again is recovered from, or begins anew",
          "[client]") {
  const bool force = GENERATE(false, true);
  ClusterProbe cluster;
  REQUIRE(cluster.call({.kind = Kind::mount}).status == 0);
  const uint64_t fd = opened(cluster, "/f", kCreate | kReadWrite);
  write(cluster, fd, 0, "kept");
  cluster.order(ClusterProbe::kMds, Unmount{force});
  cluster.run();
  cluster.crash(ClusterProbe::kMds);
  cluster.restart(ClusterProbe::kMds);
  // Without its slot the client is evicted, and the call that finds out fails.
  const int32_t first = cluster.call({.kind = Kind::stat, .path = "/f"}).status;
  REQUIRE((first == 0 || force));
  REQUIRE(stat(cluster, "/f").size == 4);
  REQUIRE(cluster.machine<Mds>(ClusterProbe::kMds).opens().size() == (force ? 0 : 1));
  REQUIRE(cluster.call({.kind = Kind::close, .fd = fd}).status == 0);
}

TEST_CASE("an MDT that evicts by address has its OSTs do it, too", "[client]") {
  ClusterProbe cluster;
  REQUIRE(cluster.call({.kind = Kind::mount}).status == 0);
  const uint64_t fd = opened(cluster, "/f", kCreate | kReadWrite);
  write(cluster, fd, 0, "lost");
  cluster.order(ClusterProbe::kMds, EvictNid{ClusterProbe::peer(ClusterProbe::client(0)).nid});
  cluster.run();
  REQUIRE(cluster.call({.kind = Kind::fsync, .fd = fd}).status == -5);
}

}  // namespace reference
