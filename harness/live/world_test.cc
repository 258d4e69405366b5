// The live world with the real servers: a client works, servers die and come back.
#include "harness/live/world.h"

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "harness/target.h"

namespace harness::live {
namespace {

Setup setup(Dialect dialect) {
  Setup out;
  out.dialect = dialect;
  out.osts = 2;
  out.timing = reference::short_timing();
  return out;
}

Result call(LiveWorld& world, ClientId client, const Syscall& syscall) {
  const OrderId order = world.submit(client, syscall);
  REQUIRE(world.run_until([&] { return world.result(client, order) != nullptr; }));
  return *world.result(client, order);
}

Syscall on(Syscall::Kind kind, const std::string& path) {
  Syscall out;
  out.kind = kind;
  out.path = path;
  out.mode = 0755;
  return out;
}

ClientId mounted(LiveWorld& world) {
  const ClientId client = world.add_client();
  REQUIRE(call(world, client, on(Syscall::Kind::mount, "/")).status == 0);
  return client;
}

void write_and_read(LiveWorld& world, ClientId client, const std::string& path, size_t length) {
  Syscall open = on(Syscall::Kind::open, path);
  open.flags = O_RDWR | O_CREAT;
  const Result opened = call(world, client, open);
  REQUIRE(opened.status == 0);
  Syscall write;
  write.kind = Syscall::Kind::write;
  write.fd = opened.value;
  write.data = Bytes(std::vector<uint8_t>(length, 0x5a));
  REQUIRE(call(world, client, write).value == length);
  Syscall sync = write;
  sync.kind = Syscall::Kind::fsync;
  sync.data = {};
  REQUIRE(call(world, client, sync).status == 0);
  Syscall read;
  read.kind = Syscall::Kind::read;
  read.fd = opened.value;
  read.length = length;
  REQUIRE(call(world, client, read).data == write.data);
  Syscall close;
  close.kind = Syscall::Kind::close;
  close.fd = opened.value;
  REQUIRE(call(world, client, close).status == 0);
}

}  // namespace

TEST_CASE("a client mounts, makes names and keeps data, over sockets, in both dialects") {
  for (const Dialect dialect : {Dialect::v1_8, Dialect::v2_0}) {
    LiveWorld world(setup(dialect), ASSAY_PROGRAM);
    const ClientId client = mounted(world);
    REQUIRE(call(world, client, on(Syscall::Kind::mkdir, "/d")).status == 0);
    write_and_read(world, client, "/d/f", 3'000'000);
    REQUIRE(call(world, client, on(Syscall::Kind::stat, "/d/f")).attributes.size == 3'000'000);
    REQUIRE(world.refusals().empty());
  }
}

TEST_CASE("what the MDS had not committed when it was killed is replayed to its next life") {
  LiveWorld world(setup(Dialect::v2_0), ASSAY_PROGRAM);
  const ClientId client = mounted(world);
  REQUIRE(call(world, client, on(Syscall::Kind::mkdir, "/old")).status == 0);
  world.hold_commits(kMds);
  REQUIRE(call(world, client, on(Syscall::Kind::mkdir, "/new")).status == 0);
  world.crash(kMds);
  REQUIRE_FALSE(world.running(kMds));
  world.start(kMds);
  REQUIRE(call(world, client, on(Syscall::Kind::stat, "/old")).status == 0);
  REQUIRE(call(world, client, on(Syscall::Kind::stat, "/new")).status == 0);
  REQUIRE(call(world, client, on(Syscall::Kind::mkdir, "/new")).status == -17);
}

TEST_CASE("a capture has what passed between all nodes") {
  Setup captured = setup(Dialect::v2_0);
  captured.capture =
      std::filesystem::temp_directory_path() / ("assay-world-test-" + std::to_string(getpid()));
  {
    LiveWorld world(captured, ASSAY_PROGRAM);
    const ClientId client = mounted(world);
    write_and_read(world, client, "/f", 100'000);
  }
  REQUIRE(std::filesystem::file_size(captured.capture) > 200'000);
  std::filesystem::remove(captured.capture);
}

}  // namespace harness::live
