// What an MGS writes into the configuration logs when a target registers: the commands by which a
// client or a server sets up its devices, in the form of the dialect, between markers that name the
// target. Facts: rpc-formats "MGS, llog, sequences", stock-clients; the order and the strings are
// those of the logs in captures/ that stock clients read.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

#include "reference/config.h"
#include "reference/llog_file.h"

namespace reference {

inline constexpr uint32_t kConfigVersion = 0x1cf60001;  // LUSTRE_CFG_VERSION

// A registered target, as the logs need it.
struct TargetNames {
  std::string fsname;
  std::string name;  // "assay-OST0001"
  uint32_t index = 0;
  std::span<const uint64_t> nids;
};

class ConfigRecords {
 public:
  // Markers carry the time, in seconds since 1970.
  ConfigRecords(const Config& config, uint64_t now_s);

  // For clients: the striping device, and in 2.0 the one over metadata targets, and the profile.
  void begin_client_log(LlogFile& log, const std::string& fsname) const;
  void add_mdc(LlogFile& log, const TargetNames& target) const;
  void add_osc(LlogFile& log, const TargetNames& target) const;
  // For a metadata server: itself, and the OSTs it allocates objects on.
  void begin_mdt_log(LlogFile& log, const TargetNames& target) const;
  void add_osc_for_mdt(LlogFile& log, const TargetNames& target, const std::string& mdt) const;
  void begin_ost_log(LlogFile& log, const TargetNames& target) const;
  // Another address of a target whose device in that log has this name.
  void add_node(LlogFile& log, const TargetNames& target, const std::string& device) const;
  // "key=value" for a device or a file system.
  void set_param(LlogFile& log, const std::string& device, const std::string& setting) const;

  // Names of devices in a client's and an MDT's log.
  static std::string mdc_name(const TargetNames& target) { return target.name + "-mdc"; }
  static std::string osc_name(const TargetNames& target) { return target.name + "-osc"; }
  std::string osc_name_for_mdt(const TargetNames& target, const std::string& mdt) const;

 private:
  struct Form;
  const Form& form() const;
  void command(LlogFile& log, uint32_t command, uint64_t nid,
               std::initializer_list<std::string_view> buffers) const;
  // Markers around the commands about one target; both carry the number that open returns.
  uint32_t open(LlogFile& log, std::string_view target, std::string_view comment) const;
  void close(LlogFile& log, uint32_t step, std::string_view target, std::string_view comment) const;
  void marker(LlogFile& log, uint32_t flags, uint32_t step, std::string_view target,
              std::string_view comment) const;
  void lov(LlogFile& log, const std::string& name) const;
  void profile(LlogFile& log, const std::string& fsname, const std::string& metadata) const;
  void osc(LlogFile& log, const TargetNames& target, const std::string& name,
           const std::string& lov) const;
  std::string nodes(LlogFile& log, const TargetNames& target) const;
  std::string mdt_lov(const std::string& fsname, const std::string& mdt) const;

  size_t form_;  // its row
  uint32_t version_;
  uint32_t stripe_count_;
  uint32_t stripe_size_;
  uint64_t now_s_;
};

}  // namespace reference
