#include "harness/live/world.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "harness/scratch.h"
#include "protocol/check.h"
#include "reference/nid.h"

namespace harness::live {
namespace {

constexpr uint16_t kUnprivilegedPort = 9988;
constexpr uint16_t kBehindRelay = 10000;  // added to the port where a relay stands before a server
constexpr uint32_t kMgsIndex = 1;
constexpr uint32_t kMdsIndex = 2;
constexpr uint32_t kFirstOst = 3;
constexpr uint32_t kFirstOfOurs = 101;
constexpr uint32_t kLastIndex = 250;

}  // namespace

std::string own_program() { return std::filesystem::read_symlink("/proc/self/exe"); }

LiveWorld::LiveWorld(const Setup& setup, const std::string& program)
    : ClientSide(setup),
      program_(program),
      directory_(make_scratch("assay-live-")),
      port_(may_use_privileged_ports() ? reference::kLnetPort : kUnprivilegedPort),
      block_(LoopbackBlock::claim()) {
  CHECK(kFirstOst + setup.osts <= kFirstOfOurs);
  const auto peer = [&](uint32_t index) {
    return PeerId{reference::make_nid(block_.address(index)), reference::kLnetPid};
  };
  cast_.dialect = setup.dialect;
  cast_.fsname = reference::Config{}.fsname;
  cast_.mgs = peer(kMgsIndex);
  cast_.mds = peer(kMdsIndex);
  for (uint32_t i = 0; i < setup.osts; ++i) cast_.osts.push_back(peer(kFirstOst + i));
  if (!setup.capture.empty()) {
    capture_ = std::make_shared<record::PcapngWriter>(setup.capture);
    CHECK(capture_->ok(), "the capture file cannot be written");
  }
  chronicle_.begin(setup.recorder);
  add_server(kMgs, kMgsIndex);
  add_server(kMds, kMdsIndex);
  for (uint32_t i = 0; i < setup.osts; ++i) add_server(ost(i), kFirstOst + i);
  for (const auto& server : servers_) start(server->id);
  // Then all are registered, and the logs that clients read name every OST.
  const bool ready = run_until([this] {
    const auto usable = std::ranges::count(facts(kMds), reference::kOstReady, &Fact::text);
    return static_cast<size_t>(usable) >= cast_.osts.size();
  });
  CHECK(ready, "our servers do not find each other");
}

LiveWorld::~LiveWorld() {
  chronicle_.end();
  clear();
  servers_.clear();
  if (capture_) capture_->flush();
  std::error_code error;
  std::filesystem::remove_all(directory_, error);
}

void LiveWorld::add_server(ServerId id, uint32_t index) {
  auto server = std::make_unique<OurServer>();
  server->id = id;
  ServerOptions& options = server->options;
  options.role = id.role;
  options.config.dialect = setup_.dialect;
  options.config.self = {reference::make_nid(block_.address(index)), reference::kLnetPid};
  options.config.mgs = cast_.mgs;
  options.config.index = id.index;
  options.config.seed = setup_.seed;
  options.config.timing = setup_.timing;
  options.config.defects = setup_.defects;
  options.config.som = setup_.som;
  options.port = port_;
  options.tells_all = chronicle_.on();
  options.store = fmt::format("{}/{}{}", directory_, role_name(id.role), id.index);
  injector().know(options.config.self, plan_name(id));
  if (capture_ || setup_.server_links) {
    const Address front{block_.address(index), port_};
    options.listen = {front.host, static_cast<uint16_t>(port_ + kBehindRelay)};
    Relay::Options relay{.front = front,
                         .behind = options.listen,
                         .server = options.config.self,
                         .capture = capture_};
    if (setup_.server_links) {
      relay.judge = [this](PeerId from, PeerId to, const Bytes& message) {
        return judge_between_servers(from, to, message);
      };
    }
    server->relay = std::make_unique<Relay>(loop_, std::move(relay));
    CHECK(server->relay->ok(), "a relay cannot listen");
  }
  servers_.push_back(std::move(server));
}

LiveWorld::OurServer& LiveWorld::find(ServerId id) {
  for (const auto& server : servers_) {
    if (server->id == id) return *server;
  }
  CHECK(false, "no such server");
}
const LiveWorld::OurServer& LiveWorld::find(ServerId id) const {
  return const_cast<LiveWorld*>(this)->find(id);
}

void LiveWorld::drain() {
  for (const auto& server : servers_) {
    if (server->process) server->process->drain();
  }
}

LiveWorld::Seat LiveWorld::seat(uint32_t index, ProbeKind kind) {
  const uint32_t place = kFirstOfOurs + index;
  CHECK(place <= kLastIndex, "too many clients or probes");
  Seat out;
  out.config.dialect = setup_.dialect;
  out.config.self = {reference::make_nid(block_.address(place)), reference::kLnetPid};
  out.config.mgs = cast_.mgs;
  out.config.seed = setup_.seed;
  out.config.incarnation = static_cast<uint64_t>(now());
  out.config.timing = setup_.timing;
  out.config.defects = setup_.defects;
  out.config.som = setup_.som;
  out.options = node_options(out.config, port_);
  out.options.listen = {block_.address(place), port_};
  if (kind == ProbeKind::user_space) {
    out.config.self.pid = reference::kUserspacePid | place;
    out.options.lnet.self = out.config.self;
    out.options.lnet.privileged = false;
    out.options.reserved_port = false;
    out.options.listen.port = 0;
  }
  return out;
}

// --- servers ---

void LiveWorld::crash(ServerId server) {
  OurServer& ours = find(server);
  ours.doom = "crash";
  if (ours.process) ours.process->kill();
}

void LiveWorld::stop(ServerId server) {
  order(server, "commit");
  crash(server);
}

void LiveWorld::start(ServerId id) {
  OurServer& server = find(id);
  if (!running(id)) spawn(server);
  run_until([&] { return server.process->is_ready() || server.process->has_ended(); });
  // Under a plan it may have died again.
  CHECK(server.process->is_ready() || !injector().idle(),
        fmt::format("{} {} does not start", program_, role_name(id.role)));
}

void LiveWorld::start_as(ServerId server, Dialect dialect) {
  if (!running(server)) find(server).options.config.dialect = dialect;
  start(server);
}

bool LiveWorld::running(ServerId server) const {
  const OurServer& ours = find(server);
  return ours.process && !ours.process->has_ended();
}

void LiveWorld::order(ServerId server, const std::string& line) {
  if (!running(server)) return;
  const auto& process = find(server).process;
  process->order(line);
  run_until([&] { return process->idle() || process->has_ended(); });
}

void LiveWorld::evict(ServerId server, const std::string& client_uuid) {
  if (running(server)) {
    chronicle_.faulted(find(server).options.config.self, "evict " + client_uuid);
  }
  order(server, "evict " + client_uuid);
}
void LiveWorld::abort_recovery(ServerId server) {
  if (running(server)) chronicle_.faulted(find(server).options.config.self, "abort recovery");
  order(server, "abort-recovery");
}
void LiveWorld::hold_commits(ServerId server) { order(server, "hold"); }
void LiveWorld::release_commits(ServerId server) { order(server, "release"); }

const std::vector<Fact>& LiveWorld::facts(ServerId server) const { return find(server).facts; }

void LiveWorld::crash_at_commit(ServerId server, uint32_t nth, bool durable) {
  find(server).doom = durable ? "crash after commit" : "crash before commit";
  order(server, fmt::format("{} {}", durable ? "crash-after" : "crash-before", nth));
}

std::unique_ptr<World> make_world(const Setup& setup) { return std::make_unique<LiveWorld>(setup); }

}  // namespace harness::live
