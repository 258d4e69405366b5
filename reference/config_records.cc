#include "reference/config_records.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <initializer_list>
#include <vector>

#include "protocol/codec.h"
#include "protocol/llog.h"
#include "protocol/ost.h"
#include "reference/connect.h"
#include "reference/nid.h"

namespace reference {

namespace llog = protocol::llog;
namespace cmd = protocol::llog::lcfg_command;
namespace mark = protocol::llog::marker_flag;

namespace {

constexpr uint32_t kLovDescMagic = 0xB0CCDE5C;  // in the active count's place
constexpr uint32_t kRaid0 = 1;
constexpr uint32_t kQosMaxage = 5;  // seconds

// A string in a buffer counts its NUL.
std::string_view with_nul(const std::string& text) { return {text.c_str(), text.size() + 1}; }

template <class T>
std::string_view raw(const T& value) {
  return protocol::as_text(protocol::bytes_of(value));
}

}  // namespace

// What differs between the dialects' logs.
struct ConfigRecords::Form {
  Dialect dialect;
  bool lmv;                   // clients have a device over the metadata targets
  std::string_view mdt_type;  // of the metadata server's device
  bool mdt_in_device_names;   // an MDT's devices carry its name
};

const ConfigRecords::Form& ConfigRecords::form() const {
  static constexpr auto kForms = std::to_array<Form>({
      {Dialect::v1_8, false, "mds", false},
      {Dialect::v2_0, true, "mdt", true},
  });
  return kForms[form_];
}

ConfigRecords::ConfigRecords(const Config& config, uint64_t now_s)
    : form_(static_cast<size_t>(config.dialect)),
      version_(server_version(config.dialect)),
      stripe_count_(config.default_stripe_count),
      stripe_size_(config.default_stripe_size),
      now_s_(now_s) {}

void ConfigRecords::command(LlogFile& log, uint32_t command, uint64_t nid,
                            std::initializer_list<std::string_view> buffers) const {
  std::vector<uint8_t> bytes;
  protocol::append(bytes, llog::LustreCfg{.version = kConfigVersion,
                                          .command = command,
                                          .nid = nid,
                                          .bufcount = static_cast<uint32_t>(buffers.size())});
  for (const std::string_view buffer : buffers) {
    protocol::append(bytes, static_cast<uint32_t>(buffer.size()));
  }
  bytes.resize(protocol::padded(bytes.size()));
  for (const std::string_view buffer : buffers) {
    bytes.insert(bytes.end(), buffer.begin(), buffer.end());
    bytes.resize(protocol::padded(bytes.size()));
  }
  log.append(llog::llog_rec_type::kObdCfgRec, bytes);
}

void ConfigRecords::marker(LlogFile& log, uint32_t flags, uint32_t step, std::string_view target,
                           std::string_view comment) const {
  llog::CfgMarker value{.step = step, .flags = flags, .vers = version_, .createtime = now_s_};
  protocol::set_name(value.tgtname, target);
  protocol::set_name(value.comment, comment);
  command(log, cmd::kMarker, 0, {"", raw(value)});
}

uint32_t ConfigRecords::open(LlogFile& log, std::string_view target,
                             std::string_view comment) const {
  const uint32_t step = log.last_index() + 1;
  marker(log, mark::kStart, step, target, comment);
  return step;
}

void ConfigRecords::close(LlogFile& log, uint32_t step, std::string_view target,
                          std::string_view comment) const {
  marker(log, mark::kEnd, step, target, comment);
}

void ConfigRecords::lov(LlogFile& log, const std::string& name) const {
  const std::string uuid = name + "_UUID";
  protocol::ost::LovDesc description{.tgt_count = 0,
                                     .active_tgt_count = kLovDescMagic,
                                     .default_stripe_count = stripe_count_,
                                     .pattern = kRaid0,
                                     .default_stripe_size = stripe_size_,
                                     .default_stripe_offset = -1,
                                     .qos_maxage = kQosMaxage};
  protocol::set_name(description.uuid.uuid, uuid);
  const uint32_t step = open(log, name, "lov setup");
  command(log, cmd::kAttach, 0, {with_nul(name), with_nul("lov"), with_nul(uuid)});
  command(log, cmd::kSetup, 0, {with_nul(name), raw(description)});
  close(log, step, name, "lov setup");
}

// All addresses of a target under one name, which is that of the first.
std::string ConfigRecords::nodes(LlogFile& log, const TargetNames& target) const {
  const std::string name = nid_text(target.nids.front());
  for (const uint64_t nid : target.nids) command(log, cmd::kAddUuid, nid, {"", with_nul(name)});
  return name;
}

void ConfigRecords::begin_client_log(LlogFile& log, const std::string& fsname) const {
  const std::string lov_name = fsname + "-clilov";
  lov(log, lov_name);
  if (!form().lmv) return;
  const std::string name = fsname + "-clilmv";
  const std::string uuid = name + "_UUID";
  protocol::ost::LovDesc description;  // lmv_desc is laid out alike
  protocol::set_name(description.uuid.uuid, uuid);
  const uint32_t step = open(log, name, "lmv setup");
  command(log, cmd::kAttach, 0, {with_nul(name), with_nul("lmv"), with_nul(uuid)});
  command(log, cmd::kSetup, 0, {with_nul(name), raw(description)});
  close(log, step, name, "lmv setup");
}

void ConfigRecords::profile(LlogFile& log, const std::string& fsname,
                            const std::string& metadata) const {
  const std::string name = fsname + "-client";
  const uint32_t step = open(log, name, "mount opts");
  command(log, cmd::kMountopt, 0,
          {"", with_nul(name), with_nul(fsname + "-clilov"), with_nul(metadata)});
  close(log, step, name, "mount opts");
}

void ConfigRecords::add_mdc(LlogFile& log, const TargetNames& target) const {
  const std::string mdc = mdc_name(target);
  const std::string mdc_uuid = mdc + "_UUID";
  const std::string lmv = target.fsname + "-clilmv";
  const std::string target_uuid = target.name + "_UUID";
  if (form().lmv) profile(log, target.fsname, lmv);
  const uint32_t step = open(log, target.name, "add mdc");
  const std::string node = nodes(log, target);
  command(log, cmd::kAttach, 0,
          {with_nul(mdc), with_nul("mdc"), with_nul(form().lmv ? lmv + "_UUID" : mdc_uuid)});
  command(log, cmd::kSetup, 0, {with_nul(mdc), with_nul(target_uuid), with_nul(node)});
  if (form().lmv) {
    command(log, cmd::kAddMdc, 0,
            {with_nul(lmv), with_nul(target_uuid), with_nul(std::to_string(target.index)),
             with_nul("1"), with_nul(mdc_uuid)});
  }
  close(log, step, target.name, "add mdc");
  if (!form().lmv) profile(log, target.fsname, mdc);
}

void ConfigRecords::osc(LlogFile& log, const TargetNames& target, const std::string& name,
                        const std::string& lov_name) const {
  const std::string target_uuid = target.name + "_UUID";
  const uint32_t step = open(log, target.name, "add osc");
  const std::string node = nodes(log, target);
  command(log, cmd::kAttach, 0, {with_nul(name), with_nul("osc"), with_nul(lov_name + "_UUID")});
  command(log, cmd::kSetup, 0, {with_nul(name), with_nul(target_uuid), with_nul(node)});
  command(log, cmd::kLovAddObd, 0,
          {with_nul(lov_name), with_nul(target_uuid), with_nul(std::to_string(target.index)),
           with_nul("1")});
  close(log, step, target.name, "add osc");
}

void ConfigRecords::add_osc(LlogFile& log, const TargetNames& target) const {
  osc(log, target, osc_name(target), target.fsname + "-clilov");
}

std::string ConfigRecords::osc_name_for_mdt(const TargetNames& target,
                                            const std::string& mdt) const {
  if (!form().mdt_in_device_names) return osc_name(target);
  return osc_name(target) + "-" + mdt.substr(mdt.rfind('-') + 1);
}

std::string ConfigRecords::mdt_lov(const std::string& fsname, const std::string& mdt) const {
  return (form().mdt_in_device_names ? mdt : fsname) + "-mdtlov";
}

void ConfigRecords::add_osc_for_mdt(LlogFile& log, const TargetNames& target,
                                    const std::string& mdt) const {
  osc(log, target, osc_name_for_mdt(target, mdt), mdt_lov(target.fsname, mdt));
}

void ConfigRecords::begin_mdt_log(LlogFile& log, const TargetNames& target) const {
  const std::string lov_name = mdt_lov(target.fsname, target.name);
  const std::string uuid = target.name + "_UUID";
  const std::string type(form().mdt_type);
  const std::string comment = "add " + type;
  lov(log, lov_name);
  const uint32_t step = open(log, target.name, comment);
  command(log, cmd::kAttach, 0, {with_nul(target.name), with_nul(type), with_nul(uuid)});
  command(log, cmd::kMountopt, 0, {"", with_nul(target.name), with_nul(lov_name)});
  command(log, cmd::kSetup, 0,
          {with_nul(target.name), with_nul(form().lmv ? uuid : "type"),
           with_nul(form().lmv ? std::to_string(target.index) : uuid), with_nul(lov_name)});
  close(log, step, target.name, comment);
}

void ConfigRecords::begin_ost_log(LlogFile& log, const TargetNames& target) const {
  const std::string uuid = target.name + "_UUID";
  const uint32_t step = open(log, target.name, "add ost");
  command(log, cmd::kAttach, 0, {with_nul(target.name), with_nul("obdfilter"), with_nul(uuid)});
  command(log, cmd::kSetup, 0,
          {with_nul(target.name), with_nul("dev"), with_nul("type"), with_nul("f")});
  close(log, step, target.name, "add ost");
}

void ConfigRecords::add_node(LlogFile& log, const TargetNames& target,
                             const std::string& device) const {
  const uint32_t step = open(log, target.name, "add failnid");
  const std::string node = nodes(log, target);
  command(log, cmd::kAddConn, 0, {with_nul(device), with_nul(node)});
  close(log, step, target.name, "add failnid");
}

void ConfigRecords::set_param(LlogFile& log, const std::string& device,
                              const std::string& setting) const {
  const std::string comment = setting.substr(0, setting.find('='));
  const uint32_t step = open(log, device, comment);
  command(log, cmd::kParam, 0, {with_nul(device), with_nul(setting)});
  close(log, step, device, comment);
}

}  // namespace reference
