// Runs one scenario in the simulated world and writes every message of it to a capture:
// `sim_history DIALECT SEED FILE`. Run twice, or built by another compiler, it must write the same
// bytes (same_history in CMakeLists.txt compares them).
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "harness/sim/world.h"

namespace harness {
namespace {

using Kind = Syscall::Kind;

class Script {
 public:
  Script(Dialect dialect, uint64_t seed, const std::string& file)
      : world_({.dialect = dialect, .seed = seed, .capture = file}),
        one_(world_.add_client()),
        two_(world_.add_client()) {}

  // Waits for the result; a call that never ends, or fails, ends the program.
  Result call(ClientId client, const Syscall& syscall) {
    const OrderId order = world_.submit(client, syscall);
    if (!world_.run_until([&] { return world_.result(client, order) != nullptr; })) {
      std::fprintf(stderr, "a call did not end: kind %d\n", static_cast<int>(syscall.kind));
      std::exit(1);
    }
    const Result result = *world_.result(client, order);
    if (result.status != 0) {
      std::fprintf(stderr, "a call failed: kind %d %s status %d\n",
                   static_cast<int>(syscall.kind), syscall.path.c_str(), result.status);
      std::exit(1);
    }
    return result;
  }

  void run() {
    call(one_, {.kind = Kind::mount});
    call(two_, {.kind = Kind::mount});
    call(one_, {.kind = Kind::mkdir, .path = "/d", .mode = 0755});
    const uint64_t fd =
        call(one_, {.kind = Kind::open, .path = "/d/f", .flags = 0102, .mode = 0644}).value;
    call(one_, {.kind = Kind::write, .fd = fd, .data = Bytes(protocol::as_bytes("content"))});
    call(two_, {.kind = Kind::stat, .path = "/d/f"});
    world_.add_rule({.part = faults::Part::reply, .opcode = 36});  // MDS_REINT
    call(two_, {.kind = Kind::mkdir, .path = "/d/e", .mode = 0700});
    world_.hold_commits(kMds);
    call(one_, {.kind = Kind::mkdir, .path = "/d/g", .mode = 0755});
    world_.crash(kMds);
    world_.release_commits(kMds);
    world_.start(kMds);
    call(two_, {.kind = Kind::readdir, .path = "/d"});
    call(one_, {.kind = Kind::close, .fd = fd});
    world_.settle();
    std::printf("%llu messages, digest %016llx\n",
                static_cast<unsigned long long>(world_.delivered()),
                static_cast<unsigned long long>(world_.history_digest()));
  }

 private:
  sim::SimWorld world_;
  ClientId one_;
  ClientId two_;
};

}  // namespace
}  // namespace harness

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: sim_history 1.8|2.0 SEED FILE\n");
    return 64;
  }
  const auto dialect = std::string_view(argv[1]) == "1.8" ? harness::Dialect::v1_8
                                                          : harness::Dialect::v2_0;
  harness::Script(dialect, std::strtoull(argv[2], nullptr, 10), argv[3]).run();
  return 0;
}
