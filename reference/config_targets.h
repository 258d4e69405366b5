// What the records of a configuration log say: the metadata targets and OSTs of a file system and
// where they are. Fed record by record, as they come from the MGS; hostile input is refused, never
// trusted. Facts: rpc-formats "MGS, llog, sequences"; schema llog.capnp; differences 14 (end).
//
// It knows the commands by which targets come and go; settings (PARAM), pools, profiles are
// skipped.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/bytes.h"
#include "reference/machine.h"

namespace reference {

// A target as the log describes it.
struct ConfigTarget {
  enum class Kind : uint8_t { mdt, ost };
  Kind kind = Kind::ost;
  uint32_t index = 0;
  std::string uuid;           // "assay-OST0000_UUID"
  std::vector<PeerId> peers;  // in order: the primary first
  bool operator==(const ConfigTarget&) const = default;
  void state(auto&& visit) const { visit(kind, index, uuid, peers); }
};

class ConfigTargets {
 public:
  // Devices, NIDs of one name, targets: more are refused.
  static constexpr size_t kNamesMax = 4096;

  // One record, from its header to its tail. Records that are not commands are skipped. The error
  // says what is wrong with one that cannot be read.
  std::expected<void, protocol::WireError> apply(protocol::ByteView record);

  // Sorted by kind and index. Targets whose place is known only.
  const std::vector<ConfigTarget>& targets() const { return targets_; }
  // How often each was added, in order of the first time.
  struct Named {
    ConfigTarget::Kind kind = ConfigTarget::Kind::ost;
    uint32_t index = 0;
    uint32_t times = 0;
    void state(auto&& visit) const { visit(kind, index, times); }
  };
  const std::vector<Named>& named() const { return named_; }

  void state(auto&& visit) const { visit(nodes_, devices_, targets_, named_, skipping_); }

 private:
  struct Node {  // ADD_UUID: a name for one or more NIDs
    std::string name;
    std::vector<uint64_t> nids;
    void state(auto&& visit) const { visit(name, nids); }
  };
  struct Device {  // ATTACH and SETUP
    std::string name;
    std::string type;  // "mdc", "osc"
    std::string target_uuid;
    std::vector<std::string> nodes;
    void state(auto&& visit) const { visit(name, type, target_uuid, nodes); }
  };
  struct Command;

  void run(const Command& command);
  void add_node(const Command& command);
  Device* find_device(std::string_view name);
  std::vector<PeerId> peers_of(const Device& device) const;
  void add_target(ConfigTarget::Kind kind, uint32_t index, std::string_view uuid);
  void update_targets(std::string_view target_uuid);

  std::vector<Node> nodes_;      // in order of the log
  std::vector<Device> devices_;  // likewise
  std::vector<ConfigTarget> targets_;
  std::vector<Named> named_;
  bool skipping_ = false;  // between markers of a group that no longer holds
};

}  // namespace reference
