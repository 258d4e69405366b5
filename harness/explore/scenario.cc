#include "harness/explore/scenario.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "protocol/ptlrpc.h"

namespace harness::explore {
namespace {

using protocol::as_bytes;
using protocol::Bytes;
using reference::Syscall;
using Kind = reference::Syscall::Kind;

constexpr uint32_t kReadWrite = 02, kCreate = 0100;

Call mount() { return {{.kind = Kind::mount}}; }
Call mkdir(std::string path) {
  return {{.kind = Kind::mkdir, .path = std::move(path), .mode = 0755}};
}
Call create(std::string path, uint8_t slot = 0) {
  return {
      {.kind = Kind::open, .path = std::move(path), .flags = kCreate | kReadWrite, .mode = 0644},
      slot};
}
Call open(std::string path, uint8_t slot = 0) {
  return {{.kind = Kind::open, .path = std::move(path), .flags = kReadWrite}, slot};
}
Call write(std::string_view content, uint64_t offset = 0, uint8_t slot = 0) {
  return {{.kind = Kind::write, .fd = slot, .offset = offset, .data = Bytes(as_bytes(content))}};
}
Call read(uint64_t length, uint8_t slot = 0) {
  return {{.kind = Kind::read, .fd = slot, .length = length}};
}
Call fsync(uint8_t slot = 0) { return {{.kind = Kind::fsync, .fd = slot}}; }
Call close(uint8_t slot = 0) { return {{.kind = Kind::close, .fd = slot}}; }
Call truncate(std::string path, uint64_t size) {
  return {{.kind = Kind::truncate, .path = std::move(path), .offset = size}};
}
Call unlink(std::string path) { return {{.kind = Kind::unlink, .path = std::move(path)}}; }
Call rmdir(std::string path) { return {{.kind = Kind::rmdir, .path = std::move(path)}}; }
Call stat(std::string path) { return {{.kind = Kind::stat, .path = std::move(path)}}; }
Call rename(std::string from, std::string to) {
  return {{.kind = Kind::rename, .path = std::move(from), .target = std::move(to)}};
}
Call chmod(std::string path, uint32_t mode) {
  return {{.kind = Kind::chmod, .path = std::move(path), .mode = mode}};
}
Call flock(uint32_t how, uint8_t slot = 0) {
  return {{.kind = Kind::flock, .flags = how, .fd = slot, .length = ~uint64_t{0}}};
}
constexpr uint32_t kWriteLock = 1, kUnlock = 2;  // F_WRLCK, F_UNLCK
Call execute(std::string path, uint8_t slot = 0) {
  constexpr uint32_t kExecute = 040;  // FMODE_EXEC, as exec(2) opens
  return {{.kind = Kind::open, .path = std::move(path), .flags = kExecute}, slot};
}
Call beside(Call call) {
  call.beside = true;
  return call;
}

Budget budget(std::initializer_list<std::pair<Fault, uint8_t>> entries) {
  Budget made;
  for (const auto& [fault, count] : entries) made.of(fault) = count;
  return made;
}

// A file that is written without cache and locks.
constexpr uint32_t kDirect = 040000;
Call open_direct(std::string path, uint8_t slot = 0) {
  return {{.kind = Kind::open, .path = std::move(path), .flags = kDirect | kReadWrite}, slot};
}

// A client has to be heard at each second ping.
reference::Timing impatient() {
  reference::Timing timing;
  timing.ping_evict_timeout = 2 * timing.ping_interval;
  return timing;
}

// A server's window for recovery is over before the next ping: who is idle misses it.
reference::Timing short_window() {
  reference::Timing timing;
  timing.obd_timeout = 20 * reference::kSecond;
  timing.recovery_soft = 3 * timing.obd_timeout;
  timing.recovery_hard = 9 * timing.obd_timeout;
  timing.ping_interval = 10 * timing.obd_timeout;
  timing.ping_evict_timeout = 6 * timing.ping_interval;
  return timing;
}

std::vector<Scenario> of_one_client() {
  using enum Fault;
  return {
      {.name = "mkdir",
       .what = "one client makes a directory",
       .clients = {{{mount()}, {mkdir("/d")}}}},
      {.name = "mount",
       .what = "one client mounts and asks for the root",
       .clients = {{{}, {mount(), stat("/")}}}},
      {.name = "create",
       .what = "one client creates a file and closes it",
       .clients = {{{mount()}, {create("/f"), close()}}}},
      {.name = "chmods",
       .what = "one client changes a mode twice",
       .clients = {{{mount(), mkdir("/d")}, {chmod("/d", 0700), chmod("/d", 0711)}}},
       .budget = budget({{crash, 1}})},
      {.name = "write-read",
       .what = "one client writes, forces it to the disk, reads it back",
       .clients = {{{mount(), create("/f")}, {write("content"), fsync(), read(16)}}},
       .budget = budget({{crash, 1}})},
      {.name = "open-unlink",
       .what = "one client unlinks a file that it has open, then closes it",
       .clients = {{{mount(), create("/f")}, {unlink("/f"), close()}}},
       .budget = budget({{crash, 1}})},
      {.name = "truncate",
       .what = "one client writes, truncates, asks for the size",
       .clients = {{{mount(), create("/f"), write("content"), fsync()},
                    {truncate("/f", 3), stat("/f")}}},
       .budget = budget({{crash, 1}})},
      {.name = "rewrite",
       .what = "one client writes to a file, closes it, asks for its size",
       .clients = {{{mount(), create("/f")}, {write("content"), close(), stat("/f")}}},
       .budget = budget({{crash, 1}})},
      {.name = "create-read",
       .what = "one client creates a file, writes, forces it to the disk, reads it back",
       .clients = {{{mount(), mkdir("/d")}, {create("/f"), write("content"), fsync(), read(16)}}},
       .budget = budget({{crash, 1}})},
      {.name = "chmod",
       .what = "one client changes a mode",
       .clients = {{{mount(), mkdir("/d")}, {chmod("/d", 0700)}}},
       .budget = budget({{crash, 2}})},
      {.name = "remake",
       .what = "one client removes a file and makes it again",
       .clients = {{{mount(), create("/f"), close()}, {unlink("/f"), create("/f")}}},
       .budget = budget({{crash, 1}})},
      {.name = "life",
       .what = "one client creates, writes, closes and unlinks a file",
       .clients = {{{mount()}, {create("/f"), write("content"), close(), unlink("/f")}}},
       .budget = budget({{crash, 1}})},
  };
}

// Several calls of one client at once; and what becomes of who goes for good.
std::vector<Scenario> of_one_client_more() {
  using enum Fault;
  return {
      {.name = "chmod-beside-close",
       .what = "one client changes a mode while it closes a file",
       .clients = {{{mount(), create("/f"), mkdir("/d")}, {chmod("/d", 0700), beside(close())}}},
       .budget = budget({{drop, 1}})},
      {.name = "mkdirs-beside",
       .what = "one client makes two directories at once",
       .clients = {{{mount()}, {mkdir("/a"), beside(mkdir("/b"))}}},
       .budget = budget({{drop, 1}})},
      {.name = "hold",
       .what = "one client creates a file and keeps it open",
       .clients = {{{mount()}, {create("/f")}}},
       .budget = budget({{crash, 1}})},
      {.name = "unlink",
       .what = "one client unlinks a file",
       .clients = {{{mount(), create("/f"), close()}, {unlink("/f")}}},
       .budget = budget({{crash, 1}, {death, 1}})},
      {.name = "dirty",
       .what = "one client has written, asks for another file, forces it to the disk",
       .clients = {{{mount(), create("/g"), close(), create("/f"), write("content")},
                    {stat("/g"), fsync()}}},
       .budget = budget({{evict, 1}})},
      {.name = "discard",
       .what = "one client takes away what it has just written, and writes again",
       .clients = {{{mount(), create("/f"), write("content")},
                    {truncate("/f", 0), write("more"), fsync()}}},
       .budget = budget({{drop, 1}})},
  };
}

std::vector<Scenario> of_two_clients() {
  using enum Fault;
  return {
      {.name = "mkdirs",
       .what = "two clients make a directory each",
       .clients = {{{mount()}, {mkdir("/a")}}, {{mount()}, {mkdir("/b")}}}},
      {.name = "same-name",
       .what = "two clients make the same directory, one takes it away",
       .clients = {{{mount()}, {mkdir("/d")}}, {{mount()}, {mkdir("/d"), rmdir("/d")}}},
       .budget = budget({{crash, 1}})},
      {.name = "mounts",
       .what = "two interchangeable clients mount",
       .clients = {{{}, {mount()}}, {{}, {mount()}}}},
      {.name = "twins",
       .what = "two interchangeable clients make one directory and take it away",
       .clients = {{{mount()}, {mkdir("/d"), rmdir("/d")}},
                   {{mount()}, {mkdir("/d"), rmdir("/d")}}}},
      {.name = "rename-stat",
       .what = "one client renames what another knows",
       .clients = {{{mount(), mkdir("/a")}, {rename("/a", "/b")}},
                   {{mount(), stat("/a")}, {stat("/b")}}},
       .budget = budget({{crash, 1}})},
      {.name = "stale-name",
       .what = "one client renames what another knows by its old name",
       .clients = {{{mount(), mkdir("/a")}, {rename("/a", "/b")}},
                   {{mount(), stat("/a")}, {stat("/a")}}},
       .budget = budget({{evict, 1}})},
      {.name = "moved-parent",
       .what = "one client renames a directory below which another knows a name",
       .clients = {{{mount(), mkdir("/a"), mkdir("/a/b")}, {rename("/a", "/c")}},
                   {{mount(), stat("/a/b")}, {stat("/a/b")}}}},
      {.name = "chmod-chmod",
       .what = "two clients change the mode of a directory each",
       .clients = {{{mount(), mkdir("/a")}, {chmod("/a", 0700)}},
                   {{mount(), mkdir("/b")}, {chmod("/b", 0700)}}},
       .budget = budget({{crash, 1}})},
      {.name = "chmod-same",
       .what = "two clients change the mode of one directory",
       .clients = {{{mount(), mkdir("/a")}, {chmod("/a", 0700)}},
                   {{mount(), stat("/a")}, {chmod("/a", 0711)}}},
       .budget = budget({{crash, 1}})},
      {.name = "made-and-gone",
       .what = "one client makes a directory that another takes away",
       .clients = {{{mount()}, {mkdir("/d")}}, {{mount(), mkdir("/d")}, {rmdir("/d")}}},
       .budget = budget({{drop, 1}})},
  };
}

std::vector<Scenario> of_one_file() {
  using enum Fault;
  return {
      {.name = "write-write",
       .what = "two clients write to one file at the same place",
       .clients = {{{mount(), create("/f")}, {write("one")}},
                   {{mount(), open("/f")}, {write("two")}}}},
      {.name = "write-read-2",
       .what = "one client reads what another writes",
       .clients = {{{mount(), create("/f")}, {write("new")}}, {{mount(), open("/f")}, {read(16)}}},
       .budget = budget({{evict, 1}})},
      {.name = "conflict",
       .what = "two clients write to one file, one of them renames it",
       .clients = {{{mount(), create("/f")}, {write("one"), rename("/f", "/g")}},
                   {{mount(), open("/f")}, {write("two")}}},
       .budget = budget({{crash, 1}, {evict, 1}})},
      {.name = "conflict-stat",
       .what = "as conflict, the second asks for the new name",
       .clients = {{{mount(), create("/f")}, {write("one"), rename("/f", "/g")}},
                   {{mount(), open("/f")}, {write("two"), stat("/g")}}},
       .budget = budget({{crash, 1}, {evict, 1}})},
      {.name = "open-unlink-2",
       .what = "one client unlinks what another has open",
       .clients = {{{mount(), create("/f")}, {read(4), close()}}, {{mount()}, {unlink("/f")}}},
       .budget = budget({{crash, 1}})},
      {.name = "close-unlink",
       .what = "one client closes what another unlinks",
       .clients = {{{mount(), create("/f")}, {close()}}, {{mount(), stat("/f")}, {unlink("/f")}}},
       .budget = budget({{crash, 1}})},
      {.name = "hold-unlink",
       .what = "one client keeps open what another unlinks",
       .clients = {{{mount(), create("/f")}, {}}, {{mount(), stat("/f")}, {unlink("/f")}}},
       .budget = budget({{crash, 1}})},
      {.name = "close-orphan",
       .what = "two clients have a file open that has no name, one closes it",
       .clients = {{{mount(), create("/f")}, {close()}}, {{mount(), open("/f"), unlink("/f")}, {}}},
       .budget = budget({{crash, 1}})},
      {.name = "execute",
       .what = "one client executes what another has open for writing",
       .clients = {{{mount(), create("/f")}, {}}, {{mount()}, {execute("/f")}}}},
      {.name = "create-unlink",
       .what = "one client creates a file, another removes it",
       .clients = {{{mount(), mkdir("/a")}, {create("/f")}}, {{mount()}, {unlink("/f")}}},
       .budget = budget({{crash, 1}, {drop, 1}})},
      {.name = "dirty-lock",
       .what = "one client has written what another wants to read",
       .clients = {{{mount(), create("/f"), write("new")}, {}},
                   {{mount(), open("/f")}, {read(16)}}},
       .budget = budget({{crash, 1}})},
      {.name = "dirty-size",
       .what = "one client has written to a file whose size another asks for",
       .clients = {{{mount(), create("/f"), write("content")}, {}}, {{mount()}, {stat("/f")}}},
       .budget = budget({{evict, 1}})},
      {.name = "flocks",
       .what = "two clients take the same file lock",
       .clients = {{{mount(), create("/f")}, {flock(kWriteLock), flock(kUnlock)}},
                   {{mount(), open("/f")}, {flock(kWriteLock), flock(kUnlock)}}}},
      {.name = "flock-held",
       .what = "one client keeps a file lock, another waits for it",
       .clients = {{{mount(), create("/f"), flock(kWriteLock)}, {}},
                   {{mount(), open("/f")}, {flock(kWriteLock)}}},
       .timing = impatient()},
      {.name = "truncate-stat",
       .what = "one client truncates, another asks for the size",
       .clients = {{{mount(), create("/f"), write("content"), fsync()}, {truncate("/f", 3)}},
                   {{mount()}, {stat("/f")}}}},
  };
}

// Sizes and contents that only the servers know.
std::vector<Scenario> of_one_file_more() {
  using enum Fault;
  return {
      {.name = "stat-size",
       .what = "one client writes, another asks for the size",
       .clients = {{{mount(), create("/f")}, {write("content")}}, {{mount()}, {stat("/f")}}},
       .budget = budget({{drop, 1}})},
      {.name = "truncate-read",
       .what = "one client truncates what another reads and asks for the size of",
       .clients = {{{mount(), create("/f"), write("content"), fsync()}, {truncate("/f", 3)}},
                   {{mount(), open("/f")}, {read(16), stat("/f")}}}},
      {.name = "direct-write",
       .what = "one client writes without a lock what another has written and reads",
       .clients = {{{mount(), create("/f"), write("cached")}, {read(16)}},
                   {{mount(), open_direct("/f")}, {write("direct")}}}},
      {.name = "write-apart",
       .what = "two clients write to one file at different places, a third asks for the size",
       .clients = {{{mount(), create("/f")}, {write("one")}},
                   {{mount(), open("/f")}, {write("two", 4096)}},
                   {{mount(), open("/f"), write("old")}, {stat("/f")}}}},
  };
}

// Clients that die beside an MDS that does, and nothing else that goes wrong: MGS and OSTs are
// prompt.
std::vector<Scenario> of_the_lost() {
  using enum Fault;
  constexpr uint8_t kMds = 1, kFirstClient = 3;
  const auto mds_and_first = [](Scenario scenario) {
    scenario.aims = {{crash, kMds, kMds}, {death, kFirstClient, kFirstClient}};
    scenario.prompt = scenario.prompt_osts = true;
    scenario.timing = short_window();
    return scenario;
  };
  const Script first{{mount(), mkdir("/a")}, {chmod("/a", 0700)}};
  const Script same{{mount(), stat("/a")}, {chmod("/a", 0711)}};
  const Script other{{mount(), mkdir("/b")}, {chmod("/b", 0700)}};
  Scenario unheard = mds_and_first({.name = "unheard-chmod",
                                    .what = "as lost-chmod, the first may not hear of its change",
                                    .clients = {first, same},
                                    .budget = budget({{crash, 1}, {drop, 1}})});
  unheard.aims.push_back({.fault = drop,
                          .from = kMds,
                          .to = kFirstClient,
                          .opcode = protocol::ptlrpc::opcode::kMdsReint,
                          .answers = true});
  unheard.timing = {};
  Scenario forgotten =
      mds_and_first({.name = "evicted-chmod",
                     .what = "as lost-chmod, the first may be evicted, and goes on",
                     .clients = {{first.prepared, {chmod("/a", 0700), chmod("/a", 0750)}}, same},
                     .budget = budget({{crash, 1}, {evict, 1}})});
  forgotten.aims.push_back({evict, kFirstClient, kMds});
  return {
      std::move(unheard),
      std::move(forgotten),
      mds_and_first({.name = "lost-chmod",
                     .what = "two clients change the mode of one directory, the first may die",
                     .clients = {first, same},
                     .budget = budget({{crash, 1}, {death, 1}})}),
      mds_and_first({.name = "lost-chmod-apart",
                     .what = "two clients change the mode of a directory each, the first may die",
                     .clients = {first, other},
                     .budget = budget({{crash, 1}, {death, 1}})}),
      mds_and_first({.name = "lost-chmod-three",
                     .what = "as lost-chmod, beside a third client that does nothing",
                     .clients = {first, same, {{mount()}, {}}},
                     .budget = budget({{crash, 1}, {death, 1}})}),
      mds_and_first({.name = "lost-idle",
                     .what = "one client that does nothing may die, another makes a directory",
                     .clients = {{{mount()}, {}}, {{mount()}, {mkdir("/d")}}},
                     .budget = budget({{crash, 1}, {death, 1}}),
                     .patience = 1000 * reference::kSecond}),
      mds_and_first({.name = "open-unlink-close",
                     .what = "one client opens, unlinks and closes what another keeps open",
                     .clients = {{{mount(), stat("/")}, {open("/f"), unlink("/f"), close()}},
                                 {{mount(), create("/f")}, {}}},
                     .budget = budget({{crash, 1}})}),
  };
}

// The profile som, with the fence but where an OST would refuse what bears no epoch.
std::vector<Scenario> of_sizes() {
  using enum Fault;
  Call create_direct = create("/f");
  create_direct.call.flags |= kDirect;
  const std::vector<Call> closed = {mount(), create_direct, write("content"), close()};
  const std::vector<Call> longer = {open_direct("/f"), write("longer", 7), close()};
  constexpr uint8_t kOst = 2, kWriter = 3;
  const reference::SomConfig unfenced = {.on = true, .policies = reference::kSomBase};
  reference::SomConfig fenced = unfenced;
  fenced.policies.add(reference::SomPolicy::fence);
  return {
      {.name = "som-writers",
       .what = "Size-on-MDS: one client writes what another has open, too, and asks the size of",
       .clients = {{closed, longer}, {{mount()}, {open("/f"), close(), stat("/f")}}},
       .som = fenced},
      {.name = "som-told",
       .what = "Size-on-MDS: one client writes to a file whose size another knows, and asks again",
       .clients = {{closed, {open("/f"), write("longer", 7)}},
                   {{mount()}, {stat("/f"), stat("/f")}}},
       .som = fenced},
      {.name = "som-cut",
       .what = "Size-on-MDS: one client truncates a file whose size another asks for",
       .clients = {{closed, {truncate("/f", 3)}}, {{mount()}, {stat("/f")}}},
       .som = unfenced},
      {.name = "som-unread",
       .what = "Size-on-MDS: one client writes and closes, and may be lost to the OST before",
       .clients = {{closed, longer}, {{mount()}, {stat("/f")}}},
       .budget = budget({{evict, 1}}),
       .aims = {{evict, kWriter, kOst}},
       .som = fenced},
  };
}

std::vector<Scenario> make() {
  std::vector<Scenario> all = of_one_client();
  std::ranges::move(of_one_client_more(), std::back_inserter(all));
  std::ranges::move(of_two_clients(), std::back_inserter(all));
  std::ranges::move(of_one_file(), std::back_inserter(all));
  std::ranges::move(of_one_file_more(), std::back_inserter(all));
  std::ranges::move(of_the_lost(), std::back_inserter(all));
  std::ranges::move(of_sizes(), std::back_inserter(all));
  return all;
}

}  // namespace

std::string_view fault_name(Fault fault) {
  static constexpr std::array<std::string_view, kFaults> kNames = {
      "crash", "drop", "delay", "duplicate", "reorder", "evict", "death"};
  return kNames[static_cast<size_t>(fault)];
}

std::string_view fault_option(Fault fault) {
  static constexpr std::array<std::string_view, kFaults> kNames = {
      "crashes", "drops", "delays", "duplicates", "reorders", "evictions", "deaths"};
  return kNames[static_cast<size_t>(fault)];
}

std::string Budget::text() const {
  std::string text;
  for (size_t i = 0; i < kFaults; ++i) {
    if (left[i] == 0) continue;
    const auto fault = static_cast<Fault>(i);
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", left[i],
                        left[i] == 1 ? fault_name(fault) : fault_option(fault));
  }
  return text.empty() ? "no faults" : text;
}

