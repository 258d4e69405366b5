#include "reference/config_targets.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "protocol/codec.h"
#include "protocol/llog.h"

namespace reference {

namespace llog = protocol::llog;
namespace command_of = protocol::llog::lcfg_command;
using protocol::ByteView;
using protocol::WireError;

namespace {

constexpr uint32_t kBuffersMax = 8;
constexpr size_t kPeersMax = 32;  // of one target

WireError wrong(std::string_view field, WireError::Kind kind, uint64_t found, uint64_t allowed) {
  return {.subject = "lustre_cfg",
          .field = field,
          .offset = 0,
          .found = found,
          .allowed = allowed,
          .kind = kind};
}

// A number in a buffer's text, of base 10.
std::optional<uint32_t> number_in(std::string_view text) {
  uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// The index in "assay-MDT0001_UUID".
std::optional<uint32_t> index_in(std::string_view uuid, std::string_view mark) {
  const size_t at = uuid.rfind(mark);
  if (at == std::string_view::npos || uuid.size() < at + mark.size() + 4) return std::nullopt;
  const std::string_view digits = uuid.substr(at + mark.size(), 4);
  uint32_t value = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

}  // namespace

// A lustre_cfg, opened.
struct ConfigTargets::Command {
  llog::LustreCfg header;
  std::array<ByteView, kBuffersMax> buffers = {};

  // Up to its NUL; empty for a buffer that is not there.
  std::string_view text(size_t index) const {
    const std::string_view whole = protocol::as_text(buffers.at(index));
    return whole.substr(0, whole.find('\0'));
  }

  static std::expected<Command, WireError> parse(ByteView bytes) {
    const auto header = protocol::decode<llog::LustreCfg>(bytes);
    if (!header) return std::unexpected(header.error());
    if (header->version != kConfigVersion) {
      return std::unexpected(
          wrong("lcfg_version", WireError::Kind::bad_magic, header->version, kConfigVersion));
    }
    if (header->bufcount > kBuffersMax) {
      return std::unexpected(
          wrong("lcfg_bufcount", WireError::Kind::too_many, header->bufcount, kBuffersMax));
    }
    Command command{.header = *header};
    size_t at = llog::LustreCfg::kSize + protocol::padded(header->bufcount * sizeof(uint32_t));
    for (uint32_t i = 0; i < header->bufcount; ++i) {
      const auto length = protocol::decode<uint32_t>(
          bytes.subspan(std::min<size_t>(llog::LustreCfg::kSize + i * 4, bytes.size())));
      if (!length) return std::unexpected(length.error());
      if (at > bytes.size() || *length > bytes.size() - at) {
        return std::unexpected(wrong("lcfg_buflens", WireError::Kind::bad_length, *length,
                                     at > bytes.size() ? 0 : bytes.size() - at));
      }
      command.buffers[i] = bytes.subspan(at, *length);
      at += protocol::padded(*length);
    }
    return command;
  }
};

std::expected<void, WireError> ConfigTargets::apply(ByteView record) {
  const auto header = protocol::decode<llog::LlogRecHdr>(record);
  if (!header) return std::unexpected(header.error());
  constexpr size_t kAround = llog::LlogRecHdr::kSize + llog::LlogRecTail::kSize;
  if (header->len != record.size() || header->len < kAround) {
    return std::unexpected(
        wrong("lrh_len", WireError::Kind::bad_length, header->len, record.size()));
  }
  if (header->type != llog::llog_rec_type::kObdCfgRec) return {};
  const auto command =
      Command::parse(record.subspan(llog::LlogRecHdr::kSize, record.size() - kAround));
  if (!command) return std::unexpected(command.error());
  run(*command);
  return {};
}

void ConfigTargets::run(const Command& command) {
  if (command.header.command == command_of::kMarker) {
    const auto marker = protocol::decode<llog::CfgMarker>(command.buffers[1]);
    if (!marker) return;
    namespace flag = llog::marker_flag;
    if ((marker->flags & flag::kEnd) != 0) {
      skipping_ = false;
    } else if ((marker->flags & flag::kStart) != 0) {
      skipping_ = (marker->flags & (flag::kSkip | flag::kExclude)) != 0;
    }
    return;
  }
  if (skipping_) return;
  switch (command.header.command) {
    case command_of::kAddUuid:
      add_node(command);
      break;
    case command_of::kAttach:
      if (find_device(command.text(0)) == nullptr && devices_.size() < kNamesMax) {
        devices_.push_back({std::string(command.text(0)), std::string(command.text(1)), {}, {}});
      }
      break;
    case command_of::kSetup:
      if (Device* device = find_device(command.text(0))) {
        if (device->type != "mdc" && device->type != "osc") break;
        device->target_uuid = command.text(1);
        device->nodes = {std::string(command.text(2))};
        if (device->type == "mdc") {
          const auto index = index_in(device->target_uuid, "-MDT");
          add_target(ConfigTarget::Kind::mdt, index.value_or(0), device->target_uuid);
        }
        update_targets(device->target_uuid);
      }
      break;
    case command_of::kAddConn:
      if (Device* device = find_device(command.text(0))) {
        if (device->nodes.size() < kPeersMax) device->nodes.emplace_back(command.text(1));
        update_targets(device->target_uuid);
      }
      break;
    case command_of::kDelConn:
      if (Device* device = find_device(command.text(0))) {
        std::erase(device->nodes, command.text(1));
        update_targets(device->target_uuid);
      }
      break;
    case command_of::kLovAddObd:
      if (const auto index = number_in(command.text(2))) {
        add_target(ConfigTarget::Kind::ost, *index, command.text(1));
        update_targets(command.text(1));
      }
      break;
    case command_of::kLovDelObd:
      std::erase_if(targets_, [&](const ConfigTarget& target) {
        return target.kind == ConfigTarget::Kind::ost && target.uuid == command.text(1);
      });
      break;
    default:
      break;
  }
}

void ConfigTargets::add_node(const Command& command) {
  const std::string_view name = command.text(1);
  auto node = std::ranges::find(nodes_, name, &Node::name);
  if (node == nodes_.end()) {
    if (nodes_.size() >= kNamesMax) return;
    node = nodes_.insert(nodes_.end(), {std::string(name), {}});
  }
  const uint64_t nid = command.header.nid;
  if (node->nids.size() >= kPeersMax || std::ranges::find(node->nids, nid) != node->nids.end())
    return;
  node->nids.push_back(nid);
}

ConfigTargets::Device* ConfigTargets::find_device(std::string_view name) {
  const auto device = std::ranges::find(devices_, name, &Device::name);
  return device == devices_.end() ? nullptr : &*device;
}

std::vector<PeerId> ConfigTargets::peers_of(const Device& device) const {
  std::vector<PeerId> peers;
  for (const std::string& name : device.nodes) {
    const auto node = std::ranges::find(nodes_, name, &Node::name);
    if (node == nodes_.end()) continue;
    for (const uint64_t nid : node->nids) {
      if (peers.size() < kPeersMax) peers.push_back({nid, kLnetPid});
    }
  }
  return peers;
}

void ConfigTargets::add_target(ConfigTarget::Kind kind, uint32_t index, std::string_view uuid) {
  if (targets_.size() >= kNamesMax) return;
  const auto same = [&](const Named& one) { return one.kind == kind && one.index == index; };
  const auto named = std::ranges::find_if(named_, same);
  if (named == named_.end()) {
    named_.push_back({kind, index, 1});
  } else {
    ++named->times;
  }
  const auto place = std::ranges::find_if(targets_, [&](const ConfigTarget& target) {
    return std::tie(target.kind, target.index) >= std::tie(kind, index);
  });
  if (place != targets_.end() && place->kind == kind && place->index == index) {
    place->uuid = uuid;
  } else {
    targets_.insert(place, {kind, index, std::string(uuid), {}});
  }
}

void ConfigTargets::update_targets(std::string_view target_uuid) {
  const auto device = std::ranges::find(devices_, target_uuid, &Device::target_uuid);
  if (device == devices_.end()) return;
  const std::vector<PeerId> peers = peers_of(*device);
  for (ConfigTarget& target : targets_) {
    if (target.uuid == target_uuid) target.peers = peers;
  }
}

}  // namespace reference
