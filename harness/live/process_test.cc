#include "harness/live/process.h"

#include <fmt/format.h>
#include <signal.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "harness/live/loopback.h"
#include "harness/live/toy_machines.h"
#include "reference/nid.h"

namespace harness::live {
namespace {

constexpr uint16_t kPort = 9987;

// A toy server in a process and a toy client here. The server counts what it echoed, in its store.
struct Bench {
  boost::asio::io_context loop{};
  LoopbackBlock block = LoopbackBlock::claim();
  std::string directory = std::filesystem::temp_directory_path() /
                          fmt::format("assay-process-test-{}", block.address(1));
  std::vector<reference::Fact> notes{};
  bool ended = false;
  std::optional<reference::Result> result{};
  std::unique_ptr<ServerProcess> server{};
  std::unique_ptr<Node> client{};

  Bench() {
    NodeOptions options = node_options({.self = peer(2)}, kPort);
    client = std::make_unique<Node>(
        loop, options, Node::Handlers{.answer = [&](reference::OrderId, reference::Result&& got) {
          result = std::move(got);
        }});
    REQUIRE(client->open());
    client->run(std::make_unique<MachineBox<Asker>>(Asker{peer(2), peer(1)}));
    start();
  }
  ~Bench() {
    server.reset();
    std::filesystem::remove_all(directory);
  }
  PeerId peer(uint32_t index) const {
    return {reference::make_nid(block.address(index)), reference::kLnetPid};
  }
  template <class Condition>
  void run_until(Condition condition) {
    while (!condition()) {
      loop.restart();
      loop.run_one();
    }
  }
  void start() {
    ServerOptions options;
    options.config.self = peer(1);
    options.config.mgs = peer(1);
    options.port = kPort;
    options.store = directory;
    ended = false;
    server = std::make_unique<ServerProcess>(
        loop, TOY_SERVER, options,
        ServerProcess::Handlers{
            .note = [&](reference::Fact&& fact) { notes.push_back(std::move(fact)); },
            .refused = {},
            .ended = [&] { ended = true; }});
    run_until([&] { return server->is_ready() || server->has_ended(); });
    REQUIRE(server->is_ready());
  }
  void order(const std::string& line) {
    server->order(line);
    run_until([&] { return server->idle(); });
  }
  int32_t ask() {
    result.reset();
    reference::Syscall call;
    call.data = Bytes(std::vector<uint8_t>{1});
    client->ask(call);
    run_until([&] { return result.has_value(); });
    return result->status;
  }
  // What the server had counted when it was asked last.
  uint64_t last_count() {
    server->drain();
    return notes.back().xid;
  }
};

}  // namespace

TEST_CASE("a note is there before the message that follows it") {
  Bench bench;
  for (uint64_t i = 1; i <= 200; ++i) {
    REQUIRE(bench.ask() == 0);
    REQUIRE(bench.last_count() == i);
  }
}

TEST_CASE("a killed server loses what it had not committed, and no more") {
  Bench bench;
  REQUIRE(bench.ask() == 0);
  bench.order("commit");
  bench.order("hold");
  REQUIRE(bench.ask() == 0);
  REQUIRE(bench.last_count() == 2);
  bench.server->kill();
  REQUIRE(kill(bench.server->pid(), 0) != 0);
  bench.start();
  REQUIRE(bench.ask() == 0);
  REQUIRE(bench.last_count() == 2);
}

TEST_CASE("a server dies at the transaction it was told, durable or not, without an answer") {
  Bench bench;
  REQUIRE(bench.ask() == 0);
  bench.order("commit");
  bench.order("crash-before 1");
  REQUIRE(bench.ask() != 0);
  bench.run_until([&] { return bench.ended; });
  bench.start();
  bench.order("crash-after 2");
  REQUIRE(bench.ask() == 0);
  REQUIRE(bench.last_count() == 2);
  REQUIRE(bench.ask() != 0);
  bench.run_until([&] { return bench.ended; });
  bench.start();
  REQUIRE(bench.ask() == 0);
  REQUIRE(bench.last_count() == 4);
}

TEST_CASE("a server whose pipe closes ends by itself") {
  boost::asio::io_context loop;
  const LoopbackBlock block = LoopbackBlock::claim();
  bool ready = false;
  const auto [ours, theirs] = make_control_pipe();
  ServerOptions options;
  options.config.self = {reference::make_nid(block.address(1)), reference::kLnetPid};
  options.port = kPort;
  std::string command;
  for (const std::string& word : serve_command(TOY_SERVER, options)) command += word + " ";
  auto pipe = std::make_unique<ControlPipe>(
      loop, ours, ControlPipe::Handlers{.line = [&](std::string_view) { ready = true; }});
  std::FILE* child = popen(fmt::format("{}--control={}", command, theirs).c_str(), "r");
  ::close(theirs);
  while (!ready) loop.run_one();
  pipe.reset();
  REQUIRE(pclose(child) == 0);
}

}  // namespace harness::live
