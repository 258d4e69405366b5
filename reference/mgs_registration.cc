// Mgs: what changes the configuration. A target registers (MGS_TARGET_REG) or somebody sets a
// parameter (MGS_SET_INFO): the lock is taken, records are appended, the lock is given back when
// they are durable.
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "protocol/check.h"
#include "protocol/codec.h"
#include "protocol/operations_2_0.h"
#include "reference/mgs.h"
#include "reference/record.h"

namespace reference {

namespace operations = protocol::operations_2_0;
namespace opcode = protocol::ptlrpc::opcode;
namespace target_flag = protocol::mgs::target_flag;
using protocol::mgs::MgsTargetInfo;

namespace {

constexpr std::string_view kLogPrefix = "config/";
constexpr std::string_view kTargetPrefix = "mgs/target/";
constexpr size_t kFsnameMax = 8;
constexpr uint32_t kIndexMax = 0xffff;

Key log_key(const std::string& name, uint32_t index) {
  Key key(kLogPrefix);
  key.append(name).push_back('/');
  for (int shift = 24; shift >= 0; shift -= 8) key.push_back(static_cast<char>(index >> shift));
  return key;
}

ResourceId resource_of(std::string_view fsname) {
  ResourceId id;
  std::memcpy(&id.name[0], fsname.data(), std::min(fsname.size(), sizeof id.name[0]));
  return id;
}

std::string target_name(std::string_view fsname, bool mdt, uint32_t index) {
  return fmt::format("{}-{}{:04x}", fsname, mdt ? "MDT" : "OST", index);
}

// "assay" in "assay.llite.x=1", "assay-OST0000" in "assay-OST0000.ost.y=2".
std::string_view device_of(std::string_view param) { return param.substr(0, param.find('.')); }
std::string_view fsname_of(std::string_view param) {
  const std::string_view device = device_of(param);
  return device.substr(0, device.find('-'));
}

}  // namespace

ConfigRecords Mgs::records(Time now) const {
  return ConfigRecords(config_, static_cast<uint64_t>(config_.wall_clock_base_s + now / kSecond));
}

void Mgs::restore(const Store& store) {
  for (auto row = store.lower_bound(Key(kLogPrefix));
       row != store.end() && row->first.starts_with(kLogPrefix); ++row) {
    const size_t name_end = row->first.size() - sizeof(uint32_t) - 1;
    const std::string name = row->first.substr(kLogPrefix.size(), name_end - kLogPrefix.size());
    LlogFile* log = open_log(name);
    CHECK(log != nullptr, "more logs on the disk than there can be");
    log->restore(row->second);
    ++written_[static_cast<size_t>(log - logs_.data())];
  }
  for (auto row = store.lower_bound(Key(kTargetPrefix));
       row != store.end() && row->first.starts_with(kTargetPrefix); ++row) {
    RecordReader reader(row->second.view());
    RegisteredTarget target;
    target.name = row->first.substr(kTargetPrefix.size());
    target.fsname = target.name.substr(0, target.name.rfind('-'));
    target.mdt = reader.number<uint8_t>() != 0;
    target.index = reader.number<uint32_t>();
    target.nids.resize(reader.number<uint32_t>());
    for (uint64_t& nid : target.nids) nid = reader.number<uint64_t>();
    targets_.push_back(std::move(target));
  }
}

// --- the lock around a change ---

void Mgs::on_change(Call call, const Request& request) {
  std::string fsname;
  if (request.opcode == opcode::kMgsTargetReg) {
    const auto asked = operations::MgsTargetReg::Request::decode(request.message);
    if (!asked) return service_.refuse(call.turn, request, -EPROTO);
    fsname = protocol::name_of(asked->target.fsname);
    MgsTargetInfo info = asked->target;
    const int32_t status = check_target(info);
    if (status != 0) return service_.refuse(call.turn, request, status);
    // Known, and where it was: nobody needs to hear of it.
    if (same_as_before(info)) return answer_target(call, request, info);
  } else {
    const auto asked = operations::MgsSetInfo::Request::decode(request.message);
    if (!asked) return service_.refuse(call.turn, request, -EPROTO);
    const std::string_view param = protocol::name_of(asked->param.param);
    fsname = fsname_of(param);
    if (param.find('.') == std::string_view::npos || param.find('=') == std::string_view::npos ||
        std::ranges::find(targets_, fsname, &RegisteredTarget::fsname) == targets_.end()) {
      return service_.refuse(call.turn, request, -EINVAL);
    }
  }
  if (changes_.size() >= kChangesMax) return service_.refuse(call.turn, request, -EBUSY);
  changes_.push_back({request, std::move(fsname), 0});
  if (lock_ == 0) begin_change(call);
}

void Mgs::begin_change(Call call) {
  if (changes_.empty()) return;
  LockEffects effects;
  LockRequest wanted;
  wanted.resource = resource_of(changes_.front().fsname);
  wanted.type = LockType::plain;
  wanted.mode = LockMode::ex;
  const EnqueueResult result = locks_.enqueue(wanted, effects);
  lock_ = result.handle;
  CHECK(result.kind != EnqueueResult::Kind::refused, "the server's own lock");
  callbacks_.apply({call.turn, service_, locks_}, effects, call.news);
  if (result.kind == EnqueueResult::Kind::granted) carry_out(call);
}

// The lock is ours.
void Mgs::carry_out(Call call) {
  const Request request = changes_.front().request;
  changes_.front().commit = request.opcode == opcode::kMgsTargetReg ? register_target(call, request)
                                                                    : set_param(call, request);
  end_change(call);
}

// Gives the lock back when what it protected is durable.
void Mgs::end_change(Call call) {
  if (changes_.empty() || changes_.front().commit == 0) return;
  if (!service_.is_durable(changes_.front().commit)) return;
  changes_.erase(changes_.begin());
  LockEffects effects;
  locks_.cancel(std::exchange(lock_, 0), effects);
  callbacks_.apply({call.turn, service_, locks_}, effects, call.news);
  begin_change(call);
}

// Those of a client that is gone, but not what is written already.
void Mgs::drop_changes(Call call, ExportId client) {
  const bool first_goes = !changes_.empty() && changes_.front().commit == 0 &&
                          changes_.front().request.export_id == client;
  std::erase_if(changes_, [client](const Change& change) {
    return change.commit == 0 && change.request.export_id == client;
  });
  if (!first_goes) return;
  LockEffects effects;
  locks_.cancel(std::exchange(lock_, 0), effects);
  callbacks_.apply({call.turn, service_, locks_}, effects, call.news);
  begin_change(call);
}

// --- targets ---

// Fills in the index and the name if the target asks for them.
int32_t Mgs::check_target(MgsTargetInfo& info) const {
  const std::string fsname(protocol::name_of(info.fsname));
  const bool mdt = (info.flags & target_flag::kSvTypeMdt) != 0;
  const bool ost = (info.flags & target_flag::kSvTypeOst) != 0;
  if (mdt == ost || fsname.empty() || fsname.size() > kFsnameMax ||
      fsname.find_first_of("-/.") != std::string::npos) {
    return -EINVAL;
  }
  if (info.nid_count == 0 || info.nid_count > info.nids.size()) return -EINVAL;
  if ((info.flags & target_flag::kNeedIndex) != 0) {
    info.stripe_index = 0;
    while (find_target(target_name(fsname, mdt, info.stripe_index)) != nullptr) ++info.stripe_index;
    info.flags &= ~target_flag::kNeedIndex;
    info.flags |= target_flag::kRewriteLdd;
    protocol::set_name(info.svname, target_name(fsname, mdt, info.stripe_index));
  }
  if (info.stripe_index > kIndexMax || targets_.size() >= kTargetsMax) return -ERANGE;
  const std::string name = target_name(fsname, mdt, info.stripe_index);
  if (protocol::name_of(info.svname) != name) {
    // Not formatted with its index: it has its name from here.
    if ((info.flags & target_flag::kVirgin) == 0) return -EINVAL;
    protocol::set_name(info.svname, name);
    info.flags |= target_flag::kRewriteLdd;
  }
  const RegisteredTarget* known = find_target(name);
  const bool elsewhere = known != nullptr && !same_as_before(info);
  return elsewhere && (info.flags & target_flag::kVirgin) != 0 ? -EADDRINUSE : 0;
}

const Mgs::RegisteredTarget* Mgs::find_target(std::string_view name) const {
  if (config_.defects.has(Defect::target_logged_twice)) return nullptr;
  const auto found = std::ranges::lower_bound(targets_, name, {}, &RegisteredTarget::name);
  return found != targets_.end() && found->name == name ? &*found : nullptr;
}

bool Mgs::same_as_before(const MgsTargetInfo& info) const {
  const RegisteredTarget* known = find_target(protocol::name_of(info.svname));
  return known != nullptr &&
         std::ranges::equal(known->nids, std::span(info.nids).first(info.nid_count));
}

void Mgs::answer_target(Call call, const Request& request, MgsTargetInfo info) {
  info.flags &= ~(target_flag::kVirgin | target_flag::kUpdate | target_flag::kWriteconf);
  Reply reply = service_.reply(request);
  reply.after_commit = true;
  operations::MgsTargetReg::Reply{.target = info}.encode(reply.message);
  service_.finish(call.turn, request, reply);
}

CommitId Mgs::register_target(Call call, const Request& request) {
  MgsTargetInfo info = operations::MgsTargetReg::Request::decode(request.message)->target;
  const int32_t status = check_target(info);
  if (status != 0) {  // another one was quicker
    service_.refuse(call.turn, request, status);
    return service_.persist(call.turn, {});
  }
  RegisteredTarget target;
  target.fsname = protocol::name_of(info.fsname);
  target.name = protocol::name_of(info.svname);
  target.index = info.stripe_index;
  target.mdt = (info.flags & target_flag::kSvTypeMdt) != 0;
  target.nids.assign(info.nids.begin(), info.nids.begin() + info.nid_count);

  const RegisteredTarget* known = find_target(target.name);
  if (known == nullptr) {
    write_target(target, records(call.turn.now));
  } else {
    write_nodes(target, records(call.turn.now));
  }
  RecordWriter record;
  record.number(static_cast<uint8_t>(target.mdt));
  record.number(target.index);
  record.number(static_cast<uint32_t>(target.nids.size()));
  for (const uint64_t nid : target.nids) record.number(nid);
  std::vector<Write> writes = unwritten();
  writes.push_back({Key(kTargetPrefix) + target.name, record.finish()});
  std::erase_if(targets_, [&](const RegisteredTarget& one) { return one.name == target.name; });
  targets_.insert(std::ranges::lower_bound(targets_, target.name, {}, &RegisteredTarget::name),
                  std::move(target));
  const CommitId commit = service_.persist(call.turn, std::move(writes));
  answer_target(call, request, info);
  return commit;
}

// A target that was never seen: its own log, and its place in those of the others.
void Mgs::write_target(const RegisteredTarget& target, const ConfigRecords& write) {
  const TargetNames names = target.names();
  LlogFile* own = open_log(target.name);
  CHECK(own != nullptr);
  if (target.mdt) {
    write.begin_mdt_log(*own, names);
  } else {
    write.begin_ost_log(*own, names);
  }
  LlogFile* client = open_log(target.fsname + "-client");
  CHECK(client != nullptr);
  if (client->last_index() == 0) write.begin_client_log(*client, target.fsname);
  if (target.mdt) {
    write.add_mdc(*client, names);
  } else if (!config_.defects.has(Defect::target_not_logged)) {
    write.add_osc(*client, names);
  }
  for (const RegisteredTarget& other : targets_) {
    if (other.fsname != target.fsname || other.mdt == target.mdt) continue;
    const RegisteredTarget& mdt = target.mdt ? target : other;
    const RegisteredTarget& ost = target.mdt ? other : target;
    write.add_osc_for_mdt(*find_log(mdt.name), ost.names(), mdt.name);
  }
}

// A known target at other addresses.
void Mgs::write_nodes(const RegisteredTarget& target, const ConfigRecords& write) {
  const TargetNames names = target.names();
  if (LlogFile* client = find_log(target.fsname + "-client")) {
    write.add_node(*client, names,
                   target.mdt ? ConfigRecords::mdc_name(names) : ConfigRecords::osc_name(names));
  }
  if (target.mdt) return;
  for (const RegisteredTarget& mdt : targets_) {
    if (mdt.fsname != target.fsname || !mdt.mdt) continue;
    write.add_node(*find_log(mdt.name), names, write.osc_name_for_mdt(names, mdt.name));
  }
}

CommitId Mgs::set_param(Call call, const Request& request) {
  const auto asked = operations::MgsSetInfo::Request::decode(request.message);
  const std::string_view param = protocol::name_of(asked->param.param);
  const std::string device(device_of(param));
  const std::string setting(param.substr(device.size() + 1));
  const std::string fsname(fsname_of(param));
  const ConfigRecords write = records(call.turn.now);
  // Of a target: for that one's log; of the file system: for all.
  for (LlogFile& log : logs_) {
    const bool meant =
        device == fsname ? log.name().starts_with(fsname + "-") : log.name() == device;
    if (meant && log.last_index() > 0) write.set_param(log, device, setting);
  }
  const CommitId commit = service_.persist(call.turn, unwritten());
  Reply reply = service_.reply(request);
  reply.after_commit = true;
  operations::MgsSetInfo::Reply{.param = asked->param}.encode(reply.message);
  service_.finish(call.turn, request, reply);
  return commit;
}

// The records that are not on their way to the disk yet.
std::vector<Write> Mgs::unwritten() {
  std::vector<Write> writes;
  for (size_t i = 0; i < logs_.size(); ++i) {
    while (written_[i] < logs_[i].last_index()) {
      ++written_[i];
      writes.push_back({log_key(logs_[i].name(), written_[i]), logs_[i].record(written_[i])});
    }
  }
  return writes;
}

}  // namespace reference
