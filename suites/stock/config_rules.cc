#include "suites/stock/config_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <map>
#include <optional>
#include <set>

#include "protocol/llog.h"
#include "protocol/ost.h"

namespace suites {

namespace lcfg = protocol::llog::lcfg_command;
using protocol::ByteView;
using protocol::Dialect;
using protocol::llog::LlogLogHdr;
using protocol::llog::LlogRecHdr;
using protocol::llog::LlogRecTail;
using protocol::llog::LustreCfg;

namespace {

constexpr uint32_t kConfigRecord = 0x10620000;
constexpr uint32_t kHeaderRecord = 0x10645539;
constexpr uint32_t kCfgVersion = 0x1cf60001;
constexpr uint32_t kLovMagic = 0xb0ccde5c;
constexpr uint32_t kPlain = 4;
constexpr size_t kBuffersMax = 8;

struct Command {
  uint32_t command = 0;
  uint64_t nid = 0;
  std::vector<ByteView> buffers;

  std::string_view text(size_t index) const {
    if (index >= buffers.size()) return {};
    const std::string_view whole = protocol::as_text(buffers[index]);
    return whole.substr(0, whole.find('\0'));
  }
};

class Config {
 public:
  explicit Config(const harness::Cast& cast) : cast_(cast) {}

  std::vector<std::string> judge(ByteView header, ByteView block) {
    records(block);
    if (const auto head = protocol::decode<LlogLogHdr>(header)) {
      demand(head->tail.index == last_index_, "the header's last index is {}, the block's {}",
             head->tail.index, last_index_);
      demand(head->count == used_ + 1, "the header counts {} records, there are {} and itself",
             head->count, used_);
    }
    for (const Command& command : commands_) run(command);
    needs();
    return std::move(found_);
  }

 private:
  template <class... Args>
  void demand(bool holds, fmt::format_string<Args...> text, Args&&... args) {
    if (!holds) found_.push_back(fmt::format(text, std::forward<Args>(args)...));
  }

  void records(ByteView block) {
    for (size_t at = 0; at + LlogRecHdr::kSize <= block.size();) {
      const auto head = *protocol::decode<LlogRecHdr>(block.subspan(at));
      if (head.len == 0) return;  // the rest of the block is not written
      const size_t least = LlogRecHdr::kSize + LlogRecTail::kSize;
      if (head.len % 8 != 0 || head.len < least || at + head.len > block.size()) {
        return demand(false, "a record of {} bytes at {}", head.len, at);
      }
      const auto tail =
          *protocol::decode<LlogRecTail>(block.subspan(at + head.len - LlogRecTail::kSize));
      demand(tail.len == head.len && tail.index == head.index,
             "record {} ends as {} with {} bytes, and has {}", head.index, tail.index, tail.len,
             head.len);
      demand(head.index > last_index_, "record {} behind {}", head.index, last_index_);
      last_index_ = head.index;
      ++used_;
      if (head.type == kConfigRecord) {
        command(head.index, block.subspan(at + LlogRecHdr::kSize, head.len - least));
      }
      at += head.len;
    }
  }

  void command(uint32_t index, ByteView bytes) {
    const auto cfg = protocol::decode<LustreCfg>(bytes);
    if (!cfg || cfg->version != kCfgVersion || cfg->bufcount > kBuffersMax) {
      return demand(false, "record {} is no lustre_cfg", index);
    }
    Command out{.command = cfg->command, .nid = cfg->nid};
    size_t at = (LustreCfg::kSize + cfg->bufcount * sizeof(uint32_t) + 7) / 8 * 8;
    for (uint32_t i = 0; i < cfg->bufcount; ++i) {
      const auto length = protocol::decode<uint32_t>(
          bytes.subspan(std::min(bytes.size(), LustreCfg::kSize + i * sizeof(uint32_t))));
      if (!length || at + *length > bytes.size()) {
        return demand(false, "record {}: buffer {} leaves the record", index, i);
      }
      out.buffers.push_back(bytes.subspan(at, *length));
      at += (*length + 7) / 8 * 8;
    }
    commands_.push_back(std::move(out));
  }

  // As the client's class_process_config does, as far as a mount needs it.
  void run(const Command& command) {
    switch (command.command) {
      case lcfg::kAttach:
        devices_[std::string(command.text(0))] = command.text(1);
        break;
      case lcfg::kAddUuid:
        nids_[std::string(command.text(1))].insert(command.nid);
        break;
      case lcfg::kSetup:
        setup(command);
        break;
      case lcfg::kLovAddObd:
        demand(set_up_.contains(std::string(command.text(0))), "an OST is added to {}, not set up",
               command.text(0));
        osts_[std::string(command.text(1))] = command.text(2);
        break;
      case lcfg::kMountopt:
        mounts_[std::string(command.text(1))] = {std::string(command.text(2)),
                                                 std::string(command.text(3))};
        break;
      default:
        break;
    }
  }

