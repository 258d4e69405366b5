#include "harness/record/capsule.h"

#include <capnp/message.h>
#include <capnp/serialize.h>
#include <fmt/format.h>

#include <array>
#include <cstring>

#include "harness/record/capsule.capnp.h"

namespace harness::record {
namespace {

using reference::Dialect;

constexpr std::string_view kMagic = "ASSAYCAP";
constexpr size_t kHeader = 16;
constexpr size_t kWord = sizeof(capnp::word);
constexpr uint32_t kClientsMax = 64, kCallsMax = 4096, kOstsMax = 64;

std::string_view text_of(Dialect dialect) { return dialect == Dialect::v1_8 ? "1.8" : "2.0"; }
std::string string_of(capnp::Text::Reader text) { return {text.begin(), text.size()}; }
capnp::Text::Reader reader_of(std::string_view text) {
  static thread_local std::string kept;  // capnp wants a NUL behind it
  kept = text;
  return {kept.c_str(), kept.size()};
}

// In the schema's order.
template <class T>  // Timing, const or not
auto intervals_of(T& t) {
  return std::to_array({&t.obd_timeout, &t.ping_interval, &t.ping_evict_timeout, &t.connect_timeout,
                        &t.reconnect_delay, &t.recovery_soft, &t.recovery_hard,
                        &t.lock_callback_timeout, &t.at_min, &t.at_max, &t.at_early_margin,
                        &t.at_extra, &t.bulk_timeout, &t.keepalive, &t.zero_copy_timeout,
                        &t.write_back_delay});
}
static_assert(sizeof(reference::Timing) == 16 * sizeof(reference::Time),
              "a new interval: to the end of intervals_of(), with a new version");

void put(schema::Call::Builder out, const Capsule::Call& call) {
  const reference::Syscall& from = call.call;
  out.setKind(static_cast<uint16_t>(from.kind));
  out.setPath(reader_of(from.path));
  out.setTarget(reader_of(from.target));
  out.setFlags(from.flags);
  out.setMode(from.mode);
  out.setUid(from.uid);
  out.setGid(from.gid);
  out.setFd(from.fd);
  out.setOffset(from.offset);
  out.setLength(from.length);
  out.setAtime(from.atime);
  out.setMtime(from.mtime);
  out.setStripeCount(from.stripe_count);
  out.setStripeSize(from.stripe_size);
  out.setData(capnp::Data::Reader(from.data.data(), from.data.size()));
  out.setSlot(call.slot);
  out.setBeside(call.beside);
}

void put(schema::Scenario::Builder out, const Capsule& capsule) {
  out.setName(reader_of(capsule.scenario));
  out.setDialect(reader_of(text_of(capsule.dialect)));
  out.setOsts(capsule.osts);
  out.setSeed(capsule.seed);
  out.setPatience(capsule.patience);
  auto defects = out.initDefects(static_cast<unsigned>(capsule.defects.size()));
  for (unsigned i = 0; i < defects.size(); ++i) defects.set(i, reader_of(capsule.defects[i]));
  const auto intervals = intervals_of(capsule.timing);
  auto timing = out.initTiming(static_cast<unsigned>(intervals.size()));
  for (unsigned i = 0; i < intervals.size(); ++i) timing.set(i, *intervals[i]);
  auto clients = out.initClients(static_cast<unsigned>(capsule.clients.size()));
  for (unsigned i = 0; i < clients.size(); ++i) {
    const Capsule::Client& client = capsule.clients[i];
    auto prepared = clients[i].initPrepared(static_cast<unsigned>(client.prepared.size()));
    for (unsigned n = 0; n < prepared.size(); ++n) put(prepared[n], client.prepared[n]);
    auto calls = clients[i].initCalls(static_cast<unsigned>(client.calls.size()));
    for (unsigned n = 0; n < calls.size(); ++n) put(calls[n], client.calls[n]);
    clients[i].setBegun(client.begun);
    clients[i].setUnhurried(client.unhurried);
    clients[i].setLast(client.last);
  }
  out.setPrompt(capsule.prompt);
  out.setPromptOsts(capsule.prompt_osts);
  auto slow = out.initSlowOpcodes(static_cast<unsigned>(capsule.slow_opcodes.size()));
  for (unsigned i = 0; i < slow.size(); ++i) slow.set(i, capsule.slow_opcodes[i]);
  out.setSom(capsule.som);
  out.setSomFromRestart(capsule.som_from_restart);
  out.setCrashLoses(capsule.crash_loses);
  auto policies = out.initSomPolicies(static_cast<unsigned>(capsule.som_policies.size()));
  for (unsigned i = 0; i < policies.size(); ++i) {
    policies.set(i, reader_of(capsule.som_policies[i]));
  }
  auto budget = out.initBudget(static_cast<unsigned>(capsule.budget.size()));
  for (unsigned i = 0; i < budget.size(); ++i) {
    budget[i].setName(reader_of(capsule.budget[i].first));
    budget[i].setCount(capsule.budget[i].second);
  }
}

std::expected<Capsule::Call, std::string> take(schema::Call::Reader in) {
  Capsule::Call call;
  reference::Syscall& to = call.call;
  if (in.getKind() > static_cast<uint16_t>(reference::Syscall::Kind::sync)) {
    return std::unexpected(fmt::format("a call of the unknown kind {}", in.getKind()));
  }
  to.kind = static_cast<reference::Syscall::Kind>(in.getKind());
  to.path = string_of(in.getPath());
  to.target = string_of(in.getTarget());
  to.flags = in.getFlags();
  to.mode = in.getMode();
  to.uid = in.getUid();
  to.gid = in.getGid();
  to.fd = in.getFd();
  to.offset = in.getOffset();
  to.length = in.getLength();
  to.atime = in.getAtime();
  to.mtime = in.getMtime();
  to.stripe_count = in.getStripeCount();
  to.stripe_size = in.getStripeSize();
  const capnp::Data::Reader data = in.getData();
  to.data = protocol::Bytes(protocol::ByteView(data.begin(), data.size()));
  call.slot = in.getSlot();
  call.beside = in.getBeside();
  return call;
}

std::expected<std::vector<Capsule::Call>, std::string> take(
    capnp::List<schema::Call>::Reader calls) {
  if (calls.size() > kCallsMax) return std::unexpected("too many calls");
  std::vector<Capsule::Call> taken;
  for (const auto call : calls) {
    auto one = take(call);
    if (!one) return std::unexpected(one.error());
    taken.push_back(*std::move(one));
  }
  return taken;
}

std::expected<void, std::string> take_clients(schema::Scenario::Reader in, Capsule& capsule) {
  if (in.getClients().size() > kClientsMax) return std::unexpected("too many clients");
  for (const auto client : in.getClients()) {
    auto prepared = take(client.getPrepared());
    if (!prepared) return std::unexpected(prepared.error());
    auto calls = take(client.getCalls());
    if (!calls) return std::unexpected(calls.error());
    capsule.clients.push_back({*std::move(prepared), *std::move(calls), client.getBegun(),
                               client.getUnhurried(), client.getLast()});
  }
  return {};
}

std::expected<void, std::string> take(schema::Scenario::Reader in, Capsule& capsule) {
  capsule.scenario = string_of(in.getName());
  const std::string dialect = string_of(in.getDialect());
  if (dialect != "1.8" && dialect != "2.0") {
    return std::unexpected(fmt::format("the unknown dialect \"{}\"", dialect));
  }
  capsule.dialect = dialect == "1.8" ? Dialect::v1_8 : Dialect::v2_0;
  capsule.osts = in.getOsts();
  if (capsule.osts > kOstsMax) return std::unexpected("too many OSTs");
  capsule.seed = in.getSeed();
  capsule.patience = in.getPatience();
  for (const auto defect : in.getDefects()) capsule.defects.push_back(string_of(defect));
  const auto intervals = intervals_of(capsule.timing);
  if (in.getTiming().size() != intervals.size()) {
    return std::unexpected(
        fmt::format("{} intervals where there are {}", in.getTiming().size(), intervals.size()));
  }
  for (unsigned i = 0; i < intervals.size(); ++i) *intervals[i] = in.getTiming()[i];
  for (const auto fault : in.getBudget()) {
    capsule.budget.emplace_back(string_of(fault.getName()), fault.getCount());
  }
  capsule.prompt = in.getPrompt();
  capsule.prompt_osts = in.getPromptOsts();
  for (const uint32_t opcode : in.getSlowOpcodes()) capsule.slow_opcodes.push_back(opcode);
  capsule.som = in.getSom();
  capsule.som_from_restart = in.getSomFromRestart();
  capsule.crash_loses = in.getCrashLoses();
  for (const auto policy : in.getSomPolicies()) capsule.som_policies.push_back(string_of(policy));
  return take_clients(in, capsule);
}

std::expected<Capsule, std::string> take(schema::Capsule::Reader in) {
  Capsule capsule;
  capsule.title = string_of(in.getTitle());
  capsule.property = string_of(in.getProperty());
  capsule.what = string_of(in.getWhat());
  capsule.build_id = string_of(in.getBuildId());
  if (auto scenario = take(in.getScenario(), capsule); !scenario) {
    return std::unexpected(scenario.error());
  }
  if (in.getSteps().size() > Capsule::kStepsMax) return std::unexpected("too many steps");
  for (const auto step : in.getSteps()) {
    capsule.steps.push_back({string_of(step.getDecision()), step.getShown()});
  }
  return capsule;
}

}  // namespace

std::vector<uint8_t> write_capsule(const Capsule& capsule) {
  capnp::MallocMessageBuilder message;
  auto root = message.initRoot<schema::Capsule>();
  root.setTitle(reader_of(capsule.title));
  root.setProperty(reader_of(capsule.property));
  root.setWhat(reader_of(capsule.what));
  root.setBuildId(reader_of(capsule.build_id));
  put(root.initScenario(), capsule);
  auto steps = root.initSteps(static_cast<unsigned>(capsule.steps.size()));
  for (unsigned i = 0; i < steps.size(); ++i) {
    steps[i].setDecision(reader_of(capsule.steps[i].decision));
    steps[i].setShown(capsule.steps[i].shown);
  }
  const kj::Array<capnp::word> words = capnp::messageToFlatArray(message);
  const auto bytes = words.asBytes();
  std::vector<uint8_t> file(kHeader + bytes.size());
  std::memcpy(file.data(), kMagic.data(), kMagic.size());
  const uint64_t version = Capsule::kVersion;
  std::memcpy(file.data() + kMagic.size(), &version, sizeof version);
  std::memcpy(file.data() + kHeader, bytes.begin(), bytes.size());
  return file;
}

std::expected<Capsule, std::string> read_capsule(protocol::ByteView file) {
  if (file.size() > Capsule::kBytesMax) return std::unexpected("it is too large for a capsule");
  if (file.size() < kHeader || std::memcmp(file.data(), kMagic.data(), kMagic.size()) != 0) {
    return std::unexpected("it is not a capsule");
  }
  uint64_t version = 0;
  std::memcpy(&version, file.data() + kMagic.size(), sizeof version);
  if (version > Capsule::kVersion) {
    return std::unexpected(fmt::format("it is a capsule of version {}, this program reads up to {}",
                                       version, Capsule::kVersion));
  }
  // A copy, since Cap'n Proto wants its words aligned.
  std::vector<uint64_t> words((file.size() - kHeader) / kWord);
  if (!words.empty()) std::memcpy(words.data(), file.data() + kHeader, words.size() * kWord);
  try {
    const kj::ArrayPtr<const capnp::word> content(
        reinterpret_cast<const capnp::word*>(words.data()), words.size());
    capnp::FlatArrayMessageReader reader(content);
    auto capsule = take(reader.getRoot<schema::Capsule>());
    if (!capsule) return std::unexpected("the capsule has " + capsule.error());
    return capsule;
  } catch (const kj::Exception& exception) {
    return std::unexpected(
        fmt::format("the capsule is truncated or broken: {}", exception.getDescription().cStr()));
  }
}

}  // namespace harness::record
