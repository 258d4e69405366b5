#include "harness/live/world.h"

#include <fmt/format.h>
#include <stdlib.h>

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <filesystem>

#include "harness/live/machines.h"
#include "protocol/check.h"
#include "reference/client.h"
#include "reference/nid.h"

namespace harness::live {
namespace {

constexpr uint16_t kUnprivilegedPort = 9988;
constexpr uint16_t kBehindRelay = 10000;  // added to the port where a relay stands before a server
constexpr uint32_t kMgsIndex = 1;
constexpr uint32_t kMdsIndex = 2;
constexpr uint32_t kFirstOst = 3;
constexpr uint32_t kFirstClient = 101;
constexpr uint32_t kFirstProbe = 201;
constexpr uint32_t kLastIndex = 250;
constexpr char kMkdtempDigit = 'X';  // six of them at the end are replaced

// A scripted peer does nothing by itself: what reaches it is kept.
class ProbeMachine final : public AnyMachine {
 public:
  explicit ProbeMachine(std::deque<ProbeEvent>& events) : events_(events) {}
  void start(Time, reference::Actions&) override {}
  void step(Time, const reference::Event& event, reference::Actions&) override {
    if (const auto* received = std::get_if<reference::Received>(&event)) {
      events_.push_back({received->from, received->message});
    } else if (const auto* lost = std::get_if<reference::PeerLost>(&event)) {
      events_.push_back({lost->peer, std::nullopt});
    }
  }

