#include "harness/live/target_world.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>

#include "harness/live/command.h"
#include "harness/live/server.h"
#include "protocol/check.h"
#include "reference/client.h"
#include "reference/layout.h"
#include "reference/nid.h"

namespace harness::live {
namespace {

using reference::kSecond;
using reference::nid_address;
using Kind = Syscall::Kind;

constexpr uint32_t kAddressesMax = 250;        // of a block on loopback
constexpr Time kFirstAnswer = 60 * kSecond;    // of servers that were just found
constexpr Time kRefusalIsFinal = 5 * kSecond;  // nobody listens: so long it may be starting
constexpr Time kGoodbye = 30 * kSecond;        // of a client, in the end
constexpr uint32_t kTreeDepthMax = 64;
constexpr int32_t kEbusy = -16;
constexpr uint32_t kPidMask = 0x0fff'ffff;  // the bits above are reserved
constexpr uint32_t kLoopbackNet = 127;

std::chrono::nanoseconds wall_clock() {
  return std::chrono::system_clock::now().time_since_epoch();
}

bool on_loopback(PeerId peer) { return nid_address(peer.nid) >> 24 == kLoopbackNet; }

PeerId first_of(const TargetFile& target) { return target.mgs ? *target.mgs : *target.mdt; }

Cast cast_of(const TargetFile& target) {
  Cast cast{.dialect = target.dialect, .fsname = target.fsname, .mgs = {}, .mds = {}, .osts = {}};
  if (target.mgs) cast.mgs = *target.mgs;
  if (target.mdt) cast.mds = *target.mdt;
  cast.osts = target.osts;
  return cast;
}

std::vector<reference::ConfigTarget> config_targets(const TargetFile& target) {
  using reference::ConfigTarget;
  std::vector<ConfigTarget> targets;
  if (target.mgs) return targets;
  targets.push_back({ConfigTarget::Kind::mdt, 0, target.fsname + "-MDT0000_UUID", {*target.mdt}});
  for (uint32_t i = 0; i < target.osts.size(); ++i) {
    targets.push_back({ConfigTarget::Kind::ost,
                       i,
                       fmt::format("{}-OST{:04x}_UUID", target.fsname, i),
                       {target.osts[i]}});
  }
  return targets;
}

}  // namespace

TargetWorld::TargetWorld(const Setup& setup, const TargetFile& target, Bare)
    : ClientSide(setup),
      target_(target),
      salt_(static_cast<uint64_t>(wall_clock().count())),
      directory_(fmt::format("/assay-{:x}", salt_)) {
  cast_ = cast_of(target);
  if (target_.clients.empty() && on_loopback(first_of(target))) {
    block_.emplace(LoopbackBlock::claim());
  }
  if (!setup.capture.empty()) {
    const auto base = std::chrono::duration_cast<std::chrono::seconds>(wall_clock()).count();
    capture_ =
        std::make_unique<record::MessageCapture>(setup.capture, base - live::now() / kSecond);
    CHECK(capture_->ok(), "the capture file cannot be written");
  }
}

TargetWorld::TargetWorld(const Setup& setup, const TargetFile& target)
    : TargetWorld(setup, target, Bare{}) {
  cast_ = setup.cast;
  chronicle_.begin(setup.recorder);
  injector().know(cast_.mgs, faults::kTheMgs);
  injector().know(cast_.mds, faults::kTheMds);
  for (uint32_t i = 0; i < cast_.osts.size(); ++i) {
    injector().know(cast_.osts[i], faults::ost_name(i));
  }
  if (auto mounted = mount_keeper(patience()); !mounted) throw Broken{mounted.error()};
  Syscall make{.kind = Kind::mkdir, .path = directory_, .mode = 0777};
  if (const int32_t status = call(make).status; status != 0) {
    throw Broken{fmt::format("mkdir {}: {}", directory_, std::strerror(-status))};
  }
}

TargetWorld::~TargetWorld() {
  chronicle_.end();
  try {
    clean_up();
  } catch (const Broken& broken) {
    fmt::print(stderr, "assay: cleaning up: {}\n", broken.why);
  } catch (const Unsupported& unsupported) {
    fmt::print(stderr, "assay: cleaning up: {}\n", unsupported.why);
  }
  clear();
}

// --- our side ---

// With addresses enough, a node is like a kernel client; those that share one are told apart by
// their pids, as user-space clients are, and do not listen.
ClientSide::Seat TargetWorld::seat(uint32_t index, ProbeKind kind) {
  Seat out;
  reference::Config& config = out.config;
  const bool own_address = block_ || !target_.clients.empty();
  if (block_ ? index >= kAddressesMax : own_address && index >= target_.clients.size()) {
    throw Unsupported{fmt::format("{} names too few addresses for clients", target_.name)};
  }
  if (block_) {
    config.self = {reference::make_nid(block_->address(index + 1)), reference::kLnetPid};
  } else if (own_address) {
    config.self = target_.clients[index];
  } else {
    const PeerId server = first_of(target_);
    const auto own = own_address_towards(nid_address(server.nid));
    if (!own) throw Broken{fmt::format("there is no way to {}", reference::nid_text(server.nid))};
    config.self.nid = (server.nid & ~uint64_t{0xffff'ffff}) | *own;
  }
  config.dialect = target_.dialect;
  config.fsname = target_.fsname;
  config.mgs = cast_.mgs;
  out.targets = config_targets(target_);
  config.timing = target_.timing;
  config.som = setup_.som;
  config.seed = salt_;
  config.incarnation = static_cast<uint64_t>(wall_clock().count());
  config.wall_clock_base_s =
      std::chrono::duration_cast<std::chrono::seconds>(wall_clock()).count() - now() / kSecond;
  const bool kernel = own_address && kind == ProbeKind::kernel && may_use_privileged_ports();
  if (!kernel) {
    const uint32_t pid = (static_cast<uint32_t>(getpid()) << 8 | index) & kPidMask;
    config.self.pid = reference::kUserspacePid | pid;
  }
  out.options = node_options(config, target_.port);
  out.options.lnet.privileged = kernel;
  if (kernel) out.options.listen = {nid_address(config.self.nid), target_.port};
  return out;
}

void TargetWorld::saw(PeerId from, PeerId to, const Bytes& message) {
  if (capture_) capture_->message(now(), from, to, message);
}

void TargetWorld::unreachable(PeerId peer, std::string_view why) { in_vain_[peer] = why; }

std::string TargetWorld::dialled_in_vain() const {
  std::string text;
  for (const auto& [peer, why] : in_vain_) {
    text += fmt::format("{}{} port {}: {}", text.empty() ? "" : "; ", reference::nid_text(peer.nid),
                        target_.port, why);
  }
  return text;
}

OrderId TargetWorld::submit(ClientId client, const Syscall& syscall) {
  if (syscall.kind != Kind::mount) return ClientSide::submit(client, syscall);
  if (std::ranges::find(mounted_, client.index, &ClientId::index) == mounted_.end()) {
    mounted_.push_back(client);
  }
  Syscall mount = syscall;
  mount.path = syscall.path == "/" ? directory_ : directory_ + syscall.path;
  return ClientSide::submit(client, mount);
}

void TargetWorld::kill_client(ClientId client) {
  ClientSide::kill_client(client);
  killed_.push_back(client_uuid(client));
  std::erase_if(mounted_, [&](ClientId other) { return other.index == client.index; });
}

// The client that looks after the directory.
std::expected<void, std::string> TargetWorld::mount_keeper(Time limit) {
  keeper_ = add_unnamed_client();
  const OrderId order = ClientSide::submit(keeper_, {.kind = Kind::mount, .path = "/"});
  const Time begun = now();
  const auto hopeless = [&] { return !in_vain_.empty() && now() - begun >= kRefusalIsFinal; };
  while (result(keeper_, order) == nullptr && now() - begun < limit) {
    if (limit == kFirstAnswer && hopeless()) break;
    pass(kQuiet);
  }
  const Result* mounted = result(keeper_, order);
  const std::string what =
      fmt::format("{} from {}", target_.fsname, reference::nid_text(first_of(target_).nid));
  if (mounted == nullptr) {
    const std::string vain = dialled_in_vain();
    return std::unexpected(fmt::format(
        "{}: {}", what,
        vain.empty() ? fmt::format("port {} was dialled, no answer", target_.port) : vain));
  }
  if (mounted->status != 0) {
    return std::unexpected(
        fmt::format("{}: the mount failed: {}", what, std::strerror(-mounted->status)));
  }
  return {};
}

Result TargetWorld::call(const Syscall& syscall) {
  const OrderId order = ClientSide::submit(keeper_, syscall);
  if (!run_until([&] { return result(keeper_, order) != nullptr; })) {
    throw Broken{fmt::format("{} does not answer any more", target_.name)};
  }
  return *result(keeper_, order);
}

void TargetWorld::settle() {
  ClientSide::settle();
  if (!down_.empty() || !behind_barrier_.empty()) return;
  call({.kind = Kind::sync});
  ClientSide::settle();
}

// --- the servers ---

PeerId TargetWorld::peer_of(ServerId server) const {
  switch (server.role) {
    case Role::mgs:
      return cast_.mgs;
    case Role::mds:
      return cast_.mds;
    case Role::ost:
      return cast_.osts.at(server.index);
  }
  CHECK(false, "no such role");
}

std::string TargetWorld::name_of(ServerId server) const {
  switch (server.role) {
    case Role::mgs:
      return "MGS";
    case Role::mds:
      return fmt::format("{}-MDT{:04x}", target_.fsname, server.index);
    case Role::ost:
      return fmt::format("{}-OST{:04x}", target_.fsname, server.index);
  }
  CHECK(false, "no such role");
}

void TargetWorld::run_command(const std::string& text, const std::string& what) {
  ShellCommand running(loop_, text);
  run_until([&] { return running.ended(); });
  if (!running.succeeded()) throw Broken{fmt::format("{}: `{}` {}", what, text, running.account())};
}

void TargetWorld::command(std::string_view verb, ServerId server, const std::string& uuid) {
  const auto text =
      command_for(target_, verb,
                  {{"node", reference::address_text(nid_address(peer_of(server).nid))},
                   {"target", name_of(server)},
                   {"uuid", uuid}});
  if (!text) throw Unsupported{fmt::format("{} names no command for {}", target_.name, verb)};
  run_command(*text, fmt::format("{} of {}", verb, name_of(server)));
}

void TargetWorld::tell(std::string_view what, ServerId server) {
  if (!chronicle_.on()) return;
  chronicle_.faulted(peer_of(server),
                     fmt::format("{} {}{}", what, role_name(server.role), server.index));
}

void TargetWorld::crash(ServerId server) {
  command("crash", server);
  tell("crash", server);
  down_.insert(server);
  behind_barrier_.erase(server);
}

void TargetWorld::stop(ServerId server) {
  command("stop", server);
  tell("stop", server);
  down_.insert(server);
}

void TargetWorld::start(ServerId server) {
  command("start", server);
  down_.erase(server);
}

void TargetWorld::start_as(ServerId server, Dialect dialect) {
  const std::string version(dialect_name(dialect));
  const auto found = target_.versions.find(version);
  if (found == target_.versions.end()) {
    throw Unsupported{fmt::format("{} names no command for version {}", target_.name, version)};
  }
  TargetFile as = target_;
  as.can["version"] = found->second;
  const auto text =
      command_for(as, "version",
                  {{"node", reference::address_text(nid_address(peer_of(server).nid))},
                   {"target", name_of(server)},
                   {"version", version}});
  run_command(*text, fmt::format("version {} of {}", version, name_of(server)));
  down_.erase(server);
}

void TargetWorld::evict(ServerId server, const std::string& client_uuid) {
  command("evict", server, client_uuid);
}

void TargetWorld::abort_recovery(ServerId server) { command("abort_recovery", server); }

void TargetWorld::hold_commits(ServerId server) {
  command("replay_barrier", server);
  behind_barrier_.insert(server);
}

// After the crash there is nothing to release.
void TargetWorld::release_commits(ServerId server) {
  if (behind_barrier_.contains(server)) {
    throw Unsupported{"behind a replay barrier commits flow again only after a crash"};
  }
}

void TargetWorld::crash_at_commit(ServerId, uint32_t, bool) {
  throw Unsupported{"a server of others dies at no chosen commit"};
}

// --- the end ---

void TargetWorld::remove_tree(const std::string& path, uint32_t depth) {
  if (depth > kTreeDepthMax) return;
  for (const DirectoryEntry& entry : call({.kind = Kind::readdir, .path = path}).entries) {
    if (entry.name == "." || entry.name == "..") continue;
    const std::string child = path + "/" + entry.name;
    const Result found = call({.kind = Kind::lstat, .path = child});
    if (S_ISDIR(found.attributes.mode)) {
      remove_tree(child, depth + 1);
    } else {
      call({.kind = Kind::unlink, .path = child});
    }
  }
  call({.kind = Kind::rmdir, .path = path});
}

void TargetWorld::clean_up() {
  for (const ServerId server : std::set(behind_barrier_)) crash(server);
  for (const ServerId server : std::set(down_)) start(server);
  if (client_machine(keeper_) == nullptr || !client_machine(keeper_)->mounted()) return;
  for (const ClientId client : mounted_) {
    const OrderId order = ClientSide::submit(client, {.kind = Kind::unmount});
    const Time until = now() + kGoodbye;
    while (result(client, order) == nullptr && now() < until) pass(kQuiet);
    const Result* gone = result(client, order);
    if (gone == nullptr || gone->status == kEbusy) killed_.push_back(client_uuid(client));
  }
  if (setup_.servers) remove_tree(directory_, 0);
  call({.kind = Kind::unmount});
  if (!can("evict")) return;
  for (const std::string& uuid : killed_) {
    evict(kMds, uuid);
    for (uint32_t i = 0; i < cast_.osts.size(); ++i) evict(ost(i), uuid);
  }
}

// --- who they are ---

Servers TargetWorld::survey() {
  for (const reference::Import& import : client_machine(keeper_)->imports()) {
    const reference::ImportSetup& setup = import.setup();
    if (setup.kind == reference::ImportSetup::Kind::mds) cast_.mds = setup.peers.front();
    if (setup.kind != reference::ImportSetup::Kind::ost) continue;
    const size_t index = setup.number - 2;
    if (cast_.osts.size() <= index) cast_.osts.resize(index + 1);
    cast_.osts[index] = setup.peers.front();
  }
  Servers servers{.cast = cast_};
  // How far a file is striped is what one that was made with a wish for all OSTs has.
  const std::string path = directory_ + "-stripes";
  const Result made = call({.kind = Kind::open,
                            .path = path,
                            .flags = 0101,  // O_CREAT | O_WRONLY
                            .mode = 0600,
                            .stripe_count = static_cast<uint32_t>(cast_.osts.size())});
  if (made.status != 0) return servers;
  const Result layout = call({.kind = Kind::getxattr, .path = path, .target = "trusted.lov"});
  const auto decoded = reference::decode_layout(layout.data.view());
  if (decoded) servers.stripes = static_cast<uint32_t>(decoded->stripes.size());
  call({.kind = Kind::close, .fd = made.value});
  call({.kind = Kind::unlink, .path = path});
  return servers;
}

std::expected<Servers, std::string> find_servers(const TargetFile& target) {
  TargetWorld world({.dialect = target.dialect}, target, TargetWorld::Bare{});
  if (auto mounted = world.mount_keeper(kFirstAnswer); !mounted) {
    return std::unexpected(mounted.error());
  }
  try {
    return world.survey();
  } catch (const Broken& broken) {
    return std::unexpected(broken.why);
  }
}

}  // namespace harness::live
