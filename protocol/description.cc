#include "protocol/description.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <numeric>

#include "protocol/check.h"
#include "protocol/describer.h"
#include "protocol/later_versions.h"
#include "protocol/ldlm.h"
#include "protocol/lnet.h"
#include "protocol/ready_items.h"

namespace protocol {
namespace {

template <class Integer>
Integer turned(const uint8_t* bytes, ByteOrder order) {
  Integer value;
  std::memcpy(&value, bytes, sizeof value);
  return order == ByteOrder::little ? value : std::byteswap(value);
}

inline uint64_t read(const uint8_t* bytes, size_t width, ByteOrder order) {
  switch (width) {
    case 1:
      return bytes[0];
    case 2:
      return turned<uint16_t>(bytes, order);
    case 4:
      return turned<uint32_t>(bytes, order);
    case 8:
      return turned<uint64_t>(bytes, order);
    default:
      CHECK(false, "no integer of the schema has another size");
  }
}

uint64_t read(ByteView bytes, ByteOrder order) { return read(bytes.data(), bytes.size(), order); }

ByteView before_nul(ByteView bytes) {
  const std::string_view whole = as_text(bytes);
  return bytes.first(std::min(whole.find('\0'), whole.size()));
}

// A number of so many bytes as one of eight.
inline uint64_t extended(uint64_t value, size_t width, bool is_signed) {
  const size_t unused = 64 - 8 * width;
  return is_signed ? static_cast<uint64_t>(static_cast<int64_t>(value << unused) >> unused) : value;
}

}  // namespace

std::string Item::full_name() const {
  return index == kNoIndex ? std::string(name) : fmt::format("{}[{}]", name, index);
}

uint64_t Description::unexplained_bytes() const {
  return std::accumulate(unexplained.begin(), unexplained.end(), uint64_t{0},
                         [](uint64_t sum, const Unexplained& part) { return sum + part.length; });
}

size_t Description::open(Item item) {
  items.push_back(item);
  return items.size() - 1;
}

void Description::close(size_t group) {
  items[group].inside = static_cast<uint32_t>(items.size() - group - 1);
}

void Describer::unexplained(uint64_t offset, uint64_t length, std::string_view reason) {
  if (length == 0) return;
  out_.unexplained.push_back({.offset = base_ + static_cast<uint32_t>(offset),
                              .length = static_cast<uint32_t>(length),
                              .reason = std::string(reason)});
}

inline Item& Describer::add(Item::Kind kind, Name name) {
  Item& item = out_.items.emplace_back();
  item.name = name.name;
  item.index = name.index;
  item.kind = kind;
  item.dialect = dialect_;
  return item;
}

inline size_t Describer::open(Item::Kind kind, Name name) {
  add(kind, name);
  return out_.items.size() - 1;
}

// Of a struct.
inline void Describer::close(size_t group, const StructInfo& info) {
  out_.close(group);
  Item& item = out_.items[group];
  if (is_whole_fid(info, item)) item.notation = Item::Notation::fid;
}

void Describer::number(Name name, ByteView bytes, const NameTable* names) {
  Item& item = add(Item::Kind::number, name);
  item.number = read(bytes, order_);
  item.names = names;
}

void Describer::text(Name name, ByteView bytes) {
  add(Item::Kind::text, name).bytes = before_nul(bytes);
}

void Describer::text_and_zeros(Name name, ByteView bytes, uint32_t offset) {
  Item& item = add(Item::Kind::text, name);
  item.bytes = bytes;
  end_text(item, offset);
}

// Cuts it at its first NUL; behind that there should be zeros.
void Describer::end_text(Item& item, uint32_t offset) {
  const ByteView whole = item.bytes;
  item.bytes = before_nul(whole);
  const size_t end = item.bytes.size();
  const ByteView behind = whole.subspan(end);
  if (!all_zero(behind)) {
    unexplained(offset + end, behind.size(), "bytes behind the end of a name");
  }
}

void Describer::raw(Name name, ByteView bytes) { add(Item::Kind::bytes, name).bytes = bytes; }

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

void Describer::integer(const FieldInfo& field, Name name, ByteView bytes, ByteOrder order) {
  Item& item = add(Item::Kind::number, name);
  if (field.nid) item.notation = Item::Notation::nid;
  item.is_signed = field.kind == FieldKind::signed_integer;
  item.hex = field.hex;
  item.number = extended(read(bytes, order), bytes.size(), item.is_signed);
  item.names = field.names;
}

void Describer::element(const FieldInfo& field, Name name, ByteView bytes, uint32_t offset,
                        bool little_endian, const StructInfo& owner, ByteView owner_bytes) {
  // Opaque numbers are the sender's own affair; they are shown as we would store them.
  const ByteOrder order = little_endian || field.opaque ? ByteOrder::little : order_;
  switch (field.kind) {
    case FieldKind::structure: {
      const StructInfo* info =
          field.overlays.empty() ? field.structure : overlay_of(field, owner, owner_bytes, order);
      const size_t group = open(Item::Kind::group, name);
      fields(*info, bytes, offset, little_endian || info->little_endian);
      close(group, *info);
      if (const ByteView rest = bytes.subspan(std::min<size_t>(info->size, bytes.size()));
          later_ && !all_zero(rest)) {
        unexplained(offset + info->size, rest.size(), "more of a union than 2.0 has");
      }
      return;
    }
    case FieldKind::text:
      return text_and_zeros(name, bytes, offset);
    case FieldKind::bytes:
      return raw(name, bytes);
    case FieldKind::signed_integer:
    case FieldKind::unsigned_integer:
      return integer(field, name, bytes, order);
  }
}

void Describer::field(const FieldInfo& field, const StructInfo& owner, ByteView owner_bytes,
                      uint32_t offset, bool little_endian) {
  const ByteView bytes = owner_bytes.subspan(field.offset, field.size);
  const bool little = little_endian || field.little_endian;
  if (!field.array) {
    return element(field, {shown_name(field)}, bytes, offset, little, owner, owner_bytes);
  }
  const size_t list = open(Item::Kind::list, {shown_name(field)});
  for (uint32_t index = 0; index < field.count; ++index) {
    const uint32_t place = index * field.width;
    element(field, {{}, index}, bytes.subspan(place, field.width), offset + place, little, owner,
            owner_bytes);
  }
  out_.close(list);
}

size_t Describer::trailing(const FieldInfo& field, ByteView bytes, uint32_t offset,
                           bool little_endian) {
  if (field.kind == FieldKind::text || field.kind == FieldKind::bytes) {
    if (!bytes.empty()) raw({shown_name(field)}, bytes);
    return bytes.size();
  }
  const size_t count = bytes.size() / field.width;
  if (count == 0) return 0;
  const size_t list = open(Item::Kind::list, {shown_name(field)});
  for (uint32_t index = 0; index < count; ++index) {
    const size_t place = size_t{index} * field.width;
    element(field, {{}, index}, bytes.subspan(place, field.width),
            offset + static_cast<uint32_t>(place), little_endian, {}, {});
  }
  out_.close(list);
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

// Whether the run could be put in ready as it is.
bool Describer::put_ready(const ReadyRun& run, ByteView bytes, uint32_t offset,
                          bool within_little_endian) {
  const auto is_zero = [bytes](const ReadyRun::Zeros& part) {
    return all_zero(bytes.subspan(part.offset, part.size));
  };
  if (later_ || !run.ready() || !std::ranges::all_of(run.padding, is_zero)) return false;
  const size_t first = out_.items.size();
  out_.items.insert(out_.items.end(), run.items.begin(), run.items.end());
  const std::span items = std::span(out_.items).subspan(first);
  for (const ReadyRun::Number& number : run.numbers) {
    const ByteOrder order = within_little_endian || number.as_is ? ByteOrder::little : order_;
    items[number.item].number = extended(read(bytes.data() + number.offset, number.width, order),
                                         number.width, number.is_signed);
  }
  for (const ReadyRun::Octets& octets : run.octets) {
    Item& item = items[octets.item];
    item.bytes = bytes.subspan(octets.offset, octets.size);
    if (item.kind == Item::Kind::text) end_text(item, offset + octets.offset);
  }
  return true;
}

void Describer::member(const FieldInfo& field, const StructInfo& info, ByteView bytes,
                       uint32_t offset, bool little_endian) {
  const ByteView part = bytes.subspan(field.offset, field.size);
  if (field.padding && all_zero(part)) return;
  if (later_ && unknown_later(info, field, part, offset + field.offset)) {
    return raw({"bytes", field.offset}, part);
  }
  this->field(field, info, bytes, offset + field.offset, little_endian);
}

size_t Describer::fields(const StructInfo& info, ByteView bytes, uint32_t offset,
                         bool within_little_endian) {
  const bool little = within_little_endian || info.little_endian;
  size_t explained = info.size;
  for (const ReadyRun& run : ready_runs(info, dialect_)) {
    if (put_ready(run, bytes, offset, within_little_endian)) continue;
    for (const FieldInfo* field : run.members) {
      if (field->trailing) {
        explained += trailing(*field, bytes.subspan(info.size), offset + info.size, little);
      } else {
        member(*field, info, bytes, offset, little);
      }
    }
  }
  return explained;
}

void Describer::structure(Name name, const StructInfo& info, ByteView bytes, uint32_t offset) {
  if (bytes.size() < info.size) {
    unexplained(offset, bytes.size(),
                fmt::format("shorter than {} ({} bytes)", info.lustre, info.size));
    return raw(name, bytes);
  }
  const size_t group = open(Item::Kind::group, name);
  const size_t explained = fields(info, bytes, offset);
  close(group, info);
  const ByteView rest = bytes.subspan(explained);
  if (rest.empty()) return;
  unexplained(offset + explained, rest.size(),
              fmt::format("longer than {} ({} bytes){}", info.lustre, explained,
                          all_zero(rest) ? ", zeros" : ""));
}

void describe(Description& out, const StructInfo& info, ByteView bytes, ByteOrder order,
              Dialect dialect, uint32_t base) {
  Describer(out, order, dialect, base).structure({info.lustre}, info, bytes, 0);
}

Description describe(const StructInfo& info, ByteView bytes, ByteOrder order, Dialect dialect) {
  Description out;
  describe(out, info, bytes, order, dialect);
  return out;
}

}  // namespace protocol
