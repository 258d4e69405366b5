// Nodes with toy machines on loopback: one counts and echoes, one asks.
#include "harness/live/node.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "harness/live/loopback.h"
#include "harness/live/relay.h"
#include "harness/live/toy_machines.h"
#include "reference/nid.h"

namespace harness::live {
namespace {

using protocol::Bytes;
using reference::PeerId;

struct Bench {
  boost::asio::io_context loop{};
  LoopbackBlock block = LoopbackBlock::claim();
  std::string directory =
      std::filesystem::temp_directory_path() / fmt::format("assay-node-test-{}", block.address(1));
  std::vector<std::string> notes{};
  std::vector<std::string> refusals{};
  std::vector<reference::CommitId> commits{};
  std::optional<reference::Result> result{};
  std::unique_ptr<Node> server{}, client{};

  ~Bench() { std::filesystem::remove_all(directory); }

  PeerId peer(uint32_t index) const {
    return {reference::make_nid(block.address(index)), reference::kLnetPid};
  }
  NodeOptions options(uint32_t index) const {
    NodeOptions out;
    out.lnet.self = peer(index);
    out.lnet.incarnation = static_cast<uint64_t>(index);
    out.lnet.privileged = may_use_privileged_ports();
    out.port = 9988;
    return out;
  }
  void start_server(uint16_t listen_port = 9988) {
    NodeOptions out = options(1);
    out.listen = {block.address(1), listen_port};
    out.store = directory;
    server = std::make_unique<Node>(
        loop, out,
        Node::Handlers{.note = [&](const reference::Fact& fact) { notes.push_back(fact.text); },
                       .committed = [&](reference::CommitId id) { commits.push_back(id); },
                       .refused = [&](std::string_view line) { refusals.emplace_back(line); }});
    REQUIRE(server->open());
    server->run(std::make_unique<MachineBox<Echo>>(Echo{peer(1)}));
  }
  std::unique_ptr<Relay> relay{};
  void start_server_behind_relay(const std::string& capture) {
    relay = std::make_unique<Relay>(
        loop, Relay::Options{.front = Address{block.address(1), 9988},
                             .behind = Address{block.address(1), 19988},
                             .capture = std::make_shared<record::PcapngWriter>(capture)});
    REQUIRE(relay->ok());
    start_server(19988);
  }
  void start_client() {
    client = std::make_unique<Node>(
        loop, options(2),
        Node::Handlers{.answer = [&](reference::OrderId, reference::Result&& got) {
          result = std::move(got);
          loop.stop();
        }});
    REQUIRE(client->open());
    client->run(std::make_unique<MachineBox<Asker>>(Asker{peer(2), peer(1)}));
  }
  reference::Result ask(size_t length) {
    result.reset();
    reference::Syscall call;
    call.data = Bytes(std::vector<uint8_t>(length, 7));
    client->ask(call);
    loop.restart();
    loop.run();
    return *result;
  }
  void run_until_committed(reference::CommitId id) {
    loop.restart();
    while (commits.empty() || commits.back() < id) loop.run_one();
  }
};

}  // namespace

TEST_CASE("messages of every size travel between nodes over TCP") {
  Bench bench;
  bench.start_server();
  bench.start_client();
  for (const size_t length : {size_t{1}, size_t{900}, size_t{5000}, size_t{1} << 20}) {
    const reference::Result result = bench.ask(length);
    REQUIRE(result.status == 0);
    REQUIRE(result.data == Bytes(std::vector<uint8_t>(length, 7)));
  }
  REQUIRE(bench.notes.size() == 4);
  REQUIRE(bench.refusals.empty());
}

TEST_CASE("what is committed is in the store of the next start, what is held is not") {
  Bench bench;
  bench.start_server();
  bench.start_client();
  bench.ask(1);
  bench.run_until_committed(1);
  bench.server->hold_commits();
  bench.ask(1);
  bench.server.reset();
  bench.start_server();
  const reference::Store store = bench.server->load();
  REQUIRE(store.size() == 1);
  REQUIRE(store.at("count")[0] == 1);
}

TEST_CASE("a peer that is not there, and one that goes away, is lost") {
  Bench bench;
  bench.start_client();
  REQUIRE(bench.ask(1).status == -5);
  bench.start_server();
  REQUIRE(bench.ask(1).status == 0);
  bench.server.reset();
  REQUIRE(bench.ask(1).status == -5);
}

TEST_CASE("a relay hands everything on, and writes what passed") {
  Bench bench;
  const std::string file = bench.directory + ".pcapng";
  bench.start_server_behind_relay(file);
  bench.start_client();
  REQUIRE(bench.ask(100).status == 0);
  REQUIRE(bench.ask(size_t{1} << 20).data.size() == size_t{1} << 20);
  bench.client.reset();
  bench.relay.reset();
  REQUIRE(std::filesystem::file_size(file) > size_t{2} << 20);
  std::filesystem::remove(file);
}

TEST_CASE("garbage is refused with one line that says what and where") {
  Bench bench;
  bench.start_server();
  bool closed = false;
  auto socket = std::make_shared<Socket>(
      bench.loop, Socket::Handlers{.closed = [&](std::string_view) { closed = true; }});
  socket->connect({bench.block.address(3), 0}, false, {bench.block.address(1), 9988});
  socket->write(Bytes(std::vector<uint8_t>(16, 0x2a)));
  while (!closed) {
    bench.loop.run_one();
    socket->flush();
  }
  REQUIRE(bench.refusals.size() == 1);
  INFO(bench.refusals[0]);
  REQUIRE(bench.refusals[0].find("lnet_acceptor_connreq_t") != std::string::npos);
  REQUIRE(bench.refusals[0].find("acr_magic") != std::string::npos);
}

}  // namespace harness::live