std::string timing_text(const reference::Timing& timing) {
  using reference::Timing;
  struct Field {
    std::string_view name;
    Time Timing::* value;
  };
  static constexpr auto kFields = std::to_array<Field>({
      Field{"obd_timeout", &Timing::obd_timeout},
      Field{"ping_interval", &Timing::ping_interval},
      Field{"ping_evict_timeout", &Timing::ping_evict_timeout},
      Field{"connect_timeout", &Timing::connect_timeout},
      Field{"reconnect_delay", &Timing::reconnect_delay},
      Field{"recovery_soft", &Timing::recovery_soft},
      Field{"recovery_hard", &Timing::recovery_hard},
      Field{"lock_callback_timeout", &Timing::lock_callback_timeout},
      Field{"at_min", &Timing::at_min},
      Field{"at_max", &Timing::at_max},
      Field{"at_early_margin", &Timing::at_early_margin},
      Field{"at_extra", &Timing::at_extra},
      Field{"bulk_timeout", &Timing::bulk_timeout},
      Field{"keepalive", &Timing::keepalive},
      Field{"zero_copy_timeout", &Timing::zero_copy_timeout},
      Field{"write_back_delay", &Timing::write_back_delay},
  });
  static_assert(std::size(kFields) * sizeof(Time) == sizeof(Timing));
  std::string text;
  for (const Field& field : kFields) {
    const Time value = timing.*field.value;
    if (value == Timing().*field.value) continue;
    text += fmt::format("{} {} {} s", text.empty() ? " but" : ",", field.name,
                        static_cast<double>(value) / static_cast<double>(reference::kSecond));
  }
  return "Lustre's defaults" + text;
}

std::span<const Scenario> scenarios() {
  static const std::vector<Scenario> kAll = make();
  return kAll;
}

const Scenario* find_scenario(std::string_view name) {
  const auto all = scenarios();
  const auto at = std::ranges::find(all, name, &Scenario::name);
  return at == all.end() ? nullptr : &*at;
}

}  // namespace harness::explore
