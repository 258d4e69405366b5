#include "fuzz/used_world.h"

#include <string_view>
#include <vector>

#include "protocol/check.h"

namespace fuzz {

using harness::sim::SimWorld;
using reference::Syscall;

std::unique_ptr<SimWorld> used_world(harness::Dialect dialect, const std::string& capture) {
  auto world = std::make_unique<SimWorld>(
      harness::Setup{.dialect = dialect, .osts = 2, .seed = 1, .timing = {}, .capture = capture});
  const harness::ClientId client = world->add_client();
  const auto call = [&](const Syscall& syscall) {
    const harness::OrderId order = world->submit(client, syscall);
    world->run_until([&] { return world->result(client, order) != nullptr; });
    const harness::Result* result = world->result(client, order);
    CHECK(result != nullptr && result->status == 0, "the cluster does not serve");
    return result->value;
  };
  constexpr uint32_t kReadWriteCreate = 02 | 0100;
  call({.kind = Syscall::Kind::mount});
  call({.kind = Syscall::Kind::mkdir, .path = "/d0", .mode = 0755});
  for (const std::string_view path : {"/f0", "/f1", "/d0/f0"}) {
    const uint64_t fd = call({.kind = Syscall::Kind::open,
                              .path = std::string(path),
                              .flags = kReadWriteCreate,
                              .mode = 0644});
    call({.kind = Syscall::Kind::write,
          .fd = fd,
          .data = protocol::Bytes(std::vector<uint8_t>(100, 'x'))});
    call({.kind = Syscall::Kind::fsync, .fd = fd});
    call({.kind = Syscall::Kind::flock, .fd = fd, .length = 99});
    if (path != "/f1") call({.kind = Syscall::Kind::close, .fd = fd});
  }
  call({.kind = Syscall::Kind::symlink, .path = "/link", .target = "f0"});
  call({.kind = Syscall::Kind::link, .path = "/f0", .target = "/f2"});
  call({.kind = Syscall::Kind::rename, .path = "/f2", .target = "/f3"});
  call({.kind = Syscall::Kind::setxattr,
        .path = "/f0",
        .target = "user.a",
        .data = protocol::Bytes(std::vector<uint8_t>(4, 'v'))});
  call({.kind = Syscall::Kind::getxattr, .path = "/f0", .target = "user.a"});
  call({.kind = Syscall::Kind::chmod, .path = "/d0", .mode = 0700});
  call({.kind = Syscall::Kind::truncate, .path = "/f0", .offset = 10});
  call({.kind = Syscall::Kind::readdir, .path = "/"});
  call({.kind = Syscall::Kind::stat, .path = "/f0"});
  call({.kind = Syscall::Kind::statfs});
  call({.kind = Syscall::Kind::unlink, .path = "/f3"});
  world->settle();
  return world;
}

}  // namespace fuzz
