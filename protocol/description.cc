#include "protocol/description.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "protocol/describer.h"
#include "protocol/fid.h"
#include "protocol/later_versions.h"
#include "protocol/ldlm.h"
#include "protocol/lnet.h"

namespace protocol {
namespace {

// 0x00020000c0a80a01 is 192.168.10.1@tcp.
std::string nid_text(uint64_t nid) {
  const uint64_t net = nid >> 32;
  if (net >> 16 != 2) return {};
  const std::string number = (net & 0xffff) == 0 ? "" : fmt::format("{}", net & 0xffff);
  return fmt::format("{}.{}.{}.{}@tcp{}", nid >> 24 & 0xff, nid >> 16 & 0xff, nid >> 8 & 0xff,
                     nid & 0xff, number);
}

// What a small struct is as a whole, where people have a notation for it.
std::string notation(const StructInfo& info, const std::vector<Item>& items) {
  if (&info == &fid::LuFid::kInfo && items.size() == 3) {
    return fmt::format("[{:#x}:{:#x}:{:#x}]", items[0].number, items[1].number, items[2].number);
  }
  return {};
}

}  // namespace

uint64_t Description::unexplained_bytes() const {
  return std::accumulate(unexplained.begin(), unexplained.end(), uint64_t{0},
                         [](uint64_t sum, const Unexplained& part) { return sum + part.length; });
}

void Describer::unexplained(uint64_t offset, uint64_t length, std::string reason) {
  if (length == 0) return;
  out_.unexplained.push_back({.offset = static_cast<uint32_t>(offset),
                              .length = static_cast<uint32_t>(length),
                              .reason = std::move(reason)});
}

uint64_t Describer::read(ByteView bytes, ByteOrder order) const {
  uint64_t value = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    const size_t shift = order == ByteOrder::little ? i : bytes.size() - 1 - i;
    value |= uint64_t{bytes[i]} << (8 * shift);
  }
  return value;
}

std::string_view Describer::lustre_name(const FieldInfo& field) const {
  const bool old = dialect_ == Dialect::v1_8 && !field.lustre_1_8.empty();
  const std::string_view name = old                   ? field.lustre_1_8
                                : field.later.empty() ? field.lustre
                                                      : field.later;
  return name.substr(0, name.find('['));
}

Item Describer::number(std::string name, ByteView bytes, const NameTable* names) {
  return {.name = std::move(name),
          .kind = Item::Kind::number,
          .number = read(bytes, order_),
          .names = names,
          .dialect = dialect_};
}

// Which struct lies over a union, told by a sibling; the member's own type if nothing tells.
const StructInfo* Describer::overlay_of(const FieldInfo& field, const StructInfo& owner,
                                        ByteView owner_bytes, ByteOrder order) const {
  if (&owner == &lnet::LnetHdr::kInfo) {
    const uint64_t type =
        read(owner_bytes.subspan(offsetof(lnet::LnetHdr, type), sizeof(uint32_t)), order);
    return type < field.overlays.size() ? field.overlays[type] : field.structure;
  }
  if (&owner == &ldlm::LdlmLockDesc::kInfo) {
    switch (read(owner_bytes.first(sizeof(uint32_t)), order)) {
      case ldlm::lock_type::kExtent:
        return &ldlm::LdlmExtent::kInfo;
      case ldlm::lock_type::kIbits:
        return &ldlm::LdlmInodebits::kInfo;
      default:
        return field.structure;
    }
  }
  return field.structure;
}

Item Describer::element(const FieldInfo& field, std::string name, ByteView bytes, uint32_t offset,
                        bool little_endian, const StructInfo& owner, ByteView owner_bytes) {
  Item item{.name = std::move(name)};
  // Opaque numbers are the sender's own affair; they are shown as we would store them.
  const ByteOrder order = little_endian || field.opaque ? ByteOrder::little : order_;
  switch (field.kind) {
    case FieldKind::structure: {
      const StructInfo* info =
          field.overlays.empty() ? field.structure : overlay_of(field, owner, owner_bytes, order);
      fields(item.items, *info, bytes, offset, little_endian || info->little_endian);
      if (const ByteView rest = bytes.subspan(std::min<size_t>(info->size, bytes.size()));
          later_ && !all_zero(rest)) {
        unexplained(offset + info->size, rest.size(), "more of a union than 2.0 has");
      }
      item.text = notation(*info, item.items);
      break;
    }
    case FieldKind::text: {
      const std::string_view whole = as_text(bytes);
      const size_t end = std::min(whole.find('\0'), whole.size());
      item.kind = Item::Kind::text;
      item.text = whole.substr(0, end);
      if (!all_zero(bytes.subspan(end))) {
        unexplained(offset + end, bytes.size() - end, "bytes behind the end of a name");
      }
      break;
    }
    case FieldKind::bytes:
      item.kind = Item::Kind::bytes;
      item.bytes = bytes;
      break;
    case FieldKind::signed_integer:
    case FieldKind::unsigned_integer: {
      item.kind = Item::Kind::number;
      item.number = read(bytes, order);
      item.is_signed = field.kind == FieldKind::signed_integer;
      if (item.is_signed && bytes.size() < 8 && (item.number >> (8 * bytes.size() - 1)) != 0) {
        item.number |= ~uint64_t{0} << (8 * bytes.size());
      }
      item.hex = field.hex;
      item.names = field.names;
      item.dialect = dialect_;
      if (field.width == 8 && lustre_name(field).ends_with("nid"))
        item.text = nid_text(item.number);
      break;
    }
  }
  return item;
}