  void setup(const Command& command) {
    const std::string device(command.text(0));
    const auto type = devices_.find(device);
    if (type == devices_.end()) return demand(false, "{} is set up, not attached", device);
    set_up_.insert(device);
    if (type->second == "lov") return lov(command);
    if (type->second != "mdc" && type->second != "osc") return;
    const std::string uuid(command.text(2));
    demand(nids_.contains(uuid), "{} is set up to reach {}, of which no NID is known", device,
           uuid);
    targets_[std::string(command.text(1))] = uuid;
  }

  void lov(const Command& command) {
    using protocol::ost::LovDesc;
    const auto desc = command.buffers.size() > 1
                          ? protocol::decode<LovDesc>(command.buffers[1])
                          : std::unexpected(protocol::WireError{});
    if (!desc) return demand(false, "the LOV is set up without lov_desc");
    demand(desc->active_tgt_count == kLovMagic, "lov_desc's magic is {:#x}",
           desc->active_tgt_count);
    demand(desc->default_stripe_size != 0 && desc->default_stripe_size % 65536 == 0,
           "lov_desc's stripe size is {}", desc->default_stripe_size);
    demand(desc->default_stripe_count != 0, "lov_desc's stripe count is 0");
  }

  void needs() {
    const auto mount = mounts_.find(cast_.fsname + "-client");
    demand(mount != mounts_.end(), "no mount option record for {}-client", cast_.fsname);
    if (mount != mounts_.end()) {
      for (const std::string& device : {mount->second.first, mount->second.second}) {
        demand(set_up_.contains(device), "the mount names {}, which is not set up", device);
      }
    }
    target(fmt::format("{}-MDT0000_UUID", cast_.fsname), cast_.mds.nid);
    for (size_t i = 0; i < cast_.osts.size(); ++i) {
      const std::string uuid = fmt::format("{}-OST{:04x}_UUID", cast_.fsname, i);
      target(uuid, cast_.osts[i].nid);
      const auto ost = osts_.find(uuid);
      demand(ost != osts_.end() && ost->second == fmt::to_string(i),
             "{} is not added to the LOV as {}", uuid, i);
    }
  }

  void target(const std::string& uuid, uint64_t nid) {
    const auto at = targets_.find(uuid);
    if (at == targets_.end()) return demand(false, "no device reaches {}", uuid);
    demand(nids_[at->second].contains(nid), "{} is not reached at {:#x}", uuid, nid);
  }

  const harness::Cast& cast_;
  uint32_t last_index_ = 0;
  uint32_t used_ = 0;
  std::vector<Command> commands_;
  std::map<std::string, std::string> devices_;  // name, type
  std::set<std::string> set_up_;
  std::map<std::string, std::set<uint64_t>> nids_;  // by the uuid that stands for them
  std::map<std::string, std::string> targets_;      // target, the uuid of its NIDs
  std::map<std::string, std::string> osts_;         // target, index
  std::map<std::string, std::pair<std::string, std::string>> mounts_;
  std::vector<std::string> found_;
};

}  // namespace

std::vector<std::string> unusable_header(ByteView header) {
  std::vector<std::string> found;
  const auto head = protocol::decode<LlogLogHdr>(header);
  if (!head || header.size() != LlogLogHdr::kSize) {
    return {fmt::format("a log header of {} bytes", header.size())};
  }
  const auto demand = [&](bool holds, std::string_view what, uint64_t value) {
    if (!holds) found.push_back(fmt::format("{} is {:#x}", what, value));
  };
  demand(head->hdr.len == LlogLogHdr::kSize, "lrh_len", head->hdr.len);
  demand(head->hdr.type == kHeaderRecord, "lrh_type", head->hdr.type);
  demand(head->bitmap_offset == offsetof(LlogLogHdr, bitmap), "llh_bitmap_offset",
         head->bitmap_offset);
  demand((head->flags & kPlain) != 0, "llh_flags", head->flags);
  demand(head->tail.len == LlogLogHdr::kSize, "lrt_len", head->tail.len);
  uint32_t bits = 0;
  for (const uint8_t byte : head->bitmap) bits += static_cast<uint32_t>(std::popcount(byte));
  demand(bits == head->count, "the number of bits in the bitmap, unlike llh_count,", bits);
  return found;
}

std::vector<std::string> unusable_config(ByteView header, ByteView block,
                                         const harness::Cast& cast) {
  return Config(cast).judge(header, block);
}

}  // namespace suites