 private:
  std::deque<ProbeEvent>& events_;
};

std::string temporary_directory() {
  std::string path = std::filesystem::temp_directory_path() / "assay-live-";
  path.append(6, kMkdtempDigit);
  CHECK(mkdtemp(path.data()) != nullptr, "no temporary directory can be made");
  return path;
}

}  // namespace

std::string own_program() { return std::filesystem::read_symlink("/proc/self/exe"); }

LiveWorld::LiveWorld(const Plan& plan, const std::string& program)
    : plan_(plan),
      program_(program),
      directory_(temporary_directory()),
      port_(may_use_privileged_ports() ? reference::kLnetPort : kUnprivilegedPort),
      block_(LoopbackBlock::claim()),
      work_(boost::asio::make_work_guard(loop_)) {
  CHECK(kFirstOst + plan.osts <= kFirstClient);
  const auto peer = [&](uint32_t index) {
    return PeerId{reference::make_nid(block_.address(index)), reference::kLnetPid};
  };
  cast_.dialect = plan.dialect;
  cast_.fsname = reference::Config{}.fsname;
  cast_.mgs = peer(kMgsIndex);
  cast_.mds = peer(kMdsIndex);
  for (uint32_t i = 0; i < plan.osts; ++i) cast_.osts.push_back(peer(kFirstOst + i));
  if (!plan.capture.empty()) {
    capture_ = std::make_shared<record::PcapngWriter>(plan.capture);
    CHECK(capture_->ok(), "the capture file cannot be written");
  }
  add_server(kMgs, kMgsIndex);
  add_server(kMds, kMdsIndex);
  for (uint32_t i = 0; i < plan.osts; ++i) add_server(ost(i), kFirstOst + i);
  for (const auto& server : servers_) start(server->id);
  // Then all are registered, and the logs that clients read name every OST.
  const bool ready = run_until([this] {
    const auto usable = std::ranges::count(facts(kMds), reference::kOstReady, &Fact::text);
    return static_cast<size_t>(usable) >= cast_.osts.size();
  });
  CHECK(ready, "our servers do not find each other");
}

LiveWorld::~LiveWorld() {
  held_.clear();
  clients_.clear();
  probes_.clear();
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
  options.config.dialect = plan_.dialect;
  options.config.self = {reference::make_nid(block_.address(index)), reference::kLnetPid};
  options.config.mgs = cast_.mgs;
  options.config.index = id.index;
  options.config.seed = plan_.seed;
  options.config.timing = plan_.timing;
  options.config.defects = plan_.defects;
  options.port = port_;
  options.store = fmt::format("{}/{}{}", directory_, role_name(id.role), id.index);
  if (capture_) {
    const Address front{block_.address(index), port_};
    options.listen = {front.host, static_cast<uint16_t>(port_ + kBehindRelay)};
    server->relay = std::make_unique<Relay>(loop_, front, options.listen, capture_);
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

// --- time ---

void LiveWorld::drain() {
  for (const auto& server : servers_) {
    if (server->process) server->process->drain();
  }
}

// Whether anything happened.
bool LiveWorld::run_for(Time duration) {
  loop_.restart();
  if (loop_.run_one_for(std::chrono::nanoseconds(duration)) == 0) return false;
  loop_.poll();
  return true;
}

bool LiveWorld::run_until(const std::function<bool()>& condition) {
  const Time limit = now() + kPatience;
  while (true) {
    drain();
    if (condition()) return true;
    if (now() >= limit) return false;
    run_for(limit - now());
  }
}

void LiveWorld::settle() {
  while (run_for(kQuiet)) {
  }
  drain();
}

void LiveWorld::pass(Time duration) {
  const Time until = now() + duration;
  while (now() < until) run_for(until - now());
  drain();
}

// --- clients and probes ---

std::unique_ptr<LiveWorld::OurNode> LiveWorld::make_node(uint32_t index, const std::string& what,
                                                         ProbeKind kind) {
  CHECK(index <= kLastIndex, "too many clients or probes");
  auto ours = std::make_unique<OurNode>();
  OurNode& node = *ours;
  node.config.dialect = plan_.dialect;
  node.config.self = {reference::make_nid(block_.address(index)), reference::kLnetPid};
  node.config.mgs = cast_.mgs;
  node.config.seed = plan_.seed;
  node.config.timing = plan_.timing;
  NodeOptions options = node_options(node.config, port_);
  options.listen = {block_.address(index), port_};
  if (kind == ProbeKind::user_space) {
    node.config.self.pid = reference::kUserspacePid | index;
    options.lnet.self = node.config.self;
    options.lnet.privileged = false;
    options.listen.port = 0;
  }
  node.node = std::make_unique<Node>(
      loop_, options,
      Node::Handlers{
          .answer = [&node](OrderId id,
                            Result&& result) { node.results.emplace(id, std::move(result)); },
          .sending = [this, &node](PeerId to,
                                   const Bytes& message) { return judge(node, true, to, message); },
          .receiving = [this, &node](
                           PeerId from,
                           const Bytes& message) { return judge(node, false, from, message); }});
  const auto opened = node.node->open();
  CHECK(opened.has_value(), fmt::format("{}: {}", what, opened.error()));
  return ours;
}

ClientId LiveWorld::add_client() {
  const auto index = static_cast<uint32_t>(clients_.size());
  CHECK(kFirstClient + index < kFirstProbe, "too many clients");
  auto client = make_node(kFirstClient + index, "client");
  client->config.incarnation = static_cast<uint64_t>(now());
  auto machine = std::make_unique<MachineBox<reference::Client>>(
      reference::Client(client->config, reference::Store{}));
  client->machine = &machine->machine();
  client->node->run(std::move(machine));
  clients_.push_back(std::move(client));
  return {index};
}

OrderId LiveWorld::submit(ClientId client, const Syscall& call) {
  return clients_[client.index]->node->ask(call);
}

const Result* LiveWorld::result(ClientId client, OrderId order) const {
  const auto& results = clients_[client.index]->results;
  const auto found = results.find(order);
  return found == results.end() ? nullptr : &found->second;
}

std::string LiveWorld::client_uuid(ClientId client) const {
  const OurNode& ours = *clients_[client.index];
  return ours.machine != nullptr ? ours.machine->uuid() : ours.uuid;
}

void LiveWorld::kill_client(ClientId client) {
  OurNode& ours = *clients_[client.index];
  ours.uuid = client_uuid(client);
  ours.machine = nullptr;
  ours.node.reset();
}

ProbeId LiveWorld::add_probe(ProbeKind kind) {
  const auto index = static_cast<uint32_t>(probes_.size());
  auto probe = make_node(kFirstProbe + index, "probe", kind);
  probe->node->run(std::make_unique<ProbeMachine>(probe->events));
  probes_.push_back(std::move(probe));
  return {index};
}

PeerId LiveWorld::probe_peer(ProbeId probe) const { return probes_[probe.index]->config.self; }

void LiveWorld::probe_send(ProbeId probe, PeerId to, Bytes message) {
  OurNode& node = *probes_[probe.index];
  const int times = judge(node, true, to, message);
  for (int i = 0; i < times; ++i) node.node->send(to, message);
}

std::optional<ProbeEvent> LiveWorld::probe_take(ProbeId probe) {
  auto& events = probes_[probe.index]->events;
  if (events.empty()) return std::nullopt;
  ProbeEvent event = std::move(events.front());
  events.pop_front();
  return event;
}

// --- servers ---

void LiveWorld::crash(ServerId server) {
  OurServer& ours = find(server);
  if (ours.process) ours.process->kill();
}

void LiveWorld::stop(ServerId server) {
  order(server, "commit");
  crash(server);
}

void LiveWorld::start(ServerId id) {
  OurServer& server = find(id);
  CHECK(!running(id), "it runs already");
  server.process = std::make_unique<ServerProcess>(
      loop_, program_, server.options,
      ServerProcess::Handlers{
          .note = [&server](Fact&& fact) { server.facts.push_back(std::move(fact)); },
          .refused = [this](std::string_view line) { refusals_.emplace_back(line); }});
  const ServerProcess& process = *server.process;
  run_until([&] { return process.is_ready() || process.has_ended(); });
  CHECK(process.is_ready(), fmt::format("{} {} does not start", program_, role_name(id.role)));
}

void LiveWorld::start_as(ServerId server, Dialect dialect) {
  find(server).options.config.dialect = dialect;
  start(server);
}

bool LiveWorld::running(ServerId server) const {
  const OurServer& ours = find(server);
  return ours.process && !ours.process->has_ended();
}

void LiveWorld::order(ServerId server, const std::string& line) {
  ServerProcess* process = find(server).process.get();
  CHECK(process != nullptr, "an order for a server that was never started");
  process->order(line);
  run_until([&] { return process->idle(); });
}

void LiveWorld::evict(ServerId server, const std::string& client_uuid) {
  order(server, "evict " + client_uuid);
}
void LiveWorld::abort_recovery(ServerId server) { order(server, "abort-recovery"); }
void LiveWorld::hold_commits(ServerId server) { order(server, "hold"); }
void LiveWorld::release_commits(ServerId server) { order(server, "release"); }

const std::vector<Fact>& LiveWorld::facts(ServerId server) const { return find(server).facts; }

// --- messages ---

void LiveWorld::add_rule(const faults::Rule& rule) { injector_.add(rule); }
uint32_t LiveWorld::struck(size_t rule) const { return injector_.struck(rule); }

// Each message is judged once: a message between two nodes of ours, as it leaves.
int LiveWorld::judge(OurNode& node, bool outgoing, PeerId peer, const Bytes& message) {
  const PeerId self = node.config.self;
  const auto verdict =
      outgoing ? injector_.judge(self, peer, message) : injector_.judge(peer, self, message);
  switch (verdict) {
    case faults::Verdict::pass:
      return 1;
    case faults::Verdict::drop:
      return 0;
    case faults::Verdict::hold:
      held_.push_back({&node, outgoing, peer, message});
      return 0;
    case faults::Verdict::duplicate:
      return 2;
  }
  return 1;
}

void LiveWorld::crash_at_commit(ServerId server, uint32_t nth, bool durable) {
  order(server, fmt::format("{} {}", durable ? "crash-after" : "crash-before", nth));
}

void LiveWorld::release_held() {
  for (Held& held : std::exchange(held_, {})) {
    if (!held.node->node) continue;
    if (held.outgoing) {
      held.node->node->send(held.peer, std::move(held.message));
    } else {
      held.node->node->receive(held.peer, std::move(held.message));
    }
  }
}

std::unique_ptr<World> make_world(const Plan& plan) { return std::make_unique<LiveWorld>(plan); }

}  // namespace harness::live