Item Describer::field(const FieldInfo& field, const StructInfo& owner, ByteView owner_bytes,
                      uint32_t offset, bool little_endian) {
  const ByteView bytes = owner_bytes.subspan(field.offset, field.size);
  const bool little = little_endian || field.little_endian;
  std::string name(lustre_name(field));
  if (!field.array) {
    return element(field, std::move(name), bytes, offset, little, owner, owner_bytes);
  }
  Item list{.name = std::move(name), .kind = Item::Kind::list};
  for (uint32_t index = 0; index < field.count; ++index) {
    const uint32_t place = index * field.width;
    list.items.push_back(element(field, fmt::format("[{}]", index),
                                 bytes.subspan(place, field.width), offset + place, little, owner,
                                 owner_bytes));
  }
  return list;
}

size_t Describer::trailing(std::vector<Item>& items, const FieldInfo& field, ByteView bytes,
                           uint32_t offset, bool little_endian) {
  std::string name(lustre_name(field));
  if (field.kind == FieldKind::text || field.kind == FieldKind::bytes) {
    if (!bytes.empty()) items.push_back({.name = name, .kind = Item::Kind::bytes, .bytes = bytes});
    return bytes.size();
  }
  Item list{.name = std::move(name), .kind = Item::Kind::list};
  const size_t count = bytes.size() / field.width;
  for (size_t index = 0; index < count; ++index) {
    const size_t place = index * field.width;
    list.items.push_back(element(field, fmt::format("[{}]", index),
                                 bytes.subspan(place, field.width),
                                 offset + static_cast<uint32_t>(place), little_endian, {}, {}));
  }
  if (count > 0) items.push_back(std::move(list));
  return count * field.width;
}

// Whether the field is no longer what 2.0 had there; then it is listed as unexplained.
bool Describer::unknown_later(const StructInfo& info, const FieldInfo& field, ByteView bytes,
                              uint32_t offset) {
  if (!field.later.empty()) return false;
  if (changed_later(info, field)) {
    unexplained(offset, bytes.size(), "a field that a later version uses otherwise");
    return true;
  }
  if (!field.padding) return false;
  unexplained(offset, bytes.size(), "padding of 2.0 that a later version filled");
  return true;
}

size_t Describer::fields(std::vector<Item>& items, const StructInfo& info, ByteView bytes,
                         uint32_t offset, bool within_little_endian) {
  const bool little = within_little_endian || info.little_endian;
  size_t explained = info.size;
  items.reserve(items.size() + info.fields.size());
  uint32_t end_1_8 = 0;  // of the last field that 1.8 has in the place of others
  for (const FieldInfo& field : info.fields) {
    if (field.offset < end_1_8) continue;
    if (dialect_ == Dialect::v1_8 && !field.parts_1_8.empty()) {
      for (const FieldInfo& part : field.parts_1_8) {
        end_1_8 = part.offset + part.size;
        if (part.padding && all_zero(bytes.subspan(part.offset, part.size))) continue;
        items.push_back(this->field(part, info, bytes, offset + part.offset, little));
      }
      continue;
    }
    if (field.trailing) {
      explained += trailing(items, field, bytes.subspan(info.size), offset + info.size, little);
      continue;
    }
    const ByteView part = bytes.subspan(field.offset, field.size);
    if (field.padding && all_zero(part)) continue;
    if (later_ && unknown_later(info, field, part, offset + field.offset)) {
      items.push_back({.name = fmt::format("bytes {}", field.offset),
                       .kind = Item::Kind::bytes,
                       .bytes = part});
      continue;
    }
    items.push_back(this->field(field, info, bytes, offset + field.offset, little));
  }
  return explained;
}

Item Describer::structure(std::string name, const StructInfo& info, ByteView bytes,
                          uint32_t offset) {
  Item group{.name = std::move(name)};
  if (bytes.size() < info.size) {
    unexplained(offset, bytes.size(),
                fmt::format("shorter than {} ({} bytes)", info.lustre, info.size));
    group.kind = Item::Kind::bytes;
    group.bytes = bytes;
    return group;
  }
  const size_t explained = fields(group.items, info, bytes, offset);
  group.text = notation(info, group.items);
  const ByteView rest = bytes.subspan(explained);
  unexplained(offset + explained, rest.size(),
              fmt::format("longer than {} ({} bytes){}", info.lustre, explained,
                          all_zero(rest) ? ", zeros" : ""));
  return group;
}

Description describe(const StructInfo& info, ByteView bytes, ByteOrder order, Dialect dialect) {
  Description out;
  Describer describer(out, order, dialect);
  out.items.push_back(describer.structure(std::string(info.lustre), info, bytes, 0));
  return out;
}

}  // namespace protocol
