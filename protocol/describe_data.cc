// What is known to travel in places that the formats leave raw: layouts, ACLs, log cookies, log
// records with configuration commands in them, capabilities.
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
void Describer::layout(std::string_view name, ByteView bytes, uint32_t offset) {
  const auto magic = decode<uint32_t>(bytes);
  if (magic && *magic == ost::lov_magic::kV1) {
    return structure({name}, ost::LovMdsMdV1::kInfo, bytes, offset);
  }
  if (magic && *magic == ost::lov_magic::kV3) {
    return structure({name}, ost::LovMdsMdV3::kInfo, bytes, offset);
  }
  if (printable(bytes)) return text({name}, bytes);
  if (!all_zero(bytes)) unexplained(offset, bytes.size(), "an EA of unknown form");
  raw({name}, bytes);
}

void Describer::configuration(ByteView bytes, uint32_t offset) {
  const size_t group = out_.open({.name = llog::LustreCfg::kLustre});
  const auto head = decode<llog::LustreCfg>(bytes);
  constexpr uint32_t kBuffersMax = 8;
  const size_t table =
      sizeof(llog::LustreCfg) + (head ? size_t{head->bufcount} * sizeof(uint32_t) : 0);
  if (!head || head->bufcount > kBuffersMax || bytes.size() < padded(table)) {
    return unexplained(offset, bytes.size(), "a configuration command cut short");
  }
  fields(llog::LustreCfg::kInfo, bytes.first(table), offset);
  const ArrayView<uint32_t> lengths(bytes.subspan(sizeof(llog::LustreCfg), table - sizeof(*head)),
                                    ByteOrder::little);
  size_t place = padded(table);
  for (uint32_t index = 0; index < lengths.size(); ++index) {
    const size_t length = lengths[index];
    if (length > bytes.size() - place) {
      unexplained(offset + place, bytes.size() - place, "a configuration buffer cut short");
      return out_.close(group);
    }
    const ByteView part = bytes.subspan(place, length);
    const bool marker = head->command == llog::lcfg_command::kMarker && index == 1 &&
                        length == sizeof(llog::CfgMarker);
    if (marker) {
      structure({"buf", index}, llog::CfgMarker::kInfo, part,
                offset + static_cast<uint32_t>(place));
    } else if (printable(part) || all_zero(part)) {
      if (length > 0) text({"buf", index}, part);
    } else {
      raw({"buf", index}, part);
    }
    place = std::min(padded(place + length), bytes.size());
  }
  out_.close(group);
  unexplained(offset + place, bytes.size() - place, "behind a configuration command");
}

// One record, from its header to its tail.
void Describer::log_record(uint32_t index, ByteView bytes, uint32_t offset) {
  const auto head = *decode<llog::LlogRecHdr>(bytes);
  if (const StructInfo* info = record_struct(head.type);
      info != nullptr && info->size == bytes.size()) {
    return structure({{}, index}, *info, bytes, offset);
  }
  const size_t group = out_.open({.index = index});
  fields(llog::LlogRecHdr::kInfo, bytes, offset);
  const size_t tail = bytes.size() - sizeof(llog::LlogRecTail);
  const ByteView content = bytes.subspan(sizeof(head), tail - sizeof(head));
  if (head.type == llog::llog_rec_type::kObdCfgRec) {
    configuration(content, offset + uint32_t{sizeof(head)});
  } else if (head.type != llog::llog_rec_type::kLlogPadMagic) {
    unexplained(offset + sizeof(head), content.size(), "a log record of unknown type");
  }
  fields(llog::LlogRecTail::kInfo, bytes.subspan(tail), offset + static_cast<uint32_t>(tail));
  out_.close(group);
}

// Records one after the other; what is left of a chunk after the last is zeros.
void Describer::log_records(std::string_view name, ByteView bytes, uint32_t offset) {
  const size_t list = out_.open({.name = name, .kind = Item::Kind::list});
  constexpr size_t kSmallest = sizeof(llog::LlogRecHdr) + sizeof(llog::LlogRecTail);
  size_t place = 0;
  for (uint32_t index = 0; bytes.size() - place >= kSmallest; ++index) {
    const ByteView rest = bytes.subspan(place);
    const uint32_t length = decode<llog::LlogRecHdr>(rest)->len;
    if (length < kSmallest || length > rest.size() || length % 8 != 0) break;
    log_record(index, rest.first(length), offset + static_cast<uint32_t>(place));
    place += length;
  }
  out_.close(list);
  if (!all_zero(bytes.subspan(place))) {
    unexplained(offset + place, bytes.size() - place, "not a log record");
  }
}

void Describer::data(std::string_view name, ByteView bytes, uint32_t offset) {
  if (name.starts_with("capa") && bytes.size() == sizeof(mds_2_0::LustreCapa)) {
    return structure({name}, mds_2_0::LustreCapa::kInfo, bytes, offset);
  }
  if (name == "acl" && bytes.size() >= sizeof(mds::XattrAclHeader)) {
    return structure({name}, mds::XattrAclHeader::kInfo, bytes, offset);
  }
  if (name == "logcookies" && bytes.size() % sizeof(llog::LlogCookie) == 0) {
    const size_t list = out_.open({.name = name, .kind = Item::Kind::list});
    for (uint32_t index = 0; index < bytes.size() / sizeof(llog::LlogCookie); ++index) {
      const size_t place = index * sizeof(llog::LlogCookie);
      structure({{}, index}, llog::LlogCookie::kInfo,
                bytes.subspan(place, sizeof(llog::LlogCookie)),
                offset + static_cast<uint32_t>(place));
    }
    return out_.close(list);
  }
  if (name == "lvb" && bytes.size() == sizeof(ldlm::OstLvb)) {
    return structure({name}, ldlm::OstLvb::kInfo, bytes, offset);
  }
  if (name == "data") return log_records(name, bytes, offset);
  // Values of keys and extended attributes mean something to their users only.
  if (name == "value") return printable(bytes) ? text({name}, bytes) : raw({name}, bytes);
  layout(name, bytes, offset);
}

}  // namespace protocol
