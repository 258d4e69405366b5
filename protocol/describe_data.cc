// What is known to travel in places that the formats leave raw: layouts, ACLs, log cookies, log
// records with configuration commands in them, capabilities.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <string>

#include "protocol/codec.h"
#include "protocol/describer.h"
#include "protocol/ldlm.h"
#include "protocol/llog.h"
#include "protocol/mds.h"
#include "protocol/mds_2_0.h"
#include "protocol/ost.h"

namespace protocol {
namespace {

bool printable(ByteView bytes) {
  if (!bytes.empty() && bytes.back() == 0) bytes = bytes.first(bytes.size() - 1);
  return !bytes.empty() &&
         std::ranges::all_of(bytes, [](uint8_t byte) { return std::isprint(byte) != 0; });
}

Item text_item(std::string name, ByteView bytes) {
  const std::string_view whole = as_text(bytes);
  return {.name = std::move(name),
          .kind = Item::Kind::text,
          .text = std::string(whole.substr(0, whole.find('\0')))};
}

const StructInfo* record_struct(uint32_t type) {
  namespace kind = llog::llog_rec_type;
  switch (type) {
    case kind::kOstSzRec:
      return &llog::LlogSizeChangeRec::kInfo;
    case kind::kMdsSetattrRec:
      return &llog::LlogSetattrRec::kInfo;
    case kind::kMdsSetattr64Rec:
      return &llog::LlogSetattr64Rec::kInfo;
    case kind::kMdsUnlinkRec:
      return &llog::LlogUnlinkRec::kInfo;
    case kind::kLlogGenRec:
      return &llog::LlogGenRec::kInfo;
    case kind::kLlogLogidMagic:
      return &llog::LlogLogidRec::kInfo;
    case kind::kLlogHdrMagic:
      return &llog::LlogLogHdr::kInfo;
    default:
      return nullptr;
  }
}

}  // namespace

// A layout EA by its magic; zeros are an absent wish for striping.
Item Describer::layout(std::string name, ByteView bytes, uint32_t offset) {
  const auto magic = decode<uint32_t>(bytes);
  if (magic && *magic == ost::lov_magic::kV1) {
    return structure(std::move(name), ost::LovMdsMdV1::kInfo, bytes, offset);
  }
  if (magic && *magic == ost::lov_magic::kV3) {
    return structure(std::move(name), ost::LovMdsMdV3::kInfo, bytes, offset);
  }
  if (printable(bytes)) return text_item(std::move(name), bytes);
  if (!all_zero(bytes)) unexplained(offset, bytes.size(), "an EA of unknown form");
  return {.name = std::move(name), .kind = Item::Kind::bytes, .bytes = bytes};
}

Item Describer::configuration(ByteView bytes, uint32_t offset) {
  Item group{.name = std::string(llog::LustreCfg::kLustre)};
  const auto head = decode<llog::LustreCfg>(bytes);
  constexpr uint32_t kBuffersMax = 8;
  const size_t table =
      sizeof(llog::LustreCfg) + (head ? size_t{head->bufcount} * sizeof(uint32_t) : 0);
  if (!head || head->bufcount > kBuffersMax || bytes.size() < padded(table)) {
    unexplained(offset, bytes.size(), "a configuration command cut short");
    return group;
  }
  fields(group.items, llog::LustreCfg::kInfo, bytes.first(table), offset);
  const ArrayView<uint32_t> lengths(bytes.subspan(sizeof(llog::LustreCfg), table - sizeof(*head)),
                                    ByteOrder::little);
  size_t place = padded(table);
  for (size_t index = 0; index < lengths.size(); ++index) {
    const size_t length = lengths[index];
    if (length > bytes.size() - place) {
      unexplained(offset + place, bytes.size() - place, "a configuration buffer cut short");
      return group;
    }
    const ByteView part = bytes.subspan(place, length);
    const bool marker = head->command == llog::lcfg_command::kMarker && index == 1 &&
                        length == sizeof(llog::CfgMarker);
    const uint32_t where = offset + static_cast<uint32_t>(place);
    std::string name = fmt::format("buf[{}]", index);
    if (marker) {
      group.items.push_back(structure(std::move(name), llog::CfgMarker::kInfo, part, where));
    } else if (length == 0 || printable(part) || all_zero(part)) {
      if (length > 0) group.items.push_back(text_item(std::move(name), part));
    } else {
      group.items.push_back({.name = std::move(name), .kind = Item::Kind::bytes, .bytes = part});
    }
    place = std::min(padded(place + length), bytes.size());
  }
  unexplained(offset + place, bytes.size() - place, "behind a configuration command");
  return group;
}

// One record, from its header to its tail.
Item Describer::log_record(std::string name, ByteView bytes, uint32_t offset) {
  const auto head = *decode<llog::LlogRecHdr>(bytes);
  if (const StructInfo* info = record_struct(head.type);
      info != nullptr && info->size == bytes.size()) {
    return structure(std::move(name), *info, bytes, offset);
  }
  Item group{.name = std::move(name)};
  fields(group.items, llog::LlogRecHdr::kInfo, bytes, offset);
  const size_t tail = bytes.size() - sizeof(llog::LlogRecTail);
  const ByteView content = bytes.subspan(sizeof(head), tail - sizeof(head));
  if (head.type == llog::llog_rec_type::kObdCfgRec) {
    group.items.push_back(configuration(content, offset + uint32_t{sizeof(head)}));
  } else if (head.type != llog::llog_rec_type::kLlogPadMagic) {
    unexplained(offset + sizeof(head), content.size(), "a log record of unknown type");
  }
  fields(group.items, llog::LlogRecTail::kInfo, bytes.subspan(tail),
         offset + static_cast<uint32_t>(tail));
  return group;
}

// Records one after the other; what is left of a chunk after the last is zeros.
Item Describer::log_records(std::string name, ByteView bytes, uint32_t offset) {
  Item list{.name = std::move(name), .kind = Item::Kind::list};
  constexpr size_t kSmallest = sizeof(llog::LlogRecHdr) + sizeof(llog::LlogRecTail);
  size_t place = 0;
  while (bytes.size() - place >= kSmallest) {
    const ByteView rest = bytes.subspan(place);
    const uint32_t length = decode<llog::LlogRecHdr>(rest)->len;
    if (length < kSmallest || length > rest.size() || length % 8 != 0) break;
    list.items.push_back(log_record(fmt::format("[{}]", list.items.size()), rest.first(length),
                                    offset + static_cast<uint32_t>(place)));
    place += length;
  }
  if (!all_zero(bytes.subspan(place))) {
    unexplained(offset + place, bytes.size() - place, "not a log record");
  }
  return list;
}

Item Describer::data(std::string name, ByteView bytes, uint32_t offset) {
  if (name.starts_with("capa") && bytes.size() == sizeof(mds_2_0::LustreCapa)) {
    return structure(std::move(name), mds_2_0::LustreCapa::kInfo, bytes, offset);
  }
  if (name == "acl" && bytes.size() >= sizeof(mds::XattrAclHeader)) {
    return structure(std::move(name), mds::XattrAclHeader::kInfo, bytes, offset);
  }
  if (name == "logcookies" && bytes.size() % sizeof(llog::LlogCookie) == 0) {
    Item list{.name = std::move(name), .kind = Item::Kind::list};
    for (size_t place = 0; place < bytes.size(); place += sizeof(llog::LlogCookie)) {
      list.items.push_back(structure(
          fmt::format("[{}]", list.items.size()), llog::LlogCookie::kInfo,
          bytes.subspan(place, sizeof(llog::LlogCookie)), offset + static_cast<uint32_t>(place)));
    }
    return list;
  }
  if (name == "lvb" && bytes.size() == sizeof(ldlm::OstLvb)) {
    return structure(std::move(name), ldlm::OstLvb::kInfo, bytes, offset);
  }
  if (name == "data") return log_records(std::move(name), bytes, offset);
  // Values of keys and extended attributes mean something to their users only.
  if (name == "value") {
    if (printable(bytes)) return text_item(std::move(name), bytes);
    return {.name = std::move(name), .kind = Item::Kind::bytes, .bytes = bytes};
  }
  return layout(std::move(name), bytes, offset);
}

}  // namespace protocol
